"""Which mails of a folder are due: what is listed, what was done before, what has to be tried again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

RETRY_FIRST_S: Final = 5.0
RETRY_MOST_S: Final = 300.0
"""A mail that could not be taken is tried again after 5 s, 10 s, ... and at last every 5 minutes, for ever."""


@dataclass(frozen=True)
class Retry:
    """A mail that has to be tried again; `not_before` is on the caller's monotonic clock, in seconds."""

    attempts: int
    not_before: float


@dataclass(frozen=True)
class Position:
    """How far this process has looked into a folder; a new UIDVALIDITY makes all numbers worthless."""

    uidvalidity: int
    looked_up_to: int = 0

    def look_after(self, uidvalidity: int) -> int:
        """The uid after which to search: 0 when the server has renumbered the folder."""
        return self.looked_up_to if uidvalidity == self.uidvalidity else 0


def what_is_due(
    listed: Iterable[int], done_up_to: int, left: Mapping[int, Retry], now: float
) -> tuple[int, ...]:
    """The uids to take now, in order: new mail first, then what an earlier run left lying, then due retries.

    `done_up_to` is the last uid on record. A listed uid at or below it was recorded but not filed away, or was
    skipped: taking it again is safe, and leaving it would lose it.
    """
    fresh = sorted({uid for uid in listed if uid not in left})
    new = [uid for uid in fresh if uid > done_up_to]
    stranded = [uid for uid in fresh if uid <= done_up_to]
    again = sorted(uid for uid, retry in left.items() if retry.not_before <= now)
    return (*new, *stranded, *again)


def try_later(before: Retry | None, now: float) -> Retry:
    """When to try a mail again that could not be taken now."""
    attempts = before.attempts + 1 if before else 1
    wait_s = min(RETRY_FIRST_S * 2 ** min(attempts - 1, 10), RETRY_MOST_S)
    return Retry(attempts, now + wait_s)


def nap_seconds(left: Mapping[int, Retry], now: float, longest_s: float) -> float:
    """How long to wait for a push before something is due anyway; never negative."""
    soonest = min((retry.not_before for retry in left.values()), default=now + longest_s)
    return max(0.0, min(longest_s, soonest - now))
