"""Vendors as people keep them: listed, made, edited and blocked, each change with its version and its history."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from schema.errors import StaleError
from schema.history import NewHistory, Subject
from schema.ids import VendorId
from schema.queries import load
from schema.store.bank_changes import propose_first
from schema.store.history import record
from schema.store.master import name_key, vendor_changes
from schema.store.pool import Columns, Connection, Database, clean, like
from schema.vendors import Actor, BankDetails, VendorCard, VendorFilter, VendorProfile

SQL = load("vendors")


class VendorStore:
    """The vendor master, as the console reads and writes it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, which: VendorFilter, *, after: VendorId | None, limit: int
    ) -> tuple[VendorCard, ...]:
        """Vendors in the order of their names, those after one of them."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                SQL["page"], like(which.text), which.blocked, which.changing, after, limit
            )
        return tuple(to_card(row) for row in rows)

    async def card(self, vendor: VendorId) -> VendorCard | None:
        """One vendor."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["card"], vendor)
        return to_card(row) if row else None

    async def add(
        self, tax_id: str, profile: VendorProfile, bank: BankDetails, *, by: Actor, at: datetime
    ) -> VendorId:
        """Make a vendor whose bank details wait for a second person; ConflictError when the tax id is taken."""
        async with self._database.transaction() as connection:
            return await add_vendor(connection, tax_id, profile, bank, by=by, at=at)

    async def edit(
        self, vendor: VendorId, version: int, profile: VendorProfile, *, by: Actor, at: datetime
    ) -> None:
        """Change what one person may change; StaleError when it is at another version by now."""
        async with self._database.transaction() as connection:
            await edit_vendor(connection, vendor, version, profile, by=by, at=at)

    async def block(
        self, vendor: VendorId, version: int, *, blocked: bool, reason: str, by: Actor, at: datetime
    ) -> None:
        """Stop paying a vendor, or pay it again; StaleError when it is at another version by now."""
        async with self._database.transaction() as connection:
            await lock_vendor(connection, vendor, version)
            await connection.fetchrow(SQL["block"], vendor, blocked, at)
            what = "blocked" if blocked else "unblocked"
            await _tell(connection, vendor, what, by, at, note=reason)


async def lock_vendor(connection: Connection, vendor: VendorId, version: int) -> dict[str, Any]:
    """The vendor's row, locked; StaleError when it is not at `version`."""
    row = await connection.fetchrow(SQL["lock"], vendor)
    if row is None or row["version"] != version:
        raise StaleError(row["version"] if row else None)
    return dict(row)


async def add_vendor(
    connection: Connection, tax_id: str, profile: VendorProfile, bank: BankDetails, *, by: Actor, at: datetime
) -> VendorId:
    """Make a vendor within a transaction."""
    row = await connection.fetchrow(
        SQL["add"],
        *(uuid4(), *_profile(profile)[:4], clean(tax_id), clean(bank.beneficiary)),
        *(bank.account.cipher, bank.account.print, bank.account.last4, bank.routing, bank.currency),
        *(bank.country, profile.email, profile.phone, at, by.id),
    )
    assert row is not None
    vendor = VendorId(row["id"])
    await _tell(connection, vendor, "added", by, at, changes=vendor_changes(None, dict(row)))
    await propose_first(connection, vendor, bank, by=by, at=at)
    return vendor


async def edit_vendor(
    connection: Connection, vendor: VendorId, version: int, profile: VendorProfile, *, by: Actor, at: datetime
) -> None:
    """Edit a vendor within a transaction; what changes nothing leaves no trace."""
    before = await lock_vendor(connection, vendor, version)
    name, key, keys, aliases = _profile(profile)
    wanted = before | {"name": name, "aliases": aliases, "email": profile.email, "phone": profile.phone}
    changes = vendor_changes(before, wanted)
    if changes:
        await connection.fetchrow(
            SQL["edit"], vendor, name, key, aliases, keys, profile.email, profile.phone, at, by.id
        )
        await _tell(connection, vendor, "changed", by, at, changes=changes)


async def _tell(
    connection: Connection, vendor: VendorId, what: str, by: Actor, at: datetime, **told: Any
) -> None:
    entry = NewHistory(
        at=at, who=by.address, subject=Subject.VENDOR, subject_id=str(vendor), what=what, **told
    )
    await record(connection, entry)


def _profile(profile: VendorProfile) -> tuple[str, str, list[str], list[str]]:
    """Name, its key, the aliases' keys, the aliases."""
    aliases = [clean(alias) for alias in profile.aliases]
    return clean(profile.name), name_key(profile.name), [name_key(alias) for alias in aliases], aliases


def to_card(row: Columns) -> VendorCard:
    """A row of the queries `page` and `card`."""
    return VendorCard.model_validate({name: row[name] for name in VendorCard.model_fields})
