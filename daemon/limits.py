"""Rate limits, short locks and seen-before marks in Redis; all of it may vanish without harm.

Nothing here keeps money safe: PostgreSQL does. So when Redis is away or was emptied, limits are kept by each
process for itself, a lock is granted, nothing was seen before, and a warning says so.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from schema.errors import TransientError

log = structlog.get_logger(__name__)

PREFIX: Final = "countersign"

PATIENCE_S: Final = 1.0
"""A client may be set to retry for long; a convenience is not waited for any longer than this."""

MINUTE_S: Final = 60
HOUR_S: Final = 3600

_TAKE: Final = """
-- One bucket a window, all or nothing. KEYS: buckets. ARGV: for each, its size and its seconds to fill.
-- A bucket holds tokens and the time they were counted at; an absent one is full.
-- Returns how many milliseconds to wait, 0 when a token was taken from every bucket.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local tokens, wait = {}, 0
for i, key in ipairs(KEYS) do
  local size, fill = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local kept = redis.call('HMGET', key, 'tokens', 'at')
  local had, at = tonumber(kept[1]) or size, tonumber(kept[2]) or now
  tokens[i] = math.min(size, had + math.max(0, now - at) * size / fill)
  if tokens[i] < 1 then wait = math.max(wait, (1 - tokens[i]) * fill / size) end
end
if wait > 0 then return math.ceil(wait * 1000) end
for i, key in ipairs(KEYS) do
  -- As text: numbers given to HSET lose their fraction in Redis's Lua.
  redis.call('HSET', key, 'tokens', string.format('%.6f', tokens[i] - 1), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', key, tonumber(ARGV[2 * i]))
end
return 0
"""

_RELEASE: Final = """
-- Delete the lock only if it is still ours.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


@dataclass
class Bucket:
    """A token bucket of one process: `size` calls at once, filled again in `fill_s` seconds."""

    size: int
    fill_s: float
    tokens: float = field(init=False)
    counted_at: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin full."""
        self.tokens = float(self.size)
        self.counted_at = time.monotonic()

    def wait_s(self, now: float) -> float:
        """Seconds until a token is there; 0 when there is one."""
        self.tokens = min(self.size, self.tokens + (now - self.counted_at) * self.size / self.fill_s)
        self.counted_at = now
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) * self.fill_s / self.size

    def take(self) -> None:
        """Use one token."""
        self.tokens -= 1

    def give_back(self) -> None:
        """Undo `take`."""
        self.tokens += 1


class RateLimiter:
    """At most so many calls a minute and an hour, counted in Redis for all processes together.

    Token buckets with the clock of Redis; both windows are looked at and taken from in one atomic script. The
    process counts for itself as well, so that an emptied or absent Redis opens the limit at most to
    this process's own share of calls.
    """

    def __init__(self, redis: Redis, name: str, per_minute: int, per_hour: int) -> None:
        self._name = name
        self._keys = [f"{PREFIX}:rate:{name}:{window}" for window in ("minute", "hour")]
        self._sizes = [per_minute, MINUTE_S, per_hour, HOUR_S]
        self._own = (Bucket(per_minute, MINUTE_S), Bucket(per_hour, HOUR_S))
        self._script = redis.register_script(_TAKE)

    async def take(self) -> None:
        """Return when a call is allowed now; else TransientError with the seconds to wait."""
        now = time.monotonic()
        self._check(max(bucket.wait_s(now) for bucket in self._own))
        # Taken before Redis is asked: while that waits, other tasks of this process must see fewer tokens.
        for bucket in self._own:
            bucket.take()
        shared_wait = await self._shared_wait_s()
        if shared_wait > 0:
            for bucket in self._own:
                bucket.give_back()
        self._check(shared_wait)

    def _check(self, wait_s: float) -> None:
        if wait_s > 0:
            raise TransientError(f"The rate limit for {self._name} is reached.", retry_after_s=wait_s)

    async def _shared_wait_s(self) -> float:
        try:
            async with asyncio.timeout(PATIENCE_S):
                wait_ms: int = await self._script(keys=self._keys, args=self._sizes)
        except (RedisError, OSError) as error:
            log.warning("rate_limit_kept_alone", limit=self._name, reason=type(error).__name__)
            return 0.0
        return wait_ms / 1000


class Locks:
    """Short locks that save double work; never the only thing between a payment and its double."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._release = redis.register_script(_RELEASE)

    @asynccontextmanager
    async def hold(self, key: str, *, ttl_s: float) -> AsyncIterator[bool]:
        """Whether the lock is ours for the length of the block, at most `ttl_s`; True too when Redis is away."""
        name, token = f"{PREFIX}:lock:{key}", secrets.token_hex(16)
        ours = await self._set(name, token, ttl_s)
        try:
            yield ours
        finally:
            if ours:
                await self._drop(name, token)

    async def _set(self, name: str, token: str, ttl_s: float) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return bool(await self._redis.set(name, token, nx=True, px=math.ceil(ttl_s * 1000)))
        except (RedisError, OSError) as error:
            log.warning("lock_granted_without_redis", lock=name, reason=type(error).__name__)
            return True

    async def _drop(self, name: str, token: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._release(keys=[name], args=[token])
        except (RedisError, OSError) as error:
            log.warning("lock_left_to_expire", lock=name, reason=type(error).__name__)


class Dedup:
    """Remembers for a while that something was seen; forgetting costs a look into PostgreSQL, nothing else."""

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis = redis
        self._prefix = f"{PREFIX}:seen:{name}:"

    async def seen(self, key: str, *, ttl_s: float) -> bool:
        """Whether `key` was given within the last `ttl_s` seconds; it counts from now. False when Redis is away."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                fresh: Any = await self._redis.set(
                    self._prefix + key, b"1", nx=True, px=math.ceil(ttl_s * 1000)
                )
        except (RedisError, OSError) as error:
            log.warning("seen_before_unknown", reason=type(error).__name__)
            return False
        return not fresh
