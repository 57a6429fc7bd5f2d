"""Purchase orders as people keep them: listed, made and edited, each change with its version and its history."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from schema.errors import StaleError
from schema.history import NewHistory, Subject, differences
from schema.ids import PurchaseOrderId, VendorId
from schema.money import Money
from schema.orders import OrderCard, OrderFilter, OrderTerms
from schema.queries import load
from schema.store.history import record
from schema.store.master import order_facts
from schema.store.pool import Columns, Connection, Database, clean, like
from schema.vendors import Actor

SQL = load("orders")


class OrderStore:
    """Purchase orders, as the console reads and writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, which: OrderFilter, *, before: PurchaseOrderId | None, limit: int
    ) -> tuple[OrderCard, ...]:
        """Purchase orders, the newest first, those before one of them."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                SQL["page"], like(which.text), which.vendor, which.open, before, limit
            )
        return tuple(_to_card(row) for row in rows)

    async def card(self, order: PurchaseOrderId) -> OrderCard | None:
        """One purchase order."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["card"], order)
        return _to_card(row) if row else None

    async def add(
        self, number: str, vendor: VendorId, terms: OrderTerms, *, by: Actor, at: datetime
    ) -> PurchaseOrderId:
        """Make one; ConflictError when the number is taken, PermanentError when there is no such vendor."""
        async with self._database.transaction() as connection:
            return await add_order(connection, number, vendor, terms, by=by, at=at)

    async def edit(
        self, order: PurchaseOrderId, version: int, terms: OrderTerms, *, by: Actor, at: datetime
    ) -> None:
        """Change one; StaleError when it is at another version by now."""
        async with self._database.transaction() as connection:
            await edit_order(connection, order, version, terms, by=by, at=at)


async def add_order(
    connection: Connection, number: str, vendor: VendorId, terms: OrderTerms, *, by: Actor, at: datetime
) -> PurchaseOrderId:
    """Make a purchase order within a transaction."""
    order = PurchaseOrderId(uuid4())
    await connection.execute(
        SQL["add"],
        *(order, clean(number), vendor, terms.total.currency, terms.total.amount),
        *(clean(terms.description), terms.open, at),
    )
    after = await connection.fetchrow(SQL["lock"], order)
    assert after is not None
    await _tell(connection, order, "added", by, at, {}, order_facts(after))
    return order


async def edit_order(
    connection: Connection,
    order: PurchaseOrderId,
    version: int,
    terms: OrderTerms,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Edit a purchase order within a transaction; what changes nothing leaves no trace."""
    before = await connection.fetchrow(SQL["lock"], order)
    if before is None or before["version"] != version:
        raise StaleError(before["version"] if before else None)
    if _terms(before) == terms:
        return
    await connection.execute(
        SQL["edit"],
        *(order, terms.total.amount, terms.total.currency, clean(terms.description), terms.open, at),
    )
    after = await connection.fetchrow(SQL["lock"], order)
    assert after is not None
    await _tell(connection, order, "changed", by, at, order_facts(before), order_facts(after))


async def _tell(
    connection: Connection,
    order: PurchaseOrderId,
    what: str,
    by: Actor,
    at: datetime,
    was: dict[str, object],
    now: dict[str, object],
) -> None:
    entry = NewHistory(
        at=at,
        who=by.address,
        subject=Subject.PURCHASE_ORDER,
        subject_id=str(order),
        what=what,
        changes=differences(was, now),
    )
    await record(connection, entry)


def _terms(row: Columns) -> OrderTerms:
    total = Money(amount=row["total"], currency=row["currency"])
    return OrderTerms(total=total, description=row["description"], open=row["open"])


def _to_card(row: Columns) -> OrderCard:
    named = (
        *("id", "version", "number", "vendor_id", "vendor_name", "vendor_tax_id"),
        *("used", "created_at", "updated_at"),
    )
    return OrderCard.model_validate({name: row[name] for name in named} | {"terms": _terms(row)})
