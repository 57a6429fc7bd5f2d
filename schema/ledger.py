"""What goes to the ledger: paid invoices as lines, batches of them as numbered files, and their way to a webhook."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from schema.document import Frozen
from schema.ids import BlobKey, InvoiceId, PaymentId, Sha256
from schema.money import Money

BatchId = NewType("BatchId", UUID)
DeliveryId = NewType("DeliveryId", UUID)


class LedgerFormat(StrEnum):
    """A form that ledgers read."""

    CSV = "csv"
    TALLY = "tally"
    UBL = "ubl"


class LedgerLine(Frozen):
    """One booked payment and its invoice; no account but its last digits. `net` and `tax` only where they were read."""

    payment_id: PaymentId
    invoice_id: InvoiceId
    invoice_number: str
    issue_date: date | None
    due_date: date | None
    po_number: str | None
    vendor: str
    vendor_tax_id: str | None
    vendor_country: str
    total: Money
    net: Decimal | None
    tax: Decimal | None
    account_last4: str
    rail: str
    reference: str
    bank_reference: str
    paid_on: date
    booked_at: datetime
    simulated: bool


class LedgerNames(Frozen):
    """What the ledger calls us, our purchases and our bank."""

    company: str
    purchases: str
    bank: str


class LedgerFile(Frozen):
    """A rendered batch; `suffix` is that of its file's name."""

    suffix: str
    media_type: str
    data: bytes


class NewBatch(Frozen):
    """A batch to store; its bytes are in the blob store already."""

    id: BatchId
    format: LedgerFormat
    made_at: datetime
    made_by: UUID
    made_by_address: str
    booked_from: date | None
    booked_to: date | None
    payments: tuple[PaymentId, ...]
    totals: tuple[Money, ...]
    suffix: str
    media_type: str
    sha256: Sha256
    size_bytes: int
    key: BlobKey


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(Frozen):
    """A batch on its way to the webhook; `answered` is the last HTTP status, `due_at` None when nothing is to do."""

    id: DeliveryId
    status: DeliveryStatus
    attempts: int
    due_at: datetime | None
    asked_at: datetime
    asked_by: str
    answered: int | None
    problem: str
    delivered_at: datetime | None


class Batch(Frozen):
    """A numbered file of payments for the ledger, with the latest delivery of it."""

    id: BatchId
    number: int
    format: LedgerFormat
    made_at: datetime
    made_by_address: str
    booked_from: date | None
    booked_to: date | None
    payments: int
    totals: tuple[Money, ...]
    file_name: str
    media_type: str
    sha256: Sha256
    size_bytes: int
    key: BlobKey
    delivery: Delivery | None
