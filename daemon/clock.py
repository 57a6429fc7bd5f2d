"""The clock of all machines: the database's time, carried on between two questions by this machine's boot clock.

The wall clock of one machine may be wrong, or be set while it runs. Judged by it, approvals would end early or late,
one-time passwords be refused until the bank locks the door, and payments be dated by a day that is not today. Leases
and what is due are kept by the database already, so whatever it says, nothing disagrees with the rows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from schema.errors import TransientError

ASK_EVERY_S: Final = 60.0
"""A boot clock drifts by milliseconds in this time; a database whose own clock is set right is soon followed."""

SLOW_S: Final = 1.0
"""An answer is true to half the time it took; one that took longer than this is not believed again."""

log = structlog.get_logger()


def boot_s() -> float:
    """Seconds since this machine was started, those it slept through too; nobody can set this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class DatabaseClock:
    """`handlers.world.Clock` by the database; `ask` it once before the first use."""

    def __init__(
        self, ask_database: Callable[[], Awaitable[datetime]], boot: Callable[[], float] = boot_s
    ) -> None:
        self._ask_database = ask_database
        self._boot = boot
        self._booted_at: datetime | None = None

    def now(self) -> datetime:
        """Now, aware, in UTC."""
        assert self._booted_at is not None
        return self._booted_at + timedelta(seconds=self._boot())

    def unix_s(self) -> float:
        """Now as Unix time."""
        return self.now().timestamp()

    async def ask(self) -> None:
        """Learn the time; TransientError when the database does not answer."""
        asked = self._boot()
        at = await self._ask_database()
        answered = self._boot()
        if self._booted_at is None or answered - asked <= SLOW_S:
            self._booted_at = at - timedelta(seconds=(asked + answered) / 2)

    async def keep(self) -> None:
        """Ask again and again until cancelled; while there is no answer the boot clock goes on alone."""
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            try:
                await self.ask()
            except TransientError as error:
                log.warning("database not asked for the time", reason=error.sentence)
