"""What the API says of an invoice in a list, and how it writes sums and strangers' texts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schema.masking import mask
from schema.money import Money
from schema.states import State
from schema.store.invoices import Line
from schema.store.invoices import Sum as StoredSum
from schema.visible import one_line


class Answer(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sum(Answer):
    """A sum of money; the amount is text, never a float."""

    amount: Annotated[str, Field(examples=["84960.00"])]
    currency: Annotated[str, Field(examples=["INR"])]


class InvoiceRow(Answer):
    """An invoice in a list; `standing` tells of a closed one whether it was paid or rejected.

    `parts` is into how many invoices it was divided; `part_of` and `merged_into` name another invoice.
    """

    id: UUID
    version: int
    number: str | None
    vendor: str | None
    vendor_id: UUID | None
    total: Sum | None
    due_date: date | None
    state: State
    standing: State
    reason: str
    simulated: bool
    received_at: datetime
    since: datetime
    part_of: UUID | None
    merged_into: UUID | None
    parts: int


def line(text: str) -> str:
    """A stranger's text on one line, account numbers masked."""
    return str(mask(one_line(text)))


def name(text: str | None) -> str | None:
    """A number or name on one line; the reader has masked it already, and a long number of ours stays whole."""
    return one_line(text) if text else None


def sum_of(total: StoredSum | Money | None) -> Sum | None:
    """A stored sum as the API gives it: plain digits with the decimal places of the currency."""
    if total is None:
        return None
    if isinstance(total, Money):
        return Sum(amount=total.plain(), currency=total.currency)
    return Sum(amount=_plain(total.amount, total.currency), currency=total.currency)


def row_of(each: Line) -> InvoiceRow:
    """An invoice of a list."""
    return InvoiceRow(
        id=each.id,
        version=each.version,
        number=name(each.number or each.document),
        vendor=name(each.vendor),
        vendor_id=each.vendor_id,
        total=sum_of(each.total),
        due_date=each.due_date,
        state=each.state,
        standing=each.standing,
        reason=line(each.reason),
        simulated=each.simulated,
        received_at=each.created_at,
        since=each.since,
        part_of=each.split_from,
        merged_into=each.merged_into,
        parts=each.parts,
    )


def _plain(amount: Decimal, currency: str) -> str:
    """As many decimal places as the currency has, and more only where they say something."""
    try:
        return Money(amount=amount, currency=currency).plain()
    except ValueError:
        return f"{amount:f}"
