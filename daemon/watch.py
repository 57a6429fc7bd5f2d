"""The daemon process: mailbox watch, bell-ringer and schedule; any of them ending ends it, to be started anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from daemon.alarm import make_alarm
from daemon.backup import back_up_nightly
from daemon.deliveries import deliver_batches
from daemon.inbox import InboxWatch
from daemon.queue import open_bell
from daemon.ringer import ring_bells
from daemon.schedule import make_schedule, sweep_and_seal
from daemon.settings import Settings
from daemon.wiring import make_mailbox, open_world
from handlers.receive import receive, receive_too_large
from handlers.world import World
from schema.errors import TransientError
from schema.mail import Disposition, MailPlace

log = structlog.get_logger()


class Intake:
    """Where the mailbox watch hands mails to: `handlers.receive` and the store."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def cursor(self, account: str, folder: str, uidvalidity: int) -> int:
        """The last uid up to which every mail is settled."""
        return await self._world.store.mails.cursor(account, folder, uidvalidity)

    async def accept(self, place: MailPlace, raw: bytes) -> Disposition:
        """Take in a mail; one that could not be is remembered, so that the cursor does not pass it."""
        return await self._take_in(place, lambda: receive(place, raw, self._world))

    async def too_large(self, place: MailPlace, headers: bytes, size_bytes: int) -> Disposition:
        """Take in a mail by its headers; remembered like any other when it could not be."""
        return await self._take_in(place, lambda: receive_too_large(place, headers, size_bytes, self._world))

    async def proved(self, account: str, folder: str) -> None:
        """The mailbox answered."""
        await self._world.store.mails.prove(account, folder, self._world.clock.now())

    async def _take_in(self, place: MailPlace, take: Callable[[], Awaitable[Disposition]]) -> Disposition:
        settled = await self._world.store.mails.settled(place)
        if settled is not None:
            return settled
        try:
            disposition = await take()
        except TransientError as error:
            await self._world.store.mails.postpone(place, error.sentence)
            raise
        log.info("mail taken in", uid=place.uid, disposition=disposition.value)
        return disposition


async def watch(settings: Settings) -> None:
    """Run until cancelled."""
    async with (
        open_world(settings) as world,
        open_bell(settings.redis, lambda: world.clock.now().timestamp()) as bell,
    ):
        schedule = make_schedule(world, bell.redis, lambda: back_up_nightly(settings), settings.backup_hour)
        schedule.start()
        inbox = InboxWatch(
            make_mailbox(settings),
            Intake(world),
            poll_seconds=settings.imap_poll_seconds,
            size_limit_bytes=settings.mail_max_bytes,
            spans=world.spans,
        )
        log.info("daemon ready", mailbox=settings.imap_user)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(inbox.run(), name="inbox")
                tasks.create_task(ring_bells(world.store, bell), name="bells")
                tasks.create_task(sweep_and_seal(world, bell), name="schedule")
                tasks.create_task(deliver_batches(settings, world), name="deliveries")
                tasks.create_task(make_alarm(settings, world).run(), name="alarm")
        finally:
            schedule.shutdown(wait=False)
