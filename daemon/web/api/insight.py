"""How the street is doing: each number with its definition, and the invoices behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field

from daemon.web.api.access import Reader, WorldDep
from daemon.web.api.master_models import Answer
from daemon.web.api.masters import last_id, page_of
from daemon.web.api.paging import After, Limit, Page
from daemon.web.api.problems import problems
from handlers.world import World
from schema.ids import InvoiceId
from schema.insight import Habit, Insight, InsightLine, Measure, Span, Spend, Stay, Stop, VendorStops, Waiting
from schema.masking import mask
from schema.money import Money
from schema.states import State

router = APIRouter(prefix="/insight", tags=["insight"])

Days = Annotated[int, Query(ge=1, le=366, description="How many days back from now.")]

HABIT_OF: Final = 10
"""Answers from which on someone who only ever says yes, or in a blink, is worth a word."""

QUICK_S: Final = 10.0
"""Nobody reads a bank's page and its explanation in less."""

DEFINITIONS: Final[Mapping[Measure, str]] = {
    Measure.TOUCHLESS: (
        "Of the invoices paid in this time: those that were never held and about which nobody decided anything; "
        "the approval of the payment itself does not count as a touch."
    ),
    Measure.TIMES: (
        "How long invoices stood in each state that they left in this time: the median, and what one in twenty took "
        "longer than. A reminder or a letter does not end a stay."
    ),
    Measure.STOPS: (
        "Invoices held or rejected in this time, by the rule that did it; where it was no rule, by the step. "
        "An invoice stopped by two rules counts for both."
    ),
    Measure.VENDORS: "The vendors most of whose invoices were held or rejected in this time, at most 20.",
    Measure.APPROVERS: (
        "Who was asked in this time: the median from question to answer, and the share of yes among the answers. "
        f"`always_yes`: at least {HABIT_OF} answers, every one of them yes. `hasty`: at least {HABIT_OF} answers, "
        f"half of them within {QUICK_S:.0f} seconds."
    ),
    Measure.SPEND: (
        "What the provider charged for the newest question to the model about each invoice that came in this time; "
        "questions that were asked again count once."
    ),
    Measure.DUE: "Invoices that are neither paid nor turned away now, by the days to their due date.",
    Measure.MSME: (
        "Invoices of vendors in India that are neither paid nor turned away now, by the days since the invoice's date. "
        "A micro or small enterprise is to be paid within 15 days, or as agreed within at most 45 "
        "(MSMED Act 2006, s. 15), counted from acceptance, which is not known here. Which vendors are such "
        "enterprises is not known either."
    ),
}


class TouchlessAnswer(Answer):
    """The share of payments that nobody had to touch; null where nothing was paid."""

    share: Annotated[float | None, Field(ge=0, le=1)]
    touchless: int
    touched: int


class HabitAnswer(Habit):
    """An approver's habit; `yes_share` is null where nothing was answered."""

    yes_share: float | None
    always_yes: bool
    hasty: bool


class SpendAnswer(Answer):
    """What the model cost, in US dollars as text."""

    usd: str
    per_invoice_usd: str | None
    invoices: int
    unpriced: int


class WaitingAnswer(Answer):
    """Unpaid invoices of one row, with their sum where they have one currency."""

    key: str
    invoices: int
    total: Money | None


class InsightAnswer(Answer):
    """All numbers of a time. A row's `key`, with the name of its number, finds its invoices (`listInsightInvoices`)."""

    since: datetime
    until: datetime
    definitions: dict[Measure, str]
    touchless: TouchlessAnswer
    times: tuple[Stay, ...]
    stops: tuple[Stop, ...]
    vendors: tuple[VendorStops, ...]
    approvers: tuple[HabitAnswer, ...]
    spend: SpendAnswer
    due: tuple[WaitingAnswer, ...]
    msme: tuple[WaitingAnswer, ...]


@router.get("", operation_id="getInsight", summary="How the street is doing", responses=problems())
async def get_insight(_: Reader, world: WorldDep, days: Days = 30) -> InsightAnswer:
    """Every number of the last days with its definition."""
    span = _span(world, days)
    numbers = await world.store.insight.numbers(span)
    return InsightAnswer(
        since=span.since,
        until=span.until,
        definitions=dict(DEFINITIONS),
        touchless=_touchless(numbers),
        times=tuple(sorted(numbers.times, key=lambda stay: list(State).index(stay.key))),
        stops=numbers.stops,
        vendors=numbers.vendors,
        approvers=tuple(_habit(each) for each in numbers.approvers),
        spend=_spend(numbers.spend),
        due=tuple(_waiting(each) for each in numbers.due),
        msme=tuple(_waiting(each) for each in numbers.msme),
    )


@router.get(
    "/invoices",
    operation_id="listInsightInvoices",
    summary="The invoices behind a number",
    responses=problems(),
)
async def list_invoices(
    _: Reader,
    world: WorldDep,
    measure: Measure,
    key: Annotated[str, Query(max_length=300, description="The row's key; anything for `spend`.")] = "",
    days: Days = 30,
    limit: Limit = 50,
    after: After = None,
) -> Page[InsightLine]:
    """The invoices behind one row of a number, the newest first."""
    last = last_id(after)
    lines = await world.store.insight.invoices(
        measure, key, _span(world, days), before=InvoiceId(last) if last else None, limit=limit + 1
    )
    shown, following = page_of(lines, limit, lambda line: str(line.id))
    return Page(items=[_masked(line) for line in shown], next=following)


def _span(world: World, days: int) -> Span:
    now = world.clock.now()
    return Span(since=now - timedelta(days=days), until=now, today=now.astimezone(world.zone).date())


def _touchless(numbers: Insight) -> TouchlessAnswer:
    by_key = {each.key: each.invoices for each in numbers.touchless}
    without, touched = by_key.get("touchless", 0), by_key.get("touched", 0)
    paid = without + touched
    return TouchlessAnswer(share=without / paid if paid else None, touchless=without, touched=touched)


def _habit(habit: Habit) -> HabitAnswer:
    often = habit.answered >= HABIT_OF
    return HabitAnswer(
        **habit.model_dump(),
        yes_share=habit.approved / habit.answered if habit.answered else None,
        always_yes=often and habit.approved == habit.answered,
        hasty=often and habit.median_s is not None and habit.median_s < QUICK_S,
    )


def _spend(spend: Spend) -> SpendAnswer:
    each = spend.usd / spend.priced if spend.priced else None
    return SpendAnswer(
        usd=_plain(spend.usd),
        per_invoice_usd=None if each is None else _plain(each),
        invoices=spend.invoices,
        unpriced=spend.invoices - spend.priced,
    )


def _plain(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.000001')):f}"


def _waiting(waiting: Waiting) -> WaitingAnswer:
    total = None
    if waiting.currency is not None:
        like = Money(amount=Decimal(0), currency=waiting.currency)
        total = Money(amount=waiting.total.quantize(like.quantum), currency=waiting.currency)
    return WaitingAnswer(key=waiting.key, invoices=waiting.invoices, total=total)


def _masked(line: InsightLine) -> InsightLine:
    number = None if line.number is None else str(mask(line.number))
    return line.model_copy(update={"number": number, "reason": str(mask(line.reason))})
