"""The whole street over the real database, with fakes only for what is outside."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from handlers.answer import SUPERSEDED, answer_button, answer_text
from handlers.links import question_token
from schema.approval import Verdict
from schema.errors import OutcomeUnknownError, UnreadableDocumentError
from schema.ids import MessageSid, Phone
from schema.states import State
from tests.world import (
    ACCOUNT,
    ASHA,
    OTHER_ACCOUNT,
    VIKRAM,
    Town,
    answer,
    bring,
    due_now,
    fields,
    only,
    reason,
    say,
    walk,
)


async def test_an_approved_invoice_is_paid_once_and_everyone_is_told(town: Town) -> None:
    await bring(town, b"one")
    assert set((await walk(town)).values()) == {State.ASKED}
    await say(town, Verdict.APPROVE)
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert town.bank.submits == 1
    (mail,) = town.mailer.sent
    assert mail.in_reply_to == "<m1@meridian.example>"
    assert "/audit/" in mail.text
    assert town.messenger.notes[0][0] == ASHA.phone


async def test_no_outgoing_text_holds_the_account(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    await walk(town)
    texts = [town.mailer.sent[0].text, town.mailer.sent[0].html, town.messenger.asked[0][1]]
    texts += [invoice.model_dump_json() for invoice in town.model.asked]
    assert all(ACCOUNT not in text for text in texts)


async def test_the_database_holds_the_account_only_encrypted(town: Town, database_url: str) -> None:
    await bring(town, b"one")
    await walk(town)
    connection = await asyncpg.connect(database_url)
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    for table in tables:
        rows = await connection.fetch(f'select t::text as row from "{table["tablename"]}" t')
        assert not any(ACCOUNT in row["row"] for row in rows), table["tablename"]
    await connection.close()


async def test_a_rejected_invoice_is_not_paid(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.REJECT)
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert town.bank.submits == 0
    assert "Asha Rao rejected" in town.mailer.sent[0].text


async def test_a_large_sum_needs_two_different_people(town: Town) -> None:
    town.reader.fields = fields(total=Decimal("472000.00"), net=Decimal("400000.00"), tax=Decimal("72000.00"))
    await bring(town, b"one")
    await walk(town)
    assert [question.person for question, _, _ in town.messenger.asked] == [ASHA, VIKRAM]
    await say(town, Verdict.APPROVE, 0, "SMin1")
    assert set((await walk(town)).values()) == {State.ASKED}
    await say(town, Verdict.APPROVE, 1, "SMin2")
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert town.bank.submits == 1


async def test_the_second_person_is_reminded_after_the_first_has_answered(town: Town) -> None:
    town.reader.fields = fields(total=Decimal("472000.00"), net=Decimal("400000.00"), tax=Decimal("72000.00"))
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE, 0, "SMin1")
    async with town.world.store.database.transaction() as connection:
        due_in = await connection.fetchval("select due_at - now() from invoices")
    assert timedelta(minutes=58) < due_in <= timedelta(minutes=60)
    town.clock.pass_(minutes=61)
    await due_now(town, await only(town))
    await walk(town)
    assert [phone for phone, _ in town.messenger.notes] == [VIKRAM.phone]


async def test_one_person_tapping_twice_is_still_one(town: Town) -> None:
    town.reader.fields = fields(total=Decimal("472000.00"), net=Decimal("400000.00"), tax=Decimal("72000.00"))
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE, 0, "SMin1")
    await say(town, Verdict.APPROVE, 0, "SMin2")
    assert set((await walk(town)).values()) == {State.ASKED}


async def test_a_tap_from_another_phone_does_nothing(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    assert "not sent to you" in await say(town, Verdict.APPROVE, phone=Phone("+911111111111"))
    assert set((await walk(town)).values()) == {State.ASKED}


async def test_a_text_reply_with_the_code_counts(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    code = town.messenger.asked[0][0].code
    await answer_text(code, Verdict.APPROVE, ASHA.phone, MessageSid("SMin1"), town.world)
    assert set((await walk(town)).values()) == {State.CLOSED}


async def test_a_forged_button_is_unknown(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    token = question_token(town.world.vault, town.messenger.asked[0][0].id)
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    said = await answer_button(forged, Verdict.APPROVE, ASHA.phone, MessageSid("SMin1"), town.world)
    assert "do not know" in said


async def test_an_old_button_is_superseded_after_the_terms_changed(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    invoice = await only(town)
    town.clock.pass_(days=2)
    await due_now(town, invoice)
    await walk(town)
    assert await say(town, Verdict.APPROVE) == SUPERSEDED
    assert town.bank.submits == 0


async def test_an_unanswered_question_expires_unpaid(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    town.clock.pass_(days=2)
    await due_now(town, await only(town))
    await walk(town)
    assert "Nobody answered in time" in town.mailer.sent[0].text


async def test_a_silent_approver_is_reminded_once(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    town.clock.pass_(minutes=61)
    for _ in range(2):
        await due_now(town, await only(town))
        await walk(town)
    assert len(town.messenger.notes) == 1


async def test_nobody_is_reminded_before_the_time(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    town.clock.pass_(minutes=5)
    await due_now(town, await only(town))
    await walk(town)
    assert town.messenger.notes == []


async def test_the_same_file_again_is_a_duplicate(town: Town) -> None:
    await bring(town, b"one", 1)
    await walk(town)
    await bring(town, b"one", 2)
    await walk(town)
    second = (await town.world.store.views.invoices())[1]
    assert (second.state, second.came_from) == (State.CLOSED, State.REJECTED)


@pytest.mark.parametrize("number", ["ais-8812", "ＡＩＳ／８８１２", "AIS/८८१२", "АIS/8812", "AIS/\u200b8812"])
async def test_the_same_number_typed_otherwise_is_a_duplicate(town: Town, number: str) -> None:
    await bring(town, b"one", 1)
    await walk(town)
    town.reader.fields = fields(invoice_number=number)
    await bring(town, b"two", 2)
    assert sorted((await walk(town)).values()) == [State.ASKED, State.CLOSED]


@pytest.mark.parametrize(("one", "other"), [("क/१२", "ख/१२"), ("बि/१", "बी/१"), ("--", "//")])
async def test_two_numbers_in_another_script_are_two(town: Town, one: str, other: str) -> None:
    town.reader.fields = fields(invoice_number=one)
    await bring(town, b"one", 1)
    await walk(town)
    town.reader.fields = fields(invoice_number=other)
    await bring(town, b"two", 2)
    assert set((await walk(town)).values()) == {State.ASKED}


async def test_two_copies_at_once_lead_to_one_payment(town: Town) -> None:
    await bring(town, b"one", 1, files=2)
    await walk(town)
    ends = sorted(line.state for line in await town.world.store.views.invoices())
    assert ends == [State.ASKED, State.CLOSED]


async def test_other_bank_details_hold_the_invoice(town: Town) -> None:
    town.reader.fields = fields(account=OTHER_ACCOUNT)
    await bring(town, b"one")
    assert set((await walk(town)).values()) == {State.HELD}
    assert "XXXXXX5544" in await reason(town)
    assert "Nothing was paid" in town.mailer.sent[0].html


async def test_a_held_invoice_is_told_once(town: Town) -> None:
    town.reader.fields = fields(account=OTHER_ACCOUNT)
    await bring(town, b"one")
    await walk(town)
    await due_now(town, await only(town))
    assert len(town.mailer.sent) == 1


async def test_a_corrected_invoice_is_checked_again(town: Town) -> None:
    town.reader.fields = fields(seller_tax_id="29AAGCB7383J1Z4", seller_name="New Vendor")
    await bring(town, b"one")
    await walk(town)
    town.reader.fields = fields()
    invoice, now = await only(town), town.clock.now()
    await town.world.store.street.decide(
        invoice, State.RECEIVED, actor="finance", note="vendor added", at=now
    )
    assert set((await walk(town)).values()) == {State.ASKED}


async def test_an_unreadable_document_is_held_with_its_reason(town: Town) -> None:
    town.reader.error = UnreadableDocumentError("encrypted")
    await bring(town, b"one")
    await walk(town)
    assert "password-protected" in await reason(town)


async def test_a_mail_without_document_ends_rejected_and_told(town: Town) -> None:
    await bring(town, b"one", files=0)
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert "no invoice attached" in town.mailer.sent[0].text


async def test_a_refused_action_list_holds_the_invoice(town: Town) -> None:
    town.model.content = answer(listed=[])
    await bring(town, b"one")
    await walk(town)
    assert "action list was refused" in await reason(town)


async def test_an_answer_that_is_not_the_schema_holds_the_invoice_after_a_second_try(town: Town) -> None:
    town.model.content = "I approve!"
    await bring(town, b"one")
    await walk(town)
    await due_now(town, await only(town))
    await walk(town)
    assert set((await walk(town)).values()) == {State.HELD}
    assert len(town.model.asked) == 2


async def test_a_lost_answer_of_the_bank_is_found_in_the_statement(town: Town) -> None:
    town.bank.lose_answer = OutcomeUnknownError()
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    await walk(town)
    await due_now(town, await only(town))
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert town.bank.submits == 1


async def test_another_payee_on_the_confirm_page_holds_the_invoice(town: Town) -> None:
    town.bank.shown_beneficiary = "Mallory Traders"
    await bring(town, b"one")
    assert set((await walk(town)).values()) == {State.HELD}


async def test_a_changed_policy_voids_the_approval(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    object.__setattr__(town.world, "policy", town.world.policy.model_copy(update={"version": "other"}))
    assert set((await walk(town)).values()) == {State.HELD}
    assert town.bank.submits == 0


async def test_a_sum_with_too_many_decimals_is_held_and_hides_nothing_else(town: Town) -> None:
    town.reader.fields = fields(total=Decimal("84960.005"), net=None, tax=None)
    await bring(town, b"odd")
    assert set((await walk(town)).values()) == {State.HELD}
    town.reader.fields = fields()
    await bring(town, b"even", 2)
    assert sorted((await walk(town)).values()) == [State.CLOSED, State.HELD]
    lines = await town.world.store.views.invoices()
    assert {line.reason for line in lines if line.state is State.HELD} == {
        "INR 84960.005 is not a sum that can be paid."
    }


async def test_an_old_invoice_is_found_by_its_id_behind_any_number_of_newer_ones(town: Town) -> None:
    await bring(town, b"old")
    oldest = await only(town)
    await bring(town, b"new", 2, files=3)
    found = await town.world.store.views.invoices(1, prefix=str(oldest)[:13])
    assert [line.id for line in found] == [oldest]
