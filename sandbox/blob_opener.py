"""Opens the product's stored files by their documented form, as an auditor with the master key would.

Stored bytes: `CS1`, 4 bytes of key id, 12 bytes of nonce, AES-256-GCM text with the file's name as associated data;
without `CS1` in front the oldest form: nonce and text. Key: HKDF-SHA256 of the master key, info `countersign:blob`.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MARK: Final = b"CS1"
KEY_ID_BYTES: Final = 4
NONCE_BYTES: Final = 12


class BlobOpener:
    """Decrypts files of one blob folder."""

    def __init__(self, master_key: str) -> None:
        derivation = HKDF(hashes.SHA256(), 32, salt=None, info=b"countersign:blob")
        self._key = AESGCM(derivation.derive(base64.b64decode(master_key)))

    def open(self, path: Path) -> bytes:
        """The plain bytes of a stored file, whose name is its key."""
        data = path.read_bytes()
        if data.startswith(MARK):
            data = data[len(MARK) + KEY_ID_BYTES :]
        return self._key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], path.name.encode())
