"""How sure a reading is, as numbers with reasons; tuned on real documents so that 0.9 means right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from handlers.reading.words import Word

SURE: Final = 0.9
"""From here on a value is taken without a second look."""

XML: Final = 0.99
"""Stated by the sender's own e-invoice."""

CHECKSUM: Final = 0.97
"""Check digits hold and a label stands beside it."""

ARITHMETIC: Final = 0.96
"""Net and tax, both labelled, add up to the total."""

LABEL_BESIDE: Final = 0.94
LABEL_ABOVE: Final = 0.92
WEAK_BESIDE: Final = 0.8
WEAK_ABOVE: Final = 0.7
UNLABELLED: Final = 0.5

OCR_UNPROVEN: Final = 0.86
"""A pixel reading that nothing else proves: engines swap O and 0 at any confidence of their own."""


def with_print(base: float, words: Sequence[Word], *, proven: bool = False) -> float:
    """Lower a confidence by how well the words could be read; `proven` is a checksum or arithmetic."""
    if not any(word.source == "ocr" for word in words):
        return base
    clearest = min((word.confidence for word in words), default=0.5)
    if proven:
        return base * (0.94 + 0.06 * clearest)
    return min(OCR_UNPROVEN, base * (0.7 + 0.3 * clearest))
