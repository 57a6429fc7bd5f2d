"""Audit cases for the tests of the page: one that is paid, one that has only just come in."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from schema.approval import Verdict
from schema.audit_case import (
    AuditCase,
    DocumentCard,
    FieldRow,
    MailCard,
    ModelCard,
    PagePicture,
    QuestionRow,
    ReceiptCard,
    Screenshot,
    TimelineEntry,
    TransferCard,
)
from schema.document import Place
from schema.findings import Finding, Severity
from schema.ids import Reference, Sha256
from schema.masking import Masked
from schema.money import Money
from schema.states import State
from schema.transfer import Rail
from schema.verdict import Check, ValidationReport

PUNE = ZoneInfo("Asia/Kolkata")
TOTAL = Money(amount=Decimal("84960.00"), currency="INR")


def digest(letter: str) -> Sha256:
    return Sha256(((letter + "3f9c07d152e8") * 5)[:64])


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 23, 13, minute, second, tzinfo=UTC)


def row(
    name: str, value: str | None, printed: str | None, sure: float, box: tuple[float, ...] | None
) -> FieldRow:
    place = Place(page=1, x0=box[0], y0=box[1], x1=box[2], y1=box[3]) if box else None
    return FieldRow(
        name=name,
        value=value,
        printed=printed,
        confidence=sure,
        source="text" if value else None,
        place=place,
    )


FIELDS = (
    row("seller_name", "Acme Industrial Supplies Pvt Ltd", None, 0.97, (0.2, 0.092, 0.645, 0.115)),
    row("seller_tax_id", "27AAHCA7315Q1Z6", None, 0.99, (0.2, 0.146, 0.395, 0.161)),
    row("invoice_number", "AIS/26-27/8812", "AIS/26-27/8812", 0.99, (0.672, 0.196, 0.79, 0.209)),
    row("issue_date", "2026-11-18", "18-Nov-2026", 0.98, (0.672, 0.215, 0.752, 0.228)),
    row("due_date", "2026-12-18", "18-Dec-2026", 0.96, (0.672, 0.235, 0.752, 0.249)),
    row("po_number", "PO-2026-0141", "PO-2026-0141", 0.99, (0.672, 0.257, 0.785, 0.271)),
    row("net", "72000.00", "72,000.00", 0.93, (0.84, 0.623, 0.925, 0.637)),
    row("tax", "12960.00", "6,480.00 + 6,480.00", 0.81, (0.85, 0.649, 0.925, 0.694)),
    row("total", "84960.00", "₹ 84,960.00", 0.99, (0.822, 0.73, 0.925, 0.748)),
    row("currency", "INR", "₹", 0.95, (0.822, 0.73, 0.84, 0.748)),
    row("account", "XXXXXX9326", "XXXXXX9326", 0.99, (0.236, 0.82, 0.345, 0.834)),
    row("ifsc", "HDFC0000485", "HDFC0000485", 0.66, (0.236, 0.842, 0.34, 0.856)),
    row("lines", "3", None, 0.9, None),
)

ACTIONS = (
    {"op": "navigate", "target": None, "value_ref": None, "url": "/transfer", "approved": None},
    *(
        {"op": op, "target": target, "value_ref": ref, "url": None, "approved": None}
        for op, target, ref in (
            ("select", "rail", "payment.rail"),
            ("fill", "beneficiary_name", "vendor.beneficiary_name"),
            ("fill", "account_number", "vendor.account_number"),
            ("fill", "routing", "vendor.routing"),
            ("fill", "amount", "invoice.total"),
            ("select", "currency", "invoice.currency"),
            ("fill", "reference", "payment.reference"),
            ("fill", "payment_date", "payment.date"),
            ("click", "continue", None),
            ("screenshot", "confirm", None),
            ("pause", "approval", None),
            ("enter_otp", None, "bank.otp"),
        )
    ),
    {"op": "submit", "target": None, "value_ref": None, "url": None, "approved": True},
)

REPORT = ValidationReport(
    verdict="consistent",
    risk="low",
    summary="Amount, vendor and purchase order agree with each other; nothing in the text tries to give instructions.",
    checks=(
        Check(code="amount", ok=True, note="72,000.00 and tax 12,960.00 make 84,960.00."),
        Check(
            code="vendor_name", ok=True, note="The letterhead and the account holder are the same company."
        ),
        Check(code="po", ok=True, note="PO-2026-0141 is named once."),
        Check(
            code="dates",
            ok=False,
            note="The due date is 30 days after the date, terms say 30 days net of receipt.",
        ),
    ),
)

STREET = (
    ("receive", "", "received", "mail", "Came with a mail of priya@meridian.example", 0, 2),
    ("extract", "received", "extracted", "worker", "Read 13 of 13 fields from 1 page(s)", 0, 4),
    ("assess", "extracted", "assessed", "worker", "Grok: consistent, risk low", 0, 6),
    ("check", "assessed", "cleared", "worker", "Vendor, bank details, sums and purchase order agree", 0, 6),
    ("prepare", "cleared", "prepared", "worker", "The bank's confirm page shows what we would pay", 0, 8),
    ("ask", "prepared", "asked", "worker", "Asked Asha Rao on WhatsApp", 0, 9),
    ("answer", "asked", "approved", "asha@meridian.example", "Asha Rao approved INR 84,960.00", 3, 41),
    ("intend", "approved", "paying", "worker", "Intent recorded; nothing sent yet", 3, 42),
    ("pay", "paying", "paid", "worker", "Booked by the bank, receipt stored", 3, 45),
    ("report", "paid", "closed", "worker", "Paid; told priya@meridian.example and the approvers", 3, 46),
)


def timeline() -> tuple[TimelineEntry, ...]:
    return tuple(
        TimelineEntry(
            seq=100 + place,
            at=at(12 + minute, second),
            step=step,
            source=source,
            target=target,
            actor=actor,
            note=note,
            leaf_hash=digest("abcdef0123"[place]),
        )
        for place, (step, source, target, actor, note, minute, second) in enumerate(STREET)
    )


def document(page_url: str) -> DocumentCard:
    return DocumentCard(
        name="acme-8812.pdf",
        type="application/pdf",
        sha256=digest("d"),
        kind="invoice",
        page_count=1,
        languages=("eng",),
        pages=(PagePicture(number=1, url=page_url, width=1240, height=1754),),
        fields=FIELDS,
    )


def model() -> ModelCard:
    request = {
        "model": "x-ai/grok-4.1-fast",
        "messages": [
            {"role": "system", "content": "You compare facts of an invoice."},
            {
                "role": "user",
                "content": {"amount": "84960.00", "account_last4": "9326", "po_id": "PO-2026-0141"},
            },
        ],
    }
    return ModelCard(
        requested_model="x-ai/grok-4.1-fast",
        served_model="x-ai/grok-4.3",
        provider="xAI",
        request_sha256=digest("1"),
        response_sha256=digest("2"),
        request_json=json.dumps(request),
        report=REPORT,
        actions=ACTIONS,
        accepted=True,
        accounts_checked=9,
        cost_usd="0.000412",
    )


MAIL = MailCard(
    sender="priya@meridian.example",
    sender_name="Priya Nair",
    subject="Fwd: Tax invoice AIS/26-27/8812 against PO-2026-0141",
    stored_at=at(12, 1),
    disposition="accepted",
    reason="An allowed sender, proved by our mail server.",
    raw_sha256=digest("9"),
    evidence={"authserv_id": "mx.countersign.example", "method": "auth"},
)

FINDINGS = (
    Finding(
        rule="due_before_issue",
        severity=Severity.WARN,
        sentence="Due on 2026-12-18, 25 days from today; nothing is gained by paying early.",
        evidence={"due": "2026-12-18"},
    ),
    Finding(rule="no_po", severity=Severity.INFO, sentence="One purchase order covers the whole sum."),
)

TRANSFER = TransferCard(
    beneficiary="Acme Industrial Supplies Pvt Ltd",
    account=Masked("XXXXXX9326"),
    routing="HDFC0000485",
    rail=Rail.NEFT,
    amount=TOTAL,
    reference=Reference("CSQ4ZK2WVN7HTB5XLA6RMD"),
    pay_on=date(2026, 11, 23),
    people_needed=1,
    fingerprint=digest("7"),
    policy_version="3f9c07d152e8",
)

QUESTIONS = (
    QuestionRow(
        person="Asha Rao",
        address="asha@meridian.example",
        fingerprint=digest("7"),
        asked_at=at(12, 9),
        expires_at=datetime(2026, 11, 24, 13, 12, 9, tzinfo=UTC),
        verdict=Verdict.APPROVE,
        answered_at=at(15, 41),
    ),
)


def paid_case(page_url: str = "/media/page.png", shot_url: str = "/media/shot.png") -> AuditCase:
    return AuditCase(
        number="AIS/26-27/8812",
        vendor="Acme Industrial Supplies Pvt Ltd",
        total=TOTAL,
        state=State.CLOSED,
        reason="Paid; told priya@meridian.example and the approvers",
        zone=PUNE,
        shown_at=at(31),
        link_until=datetime(2027, 2, 21, 13, 31, tzinfo=UTC),
        mail=MAIL,
        document=document(page_url),
        model=model(),
        findings=FINDINGS,
        screenshots=(
            Screenshot(
                title="Confirm page, before asking", url=shot_url, sha256=digest("5"), taken_at=at(12, 8)
            ),
            Screenshot(title="Receipt", url=shot_url, sha256=digest("6"), taken_at=at(15, 45)),
        ),
        transfer=TRANSFER,
        questions=QUESTIONS,
        receipt=ReceiptCard(bank_reference="MBKN202611230000417", booked_at=at(15, 44), simulated=True),
        timeline=timeline(),
    )


def new_case() -> AuditCase:
    return AuditCase(
        number="no document",
        vendor=None,
        total=None,
        state=State.RECEIVED,
        reason="",
        zone=PUNE,
        shown_at=at(31),
    )
