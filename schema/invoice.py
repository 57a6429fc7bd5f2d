"""The invoice row as steps see it, with what they need of its mail, document, vendor and payment."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from schema.document import Frozen, StoredReading
from schema.findings import Finding
from schema.ids import (
    Address,
    BlobKey,
    DocumentId,
    InvoiceId,
    MailId,
    PurchaseOrderId,
    Sha256,
    VendorId,
)
from schema.masking import Masked
from schema.money import Money, as_money
from schema.states import DUE, Due, State
from schema.trace import Trace
from schema.transfer import Transfer
from schema.vault import SealedAccount
from schema.verdict import ActionPlan, ValidationReport


class SourceDocument(Frozen):
    """The attachment an invoice was read from; `key` is its blob, `sha256` of its bytes."""

    name: str
    sha256: Sha256
    key: BlobKey
    type: str


class Sheets(Frozen):
    """Pages of one file, from 1 and in the order in which they are read; `pages` None: the whole file."""

    document_id: DocumentId
    document: SourceDocument
    pages: tuple[int, ...] | None


class Thread(Frozen):
    """The mail an invoice came in, as far as an answer needs it."""

    mail_id: MailId
    forwarder: Address
    forwarder_name: str
    subject: str
    message_id: str | None
    references: tuple[str, ...]
    reason: str
    trace: Trace


class Vendor(Frozen):
    """A vendor of the master: who is paid, and where; `changing` while new bank details wait for a second person."""

    id: VendorId
    name: str
    tax_id: str | None
    beneficiary: str
    account: SealedAccount
    routing: str
    currency: str
    blocked: bool
    changing: bool = False


class PurchaseOrder(Frozen):
    """A purchase order; `used` is the sum of its other live invoices."""

    id: PurchaseOrderId
    number: str
    vendor_id: VendorId
    total: Money
    used: Decimal
    open: bool


class Twin(Frozen):
    """Another live invoice with the same vendor and number, or the same file."""

    id: InvoiceId
    invoice_number: str | None
    total: Money | None
    state: State
    same_file: bool
    at: datetime


class Payment(Frozen):
    """The live payment of an invoice; `status` is planned, intended or booked.

    `clicks`: how often the bank's button may have been pressed.
    """

    transfer: Transfer
    status: str
    vendor_id: VendorId
    fingerprint: Sha256 | None
    people_needed: int
    clicks: int
    bank_reference: str | None
    booked_at: datetime | None
    simulated: bool
    receipt_key: BlobKey | None


class Voided(Frozen):
    """A payment that was intended, never clicked, and taken back; its reference is not used again."""

    reference: str
    amount: Money
    pay_on: date
    at: datetime
    by: str
    reason: str


class Invoice(Frozen):
    """One invoice as it stands; members are None until the step that sets them is done.

    `sheets` are the pages of which a person made it; without any it is simply its document.
    """

    id: InvoiceId
    state: State
    version: int
    attempts: int
    held_from: State | None
    reason: str
    thread: Thread
    document: SourceDocument | None
    document_id: DocumentId | None = None
    sheets: tuple[Sheets, ...] = ()
    arranged_by: Address | None = None
    split_from: InvoiceId | None = None
    merged_into: InvoiceId | None = None
    reading: StoredReading | None
    text_key: BlobKey | None
    account_print: str | None
    account_last4: str | None
    report: ValidationReport | None
    plan: ActionPlan | None
    refusal: str | None
    findings: tuple[Finding, ...]
    vendor_id: VendorId | None
    people_needed: int | None
    policy_version: str | None
    screenshot_key: BlobKey | None
    screenshot_sha256: Sha256 | None
    fingerprint: Sha256 | None
    created_at: datetime
    last_error: str | None

    @property
    def due(self) -> Due:
        """The step that is due; KeyError for `closed`, where nothing is."""
        return DUE[self.state]

    @property
    def number(self) -> str:
        """The invoice's own number, or the file's name where none was read, which the door masked; for people."""
        from_page = self.reading.fields.invoice_number.value if self.reading else None
        return from_page or (self.document.name if self.document else "no document")

    @property
    def total(self) -> Money | None:
        """The grand total as read, with its currency; None when either is missing or they make no sum of money."""
        if self.reading is None:
            return None
        return as_money(self.reading.fields.total.value, self.reading.fields.currency.value)


class Claim(Frozen):
    """A lease on an invoice: whoever holds the token may commit its next move."""

    invoice: Invoice
    token: UUID


def masked_account(last4: str) -> Masked:
    """An account of which only the last digits are known, as people may see it."""
    return Masked("XXXXXX" + last4)
