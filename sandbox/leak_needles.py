"""What `make leaks` looks for: account numbers in groups or not, one-time passwords, keys; plain, hex and base64."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pyotp

GAP: Final = rb"(?:[ \t\r\n\-_./]|\xc2\xa0|\\[nrt]|%20|\+|%2D){0,3}"
"""What people, JSON and forms put between the groups of a number."""

PLAIN_GAPS: Final = b" \t\r\n-_./+"
ESCAPED_GAPS: Final = (b"\xc2\xa0", b"\\n", b"\\r", b"\\t", b"%20", b"%2D")
"""The same, taken apart for the quick look before the exact one."""

WORD: Final = rb"[0-9A-Za-z+/_.-]"
"""A one-time password counts only where no such character touches it: timestamps and hashes are full of digits."""

HEX: Final = re.compile(rb"(?:[0-9a-fA-F]{2}){9,}")
BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
DEEPEST: Final = 2
"""A number in base64 in JSON in base64 is found; deeper is not looked."""

STEP_S: Final = 30
AROUND: Final = 24


@dataclass(frozen=True)
class Hit:
    """A needle found: its kind, and what stood around it with the needle itself made unreadable."""

    kind: str
    around: str
    by_ocr: bool = False


class Needles:
    """All that must not be found outside the vault."""

    def __init__(self, accounts: Iterable[str], codes: Iterable[str], secrets: Iterable[str]) -> None:
        kinds = (("account", accounts, _spaced), ("OTP", codes, _alone), ("secret", secrets, _plain))
        self._needles = tuple(
            (kind, needle.upper().encode(), form(needle))
            for kind, needles, form in kinds
            for needle in sorted(set(needles))
        )

    @property
    def count(self) -> int:
        """How many needles there are."""
        return len(self._needles)

    def hits(self, data: bytes, *, depth: int = DEEPEST) -> list[Hit]:
        """Every needle in `data`, read as it is and through hex and base64."""
        # Most data hold none, which is quickly seen once the gaps are out.
        dense = _without_gaps(data)
        found = [
            Hit(kind, _around(data, match))
            for kind, needle, pattern in self._needles
            if _without_gaps(needle) in dense
            for match in pattern.finditer(data)
        ]
        if depth:
            found += [hit for inner in _decoded(data) for hit in self.hits(inner, depth=depth - 1)]
        return found

    def hits_in_picture(self, text: str) -> list[Hit]:
        """Every needle in what OCR read; digits are joined too, for OCR sees gaps where there are none."""
        joined = re.sub(r"[^0-9A-Za-z\n]", "", text).replace("\n", " ")
        found = self.hits(text.encode(), depth=0) or self.hits(joined.encode(), depth=0)
        return [Hit(hit.kind, hit.around, by_ocr=True) for hit in found]


def codes_between(secret: str, first: float, last: float) -> frozenset[str]:
    """Every one-time password that a bank took at any moment from `first` to `last` (Unix time), one step around."""
    totp = pyotp.TOTP(secret)
    moments = range(int(first) - STEP_S, int(last) + 2 * STEP_S, STEP_S)
    return frozenset(totp.at(moment) for moment in moments)


def _spaced(account: str) -> re.Pattern[bytes]:
    parts = [re.escape(character.encode()) for character in account]
    return re.compile(rb"(?<![0-9])" + GAP.join(parts) + rb"(?![0-9])", re.IGNORECASE)


def _alone(code: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?<!" + WORD + rb")" + code.encode() + rb"(?!" + WORD + rb")")


def _plain(secret: str) -> re.Pattern[bytes]:
    return re.compile(re.escape(secret.encode()))


def _without_gaps(data: bytes) -> bytes:
    for gap in ESCAPED_GAPS:
        data = data.replace(gap, b"")
    return data.translate(None, PLAIN_GAPS).upper()


def _around(data: bytes, match: re.Match[bytes]) -> str:
    before = data[max(0, match.start() - AROUND) : match.start()].decode("utf-8", "replace")
    after = data[match.end() : match.end() + AROUND].decode("utf-8", "replace")
    return f"{before}████{after}".replace("\n", " ")


def _decoded(data: bytes) -> Iterator[bytes]:
    for match in HEX.finditer(data):
        yield bytes.fromhex(match[0].decode())
    for match in BASE64.finditer(data):
        text = match[0].rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        # Letters before it may seem to belong to it, so it is read from each of the four places it can begin at.
        for start in range(4):
            part = text[start:]
            part = part[:-1] if len(part) % 4 == 1 else part
            yield base64.b64decode(part + b"=" * (-len(part) % 4))
