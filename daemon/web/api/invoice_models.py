"""What the API says of an invoice in full; strangers' texts are masked and on one line."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from daemon.web.api.invoice_row import Answer, Sum
from schema.approval import Verdict
from schema.document import Place, Source, Why
from schema.findings import Severity
from schema.states import State
from schema.transfer import Rail


class FieldPlace(Answer):
    """A box on a page: pages count from 1, edges are fractions of the page from its top left corner."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class CandidateShown(Answer):
    """A value the reader saw for a field; `taken` is the one it took, and `why` says why it did or did not.

    An account is masked. The value is in normal form, and may be sent as a correction as it is.
    """

    value: Annotated[str, Field(examples=["84960.00"])]
    printed: str | None
    confidence: float
    source: Source | None
    place: FieldPlace | None
    taken: bool
    why: Annotated[Why, Field(examples=["sums_disagree"])]


class FieldShown(Answer):
    """A field as read or corrected; `value` in normal form (ISO date, plain decimal), `printed` as on the page.

    `candidates` is what the reader had to choose from, the one it took first; empty for what was read long ago.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", title="InvoiceField")

    name: str
    value: str | None
    printed: str | None
    confidence: float
    source: Source | None
    place: FieldPlace | None
    correctable: bool
    candidates: list[CandidateShown]


class PagePicture(Answer):
    """A redacted page; `width` and `height` are the picture's pixels."""

    number: int
    url: str
    width: int
    height: int


class SheetsShown(Answer):
    """Pages of one file, in the order in which they were read; null: the whole file."""

    file: str
    sha256: str
    pages: list[int] | None


class RelativeShown(Answer):
    """Another invoice that shares its pages: this one is a part of it, or was merged into it, or the other way."""

    id: UUID
    relation: Literal["part_of", "part", "merged_into", "merged"]
    number: str | None
    state: State


class DocumentShown(Answer):
    """The file an invoice was read from; `sha256` is of the file as it came.

    `page_count` may be more than there are pictures. `sheets` says of which pages a person made the invoice; empty
    when it is simply the whole file. `divisible` says whether its pages can be given to several invoices.
    """

    name: str
    type: str
    sha256: str
    kind: str | None
    warnings: list[str]
    pages: list[PagePicture]
    page_count: int
    sheets: list[SheetsShown]
    divisible: bool


class FindingShown(Answer):
    """What a rule says, and what it says it from."""

    rule: str
    severity: Severity
    sentence: str
    evidence: dict[str, str]


class TwinShown(Answer):
    """Another invoice that looks like this one."""

    id: UUID
    number: str | None
    vendor: str | None
    total: Sum | None
    state: State
    received_at: datetime
    same_file: bool


class OrderShown(Answer):
    """The purchase order that the invoice names; `left` is what other invoices leave of it."""

    id: UUID
    number: str
    amount: Sum
    left: Sum
    state: Annotated[str, Field(examples=["open"])]


class PaymentShown(Answer):
    """The terms of the payment, from the vendor master; the account is masked."""

    status: str
    beneficiary: str
    account_masked: Annotated[str, Field(examples=["XXXXXX5678"])]
    routing: str
    rail: Rail
    amount: Sum
    reference: str
    pay_on: date
    people_needed: int
    bank_reference: str | None
    booked_at: datetime | None
    simulated: bool


class VoidedShown(Answer):
    """A payment that was intended, never clicked, and taken back by a person; its reference is not used again."""

    reference: str
    amount: Sum
    pay_on: date
    at: datetime
    by: str
    reason: str


class Asked(Answer):
    """The person who is asked."""

    name: str
    address: str


class QuestionShown(Answer):
    """One person asked on WhatsApp; `superseded` when the terms changed afterwards."""

    person: Asked
    asked_at: datetime
    expires_at: datetime
    reminded_at: datetime | None
    answered_at: datetime | None
    verdict: Verdict | None
    superseded: bool


class ScreenshotShown(Answer):
    """A picture of the bank's page, the account masked before it was taken."""

    title: str
    url: str
    sha256: str


class CheckShown(Answer):
    """One thing the model compared."""

    code: str
    ok: bool
    note: str


class ReportShown(Answer):
    """The model's opinion: advice, never a decision."""

    verdict: str
    risk: str
    summary: str
    checks: list[CheckShown]


class ModelShown(Answer):
    """What the model was asked and said; the hashes are of the exact HTTP bodies."""

    requested_model: str
    served_model: str
    provider: str
    request_sha256: str
    response_sha256: str
    report: ReportShown | None
    actions: list[dict[str, Any]]
    accepted: bool | None
    refusal: str | None
    cost_usd: str | None


class EntryShown(Answer):
    """One entry of the append-only record; `position` is its place in the sealed log, null until it is sealed."""

    seq: int
    version: int
    position: int | None
    at: datetime
    step: str
    source: str
    target: str
    actor: str
    note: str
    leaf_hash: str


class CorrectionShown(Answer):
    """What a person put in the place of what was read."""

    field: str
    before: str | None
    after: str | None
    by: str
    at: datetime


class AnswerShown(Answer):
    """What the forwarder wrote back, masked; `documents` came with it and are invoices of their own."""

    text: str
    documents: int
    at: datetime


class AskedShown(Answer):
    """A question to the forwarder; `sent_at` is null until the mail server has taken it."""

    question: str
    by: str
    asked_at: datetime
    sent_at: datetime | None
    answers: list[AnswerShown]


class OwnerShown(Answer):
    """Who looks after a held invoice."""

    id: UUID
    name: str


class MailShown(Answer):
    """The mail the invoice came in."""

    subject: str
    sender_name: str
    raw_sha256: str
    stored_at: datetime


class InvoiceCase(Answer):
    """Everything about one invoice; `ways` is where a person may send it now, what we propose last but for its end."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="Invoice")

    id: UUID
    version: int
    number: str | None
    vendor: str | None
    vendor_id: UUID | None
    total: Sum | None
    state: State
    standing: State
    held_from: State | None
    reason: str
    simulated: bool
    received_at: datetime
    since: datetime
    forwarder: str | None
    mail: MailShown | None
    owner: OwnerShown | None
    ways: list[State]
    fingerprint: str | None
    document: DocumentShown | None
    relatives: list[RelativeShown]
    fields: list[FieldShown]
    corrections: list[CorrectionShown]
    findings: list[FindingShown]
    twins: list[TwinShown]
    purchase_order: OrderShown | None
    asked_forwarder: list[AskedShown]
    payment: PaymentShown | None
    voided: list[VoidedShown]
    questions: list[QuestionShown]
    screenshots: list[ScreenshotShown]
    model: ModelShown | None
    entries: list[EntryShown]


def place_of(place: Place | None) -> FieldPlace | None:
    """A box on a page."""
    return FieldPlace(**place.model_dump()) if place else None
