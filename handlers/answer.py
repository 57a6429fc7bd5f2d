"""asked -> approved or rejected: judge what a person said against what they were shown; each message counts once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog

from handlers.links import asked_question
from handlers.world import World
from schema.approval import Question, Verdict, is_among
from schema.errors import ForgedError
from schema.ids import MessageSid, Phone, QuestionId
from schema.outcome import Outcome
from schema.states import State
from schema.store.answers import Judge, Standing
from schema.trace import trace_of

UNKNOWN: Final = (
    "I do not know this code. Use the buttons, or reply APPROVE or REJECT with the code of the message."
)
SUPERSEDED: Final = "This question is superseded: the terms have changed or it was decided. Nothing was done."
NOT_YOURS: Final = "This question was not sent to you. Nothing was done."
NO_APPROVER: Final = "You are no approver any more, or not with this phone. Nothing was done."
EXPIRED: Final = "The time to answer is over. Nothing was paid."
ANSWERED: Final = "You have answered this before; your first answer counts."


async def answer_button(
    token: str, verdict: Verdict, phone: Phone | None, sid: MessageSid, world: World
) -> str:
    """A tap on a button; returns the sentence for the person. A forged token is answered like an unknown one."""
    try:
        identity = asked_question(world.vault, token)
    except ForgedError:
        return UNKNOWN
    return await _answer(identity, None, verdict, phone, sid, world)


async def answer_text(code: str, verdict: Verdict, phone: Phone | None, sid: MessageSid, world: World) -> str:
    """A reply `APPROVE K7Q2X`; the code counts only from the phone that was asked."""
    return await _answer(None, code, verdict, phone, sid, world)


async def _answer(
    identity: QuestionId | None,
    code: str | None,
    verdict: Verdict,
    phone: Phone | None,
    sid: MessageSid,
    world: World,
) -> str:
    question = await world.store.answers.find(question=identity, phone=phone or "", code=code)
    if question is None:
        return UNKNOWN
    if question.person.phone != phone:
        return NOT_YOURS
    if not is_among(question.person, world.approvers):
        return NO_APPROVER
    trace = trace_of(await world.store.views.mail_sha256(question.invoice_id))
    # The webhook's own lines, which are said after this, are of the same trace.
    structlog.contextvars.bind_contextvars(trace=trace, invoice=str(question.invoice_id))
    with world.spans.span("answer", trace, invoice=str(question.invoice_id)) as marks:
        marks.mark(outcome=verdict.value)
        return await _judge(question, verdict, sid, world)


async def _judge(question: Question, verdict: Verdict, sid: MessageSid, world: World) -> str:
    now = world.clock.now()
    remind_at = question.asked_at + timedelta(minutes=world.policy.approvals.remind_after_minutes)
    return await world.store.answers.answer(
        question, verdict, sid, at=now, judge=judge(question, verdict, now, remind_at)
    )


def judge(question: Question, verdict: Verdict, now: datetime, remind_at: datetime) -> Judge:
    """The pure decision over a locked invoice: a move, or the sentence that refuses.

    Where another person's answer is missing still, that person is reminded at `remind_at` as before.
    """

    def decide(standing: Standing) -> Outcome | str:
        invoice = standing.invoice
        if standing.answered is not None:
            return ANSWERED
        if invoice.state is not State.ASKED or invoice.fingerprint != question.fingerprint:
            return SUPERSEDED
        if now >= question.expires_at:
            return EXPIRED
        return _outcome(standing, verdict, now, remind_at)

    return decide


def _outcome(standing: Standing, verdict: Verdict, now: datetime, remind_at: datetime) -> Outcome:
    question, invoice = standing.question, standing.invoice
    facts = {"fingerprint": question.fingerprint, "question": str(question.id)}
    who, what = question.person.name, f"invoice {invoice.number} ({invoice.total})"
    if verdict is Verdict.REJECT:
        return Outcome(target=State.REJECTED, note=f"{who} rejected {what}", facts=facts)
    needed = invoice.people_needed or 2
    given = len({*standing.said_yes, question.person.address})
    if given >= needed:
        return Outcome(target=State.APPROVED, note=f"{who} approved {what}", facts=facts)
    next_at = remind_at if now < remind_at < question.expires_at else question.expires_at
    return Outcome(
        target=State.ASKED,
        note=f"{who} approved {what}; {given} of {needed}",
        facts=facts,
        due_in=next_at - now,
    )
