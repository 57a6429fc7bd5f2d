"""asked: people have the word, time has the last one; remind who has not answered, then end it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from handlers.world import World
from schema.errors import PermanentError
from schema.invoice import Invoice
from schema.masking import Masked
from schema.outcome import Outcome
from schema.states import State
from schema.store.answers import Asked

SOONEST: Final = timedelta(seconds=1)

OUTSIDE_WINDOW: Final = "63016"
"""Twilio: a message that is no approved template, more than 24 hours after the person last wrote."""


async def wait(invoice: Invoice, world: World) -> Outcome:
    """Hold what could not be delivered, remind once, and after the time is over reject: silence never pays."""
    assert invoice.fingerprint is not None
    asked = await world.store.answers.questions(invoice.id, invoice.fingerprint)
    if not asked:
        raise PermanentError("Nobody was asked about these terms.")
    if lost := [each for each in asked if each.verdict is None and each.undelivered]:
        return Outcome(target=State.HELD, note=_not_delivered(lost), due_in=timedelta(0))
    now = world.clock.now()
    expires_at = min(each.question.expires_at for each in asked)
    if now >= expires_at:
        return Outcome(target=State.REJECTED, note="Nobody answered in time, so it was not paid.")
    remind_at = max(each.question.asked_at for each in asked) + timedelta(
        minutes=world.policy.approvals.remind_after_minutes
    )
    if now < remind_at:
        due_in = max(min(remind_at, expires_at) - now, SOONEST)
        return Outcome(target=State.ASKED, note="Still waiting", due_in=due_in)
    note = await _remind(invoice, asked, now, world)
    return Outcome(target=State.ASKED, note=note, due_in=max(expires_at - now, SOONEST))


async def _remind(invoice: Invoice, asked: Sequence[Asked], now: datetime, world: World) -> str:
    """Write once more to everyone who is silent; the sentence for the record."""
    silent = [each for each in asked if each.verdict is None and each.reminded_at is None]
    for each in silent:
        q = each.question
        what = f"invoice {invoice.number} ({invoice.total})"
        text = f"Still waiting for your answer to {what}. Reply APPROVE {q.code} or REJECT {q.code}."
        await world.messenger.note(q.person.phone, Masked(text))
        await world.store.answers.reminded(q.id, now)
    names = ", ".join(each.question.person.name for each in silent)
    return f"Reminded {names}" if silent else "Still waiting"


def _not_delivered(lost: Sequence[Asked]) -> str:
    names = " and ".join(each.question.person.name for each in lost)
    codes = sorted({each.undelivered for each in lost if each.undelivered})
    why = (
        "more than 24 hours have passed since they last wrote to us, and the template is not approved; "
        "have them send any message, or get the template approved"
        if codes == [OUTSIDE_WINDOW]
        else f"error {', '.join(codes)}"
    )
    return f"WhatsApp did not deliver the question to {names}: {why}. Then decide `extracted` to ask again."
