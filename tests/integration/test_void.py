"""Taking back what was intended and never clicked: by a person, on record, and never what may have been clicked."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from pathlib import Path

import pytest

from handlers.advance import advance
from sandbox.chaos_books import close_books
from schema.approval import Verdict
from schema.errors import ConflictError, OutcomeUnknownError, TransientError
from schema.ids import InvoiceId
from schema.invoice import Claim
from schema.ledger import LedgerFormat
from schema.migrate import migrations
from schema.outcome import Outcome
from schema.states import Job, State, Step
from schema.store.rows import to_invoice
from schema.store.street import SQL, SUBMIT_GRACE_S, decide_held
from schema.verifier import verify_bundle
from tests.integration.click_rig import claim, held_unclicked, intended, intended_many, run, start, state
from tests.integration.master_rig import ARUN, call, called_and_cooled, confirm, propose
from tests.integration.record_rig import export, seal, signer_of
from tests.integration.void_rig import WHY, clicked_and_held, decide, row, ways
from tests.world import OTHER_ACCOUNT, Town, bring, due_now, fields, reason, say, walk


async def test_what_passed_midnight_unclicked_is_held_and_says_what_can_be_done(town: Town) -> None:
    (invoice,) = await held_unclicked(town)
    assert "is over, and the bank does not have it; have it judged and approved again" in await reason(town)
    assert await ways(town, invoice) == (State.EXTRACTED, State.PAYING, State.REJECTED)
    assert town.bank.submits == 0


async def test_a_pause_over_midnight_ends_in_a_persons_hands(town: Town) -> None:
    invoice = await intended(town)
    await town.world.store.operations.pause(None, by="Meera", note="overnight")
    await due_now(town, invoice)
    assert set((await walk(town)).values()) == {State.PAYING}
    town.clock.pass_(hours=24)
    await due_now(town, invoice)
    assert set((await walk(town)).values()) == {State.HELD}


async def test_what_the_bank_has_booked_is_found_also_after_its_day(town: Town) -> None:
    town.bank.lose_answer = OutcomeUnknownError("gone")
    invoice = await intended(town)
    await advance(invoice, Job.EXECUTE, town.world)
    town.clock.pass_(hours=24)
    await due_now(town, invoice)
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert town.bank.submits == 1


async def test_a_rejection_voids_the_payment_and_is_on_record_with_who_when_and_why(town: Town) -> None:
    (invoice,) = await held_unclicked(town)
    await decide(town, invoice)
    payment = await row(town, "select * from payments where invoice_id = $1", invoice)
    assert (payment["status"], payment["voided_by"], payment["void_reason"]) == (
        "void",
        "meera@meridian.example",
        WHY,
    )
    assert payment["voided_at"] == town.clock.now()
    entry = (await town.world.store.views.entries(invoice))[-1].entry
    assert entry.facts == {"voided": payment["reference"], "clicks": 0}
    assert entry.actor == "meera@meridian.example"


async def test_the_forwarder_is_told_and_may_send_the_same_invoice_again(town: Town) -> None:
    (invoice,) = await held_unclicked(town)
    await decide(town, invoice)
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert WHY in town.mailer.sent[-1].text
    old = await row(town, "select reference from payments")
    await bring(town, b"void 0", uid=7)
    await walk(town)
    await say(town, Verdict.APPROVE, index=-1, sid="SMagain")
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert town.bank.submits == 1
    assert set(town.bank.ledger).isdisjoint({old["reference"]})


async def test_judged_again_it_is_asked_and_paid_under_another_reference_and_date(town: Town) -> None:
    (invoice,) = await held_unclicked(town)
    old = await row(town, "select reference, fingerprint, pay_on from payments")
    await decide(town, invoice, State.EXTRACTED)
    assert set((await walk(town)).values()) == {State.ASKED}
    await say(town, Verdict.APPROVE, index=0, sid="SMlate")
    assert set((await walk(town)).values()) == {State.ASKED}
    assert town.bank.submits == 0
    await say(town, Verdict.APPROVE, index=-1, sid="SMnew")
    assert set((await walk(town)).values()) == {State.CLOSED}
    new = await row(town, "select reference, fingerprint, pay_on from payments where status = 'booked'")
    assert new["reference"] != old["reference"]
    assert new["fingerprint"] != old["fingerprint"]
    assert new["pay_on"] > old["pay_on"]
    assert list(town.bank.ledger) == [new["reference"]]


async def test_changed_bank_details_do_not_hold_an_intended_payment_for_good(town: Town) -> None:
    change = await called_and_cooled(town)
    await town.world.store.bank_changes.reject(change.id, change.version, "", by=ARUN, at=town.clock.now())
    invoice = await intended(town)
    change = await call(town, await propose(town))
    town.clock.pass_(hours=24)
    await confirm(town, change)
    await due_now(town, invoice)
    await walk(town)
    town.reader.fields = fields(account=OTHER_ACCOUNT, ifsc="ICIC0000104")
    assert await ways(town, invoice) == (State.EXTRACTED, State.PAYING, State.REJECTED)
    await decide(town, invoice)
    await walk(town)
    await bring(town, b"again", uid=8)
    await walk(town)
    await say(town, Verdict.APPROVE, index=-1, sid="SMnew")
    await walk(town)
    (receipt,) = town.bank.ledger.values()
    assert receipt.terms.account_last4 == OTHER_ACCOUNT[-4:]


async def test_what_may_have_been_clicked_goes_only_back_to_the_bank(town: Town) -> None:
    invoice = await clicked_and_held(town)
    assert await ways(town, invoice) == (State.PAYING,)
    for target in (State.REJECTED, State.EXTRACTED, State.RECEIVED):
        with pytest.raises(ConflictError, match="it may go to: paying"):
            await decide(town, invoice, target)
    assert (await row(town, "select status from payments"))["status"] == "intended"


async def test_a_click_that_the_bank_refused_still_counts_as_one(town: Town) -> None:
    invoice = await intended(town)
    town.bank.refuse = TransientError("Maintenance; nothing was booked.")
    await advance(invoice, Job.EXECUTE, town.world)
    town.clock.pass_(hours=24)
    await due_now(town, invoice)
    assert set((await walk(town)).values()) == {State.HELD}
    assert "settle it with the bank by hand" in await reason(town)
    assert await ways(town, invoice) == (State.PAYING,)


async def test_nothing_but_a_decision_leads_out(town: Town) -> None:
    (invoice,) = await held_unclicked(town)
    with pytest.raises(ConflictError):
        await decide(town, invoice, State.RECEIVED)
    await decide(town, invoice, State.PAYING)
    assert await state(town) is State.PAYING


async def test_of_a_rejection_and_a_click_only_one_comes_through(town: Town) -> None:
    """A person rejects while another has the bank asked again and a worker starts: many times, in any order."""
    invoices = await held_unclicked(town, 10)
    dice, outcomes = random.Random(14), []

    async def reject(invoice: InvoiceId) -> bool:
        await asyncio.sleep(dice.uniform(0, 0.03))
        try:
            await decide(town, invoice)
        except ConflictError:
            return False
        return True

    async def click(invoice: InvoiceId) -> bool:
        await asyncio.sleep(dice.uniform(0, 0.03))
        try:
            await decide(town, invoice, State.PAYING)
        except ConflictError:
            return False
        await asyncio.sleep(dice.uniform(0, 0.01))
        taken = await town.world.store.street.claim(invoice, (State.PAYING,), 60)
        return taken is not None and await start(town, taken.invoice)

    for invoice in invoices:
        rejected, clicked = await asyncio.gather(reject(invoice), click(invoice))
        assert rejected is not clicked
        payment = await row(town, "select status, submits from payments where invoice_id = $1", invoice)
        assert (payment["status"], payment["submits"]) == (("void", 0) if rejected else ("intended", 1))
        outcomes.append(rejected)
    assert len(set(outcomes)) == 2, "the race was none: one side won every time"


async def test_a_worker_that_held_it_can_not_click_it_afterwards(town: Town) -> None:
    """The same worker's claim starts a click while its hold and a person's rejection are written, in any order."""
    dice, outcomes = random.Random(7), set()

    async def begin(taken: Claim) -> bool:
        await asyncio.sleep(dice.uniform(0, 0.02))
        return await start(town, taken.invoice)

    async def end(taken: Claim) -> bool:
        await asyncio.sleep(dice.uniform(0, 0.02))
        held = Outcome(target=State.HELD, note="over", due_in=None)
        assert await town.world.store.street.commit(
            taken, Step.PAY, held, at=town.clock.now(), policy_version="p"
        )
        try:
            await decide(town, taken.invoice.id)
        except ConflictError:
            return False
        return True

    for invoice in await intended_many(town, 10):
        taken = await claim(town, invoice)
        started, rejected = await asyncio.gather(begin(taken), end(taken))
        assert started is not rejected
        assert not await start(town, taken.invoice)
        payment = await row(town, "select status, submits from payments where invoice_id = $1", invoice)
        assert (payment["status"], payment["submits"]) == (("void", 0) if rejected else ("intended", 1))
        outcomes.add(rejected)
    assert outcomes == {True, False}, "the race was none: one side won every time"


HOLD = """
update invoices set version = version + 1, came_from = 'paying', came_by = 'pay', state = 'held', held_from = 'paying',
       claim_token = null, claimed_until = null where id = $1
