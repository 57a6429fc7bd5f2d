"""A vendor's bank details change by two people, a call and a wait; nobody is paid to the wrong ones meanwhile."""

from __future__ import annotations

import asyncio
import base64

import asyncpg
import pytest

from schema.bank_change import Objection, ObjectionError
from schema.errors import CountersignError, PermanentError, StaleError
from schema.ids import Address
from schema.states import State
from schema.vault import Vault, new_master_key
from schema.vendors import Actor, VendorProfile
from tests.integration.master_rig import (
    ARUN,
    MEERA,
    PHONE,
    ZOYA,
    acme,
    call,
    called_and_cooled,
    card,
    confirm,
    details,
    look,
    operator_imports,
    propose,
    with_phone,
)
from tests.world import ACCOUNT, OTHER_ACCOUNT, TAX_ID, Town, bring, fields, only, walk


async def test_two_people_a_call_and_a_day_change_where_money_goes(town: Town) -> None:
    await confirm(town, await called_and_cooled(town))
    vendor = await town.world.store.master.vendor_by_tax_id(TAX_ID)
    assert vendor is not None
    assert town.world.vault.open(vendor.account) == OTHER_ACCOUNT
    assert (vendor.routing, vendor.changing) == ("ICIC0000104", False)


async def test_until_it_is_confirmed_the_master_says_what_it_said(town: Town) -> None:
    await called_and_cooled(town)
    vendor = await town.world.store.master.vendor_by_tax_id(TAX_ID)
    assert vendor is not None
    assert town.world.vault.open(vendor.account) == ACCOUNT


@pytest.mark.parametrize("step", [call, confirm])
async def test_whoever_proposed_it_is_refused_for(town: Town, step: object) -> None:
    change = await called_and_cooled(town)
    with pytest.raises(ObjectionError) as refused:
        await step(town, change, by=MEERA)  # type: ignore[operator]
    assert refused.value.objection is Objection.SAME_PERSON


async def test_it_cannot_be_confirmed_before_the_wait_is_over(town: Town) -> None:
    change = await called_and_cooled(town)
    town.clock.pass_(seconds=-1)
    with pytest.raises(ObjectionError) as refused:
        await confirm(town, change)
    assert refused.value.objection is Objection.COOLING_OFF


async def test_it_cannot_be_confirmed_without_a_call(town: Town) -> None:
    await with_phone(town)
    change = await propose(town)
    town.clock.pass_(hours=24)
    with pytest.raises(ObjectionError) as refused:
        await confirm(town, change)
    assert refused.value.objection is Objection.NOT_CALLED


async def test_a_vendor_without_a_number_cannot_be_called(town: Town) -> None:
    with pytest.raises(ObjectionError) as refused:
        await call(town, await propose(town))
    assert refused.value.objection is Objection.NO_PHONE


async def new_number(town: Town, by: Actor) -> None:
    vendor = await acme(town)
    profile = VendorProfile(name=vendor.name, phone="+919999999999")
    await town.world.store.vendors.edit(vendor.id, vendor.version, profile, by=by, at=town.clock.now())


@pytest.mark.parametrize(("by", "hours"), [(ZOYA, 23), (MEERA, 29 * 24)])
async def test_a_number_that_is_too_new_does_not_count(town: Town, by: Actor, hours: int) -> None:
    await new_number(town, by)
    change = await propose(town)
    town.clock.pass_(hours=hours)
    with pytest.raises(ObjectionError) as refused:
        await call(town, change)
    assert refused.value.objection is Objection.NEW_PHONE


async def test_a_number_changed_after_the_call_ends_the_change(town: Town) -> None:
    change = await called_and_cooled(town)
    await new_number(town, ZOYA)
    with pytest.raises(ObjectionError) as refused:
        await confirm(town, await look(town, change.id))
    assert refused.value.objection is Objection.DETAILS_CHANGED


async def test_a_vendor_edited_meanwhile_is_looked_at_again(town: Town) -> None:
    change = await called_and_cooled(town)
    vendor = await acme(town)
    renamed = VendorProfile(name="Acme Holdings", phone=PHONE)
    await town.world.store.vendors.edit(vendor.id, vendor.version, renamed, by=ZOYA, at=town.clock.now())
    with pytest.raises(StaleError):
        await confirm(town, change)
    assert (await confirm(town, await look(town, change.id))).status == "confirmed"


