"""A payment that is intended and may be clicked: claimed, started, left by its worker."""

from __future__ import annotations

from handlers.advance import advance
from schema.approval import Verdict
from schema.ids import InvoiceId
from schema.invoice import Claim, Invoice
from schema.states import LEASE_S, Job, State
from schema.store.street import SUBMIT_GRACE_S
from tests.world import Town, bring, due_now, fields, only, say, walk


async def intended(town: Town) -> InvoiceId:
    """An invoice whose payment is approved and intended, and nothing sent."""
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    invoice = await only(town)
    await advance(invoice, Job.EXECUTE, town.world)
    return invoice


async def claim(town: Town, invoice: InvoiceId) -> Claim:
    await due_now(town, invoice)
    taken = await town.world.store.street.claim(invoice, (State.PAYING,), LEASE_S)
    assert taken is not None
    return taken


async def run(town: Town, statement: str, *values: object) -> None:
    async with town.world.store.database.transaction() as connection:
        await connection.execute(statement, *values)


async def lose_lease(town: Town) -> None:
    """Time passes: whoever has the invoice is dead or asleep."""
    await run(town, "update invoices set claimed_until = now() - interval '1 second'")


async def pass_grace(town: Town) -> None:
    await run(
        town,
        "update payments set submit_started_at = submit_started_at - make_interval(secs => $1)",
        SUBMIT_GRACE_S,
    )


async def start(town: Town, invoice: Invoice) -> bool:
    assert invoice.fingerprint is not None
    return await town.world.store.street.start_submit(invoice, invoice.fingerprint)


async def state(town: Town) -> State:
    (line,) = await town.world.store.views.invoices()
    return line.state


async def intended_many(town: Town, count: int) -> list[InvoiceId]:
    """So many different invoices whose payments are intended, and nothing sent."""
    for n in range(count):
        town.reader.fields = fields(invoice_number=f"AIS/{n}")
        await bring(town, f"void {n}".encode(), uid=100 + n)
        await walk(town)
    for n, (question, _, _) in enumerate(town.messenger.asked):
        await say(town, Verdict.APPROVE, n, f"SMin{100 + n}")
        await advance(question.invoice_id, Job.EXECUTE, town.world)
    return [question.invoice_id for question, _, _ in town.messenger.asked]


async def held_unclicked(town: Town, count: int = 1) -> list[InvoiceId]:
    """Invoices that are held in `paying`, since their day passed before the first click."""
    invoices = await intended_many(town, count)
    town.clock.pass_(hours=24)
    assert set((await walk(town)).values()) == {State.HELD}
    return invoices
