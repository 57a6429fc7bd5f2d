"""What is wrong with the installation at this moment, each in one sentence with what to do: for /readyz and `status`.

It is found out by trying: a question to the database and to Redis, a file written and removed.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from daemon.queue import manned
from daemon.settings import Settings
from schema.document import Frozen
from schema.errors import CountersignError, TransientError
from schema.migrate import migrations
from schema.store import Store

PATIENCE_S: Final = 5.0
"""Whoever asks whether we are ready wants an answer, not a wait for a server that is gone."""

SILENT_AFTER: Final = timedelta(minutes=2)
"""IDLE is renewed and proven by NOOP within a minute; two minutes without proof is no accident."""

LOOK_AGAIN_S: Final = 2.0
"""A worker renews its sign of life a second before it ends; a busy machine may be later than that."""

LOW_BYTES: Final = 500 * 2**20
"""Some hundred mails with their documents and screenshots: time to make room before one is refused."""

TRIAL_BYTES: Final = 64 * 1024
CLOCK_OFF: Final = timedelta(seconds=30)
"""More than a machine on NTP is ever off; a one-time password is good for as long."""


class Part(StrEnum):
    """What can be at fault."""

    DATABASE = "database"
    MIGRATION = "migration"
    REDIS = "redis"
    WORKER = "worker"
    MAILBOX = "mailbox"
    DISK = "disk"
    CLOCK = "clock"


UNASKABLE: Final = frozenset({Part.DATABASE, Part.MIGRATION})
"""Faults with which the database is not asked for anything else."""


class Fault(Frozen):
    """Something wrong now; one that is not serious keeps nothing from going on."""

    part: Part
    sentence: str
    mend: str
    serious: bool = True


DATABASE_DOWN: Final = Fault(
    part=Part.DATABASE,
    sentence="The database does not answer, so nothing goes on.",
    mend="Start PostgreSQL and look at DATABASE_URL; nothing is lost, and what was due goes on by itself.",
)
REDIS_DOWN: Final = Fault(
    part=Part.REDIS,
    sentence="Redis does not answer, so no worker hears what is due.",
    mend="Start Redis and look at REDIS_URL; it may be empty, the sweep rings for everything again.",
)


@dataclass(frozen=True)
class Watch:
    """What is looked at; `since` is when looking began, None for a single look that grants no time to begin."""

    settings: Settings
    store: Store
    redis: Redis
    since: datetime | None = None
    wall: Callable[[], float] = time.time


async def faults_now(watch: Watch) -> tuple[Fault, ...]:
    """Everything that is wrong now, in the order in which to mend it."""
    return (*await _of_the_books(watch), *await faults_beside(watch.settings, watch.redis))


async def faults_beside(settings: Settings, redis: Redis) -> tuple[Fault, ...]:
    """What is wrong beside the database: Redis, workers, the disk."""
    return (*await _of_the_bell(redis), *await asyncio.to_thread(_of_the_disk, settings.blobs_folder))


async def _of_the_books(watch: Watch) -> list[Fault]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            at = await watch.store.operations.clock()
            applied = await watch.store.measures.applied()
            missing = [name for name, _ in migrations() if name not in applied]
            if missing:
                return [_pending(missing)]
            proofs = await watch.store.mails.last_proofs()
    except (CountersignError, TimeoutError):
        return [DATABASE_DOWN]
    return [*_of_the_mailbox(proofs, at, watch.since), *_of_the_clock(at, watch.wall())]


def _pending(missing: list[str]) -> Fault:
    return Fault(
        part=Part.MIGRATION,
        sentence=f"The database lacks {', '.join(missing)}.",
        mend="Run `countersign migrate`, then start the processes again.",
    )


def _of_the_mailbox(proofs: Mapping[str, datetime], at: datetime, since: datetime | None) -> list[Fault]:
    mend = "Look at the log of `countersign daemon` and at `countersign doctor`; mails wait on the server."
    if not proofs and (since is None or at - since > SILENT_AFTER):
        return [Fault(part=Part.MAILBOX, sentence="No mailbox has ever answered.", mend=mend)]
    return [
        Fault(
            part=Part.MAILBOX,
            sentence=f"The mailbox {name} has not answered for {(at - proved).total_seconds() / 60:.0f} minutes.",
            mend=mend,
        )
        for name, proved in proofs.items()
        if at - proved > SILENT_AFTER
    ]


def _of_the_clock(at: datetime, wall_s: float) -> list[Fault]:
    off_s = wall_s - at.timestamp()
    way = "ahead of" if off_s > 0 else "behind"
    if abs(off_s) <= CLOCK_OFF.total_seconds():
        return []
    return [
        Fault(
            part=Part.CLOCK,
            sentence=f"This machine's clock is {abs(off_s):.0f} s {way} the database's.",
            mend="Set it by NTP; payments and approvals go by the database's clock, logs and the backup's hour do not.",
            serious=False,
        )
    ]


async def _of_the_bell(redis: Redis) -> list[Fault]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            there = await manned(redis)
            if not all(there.values()):
                await asyncio.sleep(LOOK_AGAIN_S)
                there = await manned(redis)
    except (TransientError, TimeoutError):
        return [REDIS_DOWN]
    return [
        Fault(
            part=Part.WORKER,
            sentence=f"No worker looks after the queue {queue}, so its steps wait.",
            mend=f"Start `countersign worker --queue {queue}` and look at its log; what waits goes on by itself.",
        )
        for queue, is_there in there.items()
        if not is_there
    ]


def _of_the_disk(folder: Path) -> list[Fault]:
    """By writing: a disk may have room that we are not given."""
    mend = "Make room or put BLOBS_FOLDER on a larger disk, never by deleting files in it; mails wait on the server."
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            written = file.write(bytes(TRIAL_BYTES))
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return [
            Fault(part=Part.DISK, sentence=f"BLOBS_FOLDER does not take files: {error.strerror}.", mend=mend)
        ]
    if written < TRIAL_BYTES:
        return [
            Fault(part=Part.DISK, sentence="BLOBS_FOLDER does not take files: the disk is full.", mend=mend)
        ]
    if free < LOW_BYTES:
        sentence = f"BLOBS_FOLDER has {free / 2**20:.0f} MiB left."
        return [Fault(part=Part.DISK, sentence=sentence, mend=mend, serious=False)]
    return []
