"""Gather everything the console shows of one invoice; reads only."""

from __future__ import annotations

from daemon.web.api.invoice_models import (
    AnswerShown,
    Asked,
    AskedShown,
    CandidateShown,
    CheckShown,
    CorrectionShown,
    DocumentShown,
    EntryShown,
    FieldShown,
    FindingShown,
    InvoiceCase,
    MailShown,
    ModelShown,
    OrderShown,
    OwnerShown,
    PagePicture,
    PaymentShown,
    QuestionShown,
    RelativeShown,
    ReportShown,
    ScreenshotShown,
    SheetsShown,
    TwinShown,
    VoidedShown,
    place_of,
)
from daemon.web.api.invoice_row import Sum, line, name, sum_of
from handlers.resume import resume_target
from handlers.world import World
from schema.approval import Verdict
from schema.arrangement import page_count
from schema.correction import CORRECTABLE, Correction
from schema.document import Candidate
from schema.errors import ConflictError
from schema.ids import BlobKey, InvoiceId
from schema.invoice import Invoice, Payment, Voided
from schema.masking import mask
from schema.states import State
from schema.store.answers import Asked as Question
from schema.store.corrections import ForwarderAsked
from schema.store.views import Exchange, MailRecord, Recorded


async def load_case(world: World, identity: InvoiceId) -> InvoiceCase | None:
    """The whole case, or None when there is no such invoice."""
    store = world.store
    invoice = await store.street.invoice(identity)
    lines = await store.invoices.lines([identity])
    if invoice is None or not lines:
        return None
    row, payment = lines[0], await store.street.payment(identity)
    exchange = await store.views.exchange(identity)
    mail = await store.views.mail(invoice.thread.mail_id)
    owner = await store.invoices.owner(identity)
    return InvoiceCase(
        id=invoice.id,
        version=invoice.version,
        number=name(row.number or row.document),
        vendor=name(row.vendor),
        vendor_id=row.vendor_id,
        total=sum_of(row.total),
        state=invoice.state,
        standing=row.standing,
        held_from=invoice.held_from,
        reason=line(invoice.reason),
        simulated=row.simulated,
        received_at=row.created_at,
        since=row.since,
        forwarder=invoice.thread.forwarder,
        mail=_mail(mail) if mail else None,
        owner=OwnerShown(id=owner.id, name=owner.name) if owner else None,
        ways=await _ways(invoice, world),
        fingerprint=invoice.fingerprint,
        document=_document(invoice),
        relatives=await _relatives(invoice, world),
        fields=_fields(invoice),
        corrections=[_correction(each) for each in await store.corrections.of_invoice(identity)],
        findings=[FindingShown(**finding.model_dump()) for finding in invoice.findings],
        twins=await _twins(invoice, world),
        purchase_order=await _order(invoice, world),
        asked_forwarder=[_asked(each) for each in await store.corrections.asked_forwarder(identity)],
        payment=_payment(payment) if payment else None,
        voided=[_voided(each) for each in await store.street.voided(identity)],
        questions=[_question(each, invoice) for each in await store.answers.all_questions(identity)],
        screenshots=_screenshots(invoice, payment),
        model=_model(invoice, exchange) if exchange else None,
        entries=[_entry(each) for each in await store.views.entries(identity)],
    )


def _mail(mail: MailRecord) -> MailShown:
    return MailShown(
        subject=line(mail.subject),
        sender_name=line(mail.sender_name),
        raw_sha256=mail.raw_sha256,
        stored_at=mail.stored_at,
    )


def picture_of(invoice: Invoice, number: int) -> BlobKey | None:
    """The blob of a page's picture."""
    pages = invoice.reading.pages if invoice.reading else ()
    return next((page.key for page in pages if page.number == number), None)


def _document(invoice: Invoice) -> DocumentShown | None:
    document, reading = invoice.document, invoice.reading
    if document is None:
        return None
    return DocumentShown(
        name=line(document.name),
        type=document.type,
        sha256=document.sha256,
        kind=reading.kind if reading else None,
        warnings=[line(warning) for warning in reading.warnings] if reading else [],
        pages=[
            PagePicture(
                number=page.number,
                url=f"/api/v1/invoices/{invoice.id}/pages/{page.number}.png",
                width=page.width,
                height=page.height,
            )
            for page in (reading.pages if reading else ())
        ],
        page_count=reading.page_count if reading else 0,
        sheets=[
            SheetsShown(
                file=line(each.document.name),
                sha256=each.document.sha256,
                pages=None if each.pages is None else list(each.pages),
            )
            for each in invoice.sheets
        ],
        divisible=_divisible(invoice),
    )


def _divisible(invoice: Invoice) -> bool:
    try:
        return page_count(invoice) > 1
    except ConflictError:
        return False


async def _relatives(invoice: Invoice, world: World) -> list[RelativeShown]:
    relation = {each.id: each.relation for each in await world.store.arrangements.relatives(invoice.id)}
    return [
        RelativeShown.model_validate(
            {
                "id": each.id,
                "relation": relation[each.id],
                "number": name(each.number or each.document),
                "state": each.standing,
            }
        )
        for each in await world.store.invoices.lines(list(relation))
    ]


def _fields(invoice: Invoice) -> list[FieldShown]:
    if invoice.reading is None:
        return []
    return [
        FieldShown(
            name=field,
            value=None if cell.value is None else str(cell.value),
            printed=cell.text,
            confidence=cell.confidence,
            source=cell.source,
            place=place_of(cell.place),
            correctable=field in CORRECTABLE,
            candidates=[_candidate(each) for each in invoice.reading.candidates.get(field, ())],
        )
        for field, cell in invoice.reading.fields
    ]


