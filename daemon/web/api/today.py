"""Today: who is waited for and since when, what needs review, money going out by day, and whether all runs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter

from daemon.condition import SILENT_AFTER
from daemon.web.api.access import Reader, WorldDep
from daemon.web.api.invoice_row import Answer, Sum, line, name, sum_of
from daemon.web.api.problems import problems
from handlers.world import World
from schema.store.operations import Alarm, Gauges

router = APIRouter(tags=["today"])

REVIEWED: Final = 10
"""Exceptions on the page of the day; the queue has the rest."""

PAID_DAYS: Final = 7
LATE_S: Final = 60.0
"""What is due is taken within seconds; after a minute, workers are missing or cannot keep up."""


class DayNumbers(Answer):
    """How many invoices stand where."""

    moving: int
    asked: int
    held: int
    paid_today: int


class WaitingRow(Answer):
    """A person who has not answered yet."""

    invoice_id: UUID
    number: str | None
    vendor: str | None
    total: Sum | None
    person: str
    since: datetime


class ReviewRow(Answer):
    """A held invoice."""

    invoice_id: UUID
    number: str | None
    vendor: str | None
    total: Sum | None
    since: datetime
    reason: str
    owner: str | None


class OutgoingRow(Answer):
    """Money of one day and currency."""

    day: date
    sum: Sum
    payments: int
    paid: bool
    simulated: bool


class MailboxRow(Answer):
    """A mailbox, and when it last surely answered."""

    name: str
    proved_at: datetime
    silent: bool


class ServiceRow(Answer):
    """A part of the house, and how it is."""

    name: str
    well: bool
    words: str


class PauseRow(Answer):
    """A stop of payments that holds now."""

    since: datetime
    reason: str


class Today(Answer):
    """The day at a glance."""

    counts: DayNumbers
    waiting: list[WaitingRow]
    review: list[ReviewRow]
    outgoing: list[OutgoingRow]
    mailboxes: list[MailboxRow]
    services: list[ServiceRow]
    pauses: list[PauseRow]
    simulated: bool


@router.get(
    "/today",
    operation_id="getToday",
    summary="The day at a glance",
    response_model=Today,
    responses=problems(),
)
async def today(_: Reader, world: WorldDep) -> Today:
    """Everything an owner looks for in the morning."""
    store, now = world.store, world.clock.now()
    midnight = _midnight(world)
    pauses = await store.operations.pauses()
    proofs = await store.mails.last_proofs()
    gauges, alarms = await store.operations.gauges(), await store.operations.alarms()
    return Today(
        counts=await day_numbers(world),
        waiting=[
            WaitingRow(
                **each.model_dump(include={"invoice_id", "person", "since"}),
                number=name(each.number),
                vendor=name(each.vendor),
                total=sum_of(each.total),
            )
            for each in await store.today.waiting()
        ],
        review=await _review(world),
        outgoing=await _outgoing(midnight - timedelta(days=PAID_DAYS), world),
        mailboxes=[
            MailboxRow(name=mailbox, proved_at=at, silent=now - at > SILENT_AFTER)
            for mailbox, at in proofs.items()
        ],
        services=_services(gauges, alarms),
        pauses=[PauseRow(since=each.paused_at, reason=line(each.sentence)) for each in pauses],
        simulated=await store.today.simulated(),
    )


async def day_numbers(world: World) -> DayNumbers:
    """How many invoices stand where now."""
    return DayNumbers(**(await world.store.today.counts(_midnight(world))).model_dump())


def _midnight(world: World) -> datetime:
    return datetime.combine(world.clock.now().astimezone(world.zone).date(), time.min, world.zone)


async def _review(world: World) -> list[ReviewRow]:
    lines = await world.store.invoices.exceptions(
        owner=None, nobodys=False, group=None, after=None, limit=REVIEWED
    )
    return [
        ReviewRow(
            invoice_id=each.id,
            number=name(each.number or each.document),
            vendor=name(each.vendor),
            total=sum_of(each.total),
            since=each.since,
            reason=line(each.reason),
            owner=each.owner.name if each.owner else None,
        )
        for each in lines
    ]


async def _outgoing(since: datetime, world: World) -> list[OutgoingRow]:
    rows = []
    for each in await world.store.today.outgoing(since, world.zone):
        total = sum_of(each.sum)
        assert total is not None
        rows.append(
            OutgoingRow(**each.model_dump(include={"day", "payments", "paid", "simulated"}), sum=total)
        )
    return rows


def _services(gauges: Gauges, alarms: tuple[Alarm, ...]) -> list[ServiceRow]:
    late = gauges.oldest_due_s is not None and gauges.oldest_due_s > LATE_S
    waits = f"{gauges.due} due" if gauges.due else "nothing due"
    words = f"{waits}, {gauges.claimed} at work" + (
        f"; the oldest since {gauges.oldest_due_s:.0f} s" if late else ""
    )
    return [
        ServiceRow(name="Database", well=True, words="answers"),
        ServiceRow(name="Workers", well=not late, words=words),
        *(ServiceRow(name=each.name, well=False, words=line(each.sentence)) for each in alarms),
    ]
