"""How often someone may try to get in: by the mail address or session that is tried, and all together."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, NamedTuple

from redis.asyncio import Redis

from daemon.limits import RateLimiter

MOST_KEPT: Final = 10_000
"""Limiters of single addresses in this process; Redis keeps counting for those that were let go."""


class Rate(NamedTuple):
    """At most so many."""

    per_minute: int
    per_hour: int


EACH: Final[Mapping[str, Rate]] = {
    "link": Rate(3, 10),
    "code": Rate(3, 10),
    "guess": Rate(10, 30),
    "passkey": Rate(30, 300),
    "consume": Rate(120, 1200),
    "sso": Rate(120, 1200),
}
"""For one address or session; a code has eight digits, so thirty guesses an hour find one in four centuries."""

ALL: Final = Rate(120, 1200)
"""Of one kind by everyone together: what the mail server is spared."""


class Limits:
    """Counts tries, in Redis for all processes together."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._kept: OrderedDict[str, RateLimiter] = OrderedDict()

    async def take(self, kind: str, who: str) -> None:
        """Count one try; TransientError with the seconds to wait when there were too many."""
        name = hashlib.sha256(who.encode()).hexdigest()[:32]
        await self._limiter(f"{kind}:{name}", EACH[kind]).take()
        await self._limiter(f"{kind}:all", ALL).take()

    def _limiter(self, name: str, rate: Rate) -> RateLimiter:
        limiter = self._kept.get(name) or RateLimiter(self._redis, f"sign-in:{name}", *rate)
        self._kept[name] = limiter
        self._kept.move_to_end(name)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return limiter
