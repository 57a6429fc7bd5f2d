"""Keys derived from one master key: accounts and blobs encrypted at rest, accounts compared without being read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schema.document import Frozen
from schema.errors import ForgedError, SettingsError
from schema.ids import Sha256
from schema.masking import IBAN_LENGTHS, SEPARATOR, Masked, last4, latin_digits

NONCE_BYTES: Final = 12
"""AES-GCM's nonce; random per message, far from its birthday bound at our volumes (NIST SP 800-38D)."""

KEY_BYTES: Final = 32

SHORTEST_ACCOUNT: Final = 5
LONGEST_ACCOUNT: Final = 18

_GAP: Final = rf"(?:{SEPARATOR}|\s|\\[nrtf]|\\u00a0){{0,4}}"
"""What may stand between the digits of a number: also line ends, and blanks as JSON escapes them."""

_DIGIT_RUN: Final = re.compile(rf"\d(?:{_GAP}\d){{{SHORTEST_ACCOUNT - 1},}}")
_IBAN: Final = re.compile(rf"(?=([A-Z]{{2}}[0-9]{{2}}(?:{_GAP}[A-Z0-9]){{11,30}}))", re.IGNORECASE)
_SEPARATOR: Final = re.compile(rf"{SEPARATOR}|\s|\\[nrtf]|\\u00a0")


class SealedAccount(Frozen):
    """An account number at rest: encrypted, with what is needed to show and to compare it.

    `cipher` is base64 of key id, nonce and AES-256-GCM text; `print` is the hex HMAC-SHA256 of the
    normalised number under a key of its own, equal exactly when the numbers are equal.
    """

    cipher: str
    print: str
    last4: str

    @property
    def masked(self) -> Masked:
        """The number as people may see it."""
        return Masked("XXXXXX" + self.last4)


def normal_account(account: str) -> str:
    """An account number or IBAN without spaces, hyphens and dots, in upper case and Latin digits."""
    return latin_digits(_SEPARATOR.sub("", account)).upper()


def sha256(data: bytes) -> Sha256:
    """Lower-case hex SHA-256 of `data`."""
    return Sha256(hashlib.sha256(data).hexdigest())


class Vault:
    """All keys of the house, derived by HKDF-SHA256 (RFC 5869) from the master key, one per purpose."""

    def __init__(self, master_key: str) -> None:
        """Take the master key as base64 of 32 bytes; SettingsError when it is anything else."""
        try:
            self._master = base64.b64decode(master_key, validate=True)
        except ValueError as error:
            raise SettingsError("MASTER_KEY is not base64; make one with `countersign keys new`.") from error
        if len(self._master) != KEY_BYTES:
            raise SettingsError(
                "MASTER_KEY must be base64 of 32 bytes; make one with `countersign keys new`."
            )
        self._account_key = AESGCM(self.key("account"))
        self._blob_key = AESGCM(self.key("blob"))
        self._print_key = self.key("account-print")

    def key(self, purpose: str) -> bytes:
        """The 32-byte key for `purpose`."""
        derivation = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"countersign:" + purpose.encode())
        return derivation.derive(self._master)

    def seal(self, account: str) -> SealedAccount:
        """Encrypt an account number for the record."""
        normal = normal_account(account)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._account_key.encrypt(nonce, normal.encode(), b"account")
        return SealedAccount(
            cipher=base64.b64encode(sealed).decode(), print=self.print(normal), last4=last4(normal)
        )

    def open(self, account: SealedAccount) -> str:
        """The number in clear; only the bank adapter calls this. ForgedError when it was altered."""
        try:
            sealed = base64.b64decode(account.cipher, validate=True)
            return self._account_key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], b"account").decode()
        except (InvalidTag, ValueError) as error:
            raise ForgedError(
                "A stored account number was altered, or the master key was changed."
            ) from error

    def print(self, account: str) -> str:
        """A keyed fingerprint of an account number: equal exactly when the numbers are equal."""
        return hmac.new(self._print_key, normal_account(account).encode(), hashlib.sha256).hexdigest()

    def encrypt(self, data: bytes, *, name: str) -> bytes:
        """Encrypt a blob; `name` is bound to it, so that blobs cannot be swapped."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._blob_key.encrypt(nonce, data, name.encode())

    def decrypt(self, data: bytes, *, name: str) -> bytes:
        """The blob in clear; ForgedError when it was altered or belongs to another name."""
        try:
            return self._blob_key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as error:
            raise ForgedError("A stored file was altered, or the master key was changed.") from error

    def sign(self, purpose: str, message: str) -> str:
        """A URL-safe base64 HMAC-SHA256 of `message` under the key for `purpose`, 43 characters."""
        tag = hmac.new(self.key(purpose), message.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(tag).rstrip(b"=").decode()

    def finds(self, text: str, prints: frozenset[str]) -> bool:
        """Whether an account number with a print in `prints` can be read in `text`, in groups or not.

        Every run of digits (and every IBAN) is compared by all its windows of an account's length, so a
        number is found inside a longer run too.
        """
        return any(self.print(window) in prints for window in _windows(text))


def new_master_key() -> str:
    """A fresh master key, base64 of 32 random bytes."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _windows(text: str) -> Iterator[str]:
    """Everything in `text` that could be a full account number."""
    for match in _IBAN.finditer(text):
        iban = normal_account(match[1])
        yield iban[: IBAN_LENGTHS.get(iban[:2], len(iban))]
    for match in _DIGIT_RUN.finditer(text):
        digits = normal_account(match[0])
        for length in range(SHORTEST_ACCOUNT, min(LONGEST_ACCOUNT, len(digits)) + 1):
            for start in range(len(digits) - length + 1):
                yield digits[start : start + length]
