"""What keeps the street honest: one lease, one decision, and a database that refuses the rest."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from handlers.advance import advance
from handlers.ask import ask, eligible
from schema.approval import Person, Verdict
from schema.audit import leaf_hash
from schema.errors import ConflictError
from schema.ids import Address, Phone
from schema.outcome import Outcome
from schema.states import DUE, State, Step
from tests.world import ASHA, PRIYA, VIKRAM, Town, bring, fields, only, reason, say, walk


async def test_fifty_racing_answers_make_one_decision(town: Town) -> None:
    await bring(town, b"one")
    await walk(town)
    verdicts = [Verdict.APPROVE, Verdict.REJECT] * 25
    said = await asyncio.gather(
        *(say(town, verdict, 0, f"SMin{n}") for n, verdict in enumerate(verdicts)), return_exceptions=True
    )
    assert sum(isinstance(text, str) and text.startswith("Asha Rao") for text in said) == 1


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


async def test_only_a_held_invoice_can_be_decided(town: Town) -> None:
    await bring(town, b"one")
    with pytest.raises(ConflictError):
        await town.world.store.street.decide(
            await only(town), State.REJECTED, actor="x", note="", at=town.clock.now()
        )


async def test_the_record_has_no_gap_and_every_leaf_hash_is_right(town: Town) -> None:
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
    "a payment is booked without approvals": (
        "update payments set status = 'booked', bank_reference = 'x', booked_at = now()"
    ),
    "a payment is intended without approvals": "update payments set status = 'intended', intended_at = now()",
    "a state is skipped": (
        "update invoices set state = 'paid', version = version + 1, came_from = state, came_by = 'pay'"
    ),
    "a state is set without a version": "update invoices set state = 'held', held_from = state",
    "a second live payment is made": (
        "insert into payments select (jsonb_populate_record(p, jsonb_build_object("
        "'id', gen_random_uuid(), 'reference', 'CS' || repeat('A', 20)))).* from payments p"
    ),
    "a negative sum is planned": (
        "insert into payments select (jsonb_populate_record(p, jsonb_build_object("
        "'id', gen_random_uuid(), 'status', 'void', 'amount', -1, "
        "'reference', 'CS' || repeat('B', 20)))).* from payments p"
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
    read = await town.world.store.street.invoice(invoice)
    assert read is not None
    await ask(read, town.world)
    await walk(town)
    assert len(town.messenger.asked) == 1
    assert timedelta(0) < town.messenger.asked[0][0].expires_at - town.clock.now()


@pytest.mark.parametrize(
    "address", ["priya@meridian.example", "Priya@Meridian.example", "priya+pay@meridian.example"]
)
def test_the_forwarder_is_not_asked_under_another_spelling_either(address: str) -> None:
    same = Person(name="P. Nair", address=Address(address), phone=Phone("+919800000009"))
    assert eligible((same, ASHA), PRIYA) == (ASHA,)


@pytest.mark.parametrize(
    "twin",
    [
        VIKRAM.model_copy(update={"phone": ASHA.phone}),
        VIKRAM.model_copy(update={"address": Address("asha+two@meridian.example")}),
    ],
)
async def test_one_person_under_two_names_does_not_make_two(town: Town, twin: Person) -> None:
    town.reader.fields = fields(total=Decimal("472000.00"), net=Decimal("400000.00"), tax=Decimal("72000.00"))
    town.world = replace(town.world, approvers=(ASHA, twin))
    await bring(town, b"one")
    assert set((await walk(town)).values()) == {State.HELD}
    assert "APPROVERS names 1" in await reason(town)
