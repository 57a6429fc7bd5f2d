"""paid and rejected -> closed, held told: the forwarder gets a mail in their own thread, approvers a note."""

from __future__ import annotations

from contextlib import suppress
from typing import TypedDict

import structlog

from handlers.links import AUDIT_FOR, audit_url
from handlers.mails import (
    HeldNotice,
    Letter,
    MergedNotice,
    PaidNotice,
    QuestionNotice,
    RejectedNotice,
    SplitNotice,
    held_mail,
    merged_mail,
    paid_mail,
    question_mail,
    rejected_mail,
    split_mail,
)
from handlers.world import World
from schema.approval import Verdict
from schema.arrangement import told_sheets
from schema.checkpoint import CheckpointSigner
from schema.errors import ForgedError, OutcomeUnknownError, PermanentError
from schema.failpoints import reach
from schema.invoice import Invoice, Payment
from schema.mail import OutgoingMail
from schema.masking import Masked
from schema.outcome import Outcome
from schema.states import State
from schema.store.answers import Asked
from schema.store.arrangements import Relative
from schema.store.corrections import ForwarderQuestion

log = structlog.get_logger()


class _Frame(TypedDict):
    url: str
    subject: str
    greeting: str
    record: str


async def report(invoice: Invoice, world: World) -> Outcome:
    """Tell the forwarder how it ended, and the approvers when it was paid."""
    payment = await world.store.street.payment(invoice.id)
    if invoice.state is State.PAID:
        assert payment is not None
        asked = await _asked(invoice, world)
        await _send(invoice, paid_mail(await _paid_notice(invoice, payment, asked, world)), "paid", world)
        await _note_approvers(payment, asked, world)
        note = f"Paid; told {invoice.thread.forwarder} and the approvers"
    elif relatives := _ended_by(await world.store.arrangements.relatives(invoice.id)):
        note = f"{invoice.reason} {await _tell_rearranged(invoice, relatives, world)}"
    else:
        await _send(invoice, rejected_mail(await _rejected_notice(invoice, world)), "rejected", world)
        note = f"{invoice.reason} Told {invoice.thread.forwarder}."
    return Outcome(target=State.CLOSED, note=note, due_in=None)


async def tell(invoice: Invoice, world: World) -> Outcome:
    """Tell the forwarder that the invoice is held, why, and what would mend it; nothing more is due then.

    Where a person has asked the forwarder something, they were told before, and get the question.
    """
    questions = await world.store.corrections.unsent_questions(invoice.id)
    for question in questions:
        letter = question_mail(await _question_notice(invoice, question, world))
        await _send(invoice, letter, f"asked-{question.id.hex}", world)
        await world.store.corrections.question_sent(question.id, world.clock.now())
    if questions:
        return Outcome(target=State.HELD, note=invoice.reason, due_in=None)
    notice = HeldNotice(
        number=invoice.number,
        vendor=_vendor_name(invoice),
        total=str(invoice.total or "an unknown sum"),
        reason=invoice.reason,
        findings=tuple(finding.sentence for finding in invoice.findings),
        url=audit_url(world.vault, world.public_url, invoice.id, world.clock.now()),
        subject=invoice.thread.subject,
        greeting=invoice.thread.forwarder_name,
        record=await _witness(invoice, world),
    )
    await _send(invoice, held_mail(notice), f"held-{invoice.version}", world)
    return Outcome(target=State.HELD, note=invoice.reason, due_in=None)


def _ended_by(relatives: tuple[Relative, ...]) -> tuple[Relative, ...]:
    """Those that go on in the place of an invoice: its parts, or what it was merged into."""
    return tuple(each for each in relatives if each.relation in ("part", "merged_into"))


async def _tell_rearranged(invoice: Invoice, heirs: tuple[Relative, ...], world: World) -> str:
    """One letter that says what goes on instead, for all pieces of one mail; what was done in words."""
    going_on = [await world.store.street.invoice(heir.id) for heir in heirs]
    others = [each for each in going_on if each is not None]
    if heirs[0].relation == "part":
        parts = tuple(sorted(told_sheets(each.sheets) for each in others))
        letter = split_mail(SplitNotice(name=_file(invoice), parts=parts, **await _frame(invoice, world)))
    else:
        speaker = await world.store.arrangements.letter_of_merged(invoice.id)
        if speaker != invoice.id:
            return "Told with the others of its mail."
        names = tuple(each.document.name for each in others[0].sheets)
        letter = merged_mail(MergedNotice(names=names, into=_file(others[0]), **await _frame(invoice, world)))
    await _send(invoice, letter, "rearranged", world)
    return f"Told {invoice.thread.forwarder}."


async def _frame(invoice: Invoice, world: World) -> _Frame:
    """What stands around the words of a letter."""
    return _Frame(
        url=audit_url(world.vault, world.public_url, invoice.id, world.clock.now()),
        subject=invoice.thread.subject,
        greeting=invoice.thread.forwarder_name,
        record=await _witness(invoice, world),
    )


