"""The alarm: a mailbox without proof of life is told to people by mail and on WhatsApp, and so is its return.

The daemon looks, and the web process too, so that a daemon that hangs is told of. Both may look at once: the row in
`alarms` is won by one of them, which tells.
"""

from __future__ import annotations

import asyncio
import html
from datetime import datetime, timedelta
from typing import Final

import structlog

from daemon.settings import Settings
from handlers.world import World
from schema.errors import CountersignError, TransientError
from schema.ids import Address
from schema.mail import OutgoingMail
from schema.masking import Masked

LOOK_EVERY_S: Final = 30.0
SILENT_AFTER: Final = timedelta(minutes=2)
"""IDLE is renewed and proven by NOOP within a minute; two minutes without proof is no accident."""

SAID_EVERY_S: Final = 600.0
"""An alarm that stands is said again every ten minutes, not at every look."""

log = structlog.get_logger(__name__)


class MailboxAlarm:
    """Looks at the proofs of all mailboxes, and at `mailbox` even if it has never been proven."""

    def __init__(self, world: World, mailbox: str, recipients: tuple[Address, ...]) -> None:
        self._world = world
        self._mailbox = mailbox
        self._recipients = recipients
        self._born = world.clock.now()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """One look; a database that does not answer is logged, for nothing can be known or kept without it."""
        try:
            proofs = {self._mailbox: self._born} | await self._world.store.mails.last_proofs()
            for mailbox, proved_at in proofs.items():
                await self._judge(mailbox, proved_at)
        except TransientError as error:
            log.error("mailboxes not looked at", reason=error.sentence)

    async def _judge(self, mailbox: str, proved_at: datetime) -> None:
        name, now, alarms = f"mailbox {mailbox}", self._world.clock.now(), self._world.store.operations
        if now - proved_at <= SILENT_AFTER:
            since = await alarms.end_alarm(name)
            if since is not None:
                log.info("mailbox answers again", mailbox=mailbox)
                await self._say("Mailbox answers again", _all_clear(mailbox, since, self._world))
            return
        sentence = _silence(mailbox, proved_at, self._world)
        if await alarms.raise_alarm(name, sentence, again_after_s=SAID_EVERY_S) is None:
            return
        log.error("mailbox is silent", mailbox=mailbox, last_proof=proved_at.isoformat())
        if not await self._say("Mailbox is silent", sentence):
            await alarms.unsay_alarm(name)

    async def _say(self, subject: str, text: str) -> bool:
        """Tell everyone by both ways; whether anyone could be told."""
        told = 0
        for address in self._recipients:
            told += await self._mail(address, subject, text)
        for person in self._world.approvers:
            try:
                await self._world.messenger.note(person.phone, Masked(f"{subject}. {text}"))
                told += 1
            except CountersignError as error:
                log.warning("alarm not said", way="messenger", reason=error.sentence)
        return told > 0

    async def _mail(self, address: Address, subject: str, text: str) -> bool:
        at = self._world.clock.now()
        mail = OutgoingMail(
            to=address,
            subject=f"Countersign: {subject}",
            text=text + "\n",
            html=f"<p>{html.escape(text)}</p>",
            message_id=f"<alarm.{at.timestamp():.0f}.{subject.replace(' ', '-').lower()}@{self._world.mail_domain}>",
        )
        try:
            await self._world.mailer.send(mail)
        except CountersignError as error:
            log.warning("alarm not said", way="mail", reason=error.sentence)
            return False
        return True


def make_alarm(settings: Settings, world: World) -> MailboxAlarm:
    """The alarm of the watched mailbox; it goes to ALARM_TO, and else to the approvers."""
    account = (
        settings.imap_user if "@" in settings.imap_user else f"{settings.imap_user}@{settings.imap_host}"
    )
    recipients = settings.alarm_to or tuple(person.address for person in world.approvers)
    return MailboxAlarm(world, f"{account}/{settings.imap_folder}", recipients)


def _silence(mailbox: str, proved_at: datetime, world: World) -> str:
    minutes = (world.clock.now() - proved_at).total_seconds() / 60
    last = f"{proved_at.astimezone(world.zone):%d %b %H:%M %Z}"
    return (
        f"The mailbox {mailbox} has not answered for {minutes:.0f} minutes (last at {last}), so no invoice comes in. "
        "Nothing is lost: mails wait on the server. Look at `countersign status` and `countersign doctor`."
    )


def _all_clear(mailbox: str, since: datetime, world: World) -> str:
    return (
        f"The mailbox {mailbox} answers again; the alarm stood since {since.astimezone(world.zone):%d %b %H:%M %Z}. "
        "What came in meanwhile is being read."
    )