async def test_a_change_of_details_that_are_others_by_now_is_refused(town: Town) -> None:
    change = await called_and_cooled(town)
    await operator_imports(town, "112233445566")
    with pytest.raises(ObjectionError) as refused:
        await confirm(town, change)
    assert refused.value.objection is Objection.DETAILS_CHANGED


async def test_of_two_confirmations_at_once_one_counts(town: Town) -> None:
    change = await called_and_cooled(town)
    done = await asyncio.gather(
        *(confirm(town, change, by=who) for who in (ARUN, ZOYA, ARUN, ZOYA)), return_exceptions=True
    )
    assert sum(not isinstance(each, BaseException) for each in done) == 1
    assert {type(each) for each in done if isinstance(each, BaseException)} <= {StaleError, ObjectionError}
    assert (await acme(town)).version == 3


async def test_of_two_proposals_at_once_one_counts(town: Town) -> None:
    done = await asyncio.gather(propose(town), propose(town, by=ARUN), return_exceptions=True)
    refused = [each for each in done if isinstance(each, ObjectionError)]
    assert [each.objection for each in refused] == [Objection.ALREADY_OPEN]


async def test_a_rejected_change_changes_nothing_and_stays_rejected(town: Town) -> None:
    change = await called_and_cooled(town)
    await town.world.store.bank_changes.reject(
        change.id, change.version, "Fraud.", by=MEERA, at=town.clock.now()
    )
    with pytest.raises(ObjectionError) as refused:
        await confirm(town, await look(town, change.id))
    assert refused.value.objection is Objection.CLOSED
    assert (await acme(town)).account_last4 == ACCOUNT[-4:]


async def test_the_same_details_are_no_change(town: Town) -> None:
    with pytest.raises(ObjectionError) as refused:
        await propose(town, account=ACCOUNT, routing="HDFC0000485")
    assert refused.value.objection is Objection.NOTHING_NEW


FORBIDDEN = {
    "its proposer confirms": "closed_by = proposed_by, closed_by_address = 'x', closed_at = not_before",
    "it is confirmed early": (
        "closed_by = gen_random_uuid(), closed_by_address = 'x', closed_at = not_before - interval '1 second'"
    ),
    "it goes to another account": "account_last4 = '0000', status = 'open'",
    "it goes to another branch": "routing = 'ICIC0000999', status = 'open'",
    "its proposer is another": "proposed_by = gen_random_uuid(), status = 'open'",
    "it waited never": "not_before = proposed_at, status = 'open'",
    "its call was another": "called_person = 'Nobody', status = 'open'",
}


@pytest.mark.parametrize("what", FORBIDDEN)
async def test_the_database_refuses_when(town: Town, database_url: str, what: str) -> None:
    await called_and_cooled(town)
    sets = FORBIDDEN[what] if "status" in FORBIDDEN[what] else FORBIDDEN[what] + ", status = 'confirmed'"
    connection = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute(f"update bank_changes set {sets}")
    await connection.close()


async def test_the_database_refuses_a_confirmation_without_a_call(town: Town, database_url: str) -> None:
    await propose(town)
    connection = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.CheckViolationError, match="bank_changes_need_a_call"):
        await connection.execute(
            "update bank_changes set status = 'confirmed', closed_by = gen_random_uuid(), "
            "closed_by_address = 'x', closed_at = not_before"
        )
    await connection.close()


async def made(town: Town, by: Actor = MEERA) -> object:
    profile = VendorProfile(name="Nova Prints")
    return await town.world.store.vendors.add(
        "29AAGCB7383J1Z4", profile, details(town.world.vault), by=by, at=town.clock.now()
    )


