"""Figures for who watches from outside: counts and times without a name, a sum of money or an id in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import asyncpg

from schema.document import Frozen
from schema.ids import InvoiceId
from schema.queries import load
from schema.states import State
from schema.store.pool import Database

SQL = load("measures")
F = TypeVar("F", bound=Frozen)


class Due(Frozen):
    """Invoices of one state whose step is due; `oldest_s` is how long the first of them waits."""

    state: State
    due: int
    oldest_s: float


class Failures(Frozen):
    """Invoices held because a step failed; `error` is the class of the failure."""

    step: str
    error: str
    invoices: int


class Stage(Frozen):
    """How long invoices stood in a state; seconds."""

    state: State
    stays: int
    p50_s: float
    p95_s: float


class ModelSpend(Frozen):
    """What one model cost, in US dollars as its provider reckons."""

    model: str
    answers: int
    usd: float


class Deliveries(Frozen):
    """Batches whose newest delivery stands so; `oldest_s` since the first of them was asked for."""

    status: str
    batches: int
    oldest_s: float


class TroubledDelivery(Frozen):
    """A batch that the ledger has not taken."""

    number: int
    status: str
    attempts: int
    problem: str
    asked_at: datetime


class Refused(Frozen):
    """What the door refused to let out, counted."""

    kind: str
    reason: str
    refused: int


class MeasureStore:
    """Counts and times; only the refusals are written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self) -> tuple[Due, ...]:
        """What is due now, by state."""
        return await self._all(Due, "due")

    async def held(self) -> dict[str, int]:
        """Rule id, or step where no rule spoke -> invoices held by it now."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["held"])
        return {row["key"]: row["value"] for row in rows}

    async def failures(self) -> tuple[Failures, ...]:
        """What is held now because a step failed or used up its attempts."""
        return await self._all(Failures, "failures")

    async def stages(self, since: datetime) -> tuple[Stage, ...]:
        """How long invoices stood in the states they left since a moment."""
        return await self._all(Stage, "stages", since)

    async def spend(self) -> tuple[ModelSpend, ...]:
        """What each model cost, the most asked first."""
        return await self._all(ModelSpend, "spend")

    async def deliveries(self) -> tuple[Deliveries, ...]:
        """How the batches stand with the ledger."""
        return await self._all(Deliveries, "deliveries")

    async def troubled_deliveries(self, before: datetime) -> tuple[TroubledDelivery, ...]:
        """Batches whose delivery was given up, or was asked for before a moment and is tried in vain."""
        return await self._all(TroubledDelivery, "troubled_deliveries", before)

    async def record_refusal(self, kind: str, reason: str, invoice: InvoiceId | None) -> None:
        """Count something that was not let out; `reason` is account, secret or code."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["record_refusal"], kind, reason, invoice)

    async def refusals(self) -> tuple[Refused, ...]:
        """What was ever refused, by kind and reason."""
        return await self._all(Refused, "refusals")

    async def applied(self) -> frozenset[str]:
        """The names of the migrations this database has seen; safe to ask of an empty one."""
        try:
            async with self._database.transaction() as connection:
                rows = await connection.fetch(SQL["applied"])
        except asyncpg.UndefinedTableError:
            return frozenset()
        return frozenset(row["name"] for row in rows)

    async def _all(self, form: type[F], query: str, *arguments: Any) -> tuple[F, ...]:
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL[query], *arguments)
        return tuple(form.model_validate(dict(row)) for row in rows)
