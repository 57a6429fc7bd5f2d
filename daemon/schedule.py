"""What time brings: sweep for lost rings and seal the record at a pace, take the backup at its hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from redis.asyncio import Redis

from daemon.limits import Locks
from daemon.queue import Bell
from daemon.ringer import sweep
from handlers.world import World
from schema.checkpoint import CheckpointSigner
from schema.errors import ForgedError, PermanentError, TransientError

log = structlog.get_logger()

SWEEP_EVERY_S: Final = 15
BACKUP_LOCK_S: Final = 3600

Backup = Callable[[], Awaitable[None]]
SEAL_EVERY_S: Final = 60
"""Between two mails the log is sealed by the clock: for so long an entry could be changed without a trace."""


def make_schedule(world: World, redis: Redis, backup: Backup, backup_hour: int) -> AsyncIOScheduler:
    """What has an hour of the day, not started; a tick that comes late runs once instead of being dropped."""
    schedule = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
    schedule.add_job(
        _back_up,
        "cron",
        hour=backup_hour,
        timezone=world.zone,
        args=[backup, Locks(redis)],
        id="backup",
    )
    return schedule


async def sweep_and_seal(world: World, bell: Bell) -> None:
    """What has a pace: sweep for lost rings and seal the record, until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(every(SWEEP_EVERY_S, lambda: _sweep(world, bell, Locks(bell.redis))), name="sweep")
        tasks.create_task(every(SEAL_EVERY_S, lambda: _seal(world)), name="seal")


async def every(pause_s: float, tick: Callable[[], Awaitable[None]]) -> None:
    """Run `tick` for ever, a pause after each.

    Paced by the loop's monotonic clock: APScheduler reckons by the wall clock, and one that is set back by an hour
    would stop it for that hour.
    """
    while True:
        await tick()
        await asyncio.sleep(pause_s)


async def _back_up(backup: Backup, locks: Locks) -> None:
    """One backup a night is enough when two daemons run; without Redis it is taken all the same."""
    try:
        async with locks.hold("backup", ttl_s=BACKUP_LOCK_S) as ours:
            if ours:
                await backup()
    except TransientError as error:
        log.error("backup not begun", reason=error.sentence)


async def _sweep(world: World, bell: Bell, locks: Locks) -> None:
    """One sweep is enough when two daemons run; without Redis both sweep, and nothing happens twice."""
    try:
        async with locks.hold("sweep", ttl_s=SWEEP_EVERY_S) as ours:
            if ours:
                await sweep(world.store, bell)
    except TransientError as error:
        log.warning("sweep not done", reason=error.sentence)


async def _seal(world: World) -> None:
    """Sign the log; one that is not what was signed before is never signed, and said each time."""
    signer = CheckpointSigner.of(world.vault, world.mail_domain)
    try:
        await world.store.record.seal(signer, world.clock.now())
    except (ForgedError, PermanentError) as error:
        log.error("the record was tampered with: run `countersign audit check`", reason=error.sentence)
    except TransientError as error:
        log.warning("record not sealed", reason=error.sentence)
