"""Takes out of a value to be logged what nobody may read there: account numbers, one-time passwords, keys, credentials.

It works on whatever is given: texts, bytes, containers, numbers, exceptions, and objects by their `repr`. What it
cannot know it hides when in doubt: a line that says too little is better than one that says a secret.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

from schema.masking import holds_account, mask

HIDDEN: Final = "[hidden]"

SHORTEST_SECRET: Final = 8
"""A shorter one would be found everywhere by chance."""

DEEPEST: Final = 6
LONGEST: Final = 20_000
"""Characters of one text: a longer one is some document, and is cut."""

_UNSAID: Final = (
    r"authorization|passw(?:or)?d|passwd|pwd|secret|token|otp|one.time|api.?key|x.api.key|cookie|credential"
    r"|master.?key|private.?key|signature|pin.?code|cvv"
)
_SECRET_NAME: Final = re.compile(_UNSAID, re.IGNORECASE)

_OURS: Final = re.compile(
    r"(?!0{32})[0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
)
"""Ids, hashes and times of our own forms: a run of digits in them is no account number and no password."""

_PATTERNS: Final = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        # `Authorization: Bearer abc`, `password='x'`, `"otp": 314159`, `token=x` in a query.
        (
            rf"(?i)((?:[\w-]*(?:{_UNSAID})[\w-]*)[\"']?\s*(?:[:=]|=>)\s*)"
            r"(?:(?:bearer|basic|digest|token)\s+)?(?:\"[^\"]*\"|'[^']*'|b'[^']*'|[^\s,;&\"'}\])]+)",
            rf"\1{HIDDEN}",
        ),
        (r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", rf"\1 {HIDDEN}"),
        (r"(?<=://)[^/\s@]+@", f"{HIDDEN}@"),
        (r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}", HIDDEN),
        (r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,2}", HIDDEN),
        (r"-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)", HIDDEN),
        # Links that carry their own leave.
        (r"(/(?:audit|media)/)[A-Za-z0-9_.~-]{16,}", rf"\1{HIDDEN}"),
        # 32 bytes in base64: the form of MASTER_KEY. Base32: that of a TOTP secret.
        (r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{43}=", HIDDEN),
        (r"(?<![A-Z0-9])[A-Z2-7]{16,}(?:=*)(?![A-Za-z0-9])", HIDDEN),
    )
)
_CODE: Final = re.compile(r"(?<![\w.-])\d{3}[ -]?\d{3}(?![\w-]|\.\d)")
"""Six digits that stand alone, also in two groups: what a one-time password looks like."""


class Redaction:
    """Knows the secrets of the settings by their values, and everything else by its form."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        kept = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        # The longest first, so that none is left half.
        self._forms = sorted({form for secret in kept for form in _forms(secret)}, key=len, reverse=True)

    def value(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """What may be logged instead: JSON's own types; `name` is what the value is called."""
        if _SECRET_NAME.search(name) and value not in (None, "", True, False):
            return HIDDEN
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return HIDDEN if holds_account(str(value)) else value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return self.text(bytes(value).decode("utf-8", "replace"))
        if depth >= DEEPEST:
            return HIDDEN
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): self.value(member, str(key), depth + 1) for key, member in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(member, name, depth + 1) for member in value]
        return self.text(_said(value))

    def text(self, text: str) -> str:
        """A text without what nobody may read in it."""
        if _OURS.fullmatch(text):
            return str(text)
        text = text[:LONGEST]
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        for pattern, put in _PATTERNS:
            text = pattern.sub(put, text)
        return _CODE.sub("XXXXXX", mask(text))


def _said(value: object) -> str:
    try:
        return str(value) if isinstance(value, BaseException) else repr(value)
    except Exception:
        return HIDDEN


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    encoders: tuple[Callable[[bytes], bytes], ...] = (base64.b64encode, base64.urlsafe_b64encode)
    coded = {encode(raw).decode().rstrip("=") for encode in encoders}
    return {secret, quote(secret, safe=""), quote_plus(secret), *coded}
