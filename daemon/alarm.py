"""The alarm: what is wrong is told to people by mail and on WhatsApp, and so is its end.

The daemon looks, and the web process too, so that a daemon that hangs is told of. Both may look at once: the row in
`alarms` is won by one of them, which tells.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from daemon.condition import SILENT_AFTER
from daemon.settings import Settings
from handlers.world import World
from schema.errors import CountersignError, TransientError
from schema.ids import Address
from schema.mail import OutgoingMail
from schema.masking import Masked
from schema.store.operations import BACKUP_ALARM

LOOK_EVERY_S: Final = 30.0

SAID_EVERY_S: Final = 600.0
"""An alarm that stands is said again every ten minutes, not at every look."""

SAID_SELDOM_S: Final = 6 * 3600.0
"""What holds up no invoice is said again every six hours."""

UNTAKEN_AFTER: Final = timedelta(hours=1)
"""A ledger that is being restarted takes a batch within the hour; the sixth attempt has failed by then."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Matter:
    """Something that may be wrong; `sentence` is what people are told while it is, None when all is well.

    `name` is that of its row in `alarms`, `heading` and `over` are subjects, `relief` is what is said at its end.
    """

    name: str
    heading: str
    sentence: str | None
    over: str
    relief: str
    again_after_s: float = SAID_EVERY_S


Look = Callable[[World], Awaitable[Iterable[Matter]]]


class Alarm:
    """Looks at each matter of `looks` and tells `recipients` and the approvers."""

    def __init__(self, world: World, recipients: tuple[Address, ...], looks: tuple[Look, ...]) -> None:
        self._world = world
        self._recipients = recipients
        self._looks = looks

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """One look; a database that does not answer is logged, for nothing can be known or kept without it."""
        try:
            for look in self._looks:
                for matter in await look(self._world):
                    await self._judge(matter)
        except TransientError as error:
            log.error("alarms not looked at", reason=error.sentence)

    async def _judge(self, matter: Matter) -> None:
        alarms = self._world.store.operations
        if matter.sentence is None:
            since = await alarms.end_alarm(matter.name)
            if since is not None:
                log.info("alarm is over", alarm=matter.name)
                stood = f"{since.astimezone(self._world.zone):%d %b %H:%M %Z}"
                await self._say(matter.over, f"{matter.relief} The alarm stood since {stood}.")
            return
        again = matter.again_after_s
        if await alarms.raise_alarm(matter.name, matter.sentence, again_after_s=again) is None:
            return
        log.error("alarm", alarm=matter.name, reason=matter.sentence)
        if not await self._say(matter.heading, matter.sentence):
            await alarms.unsay_alarm(matter.name)

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


def make_alarm(settings: Settings, world: World) -> Alarm:
    """The alarm of mailbox, ledger and backup; it goes to ALARM_TO, and else to the approvers."""
    account = (
        settings.imap_user if "@" in settings.imap_user else f"{settings.imap_user}@{settings.imap_host}"
    )
    recipients = settings.alarm_to or tuple(person.address for person in world.approvers)
    mailbox = look_at_mailboxes(f"{account}/{settings.imap_folder}", world.clock.now())
    return Alarm(world, recipients, (mailbox, look_at_ledger, look_at_backup))


def look_at_mailboxes(mailbox: str, born: datetime) -> Look:
    """The proofs of all mailboxes, and `mailbox` even if it has never been proven since `born`."""

    async def look(world: World) -> list[Matter]:
        proofs = {mailbox: born} | await world.store.mails.last_proofs()
        return [_mailbox(name, proved_at, world) for name, proved_at in proofs.items()]

    return look


async def look_at_ledger(world: World) -> list[Matter]:
    """Batches that the ledger's webhook has not taken for an hour, or whose attempts are used up."""
    troubled = await world.store.measures.troubled_deliveries(world.clock.now() - UNTAKEN_AFTER)
    sentence = None
    if troubled:
        first, others = troubled[0], len(troubled) - 1
        more = f" (and {others} more)" if others else ""
        end = "given up" if first.status == "failed" else "still tried"
        sentence = (
            f"The ledger has not taken batch {first.number}{more} after {first.attempts} attempts: {first.problem} "
            f"It is {end}. No payment waits for it. Look at `countersign doctor`, then deliver it again on the "
            "console's page of exports."
        )
    return [
        Matter(
            name="ledger",
            heading="Ledger takes no batches",
            sentence=sentence,
            over="Ledger takes batches again",
            relief="Every batch that was to be delivered has been taken by the ledger.",
            again_after_s=SAID_SELDOM_S,
        )
    ]


async def look_at_backup(world: World) -> list[Matter]:
    """The alarm of a backup that failed: it is raised and ended by the backup itself, and told here."""
    return [
        Matter(
            name=alarm.name,
            heading="Backup failed",
            sentence=alarm.sentence,
            over="Backup taken",
            relief="The backup was taken.",
            again_after_s=SAID_SELDOM_S,
        )
        for alarm in await world.store.operations.alarms()
        if alarm.name == BACKUP_ALARM
    ]


def _mailbox(mailbox: str, proved_at: datetime, world: World) -> Matter:
    silent = world.clock.now() - proved_at > SILENT_AFTER
    return Matter(
        name=f"mailbox {mailbox}",
        heading="Mailbox is silent",
        sentence=_silence(mailbox, proved_at, world) if silent else None,
        over="Mailbox answers again",
        relief=f"The mailbox {mailbox} answers again. What came in meanwhile is being read.",
    )


def _silence(mailbox: str, proved_at: datetime, world: World) -> str:
    minutes = (world.clock.now() - proved_at).total_seconds() / 60
    last = f"{proved_at.astimezone(world.zone):%d %b %H:%M %Z}"
    return (
        f"The mailbox {mailbox} has not answered for {minutes:.0f} minutes (last at {last}), so no invoice comes in. "
        "Nothing is lost: mails wait on the server. Look at `countersign status` and `countersign doctor`."
    )
