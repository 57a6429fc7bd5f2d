"""Lists of invoices for the console: by key, never by offset, so that a hundred thousand cost what fifty do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from schema.document import Frozen
from schema.ids import InvoiceId, PurchaseOrderId, VendorId
from schema.people import PersonId
from schema.queries import load
from schema.states import State
from schema.store.pool import Columns, Database, like

SQL = load("invoices")


class Sum(Frozen):
    """An amount as it was read, which need not be a sum of money."""

    amount: Decimal
    currency: str


class Line(Frozen):
    """An invoice in a list; `standing` tells of a closed one whether it was paid or rejected.

    `parts` is into how many it was divided, 0 for one that was not.
    """

    id: InvoiceId
    version: int
    state: State
    standing: State
    reason: str
    number: str | None
    vendor: str | None
    vendor_id: VendorId | None
    total: Sum | None
    due_date: date | None
    document: str | None
    forwarder: str
    simulated: bool
    created_at: datetime
    since: datetime
    split_from: InvoiceId | None
    merged_into: InvoiceId | None
    parts: int


class Owner(Frozen):
    """Who looks after a held invoice."""

    id: PersonId
    name: str


class ExceptionLine(Frozen):
    """A held invoice in the queue; `group` is the rule that holds it, or the state in which it stopped."""

    id: InvoiceId
    version: int
    held_from: State
    reason: str
    group: str
    number: str | None
    vendor: str | None
    total: Sum | None
    document: str | None
    since: datetime
    owner: Owner | None
    answered: bool
    """The forwarder answered, and nothing was done since."""


class OrderLeft(Frozen):
    """A purchase order beside an invoice; `remaining` is without that invoice."""

    id: PurchaseOrderId
    number: str
    total: Sum
    remaining: Sum
    open: bool


class Filters(Frozen):
    """What a list of invoices is narrowed by; None and empty narrow nothing."""

    words: str | None = None
    standing: tuple[State, ...] = ()
    vendor: UUID | None = None
    order: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class InvoiceStore:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, filters: Filters, *, after: tuple[datetime, UUID] | None, limit: int
    ) -> tuple[Line, ...]:
        """The newest invoices that fit, after the one named by its time and id."""
        words = like(filters.words.casefold()) if filters.words else None
        standing = [each.value for each in filters.standing] or None
        at, last = after or (None, None)
        async with self._database.transaction() as connection:
            await connection.execute(SQL["plan_for_these_values"])
            rows = await connection.fetch(
                SQL["page"],
                *(words, standing, filters.vendor, filters.since, filters.until),
                *(at, last, filters.order, limit),
            )
        return tuple(_line(row) for row in rows)

    async def lines(self, invoices: Sequence[InvoiceId]) -> tuple[Line, ...]:
        """Some invoices by their ids, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["lines"], list(invoices))
        return tuple(_line(row) for row in rows)

    async def exceptions(
        self,
        *,
        owner: PersonId | None,
        nobodys: bool,
        group: str | None,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> tuple[ExceptionLine, ...]:
        """Held invoices, the longest held first: of one owner, of nobody, or all."""
        at, last = after or (None, None)
        async with self._database.transaction() as connection:
            await connection.execute(SQL["plan_for_these_values"])
            rows = await connection.fetch(SQL["exceptions"], at, last, owner, nobodys, group, limit)
        return tuple(_exception(row) for row in rows)

    async def order_of(self, number: str, *, besides: InvoiceId) -> OrderLeft | None:
        """The purchase order that an invoice names, and what is left of it."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["order_of"], number, besides)
        if row is None:
            return None
        total, remaining = (
            Sum(amount=row[name], currency=row["currency"]) for name in ("total", "remaining")
        )
        return OrderLeft(
            id=row["id"], number=row["number"], total=total, remaining=remaining, open=row["open"]
        )

    async def owner(self, invoice: InvoiceId) -> Owner | None:
        """Who looks after an invoice."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["owner"], invoice)
        return Owner(id=row["id"], name=row["name"]) if row else None


def _sum(row: Columns) -> Sum | None:
    known = row["total"] is not None and row["currency"] is not None
    return Sum(amount=row["total"], currency=row["currency"]) if known else None


def _line(row: Columns) -> Line:
    same = ("id", "version", "reason", "vendor", "vendor_id", "due_date", "forwarder", "simulated")
    return Line(
        **{name: row[name] for name in (*same, "created_at", "since", "split_from", "merged_into", "parts")},
        state=State(row["state"]),
        standing=State(row["standing"]),
        number=row["invoice_number"],
        document=row["document_name"],
        total=_sum(row),
    )


def _exception(row: Columns) -> ExceptionLine:
    return ExceptionLine(
        **{name: row[name] for name in ("id", "version", "reason", "vendor", "since", "answered")},
        held_from=State(row["held_from"]),
        group=row["reason_group"],
        number=row["invoice_number"],
        document=row["document_name"],
        total=_sum(row),
        owner=Owner(id=row["owner_id"], name=row["owner_name"]) if row["owner_id"] else None,
    )
