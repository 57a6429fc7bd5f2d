"""Changes of bank details: proposed, called about, confirmed by another person, and only then in the master."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from schema.bank_change import (
    BankChange,
    Objection,
    ObjectionError,
    VendorNow,
    refuse_call,
    refuse_confirmation,
)
from schema.document import Frozen
from schema.errors import StaleError
from schema.history import Change, NewHistory, Subject, differences
from schema.ids import InvoiceId, VendorId
from schema.invoice import masked_account
from schema.queries import load
from schema.store.history import record
from schema.store.pool import Columns, Connection, Database, clean
from schema.vault import SealedAccount
from schema.vendors import Actor, BankDetails

SQL = load("bank_changes")

_NOT_AT_ONCE: Final = timedelta(0)


class PaymentConcern(Frozen):
    """What is the matter with the bank details of an invoice's live payment."""

    vendor: str
    changing: bool
    changed: bool
    blocked: bool


class BankChangeStore:
    """Changes of bank details; every step names the version of the change that its person has seen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def one(self, change: UUID) -> BankChange | None:
        """One change."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["one"], change)
        return to_change(row) if row else None

    async def of(self, vendor: VendorId) -> tuple[BankChange, ...]:
        """The changes of a vendor, the newest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["of_vendor"], vendor)
        return tuple(to_change(row) for row in rows)

    async def waiting(self, limit: int) -> tuple[tuple[str, BankChange], ...]:
        """All open changes with their vendors' names, the oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["waiting"], limit)
        return tuple((row["vendor_name"], to_change(row)) for row in rows)

    async def concern(self, invoice: InvoiceId) -> PaymentConcern | None:
        """What is the matter with an invoice's live payment; None when there is no payment."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["affects_payment"], invoice)
        if row is None:
            return None
        return PaymentConcern(
            vendor=row["name"], changing=row["changing"], changed=row["changed"], blocked=row["blocked"]
        )

    async def propose(
        self,
        vendor: VendorId,
        version: int,
        details: BankDetails,
        reason: str,
        *,
        by: Actor,
        at: datetime,
        cooling_off: timedelta,
    ) -> UUID:
        """Propose new details for the vendor as seen at `version`; from now on nothing is paid to it."""
        async with self._database.transaction() as connection:
            now = await connection.fetchrow(SQL["lock_vendor"], vendor)
            if now is None or now["version"] != version:
                raise StaleError(now["version"] if now else None)
            return await propose(connection, now, details, reason, by=by, at=at, cooling_off=cooling_off)

    async def call(
        self, change: UUID, version: int, person: str, note: str, *, by: Actor, at: datetime
    ) -> None:
        """Record that the vendor was called on the master's number and said yes."""
        async with self._database.transaction() as connection:
            before, now = await _lock(connection, change, version)
            refuse_call(before, _vendor_now(now), by, at)
            await connection.execute(
                SQL["call"],
                *(change, clean(person), now["phone"], at, by.id, by.address, clean(note)),
            )
            told = Change(field="called", before=None, after=f"{clean(person)} on {now['phone']}")
            await _tell(connection, before, "called about bank details", by, at, note=note, changes=(told,))

    async def confirm(self, change: UUID, version: int, note: str, *, by: Actor, at: datetime) -> None:
        """A second person puts the details into the master."""
        async with self._database.transaction() as connection:
            before, now = await _lock(connection, change, version)
            refuse_confirmation(before, _vendor_now(now), by, at)
            await connection.execute(SQL["close"], change, "confirmed", by.id, by.address, at, clean(note))
            assert await connection.fetchval(SQL["apply"], change) is not None
            changes = _changes(now, before.details)
            await _tell(connection, before, "bank details confirmed", by, at, note=note, changes=changes)

    async def reject(self, change: UUID, version: int, note: str, *, by: Actor, at: datetime) -> None:
        """End a change without effect; whoever proposed it may withdraw it so."""
        async with self._database.transaction() as connection:
            before, _ = await _lock(connection, change, version)
            if before.status != "open":
                raise ObjectionError(Objection.CLOSED)
            await connection.execute(SQL["close"], change, "rejected", by.id, by.address, at, clean(note))
            await _tell(connection, before, "bank details rejected", by, at, note=note)


