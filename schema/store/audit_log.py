"""Searching the record: entries of all invoices, newest first, and the checkpoints over them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schema.document import Frozen
from schema.ids import InvoiceId
from schema.queries import load
from schema.states import State
from schema.store.pool import Database, clean, like
from schema.store.record import SignedCheckpoint
from schema.store.views import Recorded, recorded

SQL = load("audit_log")


class EntryFilter(Frozen):
    """Which entries: each member only where it is given; `until` is not included."""

    text: str | None = None
    person: str | None = None
    invoice: InvoiceId | None = None
    state: State | None = None
    step: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class FoundEntry(Frozen):
    """An entry and the invoice it is of."""

    recorded: Recorded
    invoice_number: str | None
    vendor: str | None


class ChainCounts(Frozen):
    """How many entries there are, how many have their place in the log, and how many checkpoints."""

    entries: int
    sealed: int
    checkpoints: int


class AuditLogStore:
    """Reads entries across invoices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, wanted: EntryFilter, *, before: int | None, limit: int) -> tuple[FoundEntry, ...]:
        """Entries with a smaller `seq` than `before`, newest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                SQL["search"],
                *(before, wanted.invoice, clean(wanted.person.lower()) if wanted.person else None),
                *(wanted.state, wanted.step and clean(wanted.step), wanted.since, wanted.until),
                *(like(wanted.text), limit),
            )
        return tuple(_found(dict(row)) for row in rows)

    async def checkpoints(self, *, before: int | None, limit: int) -> tuple[SignedCheckpoint, ...]:
        """Checkpoints over fewer entries than `before`, newest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["checkpoints"], before, limit)
        return tuple(SignedCheckpoint(**row) for row in rows)

    async def counts(self) -> ChainCounts:
        """How long the record and its log are."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["counts"])
        assert row is not None
        return ChainCounts(**row)


def _found(row: dict[str, Any]) -> FoundEntry:
    number, vendor = row.pop("invoice_number"), row.pop("vendor")
    return FoundEntry(recorded=recorded(row), invoice_number=number, vendor=vendor)