def _file(invoice: Invoice) -> str:
    return invoice.document.name if invoice.document else invoice.number


async def _send(invoice: Invoice, letter: Letter, kind: str, world: World) -> None:
    """Send in the forwarder's thread; when nobody answered after the mail was sent, it counts as sent."""
    thread = invoice.thread
    mail = OutgoingMail(
        to=thread.forwarder,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        message_id=f"<{invoice.id.hex}.{kind}@{world.mail_domain}>",
        in_reply_to=thread.message_id,
        references=(*thread.references, *((thread.message_id,) if thread.message_id else ())),
        trace=thread.trace,
    )
    await reach("letter.before")
    try:
        await world.mailer.send(mail)
    except OutcomeUnknownError:
        # The Message-ID is the same at every try, so a second copy is recognised; but a first one may lie there.
        if invoice.attempts > 1:
            return
        raise
    await reach("letter.after")


async def _witness(invoice: Invoice, world: World) -> str:
    """Seal the record; the lines that make this mail a witness of it, none when the record is broken."""
    signer = CheckpointSigner.of(world.vault, world.mail_domain)
    try:
        await world.store.record.seal(signer, world.clock.now())
        sealed = await world.store.record.prove(invoice.id, invoice.version)
    except (ForgedError, PermanentError) as error:
        # People must still hear what became of their invoice; the mail says that it is no witness.
        log.error("the record could not be sealed", reason=error.sentence)
        return ""
    return signer.block(sealed) if sealed else ""


async def _asked(invoice: Invoice, world: World) -> tuple[Asked, ...]:
    assert invoice.fingerprint is not None
    return await world.store.answers.questions(invoice.id, invoice.fingerprint)


async def _note_approvers(payment: Payment, asked: tuple[Asked, ...], world: World) -> None:
    simulated = " (SIMULATED)" if payment.simulated else ""
    t = payment.transfer
    text = Masked(  # every piece is ours or from the vendor master; the bank's reference must stay whole
        f"✓ Paid{simulated}: {t.amount} to {t.beneficiary}, account {t.account.masked}, "
        f"bank reference {payment.bank_reference}."
    )
    for each in asked:
        if each.verdict is Verdict.APPROVE:
            await reach("note.before")
            with suppress(OutcomeUnknownError):  # a courtesy: better perhaps unsaid than said twice
                await world.messenger.note(each.question.person.phone, text)
            await reach("note.after")


async def _paid_notice(
    invoice: Invoice, payment: Payment, asked: tuple[Asked, ...], world: World
) -> PaidNotice:
    assert payment.booked_at is not None
    t, now = payment.transfer, world.clock.now()
    return PaidNotice(
        number=invoice.number,
        vendor=t.beneficiary,
        total=str(t.amount),
        account=t.account.masked,
        routing=t.routing,
        rail=t.rail,
        reference=t.reference,
        bank_reference=payment.bank_reference or "",
        booked_at=payment.booked_at.astimezone(world.zone),
        approvals=tuple(
            (each.question.person.name, each.answered_at.astimezone(world.zone))
            for each in asked
            if each.verdict is Verdict.APPROVE and each.answered_at
        ),
        document_sha256=invoice.document.sha256 if invoice.document else "",
        url=audit_url(world.vault, world.public_url, invoice.id, now),
        url_until=(now + AUDIT_FOR).astimezone(world.zone),
        simulated=payment.simulated,
        subject=invoice.thread.subject,
        greeting=invoice.thread.forwarder_name,
        record=await _witness(invoice, world),
    )


async def _question_notice(invoice: Invoice, asked: ForwarderQuestion, world: World) -> QuestionNotice:
    return QuestionNotice(
        number=invoice.number,
        vendor=_vendor_name(invoice),
        total=str(invoice.total or "an unknown sum"),
        question=asked.question,
        asked_by=asked.person_name,
        url=audit_url(world.vault, world.public_url, invoice.id, world.clock.now()),
        subject=invoice.thread.subject,
        greeting=invoice.thread.forwarder_name,
        record=await _witness(invoice, world),
    )


async def _rejected_notice(invoice: Invoice, world: World) -> RejectedNotice:
    return RejectedNotice(
        number=invoice.number,
        vendor=_vendor_name(invoice),
        total=str(invoice.total or "an unknown sum"),
        reason=invoice.reason,
        url=audit_url(world.vault, world.public_url, invoice.id, world.clock.now()),
        subject=invoice.thread.subject,
        greeting=invoice.thread.forwarder_name,
        record=await _witness(invoice, world),
    )


def _vendor_name(invoice: Invoice) -> str:
    name = invoice.reading.fields.seller_name.value if invoice.reading else None
    return name or "an unknown vendor"
