"""What kind of document it is, by its title; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from handlers.reading.labels import fold_label
from handlers.reading.marked import Marked
from handlers.reading.vocabulary import Role, titles

TITLE_LINES: Final = 45
"""Titles stand in the upper part of the first page."""

TITLE_WORDS: Final = 7
_TITLES: Final = [(fold_label(title), kind) for kind, known in titles().items() for title in known]


def kind_of(marked: Marked, total: Decimal | None) -> str:
    """invoice, credit_note, quotation, receipt, or unknown.

    The largest title decides; between equals a quotation before a credit note before a receipt before an invoice.
    """
    found = sorted(_titles(marked), key=lambda item: (-item[0], list(titles()).index(item[1])))
    kind = found[0][1] if found else "unknown"
    if kind in ("unknown", "receipt", "invoice") and total is not None and total < 0:
        return "credit_note"
    if kind == "unknown" and marked.of(Role.NUMBER) and total is not None:
        strong = any(not label.weak for label in marked.of(Role.NUMBER))
        return "invoice" if strong else "receipt" if _till_words(marked) else "unknown"
    if kind == "unknown" and _till_words(marked) and total is not None:
        return "receipt"
    return kind


def _titles(marked: Marked) -> Iterator[tuple[float, str]]:
    """Height and kind of each title; heights are rounded so that only clearly larger print wins."""
    for page in marked.pages[:1]:
        for line in page.lines[:TITLE_LINES]:
            for cell in line.cells():
                words = [word.text for word in cell]
                text = fold_label(re.sub(r"[\d()#:]", "", "".join(words)))
                for title, kind in _TITLES:
                    exact = text == title
                    begins = text.startswith(title) and len(words) <= TITLE_WORDS
                    if exact or begins:
                        yield round(max(word.height for word in cell) * 200) + (0.5 if exact else 0), kind
                        break


def _till_words(marked: Marked) -> bool:
    names = {label.name for label in marked.of(Role.OTHER_SUM)}
    return bool(
        names & {"cash", "change", "tendered", "rounding", "visa", "mastercard", "cashreceived", "changedue"}
    )
