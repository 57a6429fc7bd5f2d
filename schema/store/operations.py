"""What an operator stops, is told and can check: pauses, alarms, the ledger of what left, and figures."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from schema.document import Frozen
from schema.errors import PermanentError
from schema.ids import BlobKey, InvoiceId, PaymentId, Sha256
from schema.queries import load
from schema.store.pool import Database, clean

SQL = load("operations")

BACKUP_ALARM: Final = "backup"
"""The alarm that the nightly backup raises and ends, and that others tell of."""


class Pause(Frozen):
    """A pause that holds now; without `tax_id` it stops every payment."""

    tax_id: str | None
    vendor: str | None
    paused_by: str
    note: str
    paused_at: datetime

    @property
    def sentence(self) -> str:
        """What a person is told about a payment it stops."""
        whom = f"Payments to {self.vendor}" if self.tax_id else "Payments"
        return f"{whom} are paused by {self.paused_by}: {self.note}"


class Alarm(Frozen):
    """What is wrong now, since when, and when people were last told."""

    name: str
    sentence: str
    since: datetime


class Departure(Frozen):
    """Something that is about to leave; `sha256` is of the exact bytes, None for the browser's connections."""

    kind: str
    method: str
    destination: str
    sha256: Sha256 | None = None
    size_bytes: int | None = None
    body_key: BlobKey | None = None
    invoice_id: InvoiceId | None = None


class Departed(Departure):
    """A line of the ledger."""

    seq: int
    at: datetime


class Unaccounted(Frozen):
    """Where the ledger and the record do not agree."""

    invoice_id: UUID | None
    sha256: Sha256
    problem: str


class Gauges(Frozen):
    """Counts of this moment; `oldest_due_s` is None when nothing is due."""

    due: int
    oldest_due_s: float | None
    claimed: int
    pauses: int
    alarms: int


class OperationsStore:
    """Pauses, alarms, egress and figures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def clock(self) -> datetime:
        """What time it is, UTC."""
        async with self._database.transaction() as connection:
            at: datetime = await connection.fetchval(SQL["clock"])
        return at

    async def pause(self, tax_id: str | None, *, by: str, note: str) -> bool:
        """Stop payments; False when they were stopped before. PermanentError for an unknown vendor."""
        async with self._database.transaction() as connection:
            try:
                done = await connection.fetchval(SQL["pause"], tax_id, clean(by), clean(note))
            except asyncpg.ForeignKeyViolationError as error:
                raise PermanentError(f"There is no vendor with the tax id {tax_id}.") from error
        return done is not None

    async def resume(self, tax_id: str | None, *, by: str, note: str) -> bool:
        """End a pause and wake what it put off; False when there was none."""
        async with self._database.transaction() as connection:
            done = await connection.fetchval(SQL["resume"], tax_id, clean(by), clean(note))
            await connection.execute(SQL["wake"])
        return done is not None

    async def pauses(self) -> tuple[Pause, ...]:
        """The pauses that hold now."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["pauses"])
        return tuple(Pause(**row) for row in rows)

    async def pause_on(self, payment: PaymentId) -> Pause | None:
        """The pause that stops this payment."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["pause_on_payment"], payment)
        return Pause(**row) if row else None

    async def raise_alarm(self, name: str, sentence: str, *, again_after_s: float) -> datetime | None:
        """Keep an alarm; its beginning when people are to be told now, by whoever got this answer."""
        async with self._database.transaction() as connection:
            since: datetime | None = await connection.fetchval(
                SQL["raise_alarm"], name, clean(sentence), again_after_s
            )
        return since

    async def unsay_alarm(self, name: str) -> None:
        """Nobody could be told of it."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["unsay_alarm"], name)

    async def end_alarm(self, name: str) -> datetime | None:
        """End an alarm; its beginning when there was one and nobody else has just ended it."""
        async with self._database.transaction() as connection:
            since: datetime | None = await connection.fetchval(SQL["end_alarm"], name)
        return since

    async def alarms(self) -> tuple[Alarm, ...]:
        """The alarms that stand, the oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["alarms"])
        return tuple(Alarm(name=row["name"], sentence=row["sentence"], since=row["since"]) for row in rows)

    async def record_egress(self, departure: Departure) -> None:
        """Write down what is about to leave; an id of no invoice of ours is left out."""
        d = departure
        async with self._database.transaction() as connection:
            await connection.execute(
                SQL["record_egress"],
                *(d.kind, d.method, clean(d.destination), d.sha256, d.size_bytes, d.body_key, d.invoice_id),
            )

    async def egress(self, invoice: InvoiceId | None = None, limit: int = 10_000) -> tuple[Departed, ...]:
        """What left, about one invoice or at all, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["egress"], invoice, limit)
        return tuple(Departed(**row) for row in rows)

    async def unaccounted(self) -> tuple[Unaccounted, ...]:
        """Where ledger and record disagree about what went to the model; empty when all is accounted for."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["unaccounted_requests"])
        return tuple(Unaccounted(**row) for row in rows)

    async def gauges(self) -> Gauges:
        """Figures of this moment."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["gauges"])
        assert row is not None
        return Gauges(**row)

    async def egress_counts(self) -> dict[str, int]:
        """How many requests left, by kind."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["egress_counts"])
        return {row["kind"]: row["requests"] for row in rows}