def _candidate(each: Candidate) -> CandidateShown:
    return CandidateShown(
        value=name(each.value) or "",
        printed=name(each.text),
        place=place_of(each.place),
        **each.model_dump(include={"confidence", "source", "taken", "why"}),
    )


def _asked(each: ForwarderAsked) -> AskedShown:
    return AskedShown(
        question=str(mask(each.question)),
        by=each.person_name,
        asked_at=each.asked_at,
        sent_at=each.sent_at,
        answers=[AnswerShown(text=str(mask(a.text)), documents=a.documents, at=a.at) for a in each.answers],
    )


def _correction(each: Correction) -> CorrectionShown:
    return CorrectionShown(
        field=each.field,
        before=name(each.value_before),
        after=name(each.value_after),
        by=each.address,
        at=each.at,
    )


async def _twins(invoice: Invoice, world: World) -> list[TwinShown]:
    """Those a rule speaks of, as they stand now."""
    if invoice.reading is None:
        return []
    number = invoice.reading.fields.invoice_number.value
    twins = await world.store.master.twins(invoice.id, invoice.vendor_id, number)
    same_file = {twin.id: twin.same_file for twin in twins}
    return [
        TwinShown(
            id=each.id,
            number=name(each.number or each.document),
            vendor=name(each.vendor),
            total=sum_of(each.total),
            state=each.standing,
            received_at=each.created_at,
            same_file=same_file[each.id],
        )
        for each in await world.store.invoices.lines(list(same_file))
    ]


async def _order(invoice: Invoice, world: World) -> OrderShown | None:
    number = invoice.reading.fields.po_number.value if invoice.reading else None
    order = await world.store.invoices.order_of(number, besides=invoice.id) if number else None
    if order is None:
        return None
    amount, left = sum_of(order.total), sum_of(order.remaining)
    assert amount is not None
    assert left is not None
    return OrderShown(
        id=order.id, number=order.number, amount=amount, left=left, state="open" if order.open else "closed"
    )


def _payment(payment: Payment) -> PaymentShown:
    t = payment.transfer
    return PaymentShown(
        status=payment.status,
        beneficiary=t.beneficiary,
        account_masked=str(t.account.masked),
        routing=t.routing,
        rail=t.rail,
        amount=Sum(amount=t.amount.plain(), currency=t.amount.currency),
        reference=t.reference,
        pay_on=t.pay_on,
        people_needed=payment.people_needed,
        bank_reference=payment.bank_reference,
        booked_at=payment.booked_at,
        simulated=payment.simulated,
    )


def _question(each: Question, invoice: Invoice) -> QuestionShown:
    q = each.question
    return QuestionShown(
        person=Asked(name=q.person.name, address=q.person.address),
        asked_at=q.asked_at,
        expires_at=q.expires_at,
        reminded_at=each.reminded_at,
        answered_at=each.answered_at,
        verdict=Verdict(each.verdict) if each.verdict else None,
        superseded=q.fingerprint != invoice.fingerprint,
    )


def _screenshots(invoice: Invoice, payment: Payment | None) -> list[ScreenshotShown]:
    shots = []
    base = f"/api/v1/invoices/{invoice.id}/screenshots"
    if invoice.screenshot_key and invoice.screenshot_sha256:
        title = "Confirm page, as it was shown to the approvers"
        shots.append(
            ScreenshotShown(title=title, url=f"{base}/confirm.png", sha256=invoice.screenshot_sha256)
        )
    if payment and payment.receipt_key:
        title = "Receipt (SIMULATED)" if payment.simulated else "Receipt"
        shots.append(ScreenshotShown(title=title, url=f"{base}/receipt.png", sha256=payment.receipt_key))
    return shots


def _model(invoice: Invoice, exchange: Exchange) -> ModelShown:
    report = invoice.report
    judged = invoice.plan is not None or invoice.refusal is not None
    return ModelShown(
        requested_model=exchange.requested_model,
        served_model=exchange.served_model,
        provider=exchange.provider,
        request_sha256=exchange.request_sha256,
        response_sha256=exchange.response_sha256,
        report=ReportShown(
            verdict=report.verdict,
            risk=report.risk,
            summary=line(report.summary),
            checks=[CheckShown(code=c.code, ok=c.ok, note=line(c.note)) for c in report.checks],
        )
        if report
        else None,
        actions=[
            {key: line(value) if isinstance(value, str) else value for key, value in action.items()}
            for action in exchange.actions_raw
        ],
        accepted=invoice.plan is not None if judged else None,
        refusal=line(invoice.refusal) if invoice.refusal else None,
        cost_usd=exchange.cost_usd,
    )


async def _ways(invoice: Invoice, world: World) -> list[State]:
    """Where it may go: what would let it go on stands last but for its end."""
    best = await resume_target(invoice, world)
    ways = await world.store.street.ways(invoice)
    return sorted(ways, key=lambda way: (way is State.REJECTED, way is best))


def _voided(each: Voided) -> VoidedShown:
    return VoidedShown(
        reference=each.reference,
        amount=Sum(amount=each.amount.plain(), currency=each.amount.currency),
        pay_on=each.pay_on,
        at=each.at,
        by=each.by,
        reason=line(each.reason),
    )


def _entry(each: Recorded) -> EntryShown:
    e = each.entry
    return EntryShown(
        seq=each.seq,
        version=e.version,
        position=each.position,
        at=e.at,
        step=e.step,
        source=e.source,
        target=State(e.target),
        actor=e.actor,
        note=str(mask(e.note)),
        leaf_hash=each.leaf_hash,
    )
