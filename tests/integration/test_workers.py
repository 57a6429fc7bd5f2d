"""Bell, Redis and workers over the real street: rings may be doubled, lost or late, and each step is done once."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
import redis.asyncio

from daemon.queue import deserialize, open_bell, queue_name, serialize
from daemon.ringer import ring_bells, sweep
from daemon.worker import attend, make_worker
from schema.document import Reading
from schema.ids import InvoiceId
from schema.states import Queue, State
from tests.world import Town, bring, only

# ARQ closes its pool by a name that redis-py has deprecated since.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")

DEADLINE_S = 30.0
QUICK_S = 0.2
"""The sweep of these tests; the product's own is two seconds."""


class Exploit:
    """What a pickle could do to whoever opens it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a pickle was opened",)


@asynccontextmanager
async def working(town: Town, redis_url: str, *, copies: int = 1) -> AsyncIterator[None]:
    """Workers of all queues in this process."""
    workers = [make_worker(redis_url, queue, town.world) for queue in Queue for _ in range(copies)]
    tasks = [asyncio.create_task(attend(worker)) for worker in workers]
    try:
        yield
    finally:
        await stop(tasks)


@asynccontextmanager
async def ringing(town: Town, redis_url: str, *, copies: int = 1) -> AsyncIterator[None]:
    """Bell-ringers in this process."""
    async with open_bell(redis_url) as bell:
        tasks = [asyncio.create_task(ring_bells(town.world.store, bell)) for _ in range(copies)]
        try:
            yield
        finally:
            await stop(tasks)


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await happened():  # noqa: ASYNC110 - the truth is in PostgreSQL, which offers no event here
            await asyncio.sleep(0.02)


async def all_are(town: Town, *states: State) -> None:
    """Wait for it; when it does not come, say how things stand instead."""
    deadline, stand = time.monotonic() + DEADLINE_S, list[State]()
    while stand != sorted(states) and time.monotonic() < deadline:
        stand = sorted(line.state for line in await town.world.store.views.invoices())
        await asyncio.sleep(0.02)
    assert stand == sorted(states)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps come often, so that what is lost is soon found."""
    monkeypatch.setattr("daemon.ringer.SWEEP_S", QUICK_S)


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sweep comes while a test lasts: only notifications ring."""
    monkeypatch.setattr("daemon.ringer.SWEEP_S", 10 * DEADLINE_S)


@pytest.mark.usefixtures("deaf")
async def test_notifications_alone_walk_an_invoice_to_its_question(town: Town, redis_url: str) -> None:
    async with working(town, redis_url), ringing(town, redis_url):
        await bring(town, b"one")
        await all_are(town, State.ASKED)
    assert len(town.messenger.asked) == 1


@pytest.mark.usefixtures("quick")
async def test_without_any_notification_the_sweep_walks_it(town: Town, redis_url: str) -> None:
    async with town.world.store.database.transaction() as connection:
        await connection.execute("drop trigger invoices_ring on invoices")
    async with working(town, redis_url), ringing(town, redis_url):
        await bring(town, b"one")
        await all_are(town, State.ASKED)


async def test_an_invoice_rung_fifty_times_is_read_once(town: Town, redis_url: str) -> None:
    read = counted(town)
    await bring(town, b"one")
    invoice = await only(town)
    async with open_bell(redis_url) as bell, working(town, redis_url, copies=2):
        await asyncio.gather(*(bell.ring(invoice, State.RECEIVED, 0, 0) for _ in range(50)))
        await all_are(town, State.EXTRACTED)
    assert read == ["invoice-0.pdf"]


def counted(town: Town) -> list[str]:
    """The names of the documents that are read from now on."""
    read, names = town.reader.read, list[str]()

    async def counting(data: bytes, name: str) -> Reading:
        names.append(name)
        return await read(data, name)

    town.reader.read = counting  # type: ignore[method-assign]
    return names


async def test_jobs_that_arq_would_not_merge_are_merged_by_the_claim(town: Town, redis_url: str) -> None:
    read = counted(town)
    await bring(town, b"one")
    invoice = await only(town)
    async with open_bell(redis_url) as bell, working(town, redis_url, copies=2):
        for attempts in range(10):
            await bell.ring(invoice, State.RECEIVED, 0, attempts)
        await all_are(town, State.EXTRACTED)
        await drained(redis_url)
    assert len(read) == 1


async def drained(redis_url: str) -> None:
    """Every queue is empty and every job done."""
    async with redis.asyncio.Redis.from_url(redis_url) as client:

        async def happened() -> bool:
            waiting = [await client.zcard(queue_name(queue)) for queue in Queue]
            return sum(waiting) == 0 and not await client.keys("arq:in-progress:*")

        await until(happened)


@pytest.mark.usefixtures("quick")
async def test_two_ringers_and_two_workers_of_each_queue_do_each_step_once(
    town: Town, redis_url: str
) -> None:
    read = counted(town)
    async with working(town, redis_url, copies=2), ringing(town, redis_url, copies=2):
        for uid in range(1, 6):
            await bring(town, f"mail {uid}".encode(), uid)
        await all_are(town, State.ASKED, *[State.CLOSED] * 4)
    assert len(read) == 5
    assert len(town.messenger.asked) == 1


@pytest.mark.usefixtures("quick")
async def test_a_redis_emptied_again_and_again_loses_nothing(town: Town, redis_url: str) -> None:
    async with (
        redis.asyncio.Redis.from_url(redis_url) as client,
        working(town, redis_url),
        ringing(town, redis_url),
    ):
        await bring(town, b"one")
        for state in (State.EXTRACTED, State.ASSESSED, State.CLEARED):
            await until(lambda state=state: reached(town, state))  # type: ignore[misc]
            await client.flushdb()
        await all_are(town, State.ASKED)
    assert len(town.messenger.asked) == 1


async def reached(town: Town, state: State) -> bool:
    """Whether the invoice has come at least so far."""
    order = list(State)
    (line,) = await town.world.store.views.invoices()
    return order.index(line.state) >= order.index(state)


@pytest.mark.usefixtures("quick")
async def test_a_redis_emptied_while_a_step_runs_does_not_stop_it(town: Town, redis_url: str) -> None:
    running, may_end, read = asyncio.Event(), asyncio.Event(), town.reader.read

    async def slow(data: bytes, name: str) -> Reading:
        running.set()
        await may_end.wait()
        return await read(data, name)

    town.reader.read = slow  # type: ignore[method-assign]
    async with (
        redis.asyncio.Redis.from_url(redis_url) as client,
        working(town, redis_url),
        ringing(town, redis_url),
    ):
        await bring(town, b"one")
        async with asyncio.timeout(DEADLINE_S):
            await running.wait()
        await client.flushdb()
        may_end.set()
        await all_are(town, State.ASKED)


@pytest.mark.usefixtures("quick")
async def test_redis_connections_that_are_cut_are_made_again(town: Town, redis_url: str) -> None:
    async with (
        redis.asyncio.Redis.from_url(redis_url) as client,
        working(town, redis_url),
        ringing(town, redis_url),
    ):
        for uid in range(1, 4):
            await client.client_kill_filter(_type="normal", skipme=True)
            await bring(town, f"mail {uid}".encode(), uid)
        await all_are(town, State.ASKED, State.CLOSED, State.CLOSED)


@pytest.mark.usefixtures("quick")
async def test_what_a_dead_worker_held_is_done_by_another_after_its_lease(town: Town, redis_url: str) -> None:
    await bring(town, b"one")
    lease_s, started = 1.0, time.monotonic()
    claim = await town.world.store.street.claim(await only(town), (State.RECEIVED,), lease_s)
    assert claim is not None
    async with working(town, redis_url), ringing(town, redis_url):
        await all_are(town, State.ASKED)
    assert time.monotonic() - started > lease_s


@pytest.mark.usefixtures("quick")
async def test_a_ringer_whose_database_connection_was_cut_listens_again(town: Town, redis_url: str) -> None:
    async with working(town, redis_url), ringing(town, redis_url):
        await bring(town, b"one")
        await all_are(town, State.ASKED)
        async with town.world.store.database.transaction() as connection:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        await bring(town, b"two", 2)
        await all_are(town, State.ASKED, State.CLOSED)


@pytest.mark.usefixtures("quick")
async def test_a_fault_of_ours_with_one_invoice_leaves_the_worker_to_the_others(
    town: Town, redis_url: str
) -> None:
    read = town.reader.read

    async def faulty(data: bytes, name: str) -> Reading:
        if data.startswith(b"bad"):
            raise ZeroDivisionError
        return await read(data, name)

    town.reader.read = faulty  # type: ignore[method-assign]
    async with working(town, redis_url), ringing(town, redis_url):
        await bring(town, b"bad", 1)
        await bring(town, b"good", 2)
        await all_are(town, State.RECEIVED, State.ASKED)


@pytest.mark.parametrize(
    "payload",
    [pickle.dumps(Exploit()), b"\x00", b"{}", serialize({"f": "unlink"})],
    ids=["pickle", "noise", "{}", "job"],
)
async def test_a_strangers_job_runs_nothing_and_stops_nobody(
    town: Town, redis_url: str, payload: bytes
) -> None:
    await bring(town, b"one")
    async with redis.asyncio.Redis.from_url(redis_url) as client, open_bell(redis_url) as bell:
        await client.set("arq:job:evil", payload)
        await client.zadd(queue_name(Queue.DOCUMENTS), {"evil": 1})
        async with working(town, redis_url):
            await sweep(town.world.store, bell)
            await all_are(town, State.EXTRACTED)


async def test_a_ring_for_no_invoice_does_nothing(town: Town, redis_url: str) -> None:
    await bring(town, b"one")
    async with open_bell(redis_url) as bell, working(town, redis_url):
        await bell.ring(InvoiceId(uuid4()), State.RECEIVED, 0, 0)
        await drained(redis_url)
        await all_are(town, State.RECEIVED)


def test_jobs_are_written_as_json() -> None:
    assert deserialize(serialize({"a": [1, "x"]})) == {"a": [1, "x"]}
    with pytest.raises(ValueError, match="Expecting value"):
        deserialize(pickle.dumps("x", protocol=0))


def slow(town: Town) -> tuple[asyncio.Event, asyncio.Event]:
    """Reading begins (the first is set) and then lasts until the second is."""
    begun, let_go, read = asyncio.Event(), asyncio.Event(), town.reader.read

    async def reading(data: bytes, name: str) -> Reading:
        begun.set()
        await let_go.wait()
        return await read(data, name)

    town.reader.read = reading  # type: ignore[method-assign]
    return begun, let_go


async def test_a_worker_told_to_stop_finishes_what_it_holds_and_takes_no_more(
    town: Town, redis_url: str
) -> None:
    begun, let_go = slow(town)
    await bring(town, b"one")
    first = await only(town)
    worker = asyncio.create_task(attend(make_worker(redis_url, Queue.DOCUMENTS, town.world)))
    async with open_bell(redis_url) as bell:
        await bell.ring(first, State.RECEIVED, 0, 0)
        await asyncio.wait_for(begun.wait(), DEADLINE_S)
        worker.cancel()
        await bring(town, b"two")
        await sweep(town.world.store, bell)
        let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(worker, DEADLINE_S)
    await all_are(town, State.EXTRACTED, State.RECEIVED)
    assert (await town.world.store.operations.gauges()).claimed == 0


async def test_a_worker_told_twice_ends_at_once_and_the_lease_says_so(town: Town, redis_url: str) -> None:
    begun, _ = slow(town)
    await bring(town, b"one")
    worker = asyncio.create_task(attend(make_worker(redis_url, Queue.DOCUMENTS, town.world)))
    async with open_bell(redis_url) as bell:
        await bell.ring(await only(town), State.RECEIVED, 0, 0)
        await asyncio.wait_for(begun.wait(), DEADLINE_S)
    worker.cancel()
    await asyncio.wait({worker}, timeout=QUICK_S)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(worker, DEADLINE_S)
    await all_are(town, State.RECEIVED)
    assert (await town.world.store.operations.gauges()).claimed == 1
