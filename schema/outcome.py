"""What a step returns: where the invoice goes, why, and the facts to record with the move."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from schema.approval import Question
from schema.document import Frozen, StoredReading
from schema.findings import Finding
from schema.ids import Address, ApprovalId, BlobKey, Sha256, VendorId
from schema.invoice import PurchaseOrder
from schema.states import State
from schema.transfer import Permit, Receipt, Transfer
from schema.verdict import Assessment


class Parsed(Frozen):
    """What `extract` found: the reading as the record keeps it, and the print of the account on the document.

    `text_key` is the blob of the masked text.
    """

    reading: StoredReading
    account_print: str | None
    account_last4: str | None
    text_key: BlobKey


class Cleared(Frozen):
    """What `check` fixed: vendor, PO and the transfer; `duplicate_key` is unique among live invoices.

    `purchase_order` is as it was judged: when another invoice has used more of it meanwhile, it is judged again.
    """

    transfer: Transfer
    vendor_id: VendorId
    purchase_order: PurchaseOrder | None
    duplicate_key: str
    people_needed: int


class Prepared(Frozen):
    """What `prepare` saw: the screenshot's key and hash, and the fingerprint of all terms."""

    screenshot_key: BlobKey
    screenshot_sha256: Sha256
    fingerprint: Sha256
    taken_at: datetime


class Intent(Frozen):
    """What `intend` records before anything is sent: the permit and the approvals that mint it."""

    permit: Permit
    approvals: tuple[ApprovalId, ...]
    approvers: tuple[Address, ...]


class Outcome(Frozen):
    """All a step can return; it moves nothing itself.

    `note` is one sentence for the record and for people. `due_in` delays the next step; None with a
    state that waits for people means nothing is due. `facts` go into the audit entry as they are.
    """

    target: State
    note: str
    facts: dict[str, Any] = Field(default_factory=dict)
    due_in: timedelta | None = timedelta(0)
    parsed: Parsed | None = None
    assessment: Assessment | None = None
    findings: tuple[Finding, ...] | None = None
    vendor_id: VendorId | None = None
    cleared: Cleared | None = None
    prepared: Prepared | None = None
    questions: tuple[Question, ...] = ()
    intent: Intent | None = None
    receipt: Receipt | None = None
    receipt_screenshot_key: BlobKey | None = None
