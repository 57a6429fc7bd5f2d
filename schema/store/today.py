"""The day at a glance: who is waited for, what goes out, and how many stand where."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from schema.document import Frozen
from schema.ids import InvoiceId
from schema.queries import load
from schema.store.invoices import Sum
from schema.store.pool import Database

SQL = load("today")

LONGEST_WAITING = 50
"""A page for people; the list of invoices has the rest."""


class DayCounts(Frozen):
    """How many invoices are on their way, asked about, held, and were paid today."""

    moving: int
    asked: int
    held: int
    paid_today: int


class Waiting(Frozen):
    """One person who has not answered yet."""

    invoice_id: InvoiceId
    number: str | None
    vendor: str | None
    total: Sum | None
    person: str
    since: datetime


class Outgoing(Frozen):
    """Money of one day and currency, paid or still to be paid."""

    day: date
    sum: Sum
    payments: int
    paid: bool
    simulated: bool


class TodayStore:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, midnight: datetime) -> DayCounts:
        """How many stand where; paid since `midnight`."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["counts"], midnight)
        assert row is not None
        return DayCounts(**row)

    async def waiting(self) -> tuple[Waiting, ...]:
        """Who is waited for, the longest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["waiting"], LONGEST_WAITING)
        return tuple(
            Waiting(
                **{name: row[name] for name in ("invoice_id", "vendor", "person", "since")},
                number=row["invoice_number"],
                total=Sum(amount=row["total"], currency=row["currency"])
                if row["total"] is not None and row["currency"]
                else None,
            )
            for row in rows
        )

    async def outgoing(self, since: datetime, zone: ZoneInfo) -> tuple[Outgoing, ...]:
        """Money by day, in the order of days: booked since, and planned."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["outgoing"], since, str(zone))
        return tuple(
            Outgoing(
                **{name: row[name] for name in ("day", "payments", "paid", "simulated")},
                sum=Sum(amount=row["amount"], currency=row["currency"]),
            )
            for row in rows
        )

    async def simulated(self) -> bool:
        """Whether payments are simulated here, as far as the last one tells."""
        async with self._database.transaction() as connection:
            answer: bool = await connection.fetchval(SQL["simulated"])
        return answer
