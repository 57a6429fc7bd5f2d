"""CSV files in two steps: looked up row by row, kept sealed, then written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from schema.errors import PermanentError
from schema.ids import Sha256
from schema.imports import GOOD_FOR, Does, Kind, OrderPlan, VendorPlan
from schema.queries import load
from schema.store.bank_changes import propose
from schema.store.orders import add_order, edit_order
from schema.store.pool import Connection, Database
from schema.store.vendors import add_vendor, edit_vendor
from schema.vendors import Actor

SQL = load("imports")


class ImportStore:
    """Checked files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def vendors_now(self, tax_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The rows of these vendors by tax id, each with `open_change`."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["vendors_by_tax_ids"], list(tax_ids))
        return {row["tax_id"]: dict(row) for row in rows}

    async def orders_now(self, numbers: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The rows of these purchase orders by number."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["orders_by_numbers"], list(numbers))
        return {row["number"]: dict(row) for row in rows}

    async def keep(
        self, kind: Kind, sha256: Sha256, plans: Sequence[VendorPlan | OrderPlan], *, by: Actor, at: datetime
    ) -> None:
        """Keep what a file would do, so that it can be done by the file's hash."""
        rows = [plan.model_dump(mode="json") for plan in plans]
        async with self._database.transaction() as connection:
            await connection.execute(SQL["keep"], kind, sha256, by.id, at, rows)

    async def write_vendors(
        self, sha256: Sha256, reason: str, *, by: Actor, at: datetime, cooling_off: timedelta
    ) -> tuple[VendorPlan, ...] | None:
        """Do what a checked file says; None when this person checked none, StaleError when the master moved on."""
        async with self._database.transaction() as connection:
            rows = await _take(connection, Kind.VENDORS, sha256, by, at)
            if rows is None:
                return None
            plans = tuple(VendorPlan.model_validate(row) for row in rows)
            for plan in sorted(plans, key=lambda each: each.tax_id):  # locked in one order by everybody
                await _write_vendor(connection, plan, reason, by, at, cooling_off)
        return plans

    async def write_orders(self, sha256: Sha256, *, by: Actor, at: datetime) -> tuple[OrderPlan, ...] | None:
        """Do what a checked file says; None when this person checked none, StaleError when the master moved on."""
        async with self._database.transaction() as connection:
            rows = await _take(connection, Kind.PURCHASE_ORDERS, sha256, by, at)
            if rows is None:
                return None
            plans = tuple(OrderPlan.model_validate(row) for row in rows)
            for plan in sorted(plans, key=lambda each: each.number):
                await _write_order(connection, plan, by, at)
        return plans


async def _take(
    connection: Connection, kind: Kind, sha256: Sha256, by: Actor, at: datetime
) -> list[Any] | None:
    rows: list[Any] | None = await connection.fetchval(SQL["take"], kind, sha256, by.id, at - GOOD_FOR)
    return rows


async def _write_vendor(
    connection: Connection, plan: VendorPlan, reason: str, by: Actor, at: datetime, cooling_off: timedelta
) -> None:
    if Does.ADD in plan.does:
        await add_vendor(connection, plan.tax_id, plan.profile, plan.bank, by=by, at=at)
        return
    if not plan.does:
        return
    assert plan.vendor_id is not None
    assert plan.version is not None
    # Locks the row and compares the version, also where only bank details are proposed.
    await edit_vendor(connection, plan.vendor_id, plan.version, plan.profile, by=by, at=at)
    if Does.PROPOSE in plan.does:
        now = await connection.fetchrow(SQL["lock_for_proposal"], plan.vendor_id)
        assert now is not None
        await propose(connection, now, plan.bank, reason, by=by, at=at, cooling_off=cooling_off)


async def _write_order(connection: Connection, plan: OrderPlan, by: Actor, at: datetime) -> None:
    if Does.ADD in plan.does:
        await add_order(connection, plan.number, plan.vendor_id, plan.terms, by=by, at=at)
    elif plan.does:
        if plan.order_id is None or plan.version is None:
            raise PermanentError("bug: a row changes a purchase order that it does not name")
        await edit_order(connection, plan.order_id, plan.version, plan.terms, by=by, at=at)
