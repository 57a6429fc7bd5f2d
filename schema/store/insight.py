"""How the street is doing, asked of the record itself; reads only."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import BaseModel

from schema.ids import InvoiceId
from schema.insight import (
    Habit,
    Insight,
    InsightLine,
    Measure,
    Span,
    Spend,
    Stay,
    Stop,
    Touchless,
    VendorStops,
    Waiting,
)
from schema.money import Money
from schema.queries import load
from schema.store.pool import Columns, Connection, Database

SQL = load("insight")
M = TypeVar("M", bound=BaseModel)

MOST_VENDORS: Final = 20


class InsightStore:
    """Numbers, and the invoices behind them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def numbers(self, span: Span) -> Insight:
        """All numbers of a time, in one transaction."""
        during = (span.since, span.until)
        async with self._database.transaction() as connection:
            spend = await connection.fetchrow(SQL["spend"], *during)
            assert spend is not None
            return Insight(
                touchless=await _rows(connection, Touchless, "touchless", *during),
                times=await _rows(connection, Stay, "stays", *during),
                stops=await _rows(connection, Stop, "stops", *during),
                vendors=await _rows(connection, VendorStops, "vendors", *during, MOST_VENDORS),
                approvers=await _rows(connection, Habit, "approvers", *during),
                spend=Spend.model_validate(dict(spend)),
                due=await _rows(connection, Waiting, "due", span.today),
                msme=await _rows(connection, Waiting, "msme", span.today),
            )

    async def invoices(
        self, measure: Measure, key: str, span: Span, *, before: InvoiceId | None, limit: int
    ) -> tuple[InsightLine, ...]:
        """The invoices behind one row of a number, the newest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                SQL["invoices"], measure, key, span.since, span.until, span.today, before, limit
            )
        return tuple(_to_line(row) for row in rows)


async def _rows(connection: Connection, model: type[M], query: str, *values: Any) -> tuple[M, ...]:
    return tuple(model.model_validate(dict(row)) for row in await connection.fetch(SQL[query], *values))


def _to_line(row: Columns) -> InsightLine:
    known = row["total"] is not None and row["currency"] is not None
    return InsightLine(
        id=row["id"],
        number=row["invoice_number"],
        vendor=row["vendor_name"],
        total=Money(amount=row["total"], currency=row["currency"]) if known else None,
        state=row["state"],
        reason=row["reason"],
        created_at=row["created_at"],
        simulated=row["simulated"],
    )
