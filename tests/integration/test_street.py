"""The whole street over the real database, with fakes only for what is outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from handlers.advance import advance
from handlers.answer import SUPERSEDED, answer_button, answer_text
from handlers.links import question_token
from schema.approval import Verdict
from schema.errors import ConflictError, OutcomeUnknownError, PermanentError, UnreadableDocumentError
from schema.ids import InvoiceId, MessageSid, Phone
from schema.outcome import Outcome
from schema.states import DUE, State, Step
from schema.store import open_database
from tests.world import (
    ACCOUNT,
    ASHA,
    OTHER_ACCOUNT,
    VIKRAM,
    Town,
    answer,
    bring,
    fields,
    make_town,
    stock,
)


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_database(database_url) as database:
        made = make_town(database, tmp_path / "blobs")
        await stock(made)
        yield made


async def walk(town: Town, limit: int = 30) -> dict[InvoiceId, State]:
    """Advance everything that is due until nothing is."""
    for _ in range(limit):
        due = await town.world.store.street.due(100)
        if not due:
            break
        for invoice, state, _, _ in due:
            await advance(invoice, DUE[state].job, town.world)
    return {line.id: line.state for line in await town.world.store.views.invoices()}


async def only(town: Town) -> InvoiceId:
    (line,) = await town.world.store.views.invoices()
    return line.id


async def say(
    town: Town, verdict: Verdict, index: int = 0, sid: str = "SMin1", phone: Phone | None = None
) -> str:
    question = town.messenger.asked[index][0]
    token = question_token(town.world.vault, question.id)
    return await answer_button(token, verdict, phone or question.person.phone, MessageSid(sid), town.world)


async def reason(town: Town) -> str:
    (line,) = await town.world.store.views.invoices()
    return line.reason


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


async def test_fifty_racing_answers_make_one_decision(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    verdicts = [Verdict.APPROVE, Verdict.REJECT] * 25
    said = await asyncio.gather(
        *(say(town, verdict, 0, f"SMin{n}") for n, verdict in enumerate(verdicts)), return_exceptions=True
    )
    assert sum(isinstance(text, str) and text.startswith("Asha Rao") for text in said) == 1


async def test_an_old_button_is_superseded_after_the_terms_changed(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    invoice = await only(town)
    town.clock.pass_(days=2)
    await due_now(town, invoice)
    await walk(town)
    assert await say(town, Verdict.APPROVE) == SUPERSEDED
    assert town.bank.submits == 0


async def due_now(town: Town, invoice: InvoiceId) -> None:
    async with town.world.store.database.transaction() as connection:
        await connection.execute("update invoices set due_at = now() where id = $1", invoice)


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


async def test_the_same_file_again_is_a_duplicate(town: Town) -> None:
    await bring(town, b"one", 1)
    await walk(town)
    await bring(town, b"one", 2)
    await walk(town)
    second = (await town.world.store.views.invoices())[1]
    assert (second.state, second.came_from) == (State.CLOSED, State.REJECTED)


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


async def test_fifty_racing_claims_give_one_lease(town: Town) -> None:
    await bring(town, b"one")
    invoice = await only(town)
    claims = await asyncio.gather(
        *(town.world.store.street.claim(invoice, (State.RECEIVED,), 60) for _ in range(50))
    )
    assert sum(claim is not None for claim in claims) == 1


async def test_a_worker_that_lost_its_lease_writes_nothing(town: Town) -> None:
    await bring(town, b"one")
    invoice, street = await only(town), town.world.store.street
    late = await street.claim(invoice, (State.RECEIVED,), -1)
    assert late is not None
    assert await street.claim(invoice, (State.RECEIVED,), 60) is not None
    outcome = Outcome(target=State.HELD, note="too late")
    assert not await street.commit(late, Step.EXTRACT, outcome, at=town.clock.now(), policy_version="p")


async def test_a_held_payment_goes_back_only_to_paying(town: Town, database_url: str) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    invoice = await only(town)
    await advance(invoice, DUE[State.APPROVED].job, town.world)
    claim = await town.world.store.street.claim(invoice, (State.PAYING,), 60)
    assert claim is not None
    held = Outcome(target=State.HELD, note="unclear")
    await town.world.store.street.commit(claim, Step.PAY, held, at=town.clock.now(), policy_version="p")
    with pytest.raises(PermanentError, match="only paying may follow"):
        await town.world.store.street.decide(
            invoice, State.REJECTED, actor="mallory", note="", at=town.clock.now()
        )


async def test_only_a_held_invoice_can_be_decided(town: Town) -> None:
    await bring(town, b"one")
    with pytest.raises(ConflictError):
        await town.world.store.street.decide(
            await only(town), State.REJECTED, actor="x", note="", at=town.clock.now()
        )


async def test_the_record_has_no_gap_and_every_leaf_hash_is_right(town: Town) -> None:
    from schema.audit import leaf_hash

    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    await walk(town)
    recorded = await town.world.store.views.entries(await only(town))
    assert [each.entry.version for each in recorded] == list(range(len(recorded)))
    assert all(leaf_hash(each.entry) == each.leaf_hash for each in recorded)


FORBIDDEN = {
    "an entry is changed": "update audits set note = 'x'",
    "an entry is deleted": "delete from audits",
    "the record is emptied": "truncate audits cascade",
    "an answer is changed": "update approvals set verdict = 'reject'",
    "a sum is changed": "update payments set amount = amount + 1",
    "a payment is booked without approvals": "update payments set status = 'booked', bank_reference = 'x', booked_at = now()",
    "a payment is intended without approvals": "update payments set status = 'intended', intended_at = now()",
    "a state is skipped": "update invoices set state = 'paid', version = version + 1, came_from = state, came_by = 'pay'",
    "a state is set without a version": "update invoices set state = 'held', held_from = state",
    "a second live payment is made": (
        "insert into payments select (jsonb_populate_record(p, jsonb_build_object("
        "'id', gen_random_uuid(), 'reference', 'CS' || repeat('A', 20)))).* from payments p"
    ),
    "a negative sum is planned": (
        "insert into payments select (jsonb_populate_record(p, jsonb_build_object("
        "'id', gen_random_uuid(), 'status', 'void', 'amount', -1, 'reference', 'CS' || repeat('B', 20)))).* from payments p"
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
async def test_the_database_refuses_when(town: Town, database_url: str, what: str) -> None:
    town.reader.fields = fields(total=Decimal("472000.00"), net=Decimal("400000.00"), tax=Decimal("72000.00"))
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    connection = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute(FORBIDDEN[what])
    await connection.close()


async def test_a_question_is_not_asked_twice_after_a_crash(town: Town) -> None:
    await bring(town, b"one")
    invoice = await only(town)
    for state in (State.RECEIVED, State.EXTRACTED, State.ASSESSED, State.CLEARED):
        await advance(invoice, DUE[state].job, town.world)
    from handlers.ask import ask

    read = await town.world.store.street.invoice(invoice)
    assert read is not None
    await ask(read, town.world)
    await walk(town)
    assert len(town.messenger.asked) == 1
    assert timedelta(0) < town.messenger.asked[0][0].expires_at - town.clock.now()
