"""How the street is doing: the console's numbers, each row with the key by which its invoices are found."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from schema.document import Frozen
from schema.ids import InvoiceId
from schema.money import Money
from schema.states import State


class Measure(StrEnum):
    """One table of numbers."""

    TOUCHLESS = "touchless"
    TIMES = "times"
    STOPS = "stops"
    VENDORS = "vendors"
    APPROVERS = "approvers"
    SPEND = "spend"
    DUE = "due"
    MSME = "msme"


class Span(Frozen):
    """The time that is looked at, and today's date where the house is."""

    since: datetime
    until: datetime
    today: date


class Touchless(Frozen):
    """How many were paid with a hold or a decision, and how many without."""

    key: str
    invoices: int


class Stay(Frozen):
    """How long invoices stood in a state, in seconds: the median, and what one in twenty took longer than."""

    key: State
    stays: int
    p50_s: float
    p95_s: float


class Stop(Frozen):
    """A rule, or a step, and how many invoices it stopped."""

    key: str
    invoices: int


class VendorStops(Frozen):
    """A vendor, how many invoices of it came and how many were stopped."""

    key: str
    name: str
    invoices: int
    stopped: int


class Habit(Frozen):
    """How an approver answers; `median_s` is None where nothing was answered."""

    key: str
    name: str
    asked: int
    answered: int
    approved: int
    median_s: float | None


class Spend(Frozen):
    """What the model cost, in US dollars; `priced` is how many exchanges came with a price."""

    invoices: int
    priced: int
    usd: Decimal


class Waiting(Frozen):
    """Unpaid invoices of one row and one currency; `currency` is None where none was read."""

    key: str
    currency: str | None
    invoices: int
    total: Decimal


class Insight(Frozen):
    """All numbers of one time."""

    touchless: tuple[Touchless, ...]
    times: tuple[Stay, ...]
    stops: tuple[Stop, ...]
    vendors: tuple[VendorStops, ...]
    approvers: tuple[Habit, ...]
    spend: Spend
    due: tuple[Waiting, ...]
    msme: tuple[Waiting, ...]


class InsightLine(Frozen):
    """An invoice behind a number."""

    id: InvoiceId
    number: str | None
    vendor: str | None
    total: Money | None
    state: State
    reason: str
    created_at: datetime
    simulated: bool