async def test_a_new_vendor_is_not_paid_before_a_second_person_has_seen_it(town: Town) -> None:
    vendor = await made(town)
    town.reader.fields = fields(
        seller_name="Nova Prints",
        seller_tax_id="29AAGCB7383J1Z4",
        account=OTHER_ACCOUNT,
        ifsc="ICIC0000104",
        po_number=None,
    )
    await bring(town, b"one")
    assert set((await walk(town)).values()) == {State.HELD}
    (change,) = await town.world.store.bank_changes.of(vendor)  # type: ignore[arg-type]
    assert change.kind == "first"
    with pytest.raises(ObjectionError):
        await confirm(town, change, by=MEERA)
    await confirm(town, change, by=ARUN)
    await town.world.store.street.decide(
        await only(town), State.EXTRACTED, actor="arun", note="Known.", at=town.clock.now()
    )
    assert set((await walk(town)).values()) == {State.ASKED}


async def test_a_new_vendor_that_was_rejected_stays_unpaid_whatever_else_is_changed(town: Town) -> None:
    vendor = await made(town)
    (change,) = await town.world.store.bank_changes.of(vendor)  # type: ignore[arg-type]
    await town.world.store.bank_changes.reject(change.id, change.version, "", by=ARUN, at=town.clock.now())
    now = await card(town, vendor)  # type: ignore[arg-type]
    for blocked in (True, False):
        now = await card(town, now.id)
        await town.world.store.vendors.block(
            now.id, now.version, blocked=blocked, reason="x", by=MEERA, at=town.clock.now()
        )
    found = await town.world.store.master.vendor(now.id)
    assert found is not None
    assert found.changing


async def test_a_proposed_number_does_not_leave_the_house(town: Town) -> None:
    await propose(town)
    await town.world.guard.refresh(town.world.store)
    with pytest.raises(CountersignError):
        town.world.guard.text(f"Pay to {OTHER_ACCOUNT}.")


async def test_nobody_may_take_a_change_away(town: Town, database_url: str) -> None:
    await propose(town)
    connection = await asyncpg.connect(database_url)
    for statement in ("delete from bank_changes", "truncate bank_changes", "update history set who = 'x'"):
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(statement)
    await connection.close()


async def test_the_whole_change_is_on_the_history_and_no_number_is(town: Town) -> None:
    change = await confirm(town, await called_and_cooled(town))
    entries = await town.world.store.history.of("vendor", str(change.vendor_id), before=None, limit=10)  # type: ignore[arg-type]
    assert [each.what for each in entries] == [
        "bank details confirmed",
        "called about bank details",
        "bank details proposed",
        "changed",
        "imported",
    ]
    assert [each.who for each in entries[:3]] == [ARUN.address, ARUN.address, MEERA.address]
    told = " ".join(each.model_dump_json() for each in entries)
    assert ACCOUNT not in told
    assert OTHER_ACCOUNT not in told
    assert "XXXXXX5544" in told


def _with_another_key(town: Town) -> Vault:
    """A vault of a new key that still reads what the town's own has sealed."""
    old = base64.b64encode(town.world.vault._ring._master).decode()
    return Vault(new_master_key(), [old])


async def test_a_new_master_key_seals_waiting_and_past_details_anew(town: Town) -> None:
    await confirm(town, await called_and_cooled(town))
    await propose(town, account="112233445566")
    renewed = _with_another_key(town)
    await town.world.store.keys.renew(renewed.renewed)
    changes = await town.world.store.bank_changes.of((await acme(town)).id)
    assert [renewed.open(each.details.account) for each in changes] == ["112233445566", OTHER_ACCOUNT]
    assert all(renewed.is_current(each.details.account) for each in changes)


async def test_a_stale_edit_is_refused(town: Town) -> None:
    vendor = await with_phone(town)
    with pytest.raises(StaleError) as refused:
        await town.world.store.vendors.edit(
            vendor.id, vendor.version - 1, VendorProfile(name="Other"), by=MEERA, at=town.clock.now()
        )
    assert refused.value.version == vendor.version


async def test_a_change_of_two_addresses_of_one_person_is_still_of_one_person(town: Town) -> None:
    change = await called_and_cooled(town)
    renamed = Actor(id=MEERA.id, address=Address("m.sharma@meridian.example"))
    with pytest.raises(PermanentError):
        await confirm(town, change, by=renamed)
