"""Keys derived from one master key: accounts and blobs encrypted at rest, accounts compared without being read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
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
KEY_ID_BYTES: Final = 4

MARKED_CIPHER: Final = "k1."
MARKED_BLOB: Final = b"CS1"
"""What begins with these names its key; what does not is of the form before keys had ids."""

_ALTERED_ACCOUNT: Final = "A stored account number was altered, or the master key was changed."

SHORTEST_ACCOUNT: Final = 5
LONGEST_ACCOUNT: Final = 18

_GAP: Final = rf"(?:{SEPARATOR}|\s|\\[nrtf]|\\u00a0){{0,4}}"
"""What may stand between the digits of a number: also line ends, and blanks as JSON escapes them."""

_DIGIT_RUN: Final = re.compile(rf"\d(?:{_GAP}\d){{{SHORTEST_ACCOUNT - 1},}}")
_IBAN: Final = re.compile(rf"(?=([A-Z]{{2}}[0-9]{{2}}(?:{_GAP}[A-Z0-9]){{11,30}}))", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\u([0-9a-f]{4})", re.IGNORECASE)
"""A character as JSON may write it."""

_SEPARATOR: Final = re.compile(rf"{SEPARATOR}|\s|\\[nrtf]|\\u00a0")


class SealedAccount(Frozen):
    """An account number at rest: encrypted, with what is needed to show and to compare it.

    `cipher` is `k1.` and base64 of key id, nonce and AES-256-GCM text; `print` is the hex HMAC-SHA256 of the
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


