"""Batches for the ledger and their deliveries; a payment goes into one batch of each format, by constraint."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from schema.document import Frozen, StoredReading
from schema.history import NewHistory, Subject
from schema.ids import InvoiceId, PaymentId
from schema.ledger import (
    Batch,
    BatchId,
    Delivery,
    DeliveryId,
    DeliveryStatus,
    LedgerFormat,
    LedgerLine,
    NewBatch,
)
from schema.money import Money
from schema.queries import load
from schema.store.history import record
from schema.store.pool import Database, clean

SQL = load("exports")


class BatchItem(Frozen):
    """One payment of a batch."""

    invoice_id: InvoiceId
    payment_id: PaymentId
    invoice_number: str | None
    vendor: str
    total: Money
    simulated: bool


class ClaimedDelivery(Frozen):
    """A delivery in our hands; `attempts` counts this one too."""

    id: DeliveryId
    batch_id: BatchId
    attempts: int


class ExportStore:
    """Makes, lists and delivers batches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(
        self, form: LedgerFormat, *, since: datetime | None, until: datetime | None, limit: int
    ) -> tuple[LedgerLine, ...]:
        """Booked payments that are in no batch of this format, the oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["pending"], form, since, until, limit)
        return tuple(_line(dict(row)) for row in rows)

    async def add(self, batch: NewBatch) -> Batch:
        """Number and store a batch; ConflictError when one of its payments went into another one meanwhile."""
        b = batch
        async with self._database.transaction() as connection:
            await connection.execute(SQL["lock"])
            number: int = await connection.fetchval(SQL["next_number"])
            name = f"countersign-{b.format}-{number:05}.{b.suffix}"
            await connection.execute(
                SQL["add_batch"],
                *(b.id, number, b.format, b.made_at, b.made_by, b.made_by_address, b.booked_from),
                *(b.booked_to, len(b.payments), [each.model_dump(mode="json") for each in b.totals]),
                *(name, b.media_type, b.sha256, b.size_bytes, b.key),
            )
            await connection.execute(SQL["add_items"], b.id, b.format, list(b.payments))
            note = f"Batch {number}: {len(b.payments)} payments as {b.format}, SHA-256 {b.sha256}"
            await record(connection, _history(b.id, b.made_at, b.made_by_address, "made", note))
        stored = await self.batch(b.id)
        assert stored is not None
        return stored

    async def batch(self, batch: BatchId) -> Batch | None:
        """One batch."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["batches"], None, 1, batch)
        return _batch(dict(row)) if row else None

    async def batches(self, *, before: int | None, limit: int) -> tuple[Batch, ...]:
        """Batches with a smaller number than `before`, newest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["batches"], before, limit, None)
        return tuple(_batch(dict(row)) for row in rows)

    async def items(self, batch: BatchId) -> tuple[BatchItem, ...]:
        """The payments of a batch, in the order of its file."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["items"], batch)
        return tuple(
            BatchItem(
                total=Money(amount=row["amount"], currency=row["currency"]),
                **{name: row[name] for name in BatchItem.model_fields if name != "total"},
            )
            for row in rows
        )

    async def ask_delivery(self, batch: BatchId, *, by: str, at: datetime) -> None:
        """Put a batch on its way; ConflictError while one is on its way already."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["ask_delivery"], uuid4(), batch, at, clean(by))
            await record(connection, _history(batch, at, by, "delivery asked", ""))

    async def claim_delivery(self, at: datetime, until: datetime) -> ClaimedDelivery | None:
        """A delivery that is due, in our hands until then; None when there is none."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["claim_delivery"], at, until)
        return ClaimedDelivery(**row) if row else None

    async def settle_delivery(
        self,
        claimed: ClaimedDelivery,
        status: DeliveryStatus,
        *,
        answered: int | None,
        problem: str,
        due_at: datetime | None,
        delivered_at: datetime | None,
    ) -> bool:
        """Write down how it went; False when another worker took it over meanwhile."""
        async with self._database.transaction() as connection:
            done = await connection.fetchval(
                SQL["settle_delivery"],
                *(claimed.id, claimed.attempts, status, answered, clean(problem), due_at, delivered_at),
            )
        return done is not None


def _history(batch: BatchId, at: datetime, who: str, what: str, note: str) -> NewHistory:
    return NewHistory(at=at, who=who, subject=Subject.EXPORT, subject_id=str(batch), what=what, note=note)


def _line(row: dict[str, Any]) -> LedgerLine:
    fields = StoredReading.model_validate(row["parsed_json"]).fields if row["parsed_json"] else None
    return LedgerLine(
        total=Money(amount=row["amount"], currency=row["currency"]),
        invoice_number=row["invoice_number"] or row["reference"],
        issue_date=fields.issue_date.value if fields else None,
        due_date=fields.due_date.value if fields else None,
        po_number=fields.po_number.value if fields else None,
        net=fields.net.value if fields else None,
        tax=fields.tax.value if fields else None,
        **{
            name: row[name]
            for name in (
                *("payment_id", "invoice_id", "vendor", "vendor_tax_id", "vendor_country", "account_last4"),
                *("rail", "reference", "bank_reference", "paid_on", "booked_at", "simulated"),
            )
        },
    )


def _batch(row: dict[str, Any]) -> Batch:
    delivery = row.pop("delivery")
    named = {name: row[name] for name in Batch.model_fields if name not in ("key", "delivery")}
    kept = {name: delivery[name] for name in Delivery.model_fields} if delivery else None
    return Batch(**named, key=row["blob_key"], delivery=Delivery.model_validate(kept) if kept else None)
