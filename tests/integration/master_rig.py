"""People, bank details and changes of them, for the tests of the vendor master."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from schema.bank_change import BankChange
from schema.ids import Address, VendorId
from schema.store.master import NewVendor
from schema.vault import Vault
from schema.vendors import Actor, BankDetails, VendorCard, VendorProfile
from tests.world import OTHER_ACCOUNT, TAX_ID, Town

MEERA = Actor(id=UUID(int=1), address=Address("meera@meridian.example"))
ARUN = Actor(id=UUID(int=2), address=Address("arun@meridian.example"))
ZOYA = Actor(id=UUID(int=3), address=Address("zoya@meridian.example"))
PHONE = "+912266001234"
DAY = timedelta(hours=24)


def details(vault: Vault, account: str = OTHER_ACCOUNT, **changed: str) -> BankDetails:
    usual = {
        "beneficiary": "Acme Industrial Supplies Pvt Ltd",
        "routing": "ICIC0000104",
        "currency": "INR",
        "country": "IN",
    }
    return BankDetails.model_validate({"account": vault.seal(account), **(usual | changed)})


async def acme(town: Town) -> VendorCard:
    vendor = await town.world.store.master.vendor_by_tax_id(TAX_ID)
    assert vendor is not None
    return await card(town, vendor.id)


async def card(town: Town, vendor: VendorId) -> VendorCard:
    found = await town.world.store.vendors.card(vendor)
    assert found is not None
    return found


async def with_phone(town: Town, phone: str = PHONE) -> VendorCard:
    """Acme with a number that Zoya wrote down two days ago."""
    vendor = await acme(town)
    profile = VendorProfile(name=vendor.name, aliases=vendor.aliases, phone=phone)
    await town.world.store.vendors.edit(
        vendor.id, vendor.version, profile, by=ZOYA, at=town.clock.now() - 2 * DAY
    )
    return await acme(town)


async def propose(town: Town, by: Actor = MEERA, **changed: Any) -> BankChange:
    vendor = await acme(town)
    world = town.world
    change = await world.store.bank_changes.propose(
        vendor.id,
        vendor.version,
        details(world.vault, **changed),
        "A letter of the vendor.",
        by=by,
        at=town.clock.now(),
        cooling_off=DAY,
    )
    return await look(town, change)


async def look(town: Town, change: UUID) -> BankChange:
    found = await town.world.store.bank_changes.one(change)
    assert found is not None
    return found


async def call(town: Town, change: BankChange, by: Actor = ARUN) -> BankChange:
    await town.world.store.bank_changes.call(
        change.id, change.version, "Mr Rao", "He confirmed it.", by=by, at=town.clock.now()
    )
    return await look(town, change.id)


async def confirm(town: Town, change: BankChange, by: Actor = ARUN) -> BankChange:
    await town.world.store.bank_changes.confirm(change.id, change.version, "", by=by, at=town.clock.now())
    return await look(town, change.id)


async def called_and_cooled(town: Town) -> BankChange:
    """A change to which nothing but the second person is missing."""
    await with_phone(town)
    change = await call(town, await propose(town))
    town.clock.pass_(hours=24)
    return change


async def operator_imports(town: Town, account: str) -> None:
    sealed = town.world.vault.seal(account)
    vendor = NewVendor(
        name="Acme Industrial Supplies Pvt Ltd",
        aliases=(),
        tax_id=TAX_ID,
        beneficiary="Acme Industrial Supplies Pvt Ltd",
        account=sealed,
        routing="HDFC0000485",
        currency="INR",
        country="IN",
        email=None,
    )
    await town.world.store.master.put_vendors([vendor])
