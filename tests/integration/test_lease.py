"""Leases: renewed while a step runs, noticed when lost, free soon after a death."""

from __future__ import annotations

import asyncio

import pytest

from handlers.lease import hold
from schema.errors import ConflictError, TransientError
from schema.invoice import Claim
from schema.states import DUE, LEASE_S, State
from tests.world import Town, bring, only

QUICK_S = 0.02


async def claim(town: Town) -> Claim:
    await bring(town, b"one")
    taken = await town.world.store.street.claim(await only(town), (State.RECEIVED,), LEASE_S)
    assert taken is not None
    return taken


async def shorten(town: Town, seconds: float) -> None:
    async with town.world.store.database.transaction() as connection:
        await connection.execute(
            "update invoices set claimed_until = clock_timestamp() + make_interval(secs => $1)", seconds
        )


async def left_s(town: Town) -> float:
    async with town.world.store.database.transaction() as connection:
        seconds = await connection.fetchval(
            "select extract(epoch from claimed_until - clock_timestamp())::float8 from invoices"
        )
    return float(seconds)


async def test_a_step_that_ends_gives_its_result(town: Town) -> None:
    async def step() -> str:
        return "done"

    assert await hold(await claim(town), town.world, step()) == "done"


async def test_a_step_that_fails_raises_its_error(town: Town) -> None:
    async def step() -> None:
        raise ConflictError("as the step says")

    with pytest.raises(ConflictError, match="as the step says"):
        await hold(await claim(town), town.world, step())


async def test_a_lease_is_renewed_while_the_step_runs(town: Town) -> None:
    taken = await claim(town)
    await shorten(town, 1.0)

    async def step() -> None:
        async with asyncio.timeout(5):
            while await left_s(town) < LEASE_S / 2:  # noqa: ASYNC110 - the renewal says nothing
                await asyncio.sleep(QUICK_S)

    await hold(taken, town.world, step(), every_s=QUICK_S)
    assert await left_s(town) > LEASE_S / 2


async def test_a_step_is_cancelled_when_another_worker_took_the_invoice(town: Town) -> None:
    taken, cancelled = await claim(town), asyncio.Event()

    async def step() -> None:
        await shorten(town, -1.0)
        assert await town.world.store.street.claim(taken.invoice.id, (State.RECEIVED,), LEASE_S)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(ConflictError, match="lease was lost"):
        await hold(taken, town.world, step(), every_s=QUICK_S)
    assert cancelled.is_set()


async def test_a_cancelled_hold_leaves_no_step_behind(town: Town) -> None:
    taken, running, cancelled = await claim(town), asyncio.Event(), asyncio.Event()

    async def step() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    held = asyncio.create_task(hold(taken, town.world, step()))
    await running.wait()
    held.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held
    assert cancelled.is_set()


async def test_a_step_whose_client_dies_under_it_is_tried_again(town: Town) -> None:
    async def step() -> None:
        raise asyncio.CancelledError

    with pytest.raises(TransientError, match="broken off"):
        await hold(await claim(town), town.world, step())


async def test_a_lost_lease_cannot_be_renewed(town: Town) -> None:
    taken = await claim(town)
    await shorten(town, -1.0)
    assert await town.world.store.street.claim(taken.invoice.id, (State.RECEIVED,), LEASE_S)
    assert not await town.world.store.street.renew(taken, LEASE_S)


def test_a_lease_is_shorter_than_every_step_may_take() -> None:
    assert all(due.limit_s > LEASE_S for due in DUE.values())