class _Ring:
    """All keys of one master key, derived by HKDF-SHA256 (RFC 5869), one per purpose, and the id they are known by."""

    def __init__(self, master_key: str) -> None:
        try:
            self._master = base64.b64decode(master_key, validate=True)
        except ValueError as error:
            raise SettingsError("MASTER_KEY is not base64; make one with `countersign keys new`.") from error
        if len(self._master) != KEY_BYTES:
            raise SettingsError(
                "MASTER_KEY must be base64 of 32 bytes; make one with `countersign keys new`."
            )
        self.account_key = AESGCM(self.key("account"))
        self.blob_key = AESGCM(self.key("blob"))
        self.id = self.key("key-id")[:KEY_ID_BYTES]
        self._print_key = self.key("account-print")

    def key(self, purpose: str) -> bytes:
        derivation = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"countersign:" + purpose.encode())
        return derivation.derive(self._master)

    def print(self, account: str) -> str:
        return hmac.new(self._print_key, normal_account(account).encode(), hashlib.sha256).hexdigest()

    def sign(self, purpose: str, message: str) -> str:
        tag = hmac.new(self.key(purpose), message.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(tag).rstrip(b"=").decode()


class Vault:
    """All keys of the house: what is new is made with the current master key, what is old is still read.

    Whatever is encrypted names its key by an id of eight hex digits, which says nothing about the key.
    """

    def __init__(self, master_key: str, old: Sequence[str] = ()) -> None:
        """Take master keys as base64 of 32 bytes, the old ones newest first; SettingsError for anything else."""
        self._ring = _Ring(master_key)
        self._rings = (self._ring, *(_Ring(key) for key in old))
        self._by_id = {ring.id: ring for ring in reversed(self._rings)}

    def key(self, purpose: str) -> bytes:
        """The 32-byte key for `purpose`."""
        return self._ring.key(purpose)

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """The keys for `purpose` of every master key, the current one first: for checking what was signed before."""
        return tuple(ring.key(purpose) for ring in self._rings)

    def seal(self, account: str) -> SealedAccount:
        """Encrypt an account number for the record."""
        normal = normal_account(account)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ring.id + nonce + self._ring.account_key.encrypt(nonce, normal.encode(), b"account")
        return SealedAccount(
            cipher=MARKED_CIPHER + base64.b64encode(sealed).decode(),
            print=self.print(normal),
            last4=last4(normal),
        )

    def open(self, account: SealedAccount) -> str:
        """The number in clear; only the bank adapter and the change of keys call this. ForgedError when altered."""
        try:
            marked = account.cipher.startswith(MARKED_CIPHER)
            sealed = base64.b64decode(account.cipher.removeprefix(MARKED_CIPHER), validate=True)
        except ValueError as error:
            raise ForgedError(_ALTERED_ACCOUNT) from error
        for ring, rest in self._readers(sealed, marked=marked):
            with suppress(InvalidTag, ValueError):
                return ring.account_key.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], b"account").decode()
        raise ForgedError(_ALTERED_ACCOUNT)

    def is_current(self, account: SealedAccount) -> bool:
        """Whether an account is sealed with the current key."""
        sealed = account.cipher.removeprefix(MARKED_CIPHER)
        return sealed != account.cipher and base64.b64decode(sealed)[:KEY_ID_BYTES] == self._ring.id

    def print(self, account: str) -> str:
        """A keyed fingerprint of an account number: equal exactly when the numbers are equal."""
        return self._ring.print(account)

    def prints(self, account: str) -> frozenset[str]:
        """The prints of a number by every one of our keys."""
        return frozenset(ring.print(account) for ring in self._rings)

    def print_like(self, account: str, known: str) -> str:
        """The print of a number: `known` itself where it is one of this number, by whichever of our keys."""
        return known if known in self.prints(account) else self.print(account)

    def same_account(self, account: SealedAccount, known: str) -> bool:
        """Whether `known` is the print of this very number, by whichever of our keys."""
        return known == account.print or known in self.prints(self.open(account))

    def renewed(self, account: SealedAccount) -> SealedAccount:
        """The same number under the current key; the account itself when it is so already."""
        return account if self.is_current(account) else self.seal(self.open(account))

    def encrypt(self, data: bytes, *, name: str) -> bytes:
        """Encrypt a blob; `name` is bound to it, so that blobs cannot be swapped."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return MARKED_BLOB + self._ring.id + nonce + self._ring.blob_key.encrypt(nonce, data, name.encode())

    def decrypt(self, data: bytes, *, name: str) -> bytes:
        """The blob in clear; ForgedError when it was altered or belongs to another name."""
        marked = data.startswith(MARKED_BLOB)
        for ring, rest in self._readers(data.removeprefix(MARKED_BLOB), marked=marked):
            with suppress(InvalidTag, ValueError):
                return ring.blob_key.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], name.encode())
        raise ForgedError("A stored file was altered, or the master key was changed.")

    def is_current_blob(self, data: bytes) -> bool:
        """Whether stored bytes are encrypted with the current key."""
        return data.startswith(MARKED_BLOB + self._ring.id)

    def sign(self, purpose: str, message: str) -> str:
        """A URL-safe base64 HMAC-SHA256 of `message` under the key for `purpose`, 43 characters."""
        return self._ring.sign(purpose, message)

    def signed(self, purpose: str, message: str, signature: str) -> bool:
        """Whether `signature` is that of `message` by any of our keys; takes the same time for every wrong one."""
        given = signature.encode("utf-8", "replace")
        tags = [ring.sign(purpose, message).encode() for ring in self._rings]
        return sum(hmac.compare_digest(tag, given) for tag in tags) > 0

    def finds(self, text: str, prints: frozenset[str]) -> bool:
        """Whether an account number with a print in `prints` can be read in `text`, in groups or not.

        Every run of digits (and every IBAN) is compared by all its windows of an account's length, so a
        number is found inside a longer run too. Characters that JSON escapes, and other forms of the same
        characters (full-width, circled), are taken for what they are.
        """
        plain = unicodedata.normalize("NFKC", _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))
        windows = chain.from_iterable(_windows(form) for form in dict.fromkeys((text, plain)))
        return any(ring.print(window) in prints for window in windows for ring in self._rings)

    def _readers(self, sealed: bytes, *, marked: bool) -> list[tuple[_Ring, bytes]]:
        """The keys that may open `sealed`, with what follows the key's id; the oldest form names none."""
        if not marked:
            return [(ring, sealed) for ring in self._rings]
        ring = self._by_id.get(sealed[:KEY_ID_BYTES])
        return [] if ring is None else [(ring, sealed[KEY_ID_BYTES:])]


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
