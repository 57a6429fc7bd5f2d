"""Everything an audit page shows of one invoice, as one frozen value; members are None or empty until they exist.

Texts may hold whatever a stranger wrote: the page escapes and masks them. Account numbers are given masked.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from schema.approval import Verdict
from schema.document import Fraction, Frozen, Kind, Place, Source
from schema.findings import Finding
from schema.ids import Reference, Sha256
from schema.masking import Masked
from schema.money import Money
from schema.states import State
from schema.transfer import Rail
from schema.verdict import ValidationReport


class MailCard(Frozen):
    """The mail the invoice came in; `disposition` and `reason` are what the door decided, `evidence` why."""

    sender: str | None
    sender_name: str
    subject: str
    stored_at: AwareDatetime
    disposition: str
    reason: str
    raw_sha256: Sha256
    evidence: dict[str, Any] = Field(default_factory=dict)


class PagePicture(Frozen):
    """A redacted page; `width` and `height` are the picture's pixels, `url` is of our own origin."""

    number: int
    url: str
    width: int
    height: int


class FieldRow(Frozen):
    """One field as read; `printed` is the document's own text, `value` the normal form (ISO date, plain decimal)."""

    name: str
    value: str | None
    printed: str | None
    confidence: Fraction
    source: Source | None
    place: Place | None


class DocumentCard(Frozen):
    """The document and what was read of it; `sha256` is of the file as it came.

    `sheets` says of which files and pages a person made it; empty when it is simply the whole file.
    """

    name: str
    type: str
    sha256: Sha256
    kind: Kind | None = None
    page_count: int | None = None
    sheets: tuple[str, ...] = ()
    ocr_pages: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pages: tuple[PagePicture, ...] = ()
    fields: tuple[FieldRow, ...] = ()


class ModelCard(Frozen):
    """The exchange with the model; the hashes are of the exact HTTP bodies.

    `request_json` is the request's body as text. `accepted` is None when no list was judged;
    `accounts_checked` is how many known accounts the leak guard looked for in the request's bytes.
    """

    requested_model: str
    served_model: str
    provider: str
    request_sha256: Sha256
    response_sha256: Sha256
    request_json: str | None = None
    report: ValidationReport | None = None
    actions: tuple[dict[str, Any], ...] = ()
    accepted: bool | None = None
    refusal: str | None = None
    accounts_checked: int | None = None
    cost_usd: str | None = None


class Screenshot(Frozen):
    """A picture of the bank's page, account masked before it was taken."""

    title: str
    url: str
    sha256: Sha256
    taken_at: AwareDatetime | None = None


class QuestionRow(Frozen):
    """One person asked about one fingerprint; `superseded` when the terms changed after they were asked."""

    person: str
    address: str
    fingerprint: Sha256
    asked_at: AwareDatetime
    expires_at: AwareDatetime
    reminded_at: AwareDatetime | None = None
    verdict: Verdict | None = None
    answered_at: AwareDatetime | None = None
    superseded: bool = False


class TransferCard(Frozen):
    """What is to be paid, as fixed by the rules; `fingerprint` binds the approvals to these terms."""

    beneficiary: str
    account: Masked
    routing: str
    rail: Rail
    amount: Money
    reference: Reference
    pay_on: date
    people_needed: int
    fingerprint: Sha256 | None = None
    policy_version: str | None = None


class ReceiptCard(Frozen):
    """What the bank said of the booked transfer."""

    bank_reference: str
    booked_at: AwareDatetime
    simulated: bool


class TimelineEntry(Frozen):
    """One entry of the append-only record; `leaf_hash` is its RFC 6962 leaf hash.

    `position` is its place in the sealed log, None until it is sealed.
    """

    seq: int
    position: int | None = None
    at: AwareDatetime
    step: str
    source: str
    target: str
    actor: str
    note: str
    leaf_hash: Sha256


class CheckpointCard(Frozen):
    """The last signed checkpoint: the log had `size` entries and this root; `key` is the verifier key."""

    size: int
    root_hash: Sha256
    at: AwareDatetime
    key: str


class AuditCase(Frozen):
    """One invoice's whole case; times are shown in `zone`, `link_until` is when the link ends."""

    number: str
    vendor: str | None
    total: Money | None
    state: State
    reason: str
    relatives: tuple[str, ...] = ()
    zone: ZoneInfo
    shown_at: AwareDatetime
    link_until: AwareDatetime | None = None
    simulated: bool = False
    mail: MailCard | None = None
    document: DocumentCard | None = None
    model: ModelCard | None = None
    findings: tuple[Finding, ...] = ()
    screenshots: tuple[Screenshot, ...] = ()
    transfer: TransferCard | None = None
    questions: tuple[QuestionRow, ...] = ()
    receipt: ReceiptCard | None = None
    timeline: tuple[TimelineEntry, ...] = ()
    checkpoint: CheckpointCard | None = None
