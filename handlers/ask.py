"""prepared -> asked: the right people get the screenshot, what would be paid, and two buttons; each is asked once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from handlers.links import media_url, question_token
from handlers.world import World
from schema.approval import Person, Question, code_of, mailbox_of, question_id
from schema.errors import PermanentError
from schema.failpoints import reach
from schema.findings import Severity
from schema.ids import Address, Phone
from schema.invoice import Invoice, Payment
from schema.masking import Masked, mask
from schema.outcome import Outcome
from schema.states import State

LONGEST_TEXT: Final = 1024
"""WhatsApp's limit for the text beside a picture (CONTRACTS: card body)."""


async def ask(invoice: Invoice, world: World) -> Outcome:
    """Ask as many people as are needed; a message that was sent before a crash is found, not sent again."""
    payment = await world.store.street.payment(invoice.id)
    assert payment is not None
    assert invoice.screenshot_key is not None
    people = eligible(world.approvers, invoice.thread.forwarder)[: payment.people_needed]
    if len(people) < payment.people_needed:
        raise PermanentError(
            f"{payment.people_needed} approver(s) besides the forwarder are needed; APPROVERS names {len(people)}."
        )
    now = world.clock.now()
    questions = []
    for person in people:
        question = make_question(invoice, person, world, now)
        picture = media_url(world.vault, world.public_url, invoice.screenshot_key, now)
        text = question_text(invoice, payment, question, world.zone)
        sid = await world.messenger.find(question)
        await reach("ask.before")
        if sid is None:
            sid = await world.messenger.ask(question, text, picture)
        await reach("ask.after")
        questions.append(question.model_copy(update={"message_sid": sid}))
    return Outcome(
        target=State.ASKED,
        note=f"Asked {' and '.join(person.name for person in people)} on WhatsApp",
        facts={"asked": [person.address for person in people], "fingerprint": invoice.fingerprint},
        due_in=timedelta(minutes=world.policy.approvals.remind_after_minutes),
        questions=tuple(questions),
    )


def eligible(approvers: tuple[Person, ...], forwarder: Address) -> tuple[Person, ...]:
    """Who may be asked, in the order of the settings: never the forwarder, and nobody twice by mailbox or phone."""
    mailboxes, phones, people = {mailbox_of(forwarder)}, set[Phone](), list[Person]()
    for person in approvers:
        mailbox = mailbox_of(person.address)
        if mailbox not in mailboxes and person.phone not in phones:
            people.append(person)
            mailboxes.add(mailbox)
            phones.add(person.phone)
    return tuple(people)


def make_question(invoice: Invoice, person: Person, world: World, now: datetime) -> Question:
    """The question of one person about this fingerprint; the same again after a crash."""
    assert invoice.fingerprint is not None
    identity = question_id(invoice.id, invoice.fingerprint, person)
    return Question(
        id=identity,
        invoice_id=invoice.id,
        person=person,
        fingerprint=invoice.fingerprint,
        token=question_token(world.vault, identity),
        code=code_of(identity),
        asked_at=now,
        expires_at=now + timedelta(minutes=world.policy.approvals.expire_after_minutes),
    )


def question_text(invoice: Invoice, payment: Payment, question: Question, zone: ZoneInfo) -> Masked:
    """What an approver reads: sum, payee, why it is safe or not, until when, and the code of a text reply.

    Numbers of ours and the invoice's own number stay whole; what strangers and the model wrote is masked piece by
    piece, and the messenger's guard still looks for every known account in the whole.
    """
    assert invoice.reading is not None
    t, fields = payment.transfer, invoice.reading.fields
    issued = f" of {fields.issue_date.value:%d %b %Y}" if fields.issue_date.value else ""
    order = f", PO {fields.po_number.value}" if fields.po_number.value else ""
    alone = "" if payment.people_needed == 1 else " Two people must approve."
    lines = [
        f"*Pay {t.amount} to {t.beneficiary}?*",
        f"Account {t.account.masked}, {t.routing}, by {t.rail} on {t.pay_on:%d %b %Y}.",
        f"Invoice {invoice.number}{issued}{order}, forwarded by {mask(invoice.thread.forwarder_name)}.",
        *_reasons(invoice),
        f"Answer by {question.expires_at.astimezone(zone):%d %b %H:%M %Z}.{alone}",
    ]
    last = f"Or reply APPROVE {question.code} or REJECT {question.code}"
    text = "\n".join(lines)
    return Masked(f"{text[: LONGEST_TEXT - len(last) - 1]}\n{last}")


def _reasons(invoice: Invoice) -> list[str]:
    """Warnings first, then what was checked and Grok's opinion, each in one line."""
    warnings = [f"! {f.sentence}" for f in invoice.findings if f.severity is Severity.WARN]
    told = [f"- {f.sentence}" for f in invoice.findings if f.severity is Severity.INFO]
    opinion = [f"Grok: {mask(invoice.report.summary)}"] if invoice.report else []
    return [*warnings, "Checks passed: vendor, bank details, sums, duplicate.", *told, *opinion]
