"""The executor against the real mock bank, in the real browser: what it pays, and what it refuses."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.adapters.bank_browser import BankBrowser
from daemon.adapters.bank_portal import BankPortal
from handlers.world import Bank
from schema.errors import (
    ActionsRefusedError,
    ConflictError,
    OutcomeUnknownError,
    PermanentError,
    TermsChangedError,
    TransientError,
)
from schema.money import Money
from schema.transfer import Rail
from schema.verdict import ActionPlan
from tests.integration.bank_rig import (
    MockBank,
    permit_of,
    plan_of,
    portal_of,
    running_bank,
    transfer_of,
)
from tests.world import started


def test_the_portal_is_the_bank_that_steps_know(portal: BankPortal) -> None:
    as_steps_see_it: Bank = portal
    assert as_steps_see_it is portal


@pytest.mark.parametrize(
    ("rail", "amount"),
    [
        (Rail.NEFT, "118000.00"),
        (Rail.RTGS, "250000.50"),
        (Rail.IMPS, "4999.99"),
        (Rail.SEPA, "1190.00"),
    ],
)
async def test_a_transfer_is_prepared_and_paid_once(
    bank: MockBank, portal: BankPortal, rail: Rail, amount: str
) -> None:
    transfer, plan = transfer_of(amount, rail), plan_of(bank.origin)
    draft = await portal.prepare(transfer, plan)
    assert draft.shown == transfer.terms
    assert bank.booked(transfer.reference) == 0
    receipt = await portal.pay(transfer, plan, permit_of(transfer), started)
    assert receipt.terms == transfer.terms
    assert receipt.simulated
    assert receipt.screenshot is not None
    assert bank.booked(transfer.reference) == 1


async def test_paying_again_with_a_new_permit_gives_the_first_receipt(
    bank: MockBank, portal: BankPortal
) -> None:
    transfer, plan = transfer_of(), plan_of(bank.origin)
    first = await portal.pay(transfer, plan, permit_of(transfer), started)
    second = await portal.pay(transfer, plan, permit_of(transfer), started)
    assert second.bank_reference == first.bank_reference
    assert bank.booked(transfer.reference) == 1


async def test_a_permit_pays_once_only(bank: MockBank, portal: BankPortal) -> None:
    transfer, plan = transfer_of(), plan_of(bank.origin)
    permit = permit_of(transfer)
    await portal.pay(transfer, plan, permit, started)
    with pytest.raises(ConflictError):
        await portal.pay(transfer, plan, permit, started)


async def test_one_permit_in_two_runs_at_once_clicks_once(bank: MockBank, portal: BankPortal) -> None:
    transfer, plan = transfer_of(), plan_of(bank.origin)
    permit = permit_of(transfer)
    results = await asyncio.gather(
        portal.pay(transfer, plan, permit, started),
        portal.pay(transfer, plan, permit, started),
        return_exceptions=True,
    )
    assert bank.booked(transfer.reference) == 1
    assert not any(isinstance(result, OutcomeUnknownError) for result in results)


async def test_nothing_is_found_before_it_is_paid(portal: BankPortal) -> None:
    assert await portal.find(transfer_of()) is None


async def test_a_changed_account_on_the_confirm_page_is_noticed_and_not_named(
    bank: MockBank, portal: BankPortal
) -> None:
    transfer, plan = transfer_of("1000.23"), plan_of(bank.origin)
    with pytest.raises(TermsChangedError, match="account number") as caught:
        await portal.prepare(transfer, plan)
    assert not any(character.isdigit() for character in str(caught.value))
    with pytest.raises(TermsChangedError):
        await portal.pay(transfer, plan, permit_of(transfer), started)
    assert bank.booked(transfer.reference) == 0


async def test_other_terms_than_permitted_are_not_paid(bank: MockBank, portal: BankPortal) -> None:
    transfer = transfer_of()
    dearer = transfer.model_copy(update={"amount": Money(amount=Decimal("118000.01"), currency="INR")})
    with pytest.raises(TermsChangedError, match="amount"):
        await portal.pay(dearer, plan_of(bank.origin), permit_of(transfer), started)
    assert bank.booked(transfer.reference) == 0


async def test_a_permit_of_another_payment_is_refused(bank: MockBank, portal: BankPortal) -> None:
    with pytest.raises(PermanentError, match="another payment"):
        await portal.pay(transfer_of(), plan_of(bank.origin), permit_of(transfer_of()), started)


async def test_a_plan_that_was_tampered_with_is_refused(bank: MockBank, portal: BankPortal) -> None:
    plan = plan_of(bank.origin)
    elsewhere = plan.actions[0].model_copy(update={"url": "http://elsewhere.example/transfer"})
    with pytest.raises(ActionsRefusedError):
        await portal.prepare(transfer_of(), ActionPlan(actions=(elsewhere, *plan.actions[1:])))


async def test_a_dropped_answer_is_unknown_and_then_found(bank: MockBank, portal: BankPortal) -> None:
    transfer = transfer_of("2000.13")
    with pytest.raises(OutcomeUnknownError):
        await portal.pay(transfer, plan_of(bank.origin), permit_of(transfer), started)
    receipt = await portal.find(transfer)
    assert receipt is not None
    assert receipt.terms == transfer.terms
    assert bank.booked(transfer.reference) == 1


async def test_a_slow_answer_is_waited_for(tmp_path: Path, browser: BankBrowser) -> None:
    with running_bank(tmp_path, "--slow-seconds", "3") as slow:
        transfer = transfer_of("2000.17")
        receipt = await portal_of(slow, browser).pay(
            transfer, plan_of(slow.origin), permit_of(transfer), started
        )
        assert receipt.terms == transfer.terms


async def test_a_too_slow_answer_is_unknown_and_then_found(tmp_path: Path, browser: BankBrowser) -> None:
    with running_bank(tmp_path, "--slow-seconds", "4") as slow:
        portal = portal_of(slow, browser, submit_limit_s=1.0)
        transfer = transfer_of("2000.17")
        with pytest.raises(OutcomeUnknownError):
            await portal.pay(transfer, plan_of(slow.origin), permit_of(transfer), started)
        assert await portal.find(transfer) is not None


async def test_maintenance_books_nothing_and_may_be_tried_again(bank: MockBank, portal: BankPortal) -> None:
    transfer = transfer_of("2000.19")
    with pytest.raises(TransientError, match="maintenance") as caught:
        await portal.pay(transfer, plan_of(bank.origin), permit_of(transfer), started)
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert caught.value.retry_after_s == 20
    assert bank.booked(transfer.reference) == 0


async def test_wrong_passwords_are_refused_until_the_bank_locks(tmp_path: Path, browser: BankBrowser) -> None:
    with running_bank(tmp_path) as bank:
        portal = portal_of(bank, browser, totp_secret="KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU")
        transfer, plan = transfer_of(), plan_of(bank.origin)
        with pytest.raises(TransientError, match="4 tries left"):
            await portal.pay(transfer, plan, permit_of(transfer), started)
        for _ in range(3):
            with pytest.raises(TransientError):
                await portal.pay(transfer, plan, permit_of(transfer), started)
        with pytest.raises(PermanentError, match="locked"):
            await portal.pay(transfer, plan, permit_of(transfer), started)
        assert bank.booked(transfer.reference) == 0


async def test_a_wrong_log_in_is_not_tried_again(tmp_path: Path, browser: BankBrowser) -> None:
    with running_bank(tmp_path) as bank:
        portal = portal_of(bank, browser, password="wrong")
        with pytest.raises(PermanentError, match="refused the log-in"):
            await portal.find(transfer_of())


async def test_the_bank_s_sentence_says_why_a_form_was_refused(bank: MockBank, portal: BankPortal) -> None:
    with pytest.raises(PermanentError, match="RTGS takes"):
        await portal.prepare(transfer_of("1000.00", Rail.RTGS), plan_of(bank.origin))
    with pytest.raises(PermanentError, match="balance is too low"):
        await portal.prepare(transfer_of("99999999.00"), plan_of(bank.origin))


async def test_an_ended_session_is_transient(tmp_path: Path, browser: BankBrowser) -> None:
    with (
        running_bank(tmp_path, "--session-minutes", "0.00001") as bank,
        pytest.raises(TransientError) as caught,
    ):
        await portal_of(bank, browser).prepare(transfer_of(), plan_of(bank.origin))
    assert not isinstance(caught.value, OutcomeUnknownError)


async def test_a_bank_that_is_away_is_transient(browser: BankBrowser, tmp_path: Path) -> None:
    with running_bank(tmp_path) as bank:
        portal = portal_of(bank, browser)
    with pytest.raises(TransientError):
        await portal.find(transfer_of())
