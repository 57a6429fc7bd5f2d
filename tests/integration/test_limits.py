"""Rate limits, locks, marks and the look-up cache on a real Redis, and without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import TypeAdapter
from redis.asyncio import Redis

from daemon.cache import LookupCache
from daemon.limits import Dedup, Locks, RateLimiter
from sandbox.ports import free_port
from schema.errors import TransientError

NAMES = TypeAdapter(list[str])


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def absent() -> AsyncIterator[Redis]:
    async with Redis.from_url(f"redis://127.0.0.1:{free_port()}/0") as client:
        yield client


async def taken(limiter: RateLimiter, tries: int) -> int:
    results = await asyncio.gather(*(limiter.take() for _ in range(tries)), return_exceptions=True)
    assert all(result is None or isinstance(result, TransientError) for result in results)
    return sum(result is None for result in results)


async def test_a_minute_allows_no_more_than_its_number(redis: Redis) -> None:
    assert await taken(RateLimiter(redis, "model", 5, 100), 20) == 5


async def test_an_hour_allows_no_more_than_its_number(redis: Redis) -> None:
    assert await taken(RateLimiter(redis, "model", 100, 3), 20) == 3


async def test_processes_share_one_limit_under_a_race(redis: Redis) -> None:
    limiters = [RateLimiter(redis, "model", 7, 100) for _ in range(5)]
    assert sum(await asyncio.gather(*(taken(limiter, 10) for limiter in limiters))) == 7


async def test_a_refusal_takes_nothing_from_the_other_window(redis: Redis) -> None:
    hourly = RateLimiter(redis, "model", 2, 100)
    await taken(hourly, 50)
    left = await redis.hget("countersign:rate:model:hour", "tokens")  # type: ignore[misc]  # redis types it as both
    assert float(left or 0) == pytest.approx(98, abs=0.5)


async def test_the_wait_is_the_time_until_the_next_token(redis: Redis) -> None:
    limiter = RateLimiter(redis, "model", 2, 100)
    await taken(limiter, 2)
    with pytest.raises(TransientError, match="model") as refused:
        await RateLimiter(redis, "model", 2, 100).take()
    assert refused.value.retry_after_s == pytest.approx(30, abs=2)


async def test_limits_of_different_names_do_not_touch(redis: Redis) -> None:
    await taken(RateLimiter(redis, "model", 1, 10), 1)
    assert await taken(RateLimiter(redis, "messenger", 1, 10), 1) == 1


async def test_a_bucket_fills_again_with_time(redis: Redis) -> None:
    limiter = RateLimiter(redis, "model", 600, 100_000)
    await taken(limiter, 600)
    async with asyncio.timeout(5):
        while await taken(limiter, 1) == 0:  # noqa: ASYNC110 - only time fills the bucket
            await asyncio.sleep(0.01)


async def test_an_emptied_redis_leaves_this_process_its_own_limit(redis: Redis) -> None:
    limiter = RateLimiter(redis, "model", 4, 100)
    first = await taken(limiter, 10)
    await redis.flushdb()
    assert first + await taken(limiter, 10) == 4


async def test_an_absent_redis_opens_the_limit_only_to_the_process_own(absent: Redis) -> None:
    assert await taken(RateLimiter(absent, "model", 3, 100), 10) == 3


async def test_a_redis_that_never_answers_is_not_waited_for() -> None:
    released = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(5), Redis.from_url(f"redis://127.0.0.1:{port}/0") as client:
            await RateLimiter(client, "model", 3, 100).take()
    finally:
        released.set()
        server.close()


async def test_a_lock_is_given_to_one(redis: Redis) -> None:
    locks = Locks(redis)
    async with locks.hold("x", ttl_s=10) as first, locks.hold("x", ttl_s=10) as second:
        assert (first, second) == (True, False)


async def test_a_lock_is_free_after_its_block(redis: Redis) -> None:
    locks = Locks(redis)
    async with locks.hold("x", ttl_s=10):
        pass
    async with locks.hold("x", ttl_s=10) as again:
        assert again


async def test_a_lock_that_ran_out_does_not_release_its_successors(redis: Redis) -> None:
    locks = Locks(redis)
    async with locks.hold("x", ttl_s=10):
        await redis.set("countersign:lock:x", "another")
    assert await redis.get("countersign:lock:x") == b"another"


async def test_a_lock_ends_by_itself(redis: Redis) -> None:
    async with Locks(redis).hold("x", ttl_s=10):
        assert 0 < await redis.pttl("countersign:lock:x") <= 10_000


async def test_a_lock_is_granted_without_redis(absent: Redis) -> None:
    async with Locks(absent).hold("x", ttl_s=10) as ours:
        assert ours


async def test_the_second_time_is_seen(redis: Redis) -> None:
    dedup = Dedup(redis, "webhook")
    assert [await dedup.seen("SM1", ttl_s=60), await dedup.seen("SM1", ttl_s=60)] == [False, True]


async def test_a_mark_ends_by_itself(redis: Redis) -> None:
    await Dedup(redis, "webhook").seen("SM1", ttl_s=60)
    assert 0 < await redis.pttl("countersign:seen:webhook:SM1") <= 60_000


async def test_nothing_was_seen_without_redis(absent: Redis) -> None:
    dedup = Dedup(absent, "webhook")
    assert [await dedup.seen("SM1", ttl_s=60), await dedup.seen("SM1", ttl_s=60)] == [False, False]


class Counted:
    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> list[str]:
        self.times += 1
        return [f"answer {self.times}"]


async def test_a_second_look_up_is_answered_from_the_cache(redis: Redis) -> None:
    cache, look_up = LookupCache(redis, "vendor"), Counted()
    await cache.get_or("a", NAMES, look_up)
    assert await cache.get_or("a", NAMES, look_up) == ["answer 1"]


async def test_a_cached_value_ends_within_thirty_seconds(redis: Redis) -> None:
    await LookupCache(redis, "vendor").get_or("a", NAMES, Counted())
    assert 0 < await redis.pttl("countersign:cache:vendor:a") <= 30_000


async def test_a_forgotten_value_is_looked_up_again(redis: Redis) -> None:
    cache, look_up = LookupCache(redis, "vendor"), Counted()
    await cache.get_or("a", NAMES, look_up)
    await cache.forget("a")
    assert await cache.get_or("a", NAMES, look_up) == ["answer 2"]


async def test_a_value_of_another_shape_is_a_miss(redis: Redis) -> None:
    await redis.set("countersign:cache:vendor:a", '{"not": "a list"}')
    assert await LookupCache(redis, "vendor").get_or("a", NAMES, Counted()) == ["answer 1"]


async def test_a_large_value_is_not_kept(redis: Redis) -> None:
    async def large() -> list[str]:
        return ["x" * 200_000]

    await LookupCache(redis, "vendor").get_or("a", NAMES, large)
    assert not await redis.exists("countersign:cache:vendor:a")


async def test_the_cache_is_a_miss_without_redis(absent: Redis) -> None:
    assert await LookupCache(absent, "vendor").get_or("a", NAMES, Counted()) == ["answer 1"]
