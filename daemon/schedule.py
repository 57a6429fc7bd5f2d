"""What the clock does, by APScheduler: sweep for lost rings, and raise an alarm when a mailbox falls silent."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from redis.asyncio import Redis

from daemon.limits import Dedup, Locks
from daemon.queue import Bell
from daemon.ringer import sweep
from handlers.world import World
from schema.errors import TransientError

log = structlog.get_logger()

SWEEP_EVERY_S: Final = 15
LOOK_EVERY_S: Final = 30
SILENT_AFTER: Final = timedelta(minutes=2)
"""IDLE is renewed and proven by NOOP within a minute; two minutes without proof is no accident."""


ALARM_EVERY_S: Final = 600.0
"""A silent mailbox is said once in ten minutes, not at every look."""


def make_schedule(world: World, bell: Bell, redis: Redis) -> AsyncIOScheduler:
    """The schedule, not started; a tick that comes late runs once instead of being dropped."""
    schedule = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
    schedule.add_job(_sweep, "interval", seconds=SWEEP_EVERY_S, args=[world, bell, Locks(redis)], id="sweep")
    schedule.add_job(
        _look_at_mailboxes,
        "interval",
        seconds=LOOK_EVERY_S,
        args=[world, Dedup(redis, "alarm")],
        id="mailboxes",
    )
    return schedule


async def _sweep(world: World, bell: Bell, locks: Locks) -> None:
    """One sweep is enough when two daemons run; without Redis both sweep, and nothing happens twice."""
    try:
        async with locks.hold("sweep", ttl_s=SWEEP_EVERY_S) as ours:
            if ours:
                await sweep(world.store, bell)
    except TransientError as error:
        log.warning("sweep not done", reason=error.sentence)


async def _look_at_mailboxes(world: World, said: Dedup) -> None:
    try:
        proofs = await world.store.mails.last_proofs()
    except TransientError as error:
        log.warning("mailboxes not looked at", reason=error.sentence)
        return
    now = world.clock.now()
    for mailbox, proved_at in proofs.items():
        if now - proved_at > SILENT_AFTER and not await said.seen(mailbox, ttl_s=ALARM_EVERY_S):
            log.error("mailbox is silent", mailbox=mailbox, last_proof=proved_at.isoformat())