"""


async def test_a_start_that_waits_for_the_rejection_finds_nothing_to_click(town: Town) -> None:
    invoice = await intended(town)
    taken = await claim(town, invoice)
    async with town.world.store.database.transaction() as connection:
        await connection.execute(HOLD, invoice)
        waiting = asyncio.create_task(start(town, taken.invoice))
        found = await connection.fetchrow(SQL["invoice"], invoice)
        assert found is not None
        outcome = Outcome(target=State.REJECTED, note=WHY)
        await decide_held(connection, to_invoice(found), outcome, actor="meera", at=town.clock.now())
        await asyncio.sleep(0.2)
        assert not waiting.done()
    assert await waiting is False
    assert (await row(town, "select status from payments"))["status"] == "void"


async def test_a_rejection_that_waits_for_a_start_is_refused(town: Town) -> None:
    invoice = await intended(town)
    taken = await claim(town, invoice)
    payment = await town.world.store.street.payment(invoice)
    assert payment is not None
    i = taken.invoice

    async def hold_and_reject() -> None:
        await run(town, HOLD, invoice)
        await decide(town, invoice)

    async with town.world.store.database.transaction() as connection:
        assert await connection.fetchval(
            SQL["start_submit"], i.id, i.version, i.attempts, payment.fingerprint, SUBMIT_GRACE_S
        )
        waiting = asyncio.create_task(hold_and_reject())
        await asyncio.sleep(0.2)
        assert not waiting.done()
    with pytest.raises(ConflictError, match="it may go to: paying"):
        await waiting
    payment_now = await row(town, "select status, submits from payments")
    assert (payment_now["status"], payment_now["submits"]) == ("intended", 1)


async def test_what_was_intended_before_clicks_were_counted_counts_as_clicked(town: Town) -> None:
    invoice = await intended(town)
    await run(town, "update migrations set applied_at = now() + interval '1 day' where name = '0004_submits'")
    text = dict(migrations())["0013_void"]
    (statement,) = [each for each in text.split(";") if "0004_submits" in each]
    await run(town, statement)
    town.clock.pass_(hours=24)
    await due_now(town, invoice)
    await walk(town)
    assert await ways(town, invoice) == (State.PAYING,)


async def test_what_a_restored_database_had_intended_counts_as_clicked(town: Town) -> None:
    (invoice,) = await held_unclicked(town)
    await town.world.store.street.doubt_clicks()
    with pytest.raises(ConflictError, match="it may go to: paying"):
        await decide(town, invoice)


async def test_the_bundle_and_the_record_of_a_void_payment_are_whole(town: Town, tmp_path: Path) -> None:
    (invoice,) = await held_unclicked(town)
    await decide(town, invoice)
    await walk(town)
    await seal(town)
    bundle = await export(town, invoice, tmp_path)
    assert verify_bundle(bundle, key=signer_of(town).verifier_key).findings == []
    assert (await town.world.store.record.examine(signer_of(town))).findings == []
    assert await town.world.store.exports.pending(LedgerFormat.CSV, since=None, until=None, limit=9) == ()
    assert (await town.world.store.today.counts(town.clock.now())).paid_today == 0


@pytest.mark.parametrize("booked", [False, True])
async def test_the_books_of_a_chaos_run_know_a_void_payment(
    town: Town, database_url: str, tmp_path: Path, booked: bool
) -> None:
    (invoice,) = await held_unclicked(town)
    await decide(town, invoice)
    payment = await row(town, "select reference from payments")
    ledger = sqlite3.connect(tmp_path / "ledger")
    ledger.execute("create table draft (id, amount_minor)")
    ledger.execute("create table transfer (reference, bank_reference, draft_id)")
    if booked:
        ledger.execute("insert into draft values (1, 8496000)")
        ledger.execute("insert into transfer values (?, 'N1', 1)", (payment["reference"],))
    ledger.commit()
    ledger.close()
    books = await close_books(database_url, tmp_path / "ledger", (), (), "")
    said = (f"the bank booked {payment['reference']}, the payment is void or another",) if booked else ()
    assert (books.wrong, books.double) == (said, ())
