"""Payments that were intended: held, decided about, and looked at."""

from __future__ import annotations

import asyncpg

from schema.ids import InvoiceId
from schema.outcome import Outcome
from schema.states import State, Step
from tests.integration.click_rig import claim, intended, run, start
from tests.world import Town

WHY = "The vendor was paid by hand."


async def decide(town: Town, invoice: InvoiceId, target: State = State.REJECTED) -> None:
    await town.world.store.street.decide(
        invoice, target, actor="meera@meridian.example", note=WHY, at=town.clock.now()
    )


async def row(town: Town, statement: str, *values: object) -> asyncpg.Record:
    async with town.world.store.database.transaction() as connection:
        found = await connection.fetchrow(statement, *values)
    assert found is not None
    return found


async def ways(town: Town, invoice: InvoiceId) -> tuple[State, ...]:
    found = await town.world.store.street.invoice(invoice)
    assert found is not None
    return await town.world.store.street.ways(found)


async def clicked_and_held(town: Town) -> InvoiceId:
    """START is on record, nobody knows what came of it, and a person is asked."""
    invoice = await intended(town)
    taken = await claim(town, invoice)
    assert await start(town, taken.invoice)
    await hold(town, invoice)
    return invoice


async def hold(town: Town, invoice: InvoiceId) -> None:
    await run(town, "update invoices set claimed_until = now() - interval '1 second'")
    taken = await claim(town, invoice)
    outcome = Outcome(target=State.HELD, note="unclear", due_in=None)
    await town.world.store.street.commit(taken, Step.PAY, outcome, at=town.clock.now(), policy_version="p")
