"""How many line items an invoice has: rows of sums between the table's header and its totals; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
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

LAST_COLUMN: Final = 0.25
"""The sum that counts for a row ends within this share of the page from the header's right end."""

SAME_EDGE: Final = 0.012
"""Right edges this near, as a share of the page's width, are one column."""

COUNTING: Final = ((1, 1), (0, 1), (10, 10))
"""First number and step: 1, 2, 3; 0, 1, 2; 10, 20, 30."""

PROVEN, NUMBERED, COUNTED = 0.95, 0.88, 0.65
"""The rows add up to the net or total; they are numbered 1 to n; they were only counted."""

_COLUMNS: Final = frozenset(
    fold_label(word)
    for word in [
        "description",
        "particulars",
        "item",
        "items",
        "product",
        "service",
        "qty",
        "quantity",
        "rate",
        "price",
        "unit",
        "amount",
        "total",
        "hsn",
        "sac",
        "hsn/sac",
        "sr",
        "sl",
        "no",
        "s.no",
        "sno",
        "disc",
        "disc.%",
        "taxes",
        "hours",
        "pos",
        "position",
        "menge",
        "artikel",
        "artikelbeschreibung",
        "bezeichnung",
        "beschreibung",
        "preis",
        "einzelpreis",
        "gesamtpreis",
        "betrag",
        "einheit",
        "nettopreis",
        "nettobetrag",
        "nettowert",
        "produkt",
        "summe",
        "gesamtbetrag",
        "steuersatz",
        "vk-preis",
        "zeilenbetrag",
        "art.nr",
        "gtin",
        "ust",
        "mwst",
        "entgelt",
        "designation",
        "quantite",
        "prix",
        "montant",
        "p.u.",
        "descripcion",
        "cantidad",
        "precio",
        "importe",
        "descrizione",
        "quantita",
        "prezzo",
        "importo",
        "omschrijving",
        "aantal",
        "prijs",
        "bedrag",
        "hoeveelheid",
        "btw",
        "nazwa",
        "ilosc",
        "cena",
        "wartosc",
        "विवरण",
        "मात्रा",
        "दर",
        "राशि",
        "मूल्य",
        "रक्कम",
        "तपशील",
        "नग",
        "परिमाण",
        "क्र",
        "अनु",
        "वस्तु",
    ]
)


@dataclass(frozen=True, slots=True)
class _Table:
    """Lines of a table of items, and the left and right edges of its header."""

    lines: tuple[Line, ...]
    left: float
    right: float


def read_line_count(
    marked: Marked, mark: str | None, net: Decimal | None, total: Decimal | None
) -> Found[int] | None:
    """Number of line items, surest when they are numbered and their sums add up.

    1. Count the rows with a sum in the last column, and those numbered 1, 2, 3 in the first.
    2. If the counts agree or only one exists, and the sums add up to net or total, that is proven.
    3. If they differ, the numbering is believed: sums stand in sub-rows too.
    """
    tables = _tables(marked, mark, net)
    rows = _column([row for table in tables for row in _rows(table, mark)], (net, total))
    numbered = _numbered([line for table in tables for line in table.lines])
    words = rows[0].words if rows else numbered[0].words if numbered else ()
    added = bool(rows) and sum((row.value for row in rows), Decimal(0)) in (net, total)
    if len(numbered) == 1 and len(rows) > 1:
        # A quantity of one, not a running number.
        numbered = []
    count = len(numbered) or len(rows)
    if not count:
        return None
    if len(numbered) == len(rows):
        base = PROVEN if added else NUMBERED
    elif numbered:
        base = COUNTED + 0.1
    else:
        base = NUMBERED if added else COUNTED
    return Found(count, base, words, words[0].source)


def _tables(marked: Marked, mark: str | None, net: Decimal | None) -> list[_Table]:
    """The table of each page; one that no total ends goes on at the top of the next page."""
    found: list[_Table] = []
    unended: _Table | None = None
    for page in marked.pages:
        header = _header(page)
        if header is None and unended is None:
            continue
        head = page.lines[header] if header is not None else None
        below = page.lines[header + 1 :] if header is not None else page.lines
        kept, ended = _items(marked, below, mark, net)
        left = head.words[0].x0 if head else unended.left if unended else 0.0
        right = max(word.x1 for word in head.words) if head else unended.right if unended else 1.0
        found.append(_Table(tuple(kept), left, right))
        unended = None if ended else found[-1]
    return found


def _items(
    marked: Marked, lines: Sequence[Line], mark: str | None, net: Decimal | None
) -> tuple[list[Line], bool]:
    """The lines before the first total, and whether there is one; a section's subtotal is passed over."""
    kept: list[Line] = []
    for line in lines:
        if _ends_table(marked, line, mark):
            if not _is_section(marked, line, mark, net):
                return kept, True
        else:
            kept.append(line)
    return kept, False


def _is_section(marked: Marked, line: Line, mark: str | None, net: Decimal | None) -> bool:
    """True if the line gives a subtotal that is less than the whole net."""
    sums = [item.value for item in sums_in(line.words, mark) if item.money]
    roles = {label.role for label in marked.on(line)}
    return roles == {Role.NET} and net is not None and all(abs(value) < abs(net) for value in sums)


def _column(rows: list[Sum], wholes: Sequence[Decimal | None]) -> list[Sum]:
    """The rows whose sums end at one edge: those that add up to a whole, else those of the fullest column."""
    columns = [[row for row in rows if abs(row.x1 - edge.x1) < SAME_EDGE] for edge in rows]
    proven = [column for column in columns if sum((row.value for row in column), Decimal(0)) in wholes]
    if sum((row.value for row in rows), Decimal(0)) in wholes:
        return rows
    return max(proven or columns, key=lambda column: (len(column), column[0].x1), default=rows)


def _rows(table: _Table, mark: str | None) -> list[Sum]:
    """The last sums of lines that have a name or other sums before it."""
    found = []
    for line in table.lines:
        sums = [item for item in sums_in(line.words, mark) if item.money]
        if not sums or len(line.words) < 3 or not (_has_name(line) or len(sums) > 1):
            continue
        amount = max(sums, key=lambda item: item.x1)
        if amount.x1 >= table.right - LAST_COLUMN:
            found.append(amount)
    return found


def _numbered(lines: Sequence[Line]) -> list[Line]:
    """The lines that begin with running numbers, all at about the same left edge, in the longest way to count."""
    return max((_counted(lines, first, step) for first, step in COUNTING), key=len)


def _counted(lines: Sequence[Line], first: int, step: int) -> list[Line]:
    found: list[Line] = []
    for line in lines:
        number = _running_number(line)
        beside = not found or abs(line.words[0].x1 - found[0].words[0].x1) < 0.03
        if number == first + step * len(found) and beside and len(line.words) > 2:
            found.append(line)
    return found


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


def _has_name(line: Line) -> bool:
    return any(sum(char.isalpha() for char in word.text) >= 3 for word in line.words)


def _running_number(line: Line) -> int | None:
    found = re.match(r"(\d{1,3})(?![\d.,]\d|\d)\.?(?=\D|$)", line.words[0].text)
    return int(found[1]) if found else None
