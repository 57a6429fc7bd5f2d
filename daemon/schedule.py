"""What the clock does, by APScheduler: sweep for lost rings, look at the mailbox, seal the record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from redis.asyncio import Redis

from daemon.alarm import LOOK_EVERY_S, MailboxAlarm
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


def make_schedule(
    world: World, bell: Bell, redis: Redis, alarm: MailboxAlarm, backup: Backup, backup_hour: int
) -> AsyncIOScheduler:
    """The schedule, not started; a tick that comes late runs once instead of being dropped."""
    schedule = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
    schedule.add_job(_sweep, "interval", seconds=SWEEP_EVERY_S, args=[world, bell, Locks(redis)], id="sweep")
    schedule.add_job(alarm.look, "interval", seconds=LOOK_EVERY_S, id="mailboxes")
    schedule.add_job(
        _back_up,
        "cron",
        hour=backup_hour,
        timezone=world.zone,
        args=[backup, Locks(redis)],
        id="backup",
    )
    schedule.add_job(_seal, "interval", seconds=SEAL_EVERY_S, args=[world], id="seal")
    return schedule


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
