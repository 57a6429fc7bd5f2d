"""The clock of all machines: the database's time, carried on by a clock that nobody sets."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from daemon.clock import SLOW_S, DatabaseClock
from schema.errors import TransientError

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class FakeDatabase:
    """Tells the time after a while, which passes on the boot clock."""

    at: datetime = NOON
    booted_s: float = 100.0
    takes_s: float = 0.0
    away: bool = False
    asked: int = 0

    def boot(self) -> float:
        return self.booted_s

    async def clock(self) -> datetime:
        self.asked += 1
        if self.away:
            raise TransientError("The database does not answer; it is tried again.")
        self.booted_s += self.takes_s
        return self.at


async def clock_of(database: FakeDatabase) -> DatabaseClock:
    clock = DatabaseClock(database.clock, database.boot)
    await clock.ask()
    return clock


async def test_the_databases_time_is_carried_on_by_the_boot_clock() -> None:
    database = FakeDatabase()
    clock = await clock_of(database)
    database.booted_s += 90
    assert clock.now() == NOON + timedelta(seconds=90)


async def test_a_database_that_is_set_is_followed() -> None:
    database = FakeDatabase()
    clock = await clock_of(database)
    database.at = NOON + timedelta(hours=1)
    await clock.ask()
    assert clock.now() == NOON + timedelta(hours=1)


async def test_the_answer_is_taken_for_the_middle_of_the_wait() -> None:
    assert (await clock_of(FakeDatabase(takes_s=0.5))).now() == NOON + timedelta(seconds=0.25)


async def test_a_slow_answer_does_not_move_a_clock_that_goes() -> None:
    database = FakeDatabase()
    clock = await clock_of(database)
    database.takes_s = SLOW_S + 1
    await clock.ask()
    assert clock.now() == NOON + timedelta(seconds=SLOW_S + 1)


async def test_a_database_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.clock.ASK_EVERY_S", 0.001)
    database = FakeDatabase()
    clock = await clock_of(database)
    database.away = True
    with suppress(TimeoutError):
        await asyncio.wait_for(clock.keep(), 0.1)
    assert database.asked > 2
