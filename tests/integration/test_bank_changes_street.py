"""While a vendor's bank details change nothing is paid to it, wherever its invoices were when it began."""

from __future__ import annotations

import pytest

from handlers.advance import advance
from schema.approval import Verdict
from schema.states import DUE, State
from tests.integration.master_rig import (
    ARUN,
    MEERA,
    acme,
    call,
    called_and_cooled,
    confirm,
    operator_imports,
    propose,
    with_phone,
)
from tests.world import ACCOUNT, OTHER_ACCOUNT, Town, bring, due_now, fields, only, reason, say, walk

CHANGING = "New bank details of Acme Industrial Supplies Pvt Ltd wait for a second person"


async def test_an_invoice_that_comes_while_details_change_is_held_by_its_rule(town: Town) -> None:
    await propose(town)
    await bring(town, b"one")
    await walk(town)
    invoice = await town.world.store.street.invoice(await only(town))
    assert invoice is not None
    assert [each.rule for each in invoice.findings if each.severity == "hold"] == ["bank_details_changing"]


async def test_what_was_asked_before_is_held_at_once(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    await propose(town)
    assert set((await walk(town)).values()) == {State.HELD}
    assert CHANGING in await reason(town)


@pytest.mark.parametrize("state", [State.CLEARED, State.PREPARED])
async def test_what_was_prepared_before_is_held_in(town: Town, state: State) -> None:
    await bring(town, b"one")
    invoice = await only(town)
    for at in (State.RECEIVED, State.EXTRACTED, State.ASSESSED, State.CLEARED, State.PREPARED):
        if at is state:
            await propose(town)
        await advance(invoice, DUE[at].job, town.world)
    assert CHANGING in await reason(town)
    assert town.messenger.asked == []


async def test_what_was_approved_before_is_not_paid(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    await propose(town)
    assert set((await walk(town)).values()) == {State.HELD}
    assert town.bank.submits == 0


async def test_what_was_approved_for_old_details_is_not_paid_to_them_after_the_change(town: Town) -> None:
    change = await called_and_cooled(town)
    await town.world.store.bank_changes.reject(change.id, change.version, "", by=ARUN, at=town.clock.now())
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    change = await call(town, await propose(town))
    town.clock.pass_(hours=24)
    await confirm(town, change)
    assert set((await walk(town)).values()) == {State.HELD}
    assert town.bank.submits == 0


async def test_an_import_of_other_details_by_the_operator_stops_what_was_approved(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    await operator_imports(town, OTHER_ACCOUNT)
    assert set((await walk(town)).values()) == {State.HELD}
    assert "others than those this was prepared for" in await reason(town)


async def test_the_same_details_imported_again_stop_nothing(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    await operator_imports(town, ACCOUNT)
    assert set((await walk(town)).values()) == {State.CLOSED}


async def intended(town: Town) -> None:
    """One invoice whose intent is on record and whose click is due."""
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    await advance(await only(town), DUE[State.APPROVED].job, town.world)


async def test_what_is_intended_waits_while_details_change_and_goes_on_when_they_do_not(town: Town) -> None:
    await intended(town)
    change = await propose(town)
    assert set((await walk(town)).values()) == {State.PAYING}
    assert town.bank.submits == 0
    await town.world.store.bank_changes.reject(change.id, change.version, "", by=ARUN, at=town.clock.now())
    await due_now(town, await only(town))
    assert set((await walk(town)).values()) == {State.CLOSED}


async def test_a_click_that_meets_a_proposal_on_its_way_is_not_made(town: Town) -> None:
    await intended(town)
    find = town.bank.find

    async def find_late(transfer: object) -> object:
        receipt = await find(transfer)  # type: ignore[arg-type]
        town.world.store.bank_changes.concern = no_concern  # type: ignore[method-assign]
        await propose(town)
        return receipt

    async def no_concern(invoice: object) -> None:
        return None

    town.bank.find = find_late  # type: ignore[assignment, method-assign]
    await walk(town)
    assert town.bank.submits == 0
    assert town.bank.ledger == {}


async def test_after_the_change_the_invoice_goes_on_with_the_new_details(town: Town) -> None:
    town.reader.fields = fields(account=OTHER_ACCOUNT, ifsc="ICIC0000104")
    await with_phone(town)
    change = await call(town, await propose(town))
    await bring(town, b"one")
    await walk(town)
    town.clock.pass_(hours=24)
    await confirm(town, change)
    await town.world.store.street.decide(
        await only(town), State.EXTRACTED, actor="arun", note="Changed.", at=town.clock.now()
    )
    await walk(town)
    await say(town, Verdict.APPROVE, index=len(town.messenger.asked) - 1)
    assert set((await walk(town)).values()) == {State.CLOSED}
    (receipt,) = town.bank.ledger.values()
    assert receipt.terms.account_last4 == OTHER_ACCOUNT[-4:]


async def test_a_blocked_vendor_is_not_paid_what_was_approved_before(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    vendor = await acme(town)
    await town.world.store.vendors.block(
        vendor.id, vendor.version, blocked=True, reason="A dispute.", by=MEERA, at=town.clock.now()
    )
    assert set((await walk(town)).values()) == {State.HELD}
    assert "blocked" in await reason(town)
