"""The confirm click, at most once: fenced by the lease, on record before it, and never raced by a second one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from handlers.advance import advance
from schema.errors import OutcomeUnknownError, TransientError
from schema.ids import Sha256
from schema.invoice import Claim
from schema.outcome import Outcome
from schema.states import Job, State, Step
from schema.store.street import SUBMIT_GRACE_S, StreetStore
from schema.transfer import Permit
from tests.integration.click_rig import claim, intended, lose_lease, pass_grace, start, state
from tests.world import Town, due_now, reason, walk


async def test_the_holder_of_the_lease_may_start_the_click(town: Town) -> None:
    taken = await claim(town, await intended(town))
    assert await start(town, taken.invoice)


async def test_a_worker_paused_past_its_lease_may_not_click(town: Town) -> None:
    taken = await claim(town, await intended(town))
    await lose_lease(town)
    assert not await start(town, taken.invoice)


async def test_of_two_workers_only_the_one_with_the_lease_may_click(town: Town) -> None:
    invoice = await intended(town)
    first = await claim(town, invoice)
    await lose_lease(town)
    second = await claim(town, invoice)
    assert not await start(town, first.invoice)
    assert await start(town, second.invoice)


async def test_no_second_click_is_started_while_a_first_may_be_under_way(town: Town) -> None:
    invoice = await intended(town)
    assert await start(town, (await claim(town, invoice)).invoice)
    await lose_lease(town)
    assert not await start(town, (await claim(town, invoice)).invoice)


async def test_a_payment_of_another_fingerprint_may_not_be_clicked(town: Town) -> None:
    taken = await claim(town, await intended(town))
    assert not await town.world.store.street.start_submit(taken.invoice, Sha256("0" * 64))


async def test_after_a_death_between_start_and_click_the_bank_is_given_time(town: Town) -> None:
    invoice = await intended(town)
    assert await start(town, (await claim(town, invoice)).invoice)
    await lose_lease(town)
    await walk(town)
    assert town.bank.submits == 0
    assert await state(town) is State.PAYING


async def test_after_that_time_a_transfer_the_bank_has_not_is_made_once(town: Town) -> None:
    invoice = await intended(town)
    assert await start(town, (await claim(town, invoice)).invoice)
    await lose_lease(town)
    await pass_grace(town)
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert town.bank.submits == 1


async def test_a_click_that_came_through_before_the_death_is_found_at_once(town: Town) -> None:
    invoice = await intended(town)
    taken = await claim(town, invoice)
    payment = await town.world.store.street.payment(invoice)
    assert payment is not None
    assert taken.invoice.plan is not None

    async def begin() -> None:
        assert await start(town, taken.invoice)

    permit = Permit(
        payment_id=payment.transfer.payment_id, fingerprint=Sha256("0" * 64), terms=payment.transfer.terms
    )
    await town.bank.pay(payment.transfer, taken.invoice.plan, permit, begin)
    await lose_lease(town)
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert town.bank.submits == 1
    assert "statement" in (await _notes(town))


async def test_an_unclear_answer_leaves_start_on_record(town: Town) -> None:
    town.bank.lose_answer = OutcomeUnknownError("gone")
    invoice = await intended(town)
    await advance(invoice, Job.EXECUTE, town.world)
    assert await town.world.store.street.submit_wait_s(invoice) > SUBMIT_GRACE_S - 10


async def test_a_clear_refusal_takes_start_back(town: Town) -> None:
    invoice = await intended(town)
    town.bank.refuse = TransientError("Maintenance; nothing was booked.")
    await advance(invoice, Job.EXECUTE, town.world)
    assert await town.world.store.street.submit_wait_s(invoice) == 0


async def test_an_outcome_is_committed_across_a_restart_of_the_database(town: Town) -> None:
    invoice = await intended(town)
    street = Stumbling(town.world.store.database)
    world = replace(town.world, store=replace(town.world.store, street=street))
    moved = await advance(invoice, Job.EXECUTE, world)
    assert moved is not None
    assert (moved.target, town.bank.submits) == (State.PAID, 1)


async def test_a_payment_broken_off_again_and_again_is_held_and_never_guessed(town: Town) -> None:
    invoice = await intended(town)
    for _ in range(9):
        await claim(town, invoice)
        await lose_lease(town)
    await due_now(town, invoice)
    await walk(town)
    assert await state(town) is State.HELD
    assert town.bank.submits == 0
    assert "again and again" in await reason(town)


class Stumbling(StreetStore):
    """A street whose first commits meet a database that is just being restarted."""

    failures = 2

    async def commit(
        self, claim: Claim, step: Step, outcome: Outcome, *, at: datetime, policy_version: str
    ) -> bool:
        if self.failures:
            self.failures -= 1
            raise TransientError("The database does not answer; it is tried again.")
        return await super().commit(claim, step, outcome, at=at, policy_version=policy_version)


async def _notes(town: Town) -> str:
    async with town.world.store.database.transaction() as connection:
        rows = await connection.fetch("select note from audits")
    return " ".join(row["note"] for row in rows)
