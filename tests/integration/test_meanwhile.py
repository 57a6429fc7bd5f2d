"""What changes in the house between the check and the click: the vendor master, the policy, the approvers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

import pytest

from handlers.advance import advance
from schema.approval import Verdict
from schema.ids import InvoiceId, Phone
from schema.states import DUE, State
from tests.world import (
    ASHA,
    OTHER_ACCOUNT,
    TAX_ID,
    VIKRAM,
    Town,
    bring,
    fields,
    only,
    reason,
    say,
    vendor,
    walk,
)

WALK: Final = (
    State.RECEIVED,
    State.EXTRACTED,
    State.ASSESSED,
    State.CLEARED,
    State.PREPARED,
    State.ASKED,
    State.APPROVED,
)


async def brought_to(town: Town, state: State) -> InvoiceId:
    """An invoice that stands in `state`; Asha said yes on the way."""
    await bring(town, b"one")
    invoice = await only(town)
    for each in WALK[: (*WALK, State.PAYING).index(state)]:
        if each is State.ASKED:
            await say(town, Verdict.APPROVE)
        else:
            await advance(invoice, DUE[each].job, town.world)
    return invoice


async def block(town: Town) -> None:
    async with town.world.store.database.transaction() as connection:
        await connection.execute("update vendors set blocked = true where tax_id = $1", TAX_ID)


async def end(town: Town) -> State:
    """Where the invoice stands when nothing is due any more and Asha has answered what she was asked."""
    (state,) = (await walk(town)).values()
    if state is State.ASKED:
        await say(town, Verdict.APPROVE)
        (state,) = (await walk(town)).values()
    return state


@pytest.mark.parametrize("state", [State.CLEARED, State.PREPARED, State.APPROVED, State.PAYING])
async def test_an_account_that_was_corrected_meanwhile_is_not_paid_as_it_was(
    town: Town, state: State
) -> None:
    await brought_to(town, state)
    await town.world.store.master.put_vendors([vendor(town, account=town.world.vault.seal(OTHER_ACCOUNT))])
    assert await end(town) is State.HELD
    assert town.bank.submits == 0
    assert "are others than those this was prepared for" in await reason(town)


@pytest.mark.parametrize("state", [State.CLEARED, State.PREPARED, State.APPROVED])
async def test_a_vendor_that_was_blocked_meanwhile_is_not_paid(town: Town, state: State) -> None:
    await brought_to(town, state)
    await block(town)
    assert await end(town) is State.HELD
    assert town.bank.submits == 0


async def test_what_was_intended_waits_while_its_vendor_is_blocked(town: Town) -> None:
    await brought_to(town, State.PAYING)
    await block(town)
    assert await end(town) is State.PAYING
    assert town.bank.submits == 0


async def test_a_vendor_that_was_imported_again_unchanged_is_paid(town: Town) -> None:
    await brought_to(town, State.PAYING)
    await town.world.store.master.put_vendors([vendor(town)])
    assert await end(town) is State.CLOSED


@pytest.mark.parametrize("state", [State.CLEARED, State.PREPARED, State.APPROVED])
async def test_nothing_checked_by_an_older_policy_is_paid_by_a_stricter_one(town: Town, state: State) -> None:
    await brought_to(town, state)
    policy = town.world.policy
    limits = policy.limits.model_copy(update={"two_people_above": {"INR": Decimal(1000)}})
    strict = policy.model_copy(update={"limits": limits, "version": "strict"})
    town.world = replace(town.world, policy=strict)
    assert await end(town) is State.HELD
    assert town.bank.submits == 0


@pytest.mark.parametrize("verdict", list(Verdict))
async def test_who_was_removed_from_the_approvers_decides_nothing(town: Town, verdict: Verdict) -> None:
    await brought_to(town, State.ASKED)
    town.world = replace(town.world, approvers=(VIKRAM,))
    assert "no approver any more" in await say(town, verdict)
    assert set((await walk(town)).values()) == {State.ASKED}


async def test_a_phone_that_was_replaced_decides_nothing(town: Town) -> None:
    await brought_to(town, State.ASKED)
    asha = ASHA.model_copy(update={"phone": Phone("+919800000009")})
    town.world = replace(town.world, approvers=(asha, VIKRAM))
    assert "no approver any more" in await say(town, Verdict.APPROVE, phone=ASHA.phone)


async def test_an_approver_who_was_only_renamed_still_decides(town: Town) -> None:
    await brought_to(town, State.ASKED)
    town.world = replace(town.world, approvers=(ASHA.model_copy(update={"name": "Asha Rao-Mehta"}),))
    assert await end(town) is State.CLOSED


async def test_an_approval_of_someone_removed_since_pays_nothing(town: Town) -> None:
    town.reader.fields = fields(total=Decimal("472000.00"), net=Decimal("400000.00"), tax=Decimal("72000.00"))
    await brought_to(town, State.APPROVED)
    town.world = replace(town.world, approvers=(VIKRAM,))
    await say(town, Verdict.APPROVE, 1, "SMin2")
    assert set((await walk(town)).values()) == {State.HELD}
    assert "no approver any more" in await reason(town)
