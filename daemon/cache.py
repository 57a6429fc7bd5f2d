"""A short-lived memory for vendor and purchase-order look-ups in Redis; every trouble with it is a miss.

Values are JSON of what PostgreSQL said up to 30 seconds ago, so nothing that decides about money may be read from
here at the moment of paying. Account numbers do not belong in it, sealed or not.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

PREFIX: Final = "countersign:cache"
TTL_S: Final = 30.0
PATIENCE_S: Final = 1.0
"""Longer than this the database is quicker."""

LARGEST_VALUE: Final = 100_000
"""Bytes of one kept value; a larger one is looked up each time."""

T = TypeVar("T")


class LookupCache:
    """Keeps the answers of one kind of look-up, each for `ttl_s` seconds."""

    def __init__(self, redis: Redis, name: str, *, ttl_s: float = TTL_S) -> None:
        self._redis = redis
        self._prefix = f"{PREFIX}:{name}:"
        self._ttl_ms = math.ceil(ttl_s * 1000)

    async def get_or(self, key: str, shape: TypeAdapter[T], look_up: Callable[[], Awaitable[T]]) -> T:
        """The kept value of `shape`, or what `look_up` says, which is then kept. Only `look_up` can raise."""
        kept = await self._get(key)
        if kept is not None:
            try:
                return shape.validate_json(kept)
            except ValidationError:
                log.warning("cache_value_unreadable", cache=self._prefix)
        found = await look_up()
        await self._set(key, shape.dump_json(found))
        return found

    async def forget(self, key: str) -> None:
        """Drop a value, since it was just changed."""
        await self._try("forget", self._redis.delete(self._prefix + key))

    async def _get(self, key: str) -> bytes | str | None:
        kept = await self._try("get", self._redis.get(self._prefix + key))
        return kept if isinstance(kept, bytes | str) else None

    async def _set(self, key: str, value: bytes) -> None:
        if len(value) <= LARGEST_VALUE:
            await self._try("set", self._redis.set(self._prefix + key, value, px=self._ttl_ms))

    async def _try(self, what: str, call: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await call
        except (RedisError, OSError) as error:
            log.warning("cache_away", cache=self._prefix, during=what, reason=type(error).__name__)
            return None
