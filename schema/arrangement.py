"""Which pages an invoice consists of, and how people divide and join them; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from schema.correction import FieldFaultError
from schema.errors import ConflictError
from schema.invoice import Invoice, Sheets

MOST_PARTS: Final = 20
MOST_MERGED: Final = 20
LONGEST_PART: Final = 200
"""Pages, as many as the reader takes of one document."""

WITHOUT_PAGES: Final = frozenset({"xml"})
"""Kinds of files that have no pages: an e-invoice goes whole or not at all."""

UNREAD: Final = "Nothing could be read of this invoice, so its pages are not known; ask for another copy."
ONE_PAGE: Final = "This invoice has only one page; there is nothing to divide."
UNKNOWN: Final = (
    "It was put together from files whose pages cannot be told apart; reject it and ask for another copy."
)
NO_PAGES: Final = "None of these has pages; an e-invoice is put together with the PDF or picture of it."
TOO_LONG: Final = f"Together these have more than {LONGEST_PART} pages."


def sheets_of(invoice: Invoice) -> tuple[Sheets, ...]:
    """The files of an invoice with their pages; of a whole one that was read, each page by its number."""
    if invoice.sheets or invoice.document is None or invoice.document_id is None:
        return invoice.sheets
    paged = invoice.reading is not None and invoice.document.type not in WITHOUT_PAGES
    count = invoice.reading.page_count if invoice.reading is not None else 0
    pages = tuple(range(1, count + 1)) if paged and count else None
    return (Sheets(document_id=invoice.document_id, document=invoice.document, pages=pages),)


def page_count(invoice: Invoice) -> int:
    """How many pages can be given to parts; ConflictError says why it cannot be divided."""
    if invoice.reading is None:
        raise ConflictError(UNREAD)
    sheets = sheets_of(invoice)
    if any(each.pages is None for each in sheets):
        alone = len(sheets) == 1 and not invoice.sheets
        raise ConflictError(ONE_PAGE if alone else UNKNOWN)
    count = sum(len(each.pages or ()) for each in sheets)
    if count < 2:
        raise ConflictError(ONE_PAGE)
    return count


def divided(invoice: Invoice, parts: Sequence[Sequence[int]]) -> tuple[tuple[Sheets, ...], ...]:
    """The sheets of each part, its pages given by their numbers in the invoice, in the order of reading.

    FieldFaultError names the part and page that break a rule: at least two parts, none empty, and every page of the
    invoice in exactly one of them.
    """
    count = page_count(invoice)
    if not 2 <= len(parts) <= MOST_PARTS:
        raise FieldFaultError("parts", f"between 2 and {MOST_PARTS} parts, not {len(parts)}")
    given = Counter(page for part in parts for page in part)
    for index, part in enumerate(parts):
        if not part:
            raise FieldFaultError(f"parts.{index}.pages", "a part has at least one page")
        for page in part:
            if not 1 <= page <= count:
                raise FieldFaultError(f"parts.{index}.pages", f"there is no page {page}; the last is {count}")
            if given[page] > 1:
                raise FieldFaultError(f"parts.{index}.pages", f"page {page} is given more than once")
    missing = [page for page in range(1, count + 1) if page not in given]
    if missing:
        raise FieldFaultError("parts", f"{told(missing)} belongs to no part; a cover letter goes with one")
    leaves = [(sheets, page) for sheets in sheets_of(invoice) for page in sheets.pages or ()]
    return tuple(_runs([leaves[page - 1] for page in part]) for part in parts)


def joined(invoices: Sequence[Invoice]) -> tuple[Sheets, ...]:
    """The sheets of all, in this order; ConflictError when nothing of it has pages, or too many."""
    sheets = tuple(sheets for invoice in invoices for sheets in sheets_of(invoice))
    if all(each.document.type in WITHOUT_PAGES for each in sheets):
        raise ConflictError(NO_PAGES)
    if sum(len(each.pages or ()) for each in sheets) > LONGEST_PART:
        raise ConflictError(TOO_LONG)
    return sheets


def told(pages: Sequence[int]) -> str:
    """Pages in words, in their order: `page 1`, `pages 2 to 4, 7`."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    words = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
    return f"{'page' if len(pages) == 1 else 'pages'} {words}"


def told_sheets(sheets: Iterable[Sheets]) -> str:
    """The files and pages of an invoice in words: `bundle.pdf, pages 2 to 3; terms.pdf`."""
    return "; ".join(
        each.document.name + (f", {told(each.pages)}" if each.pages is not None else "") for each in sheets
    )


def _runs(leaves: Sequence[tuple[Sheets, int]]) -> tuple[Sheets, ...]:
    """Pages that follow each other in one file as one entry."""
    return tuple(
        sheets.model_copy(update={"pages": tuple(page for _, page in run)})
        for sheets, run in ((leaf, list(pages)) for leaf, pages in groupby(leaves, key=lambda leaf: leaf[0]))
    )
