"""Gather everything the audit page shows of one invoice; reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from handlers.links import PAGE_MEDIA_FOR, media_url
from handlers.world import World
from schema.approval import Verdict
from schema.arrangement import told_sheets
from schema.audit_case import (
    AuditCase,
    CheckpointCard,
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
from schema.checkpoint import CheckpointSigner
from schema.errors import CountersignError
from schema.ids import BlobKey, InvoiceId, Sha256
from schema.invoice import Invoice, Payment
from schema.masking import mask
from schema.store.answers import Asked
from schema.store.arrangements import Relative
from schema.store.views import Exchange, Recorded

RELATIONS: Final = {
    "part_of": "Part of invoice",
    "part": "Split into invoice",
    "merged_into": "Merged into invoice",
    "merged": "Merged from invoice",
}


async def load_case(world: World, invoice_id: InvoiceId, until: datetime) -> AuditCase | None:
    """The whole case, or None when there is no such invoice."""
    store = world.store
    invoice = await store.street.invoice(invoice_id)
    if invoice is None:
        return None
    payment = await store.street.payment(invoice_id)
    mail = await store.views.mail(invoice.thread.mail_id)
    exchange = await store.views.exchange(invoice_id)
    asked = await store.answers.all_questions(invoice_id)
    fields = invoice.reading.fields if invoice.reading else None
    return AuditCase(
        number=invoice.number,
        vendor=payment.transfer.beneficiary if payment else fields.seller_name.value if fields else None,
        total=invoice.total,
        state=invoice.state,
        reason=invoice.reason,
        relatives=tuple(_relative(each) for each in await store.arrangements.relatives(invoice_id)),
        zone=world.zone,
        shown_at=world.clock.now(),
        link_until=until,
        simulated=bool(payment and payment.simulated),
        mail=MailCard(**mail.model_dump(exclude={"zone"})) if mail else None,
        document=_document(invoice, world),
        model=await _model(invoice, exchange, world) if exchange else None,
        findings=invoice.findings,
        screenshots=_screenshots(invoice, payment, world),
        transfer=_transfer(payment, invoice) if payment else None,
        questions=tuple(_question(each, invoice.fingerprint) for each in asked),
        receipt=_receipt(payment) if payment else None,
        timeline=tuple(_entry(each) for each in await store.views.entries(invoice_id)),
        checkpoint=await _checkpoint(world),
    )


def _relative(each: Relative) -> str:
    """Another invoice in words, by the first digits of its id, as the commands take it."""
    return f"{RELATIONS[each.relation]} {str(each.id)[:8]}"


def _picture(key: BlobKey, world: World) -> str:
    """The picture's address on our own origin, so that the page's policy allows it behind any proxy."""
    return media_url(world.vault, "", key, world.clock.now(), lasts=PAGE_MEDIA_FOR)


def _document(invoice: Invoice, world: World) -> DocumentCard | None:
    if invoice.document is None:
        return None
    document, reading = invoice.document, invoice.reading
    sheets = tuple(f"{told_sheets([each])} (SHA-256 {each.document.sha256[:12]}…)" for each in invoice.sheets)
    if reading is None:
        return DocumentCard(name=document.name, type=document.type, sha256=document.sha256, sheets=sheets)
    rows = (
        FieldRow(
            name=name,
            value=None if cell.value is None else str(cell.value),
            printed=cell.text,
            confidence=cell.confidence,
            source=cell.source,
            place=cell.place,
        )
        for name, cell in reading.fields
    )
    return DocumentCard(
        name=document.name,
        type=document.type,
        sha256=document.sha256,
        kind=reading.kind,
        sheets=sheets,
        page_count=reading.page_count,
        ocr_pages=reading.ocr_pages,
        languages=reading.languages,
        warnings=reading.warnings,
        pages=tuple(
            PagePicture(number=p.number, url=_picture(p.key, world), width=p.width, height=p.height)
            for p in reading.pages
        ),
        fields=tuple(rows),
    )


async def _model(invoice: Invoice, exchange: Exchange, world: World) -> ModelCard:
    try:
        request = (await world.blobs.get(BlobKey(exchange.request_key))).decode("utf-8", "replace")
    except CountersignError:
        request = None  # the page still shows the hash; the missing file is for `countersign doctor`
    return ModelCard(
        requested_model=exchange.requested_model,
        served_model=exchange.served_model,
        provider=exchange.provider,
        request_sha256=exchange.request_sha256,
        response_sha256=exchange.response_sha256,
        request_json=request,
        report=invoice.report,
        actions=tuple(exchange.actions_raw),
        accepted=invoice.plan is not None,
        refusal=invoice.refusal,
        accounts_checked=exchange.accounts_checked,
        cost_usd=exchange.cost_usd,
    )


def _screenshots(invoice: Invoice, payment: Payment | None, world: World) -> tuple[Screenshot, ...]:
    shots = []
    if invoice.screenshot_key and invoice.screenshot_sha256:
        shots.append(
            Screenshot(
                title="Confirm page, as it was shown to the approvers",
                url=_picture(invoice.screenshot_key, world),
                sha256=invoice.screenshot_sha256,
            )
        )
    if payment and payment.receipt_key:
        shots.append(
            Screenshot(
                title="Receipt",
                url=_picture(payment.receipt_key, world),
                sha256=Sha256(payment.receipt_key),
                taken_at=payment.booked_at,
            )
        )
    return tuple(shots)


def _transfer(payment: Payment, invoice: Invoice) -> TransferCard:
    t = payment.transfer
    return TransferCard(
        beneficiary=t.beneficiary,
        account=t.account.masked,
        routing=t.routing,
        rail=t.rail,
        amount=t.amount,
        reference=t.reference,
        pay_on=t.pay_on,
        people_needed=payment.people_needed,
        fingerprint=invoice.fingerprint,
    )


def _question(each: Asked, fingerprint: Sha256 | None) -> QuestionRow:
    q = each.question
    return QuestionRow(
        person=q.person.name,
        address=q.person.address,
        fingerprint=q.fingerprint,
        asked_at=q.asked_at,
        expires_at=q.expires_at,
        reminded_at=each.reminded_at,
        verdict=Verdict(each.verdict) if each.verdict else None,
        answered_at=each.answered_at,
        superseded=q.fingerprint != fingerprint,
    )


def _receipt(payment: Payment) -> ReceiptCard | None:
    if payment.bank_reference is None or payment.booked_at is None:
        return None
    return ReceiptCard(
        bank_reference=payment.bank_reference, booked_at=payment.booked_at, simulated=payment.simulated
    )


async def _checkpoint(world: World) -> CheckpointCard | None:
    last = await world.store.record.last()
    if last is None:
        return None
    key = CheckpointSigner.of(world.vault, world.mail_domain).verifier_key
    return CheckpointCard(size=last.size, root_hash=last.root_hash, at=last.at, key=key)


def _entry(each: Recorded) -> TimelineEntry:
    e = each.entry
    return TimelineEntry(
        seq=each.seq,
        position=each.position,
        at=e.at,
        step=e.step,
        source=e.source,
        target=e.target,
        actor=e.actor,
        note=mask(e.note),
        leaf_hash=each.leaf_hash,
    )
