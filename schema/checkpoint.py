"""Signed checkpoints of the log: C2SP tlog-checkpoint bodies in signed notes, Ed25519, and what a mail carries."""

from __future__ import annotations

import base64
import hashlib
import textwrap
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schema.document import Frozen
from schema.errors import ForgedError
from schema.ids import InvoiceId, Sha256
from schema.transfer import canonical
from schema.vault import Vault
from schema.verifier import BrokenError, Checkpoint, open_checkpoint

ED25519: Final = b"\x01"
"""The algorithm byte of signed notes."""

BEGIN, END = "-----BEGIN COUNTERSIGN RECORD-----", "-----END COUNTERSIGN RECORD-----"
BLOCK_COLUMNS: Final = 64
BLOCK_VERSION: Final = 1


class SealedEntry(Frozen):
    """One entry's place in the log and the proof that it is in the checkpoint of `note`; hashes in lower-case hex."""

    invoice_id: InvoiceId
    version: int
    position: int
    leaf_hash: Sha256
    note: str
    proof: tuple[Sha256, ...]


@dataclass(frozen=True)
class CheckpointSigner:
    """Signs and opens checkpoints of one log, whose origin is `<mail domain>/record`.

    `former` are the keys of former master keys: they sign too, so that who holds an old mail can still verify.
    """

    origin: str
    private: Ed25519PrivateKey
    former: tuple[Ed25519PrivateKey, ...] = ()

    @classmethod
    def of(cls, vault: Vault, mail_domain: str) -> CheckpointSigner:
        """The signer of this house: its key is derived from the master key."""
        current, *former = (Ed25519PrivateKey.from_private_bytes(key) for key in vault.keys("checkpoint"))
        return cls(f"{mail_domain}/record", current, tuple(former))

    @property
    def verifier_key(self) -> str:
        """`name+hash+base64(0x01 || public key)`, to be told to auditors by another way than a bundle."""
        return self.verifier_keys[0]

    @property
    def verifier_keys(self) -> tuple[str, ...]:
        """The verifier key and those of the former keys."""
        return tuple(self._verifier_key(private) for private in (self.private, *self.former))

    def sign(self, size: int, root: bytes) -> str:
        """The signed note that the log has `size` leaves and this root."""
        text = f"{self.origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        lines = (
            f"\u2014 {self.origin} {base64.b64encode(self._key_hash(each) + each.sign(text.encode())).decode()}\n"
            for each in (self.private, *self.former)
        )
        return f"{text}\n{''.join(lines)}"

    def open(self, note: str) -> Checkpoint:
        """The checkpoint in a note of ours; ForgedError when it is not."""
        failure = ""
        for key in self.verifier_keys:
            try:
                return open_checkpoint(note, key)
            except BrokenError as error:
                failure = failure or str(error)
        raise ForgedError(f"A stored checkpoint of the record is false: {failure}.")

    def block(self, sealed: SealedEntry) -> str:
        """The lines that a confirmation mail carries, which make its reader's mailbox a witness."""
        content = {
            "v": BLOCK_VERSION,
            "key": self.verifier_key,
            "note": sealed.note,
            "invoice": str(sealed.invoice_id),
            "version": sealed.version,
            "position": sealed.position,
            "leaf": _base64(sealed.leaf_hash),
            "proof": [_base64(node) for node in sealed.proof],
        }
        lines = textwrap.wrap(base64.b64encode(canonical(content)).decode(), BLOCK_COLUMNS)
        return "\n".join((BEGIN, *lines, END))

    def _verifier_key(self, private: Ed25519PrivateKey) -> str:
        key = ED25519 + private.public_key().public_bytes_raw()
        return f"{self.origin}+{self._key_hash(private).hex()}+{base64.b64encode(key).decode()}"

    def _key_hash(self, private: Ed25519PrivateKey) -> bytes:
        key = ED25519 + private.public_key().public_bytes_raw()
        return hashlib.sha256(self.origin.encode() + b"\n" + key).digest()[:4]


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()