async def propose_first(
    connection: Connection, vendor: VendorId, details: BankDetails, *, by: Actor, at: datetime
) -> UUID:
    """The very first details of a vendor that was just made wait for a second person too."""
    now = await connection.fetchrow(SQL["lock_vendor"], vendor)
    assert now is not None
    return await propose(connection, now, details, "A new vendor.", by=by, at=at, cooling_off=_NOT_AT_ONCE)


async def propose(
    connection: Connection,
    now: Columns,
    details: BankDetails,
    reason: str,
    *,
    by: Actor,
    at: datetime,
    cooling_off: timedelta,
) -> UUID:
    """Propose within a transaction that has locked the vendor's row `now`.

    What was never confirmed needs no cooling-off: nobody was paid there yet.
    """
    vendor, first = VendorId(now["id"]), not now["bank_confirmed"]
    if await connection.fetchrow(SQL["open_of"], vendor):
        raise ObjectionError(Objection.ALREADY_OPEN)
    changes = _changes(now, details)
    if not changes and not first:
        raise ObjectionError(Objection.NOTHING_NEW)
    change, sealed = uuid4(), details.account
    await connection.execute(
        SQL["propose"],
        *(change, vendor, "first" if first else "change", now["bank_version"], clean(details.beneficiary)),
        *(sealed.cipher, sealed.print, sealed.last4, details.routing, details.currency, details.country),
        *(clean(reason), by.id, by.address, at, at if first else at + cooling_off),
    )
    await connection.execute(SQL["call_payments_back"], vendor)
    entry = NewHistory(
        at=at,
        who=by.address,
        subject=Subject.VENDOR,
        subject_id=str(vendor),
        what="bank details proposed",
        note=reason,
        changes=changes,
    )
    await record(connection, entry)
    return change


async def _lock(connection: Connection, change: UUID, version: int) -> tuple[BankChange, Columns]:
    """The change and its vendor's row, both locked; StaleError when the change is at another version."""
    vendor = await connection.fetchrow(SQL["lock_vendor_of"], change)
    row = await connection.fetchrow(SQL["lock"], change)
    if vendor is None or row is None or row["version"] != version:
        raise StaleError(row["version"] if row else None)
    return to_change(row), vendor


def _vendor_now(row: Columns) -> VendorNow:
    return VendorNow.model_validate({name: row[name] for name in VendorNow.model_fields})


def _changes(now: Columns, details: BankDetails) -> tuple[Change, ...]:
    """What the details would change of the vendor's; the account masked."""
    was = {name: now[name] for name in ("beneficiary", "routing", "currency", "country")}
    changes = differences(was, {name: getattr(details, name) for name in was})
    if now["account_print"] == details.account.print:
        return changes
    account = Change(
        field="account", before=masked_account(now["account_last4"]), after=details.account.masked
    )
    return (*changes, account)


async def _tell(
    connection: Connection, change: BankChange, what: str, by: Actor, at: datetime, **told: Any
) -> None:
    entry = NewHistory(
        at=at, who=by.address, subject=Subject.VENDOR, subject_id=str(change.vendor_id), what=what, **told
    )
    await record(connection, entry)


def to_change(row: Columns) -> BankChange:
    """A row of `bank_changes`."""
    account = SealedAccount(
        cipher=row["account_cipher"], print=row["account_print"], last4=row["account_last4"]
    )
    details = BankDetails(
        beneficiary=row["beneficiary"],
        account=account,
        routing=row["routing"],
        currency=row["currency"],
        country=row["country"],
    )
    named = {name: row[name] for name in BankChange.model_fields if name != "details"}
    return BankChange.model_validate(named | {"details": details})
