"""The change of keys in the database: every sealed account anew, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schema.document import Frozen
from schema.queries import load
from schema.store.pool import Connection, Database
from schema.vault import SealedAccount

SQL = load("keys")

Renew = Callable[[SealedAccount], SealedAccount]


class Renewed(Frozen):
    """How many were renewed; `under_way` payments keep the print of an old key until they are booked."""

    vendors: int
    payments: int
    invoices: int
    under_way: int


class KeyStore:
    """Reads and writes sealed accounts without opening them: `renew` does that."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def renew(self, renew: Renew) -> Renewed:
        """Renew every account whose seal is not the current one; safe to repeat, all or nothing."""
        async with self._database.transaction() as connection:
            vendors, invoices = await _renew_vendors(connection, renew)
            payments = await _renew_payments(connection, renew)
            await _renew_bank_changes(connection, renew)
            under_way = await connection.fetchval(SQL["old_prints_under_way"])
        return Renewed(vendors=vendors, payments=payments, invoices=invoices, under_way=under_way)


async def _renew_vendors(connection: Connection, renew: Renew) -> tuple[int, int]:
    vendors = invoices = 0
    for row in await connection.fetch(SQL["vendor_accounts"]):
        old = _sealed(row)
        new = renew(old)
        if new == old:
            continue
        await connection.execute(SQL["renew_vendor"], row["id"], new.cipher, new.print)
        if new.print != old.print:
            invoices += len(await connection.fetch(SQL["renew_printed"], old.print, new.print))
        vendors += 1
    return vendors, invoices


async def _renew_payments(connection: Connection, renew: Renew) -> int:
    payments = 0
    for row in await connection.fetch(SQL["payment_accounts"]):
        old = _sealed(row)
        new = renew(old)
        if new.cipher != old.cipher:
            await connection.execute(SQL["renew_payment"], row["id"], new.cipher)
            payments += 1
    return payments


async def _renew_bank_changes(connection: Connection, renew: Renew) -> None:
    for row in await connection.fetch(SQL["bank_change_accounts"]):
        old = _sealed(row)
        new = renew(old)
        if new != old:
            await connection.execute(SQL["renew_bank_change"], row["id"], new.cipher, new.print)


def _sealed(row: Any) -> SealedAccount:
    return SealedAccount(cipher=row["account_cipher"], print=row["account_print"], last4=row["account_last4"])
