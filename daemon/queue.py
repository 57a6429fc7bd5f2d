"""ARQ, used only as the doorbell: who rings, and how Redis is reached; Redis may be emptied at any moment."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.constants import health_check_key_suffix
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, RedisError, TimeoutError

from schema.errors import TransientError
from schema.ids import InvoiceId
from schema.states import DUE, Queue, State

log = structlog.get_logger()

RING_AGAIN_S: Final = 15
RING_LASTS_S: Final = 3600
"""A ring that nobody heard for an hour has been rung anew hundreds of times."""

LONG_AGO: Final = 1000
"""ARQ's workers take a job once their own wall clock, in milliseconds, has reached its score. The same moment in
seconds is long past by any clock, however wrong, and keeps the order."""

RETRIES: Final = 12
"""With waits capped at two seconds: a restart of Redis is outlived without ending the worker."""


def redis_settings(url: str) -> RedisSettings:
    """How ARQ reaches Redis; `OSError` in the list keeps a worker alive through a restart of Redis."""
    settings = RedisSettings.from_dsn(url)
    settings.retry = Retry(ExponentialBackoff(cap=2, base=0.1), RETRIES)
    settings.retry_on_timeout = True
    settings.retry_on_error = [ConnectionError, TimeoutError, BusyLoadingError, OSError]
    return settings


def queue_name(queue: Queue) -> str:
    """The Redis key of a queue."""
    return f"countersign:queue:{queue}"


async def manned(redis: Redis) -> dict[Queue, bool]:
    """Whether a worker of each queue has just said that it lives; TransientError when Redis does not answer."""
    try:
        return {
            queue: bool(await redis.exists(queue_name(queue) + health_check_key_suffix)) for queue in Queue
        }
    except (RedisError, OSError) as error:
        raise TransientError("Redis does not answer.") from error


def serialize(job: Any) -> bytes:
    """Jobs as JSON: with pickle, whoever writes to Redis would run code here."""
    return json.dumps(job, default=str).encode()


def deserialize(raw: bytes) -> Any:
    """The reverse of `serialize`."""
    return json.loads(raw)


class Bell:
    """Rings for invoices; a ring carries only the id, so a doubled, late or lost one does no harm."""

    def __init__(self, redis: ArqRedis, now: Callable[[], float] = time.time) -> None:
        """`now` is Unix time."""
        self.redis: Redis = redis
        self._queue = redis
        self._now = now

    async def ring(self, invoice: InvoiceId, state: State, version: int, attempts: int) -> bool:
        """Enqueue the job that is due; False when Redis did not take it (the sweep rings again).

        The job's id names version, attempt and quarter of a minute: ARQ's own locks, which outlive a worker that died
        before its claim, never stand in the way of another try for longer.
        """
        due = DUE[state]
        try:
            await self._queue.enqueue_job(
                due.job,
                str(invoice),
                _job_id=f"{invoice}:{version}:{attempts}:{int(self._now() // RING_AGAIN_S)}",
                _queue_name=queue_name(due.queue),
                _defer_until=datetime.fromtimestamp(self._now() / LONG_AGO, UTC),
                _expires=RING_LASTS_S,
            )
        except (RedisError, OSError) as error:
            log.warning("bell not rung", invoice=str(invoice), reason=type(error).__name__)
            return False
        return True


@asynccontextmanager
async def open_bell(redis_url: str, now: Callable[[], float] = time.time) -> AsyncIterator[Bell]:
    """A bell on the Redis at `redis_url`; `now` is Unix time."""
    pool = await create_pool(
        redis_settings(redis_url), job_serializer=serialize, job_deserializer=deserialize
    )
    try:
        yield Bell(pool, now)
    finally:
        await pool.aclose()
