"""How many line items an invoice has: rows of sums between the table's header and its totals; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from handlers.reading.labels import fold_label
from handlers.reading.marked import Found, Marked
from handlers.reading.sums import Sum, sums_in
from handlers.reading.vocabulary import Role
from handlers.reading.words import Line, Page

COLUMNS_WANTED: Final = 3
"""A line with this many column words heads the table of items."""

PROVEN, NUMBERED, COUNTED = 0.95, 0.88, 0.65
"""The rows add up to the net or total; they are numbered 1 to n; they were only counted."""

_COLUMNS: Final = frozenset(
    fold_label(word)
    for word in "description particulars item items product service qty quantity rate price unit amount total hsn sac hsn/sac sr sl no "
    "s.no sno disc disc.% taxes hours pos position menge artikel artikelbeschreibung bezeichnung beschreibung preis einzelpreis "
    "gesamtpreis betrag einheit nettopreis nettobetrag nettowert produkt summe gesamtbetrag steuersatz vk-preis zeilenbetrag "
    "art.nr gtin ust mwst entgelt designation quantite prix montant p.u. descripcion cantidad precio importe descrizione quantita "
    "prezzo importo omschrijving aantal prijs bedrag hoeveelheid btw nazwa ilosc cena wartosc विवरण मात्रा दर राशि मूल्य रक्कम तपशील "
    "नग परिमाण क्र अनु वस्तु".split()
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table that carries a sum; `number` is its running number if it begins with one."""

    amount: Sum
    number: int | None


def read_line_count(
    marked: Marked, mark: str | None, net: Decimal | None, total: Decimal | None
) -> Found[int] | None:
    """Number of line items, surest when their sums add up."""
    rows = list(_rows(marked, mark))
    if not rows:
        return None
    words = rows[0].amount.words
    added = sum((row.amount.value for row in rows), Decimal(0))
    if added in (net, total):
        return Found(len(rows), PROVEN, words, words[0].source)
    numbered = [row.number for row in rows if row.number is not None]
    if numbered and numbered == list(range(1, len(numbered) + 1)):
        return Found(len(numbered), NUMBERED, words, words[0].source)
    return Found(len(rows), COUNTED, words, words[0].source)


def _rows(marked: Marked, mark: str | None) -> Iterator[_Row]:
    """Rows of all tables of items, page by page."""
    for page in marked.pages:
        header = _header(page)
        if header is None:
            continue
        right = max(word.x1 for word in page.lines[header].words)
        for line in page.lines[header + 1 :]:
            if _ends_table(marked, line, mark):
                break
            row = _row(line, mark, right)
            if row is not None:
                yield row


def _header(page: Page) -> int | None:
    for index, line in enumerate(page.lines):
        names = {
            fold_label(part) for word in line.words for part in (word.text, *re.split(r"[/.\-]", word.text))
        }
        if len(names & _COLUMNS) >= COLUMNS_WANTED:
            return index
    return None


def _ends_table(marked: Marked, line: Line, mark: str | None) -> bool:
    labels = [
        label for label in marked.on(line) if label.role in (Role.TOTAL, Role.NET, Role.TAX, Role.PAYABLE)
    ]
    opening = any(label.first <= 1 for label in labels)
    return opening and bool([item for item in sums_in(line.words, mark) if item.money])


def _row(line: Line, mark: str | None, right: float) -> _Row | None:
    sums = [item for item in sums_in(line.words, mark) if item.money]
    if not sums or len(line.words) < 3 or not _has_name(line) and len(sums) < 2:
        return None
    amount = max(sums, key=lambda item: item.x1)
    if amount.x1 < right - 0.25:
        return None
    return _Row(amount, _running_number(line))


def _has_name(line: Line) -> bool:
    return any(sum(char.isalpha() for char in word.text) >= 3 for word in line.words)


def _running_number(line: Line) -> int | None:
    found = re.match(r"(\d{1,3})(?![\d,])\.?(?:\D|$)", line.words[0].text)
    return int(found[1]) if found else None
