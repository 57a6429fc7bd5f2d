"""The kill switch takes effect before the next confirm, and costs a waiting invoice nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg
import pytest

from handlers.advance import advance
from schema.approval import Verdict
from schema.errors import PermanentError
from schema.states import DUE, Job, State
from schema.transfer import Permit, Receipt, Transfer
from schema.verdict import ActionPlan
from tests.world import TAX_ID, FakeBank, Town, bring, due_now, only, say, started, walk

OTHER = "29AAGCB7383J1Z4"


async def approved(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)


async def pause(town: Town, tax_id: str | None = None) -> bool:
    return await town.world.store.operations.pause(tax_id, by="Meera", note="looking into a call")


async def test_a_pause_stops_an_approved_payment(town: Town) -> None:
    await approved(town)
    await pause(town)
    assert set((await walk(town)).values()) == {State.APPROVED}
    assert town.bank.submits == 0
    (line,) = await town.world.store.views.invoices()
    assert line.last_error == "Payments are paused by Meera: looking into a call"


async def test_a_pause_after_the_intent_stops_before_the_browser(town: Town) -> None:
    await approved(town)
    await advance(await only(town), Job.EXECUTE, town.world)
    await pause(town)
    assert set((await walk(town)).values()) == {State.PAYING}
    assert town.bank.submits == 0


async def test_a_pause_while_the_form_is_filled_stops_before_the_click(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SlowBank(FakeBank):
        async def pay(
            self, transfer: Transfer, plan: ActionPlan, permit: Permit, start: Callable[[], Awaitable[None]]
        ) -> Receipt:
            await pause(town)
            return await super().pay(transfer, plan, permit, start)

    await approved(town)
    bank = SlowBank()
    monkeypatch.setattr(town, "world", replace(town.world, bank=bank))
    assert set((await walk(town)).values()) == {State.PAYING}
    assert bank.submits == 0


async def test_a_transfer_the_bank_has_booked_is_recorded_even_while_paused(town: Town) -> None:
    await approved(town)
    invoice = await only(town)
    await advance(invoice, Job.EXECUTE, town.world)
    payment = await town.world.store.street.payment(invoice)
    assert payment is not None
    permit = Permit(
        payment_id=payment.transfer.payment_id, fingerprint="0" * 64, terms=payment.transfer.terms
    )
    await town.bank.pay(payment.transfer, ActionPlan(actions=()), permit, started)
    await pause(town)
    assert set((await walk(town)).values()) == {State.CLOSED}


async def test_waiting_out_a_pause_uses_up_no_attempt(town: Town) -> None:
    await approved(town)
    await pause(town)
    invoice = await only(town)
    for _ in range(DUE[State.APPROVED].attempts + 2):
        await due_now(town, invoice)
        await walk(town)
    (line,) = await town.world.store.views.invoices()
    assert line.state is State.APPROVED


async def test_a_resumed_payment_goes_on_at_once(town: Town) -> None:
    await approved(town)
    await pause(town)
    await walk(town)
    assert await town.world.store.operations.resume(None, by="Meera", note="cleared")
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert town.bank.submits == 1


async def test_a_pause_of_one_vendor_stops_that_vendor(town: Town) -> None:
    await approved(town)
    await pause(town, TAX_ID)
    assert set((await walk(town)).values()) == {State.APPROVED}


async def test_a_pause_of_another_vendor_stops_nothing(town: Town, database_url: str) -> None:
    await approved(town)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "insert into vendors (name, name_key, tax_id, beneficiary, account_cipher, account_print, account_last4,"
        " routing, currency, country) values ('B', 'b', $1, 'B', 'x', 'y', '1234', 'HDFC0000485', 'INR', 'IN')",
        OTHER,
    )
    await connection.close()
    await pause(town, OTHER)
    assert set((await walk(town)).values()) == {State.CLOSED}


async def test_a_pause_holds_once_and_names_a_known_vendor(town: Town) -> None:
    assert await pause(town)
    assert not await pause(town)
    with pytest.raises(PermanentError, match="no vendor"):
        await pause(town, OTHER)


async def test_a_pause_cannot_be_rewritten(town: Town, database_url: str) -> None:
    await pause(town)
    connection = await asyncpg.connect(database_url)
    for change in ("update pauses set note = 'x'", "delete from pauses", "truncate pauses"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(change)
    await connection.close()
