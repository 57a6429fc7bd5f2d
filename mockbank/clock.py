"""Bank time: the clock is handed in, the bank's day is India's."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

Clock = Callable[[], datetime]
"""Gives the present moment as an aware UTC time."""

BANK_ZONE = timezone(timedelta(hours=5, minutes=30), "IST")
"""India has one zone and no summer time, so a fixed offset needs no zone database."""


def system_clock() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)


def bank_day(now: datetime) -> date:
    """The bank's calendar day at a moment."""
    return now.astimezone(BANK_ZONE).date()


def bank_time(now: datetime) -> str:
    """A moment as ISO 8601 in bank time, to the second: `2026-11-23T18:45:12+05:30`."""
    return now.astimezone(BANK_ZONE).isoformat(timespec="seconds")
