"""What a person wrote in a reply, without what their mail program quotes below it; pure."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Final

LONGEST_SAID: Final = 2_000
"""Characters; a person answers a question in a few lines."""

_QUOTES: Final = re.compile(
    r"(on .{5,300} wrote|am .{5,300} schrieb.{0,100}|le .{5,300} a écrit|op .{5,300} schreef.{0,100})\s*:"
    r"|-{2,}\s*(original message|ursprüngliche nachricht|message d'origine|forwarded message)\s*-{2,}"
    r"|(from|von|de|van): \S.*|_{8,}|--",
    re.IGNORECASE,
)
"""Lines below which a mail program puts what was said before, and the mark above a signature (RFC 3676, 4.3)."""


def said(text: str) -> str:
    """The lines above the first quoted one, without blank ends; empty when there are none."""
    lines = [line.strip() for line in text[: 20 * LONGEST_SAID].splitlines()]
    kept: list[str] = []
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        # Long introductions are broken: `On Monday, Countersign <pay@…>` and `wrote:` on the next line.
        if line.startswith(">") or _QUOTES.fullmatch(line) or _QUOTES.fullmatch(f"{line} {following}"):
            break
        kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()[:LONGEST_SAID]
