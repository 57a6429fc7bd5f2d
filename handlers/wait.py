"""asked: people have the word, time has the last one; remind who has not answered, then end it."""

from __future__ import annotations

from datetime import timedelta

from handlers.world import World
from schema.errors import PermanentError
from schema.invoice import Invoice
from schema.masking import Masked
from schema.outcome import Outcome
from schema.states import State


async def wait(invoice: Invoice, world: World) -> Outcome:
    """Remind once, and after the time is over reject: an unanswered question never pays."""
    assert invoice.fingerprint is not None
    asked = await world.store.answers.questions(invoice.id, invoice.fingerprint)
    if not asked:
        raise PermanentError("Nobody was asked about these terms.")
    now = world.clock.now()
    expires_at = min(each.question.expires_at for each in asked)
    if now >= expires_at:
        return Outcome(target=State.REJECTED, note="Nobody answered in time, so it was not paid.")
    silent = [each for each in asked if each.verdict is None and each.reminded_at is None]
    for each in silent:
        q = each.question
        what = f"invoice {invoice.number} ({invoice.total})"
        text = f"Still waiting for your answer to {what}. Reply APPROVE {q.code} or REJECT {q.code}."
        await world.messenger.note(q.person.phone, Masked(text))
        await world.store.answers.reminded(q.id, now)
    note = (
        f"Reminded {', '.join(each.question.person.name for each in silent)}" if silent else "Still waiting"
    )
    return Outcome(target=State.ASKED, note=note, due_in=max(expires_at - now, timedelta(seconds=1)))
