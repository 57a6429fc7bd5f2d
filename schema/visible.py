"""Strangers' text made safe to look at: what cannot be seen, or turns the reading direction, is written out."""

from __future__ import annotations

import unicodedata
from typing import Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that are not seen, or that turn and break lines (Trojan Source, CVE-2021-42574)."""

_KEPT: Final = frozenset("\n\t\u200c\u200d\u00ad")
"""Line ends, and what Indic scripts need to join letters."""


def visible(text: str) -> str:
    """`text` with unseen and direction-changing characters written out, as `[U+202E]`; line ends are kept."""
    return "".join(
        f"[U+{ord(char):04X}]" if char not in _KEPT and unicodedata.category(char) in _HIDDEN else char
        for char in text
    )


def one_line(text: str) -> str:
    """`text` made visible and on one line, so that a name cannot forge lines of a plain-text mail."""
    return visible(" ".join(text.split()))
