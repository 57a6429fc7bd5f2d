"""All fields of a document from its words: calls each field's reader and settles what depends on others; pure."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from handlers.reading.bank import read_account, read_bank_code
from handlers.reading.currencies import read_currency
from handlers.reading.identifiers import gstin_is_valid, ifsc_is_valid, looks_like_gstin
from handlers.reading.invoice_dates import read_dates
from handlers.reading.kinds import kind_of
from handlers.reading.lines import read_line_count
from handlers.reading.marked import Found, Marked
from handlers.reading.numbers import read_invoice_number, read_order_number
from handlers.reading.seller import read_seller_name
from handlers.reading.spelled import spelled_sums
from handlers.reading.sums import mark_of
from handlers.reading.tax_ids import read_seller_tax_id
from handlers.reading.totals import Totals, read_totals
from handlers.reading.words import Page

DAY_FIRST_CURRENCIES: Final = frozenset(
    {"INR", "EUR", "GBP", "CHF", "MYR", "SGD", "PLN", "AUD", "NZD", "DKK", "NOK", "CZK"}
)
"""Where people write day before month."""

DOUBTFUL: Final = {"total": 0.8}
"""Below it a value counts as not found, and another reading of the page may fill it; else DOUBTFUL_ELSE."""

DOUBTFUL_ELSE: Final = 0.5
SPELLED, SPELLED_ONLY, SPELLED_OTHERWISE = 0.97, 0.75, 0.6
"""A total that its words confirm; that stands only in words; that its words contradict."""

ROUNDED: Final = Decimal(1)
"""Words often leave out the paise."""


@dataclass(frozen=True)
class Fields:
    """The fields found; None is not found."""

    invoice_number: Found[str] | None = None
    issue_date: Found[date] | None = None
    due_date: Found[date] | None = None
    currency: Found[str] | None = None
    total: Found[Decimal] | None = None
    net: Found[Decimal] | None = None
    tax: Found[Decimal] | None = None
    seller_name: Found[str] | None = None
    seller_tax_id: Found[str] | None = None
    account: Found[str] | None = None
    ifsc: Found[str] | None = None
    po_number: Found[str] | None = None
    lines: Found[int] | None = None


@dataclass(frozen=True)
class Findings:
    """Fields, kind and warnings of one reading; `payable` is the amount due where it differs from the total."""

    fields: Fields
    kind: str
    warnings: tuple[str, ...] = ()
    payable: Decimal | None = None


def read_fields(pages: tuple[Page, ...]) -> Findings:
    """Read every field from pages of words."""
    marked = Marked.mark(pages)
    mark = mark_of(marked)
    totals = read_totals(marked, mark)
    tax_id, bank_code = read_seller_tax_id(marked), read_bank_code(marked)
    indian = bool((tax_id and gstin_is_valid(tax_id.value)) or (bank_code and ifsc_is_valid(bank_code.value)))
    currency = read_currency(marked, totals.currency, mark, indian=indian)
    day_first = indian or bool(currency and currency.value in DAY_FIRST_CURRENCIES)
    issue, due = read_dates(marked, day_first=day_first)
    account, warnings = read_account(marked)
    number, order = read_invoice_number(marked), read_order_number(marked)
    found = Fields(
        invoice_number=number,
        issue_date=issue,
        due_date=due,
        currency=currency,
        total=totals.total,
        net=totals.net,
        tax=totals.tax,
        seller_name=read_seller_name(marked),
        seller_tax_id=tax_id,
        account=account,
        ifsc=bank_code,
        po_number=order,
        lines=read_line_count(marked, mark, _value(totals.net), _value(totals.total)),
    )
    found, contradicted = _spelled(_settled(found), marked.text)
    return Findings(
        found,
        kind_of(marked, found.total.value if found.total else None),
        (*warnings, *_notes(found, totals), *contradicted),
        _payable(totals),
    )


def missing(found: Fields, name: str) -> bool:
    """True if the field is absent or too doubtful to use."""
    item: Found[Any] | None = getattr(found, name)
    return item is None or item.confidence < DOUBTFUL.get(name, DOUBTFUL_ELSE)


def filled(first: Fields, second: Fields) -> Fields:
    """The first reading, its missing fields filled from the second; agreement of both makes a value surer."""
    changes: dict[str, Any] = {}
    for name in (item.name for item in fields(Fields)):
        one, other = getattr(first, name), getattr(second, name)
        if other is not None and (
            one is None or (missing(first, name) and other.confidence > one.confidence)
        ):
            changes[name] = _beside(other, one)
        elif one is not None and other is not None:
            changes[name] = _beside(one, other)
    return replace(first, **changes)


def _beside(taken: Found[Any], other: Found[Any] | None) -> Found[Any]:
    """What one reading of a page gave, with what another reading of it gave."""
    return taken.before((other, *other.others), "other_reading") if other else taken


def _settled(found: Fields) -> Fields:
    """A number that is really another field's value is less sure."""
    number, order = found.invoice_number, found.po_number
    if number and order and number.value == order.value:
        found = replace(found, invoice_number=number.with_confidence(number.confidence - 0.3))
    if number and found.account and number.value == found.account.value:
        found = replace(found, invoice_number=number.with_confidence(0.3))
    return found


def _spelled(found: Fields, text: str) -> tuple[Fields, tuple[str, ...]]:
    """Hold the total against the sums spelled out in words."""
    sums = spelled_sums(text)
    if not sums:
        return found, ()
    total = found.total
    if total is None:
        return replace(found, total=Found(sums[-1], SPELLED_ONLY)), ()
    if any(abs(spelled - abs(total.value)) < ROUNDED for spelled in sums):
        return replace(found, total=total.with_confidence(max(total.confidence, SPELLED))), ()
    lowered = total.with_confidence(min(total.confidence, SPELLED_OTHERWISE)).before(
        [Found(spelled, SPELLED_OTHERWISE) for spelled in sums], "in_words"
    )
    # The words may be those of the tax alone, as on many GST invoices.
    others = {item.value for item in (found.net, found.tax) if item}
    if any(abs(spelled - other) < ROUNDED for spelled in sums for other in others):
        return found, ()
    return replace(found, total=lowered), ("The amount in words differs from the total in digits.",)


def _notes(found: Fields, totals: Totals) -> list[str]:
    notes = []
    if totals.adds_up is False:
        notes.append("Net and tax do not add up to the total.")
    if found.due_date and found.issue_date and found.due_date.value < found.issue_date.value:
        notes.append("The due date is before the issue date.")
    if (
        found.seller_tax_id
        and looks_like_gstin(found.seller_tax_id.value)
        and not gstin_is_valid(found.seller_tax_id.value)
    ):
        notes.append("The seller's GSTIN fails its check character.")
    payable = _payable(totals)
    if payable is not None:
        notes.append(f"The amount due {payable} differs from the total.")
    return notes


def _payable(totals: Totals) -> Decimal | None:
    if totals.payable and totals.total and totals.payable.value != totals.total.value:
        return totals.payable.value
    return None


def _value(found: Found[Decimal] | None) -> Decimal | None:
    return found.value if found else None
