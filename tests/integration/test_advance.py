"""Advancing an invoice when things go wrong: put off, held for a person, never lost in silence."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from handlers.advance import STEPS, advance
from handlers.check import check
from handlers.world import World
from schema.errors import ForgedError, PermanentError, TransientError
from schema.ids import InvoiceId
from schema.invoice import Invoice
from schema.outcome import Outcome
from schema.states import DUE, State, Step
from tests.world import Town, bring, due_now, fields, only, reason, walk


async def received(town: Town) -> InvoiceId:
    await bring(town, b"one")
    return await only(town)


async def step(town: Town, invoice: InvoiceId) -> Outcome | None:
    await due_now(town, invoice)
    now = await town.world.store.street.invoice(invoice)
    assert now is not None
    return await advance(invoice, DUE[now.state].job, town.world)


async def stands(town: Town, invoice: InvoiceId) -> Invoice:
    now = await town.world.store.street.invoice(invoice)
    assert now is not None
    return now


async def waits_s(town: Town, invoice: InvoiceId) -> float:
    async with town.world.store.database.transaction() as connection:
        seconds: float = await connection.fetchval(
            "select extract(epoch from due_at - clock_timestamp())::float8 from invoices where id = $1",
            invoice,
        )
    return seconds


async def test_a_transient_failure_is_put_off_with_its_reason(town: Town) -> None:
    invoice = await received(town)
    town.reader.error = TransientError("The reader is busy.")
    assert await step(town, invoice) is None
    now = await stands(town, invoice)
    assert (now.state, now.last_error) == (State.RECEIVED, "The reader is busy.")
    assert 0 < await waits_s(town, invoice) < 2


async def test_a_service_that_says_when_is_not_asked_earlier(town: Town) -> None:
    invoice = await received(town)
    town.reader.error = TransientError("Later.", retry_after_s=60)
    await step(town, invoice)
    assert 55 < await waits_s(town, invoice) <= 60


async def test_a_service_that_says_next_week_is_asked_before(town: Town) -> None:
    invoice = await received(town)
    town.reader.error = TransientError("Later.", retry_after_s=604_800)
    await step(town, invoice)
    assert await waits_s(town, invoice) <= 120


async def test_the_last_attempt_is_held_for_a_person(town: Town) -> None:
    invoice = await received(town)
    town.reader.error = TransientError("The reader is busy.")
    for _ in range(DUE[State.RECEIVED].attempts):
        await step(town, invoice)
    now = await stands(town, invoice)
    assert (now.state, now.reason) == (State.HELD, "The reader is busy.")


async def test_a_step_that_takes_too_long_is_cut_off(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = await received(town)
    monkeypatch.setattr("schema.states.Due.limit_s", 0.05)
    monkeypatch.setattr(town.reader, "read", lambda data, name: asyncio.Event().wait())
    await step(town, invoice)
    assert (await stands(town, invoice)).last_error == "The step took longer than 0 s."


async def test_a_fault_of_ours_is_held_when_it_comes_again_and_again(town: Town) -> None:
    invoice = await received(town)
    town.reader.error = ZeroDivisionError()  # type: ignore[assignment]
    for _ in range(DUE[State.RECEIVED].attempts):
        with pytest.raises(ZeroDivisionError):
            await step(town, invoice)
        await give_lease_back(town, invoice)
    await step(town, invoice)
    assert (await stands(town, invoice)).state is State.HELD
    assert "again and again" in await reason(town)


async def give_lease_back(town: Town, invoice: InvoiceId) -> None:
    """As if the lease had run out."""
    async with town.world.store.database.transaction() as connection:
        await connection.execute("update invoices set claimed_until = now() where id = $1", invoice)


@pytest.mark.parametrize(
    "changed",
    [
        {"total": Decimal("1e17")},
        {"total": Decimal("1e400")},
        {"currency": "Rupees"},
        {"invoice_number": "nul \x00 and \ud800"},
    ],
    ids=["a sum beyond the column", "a sum beyond sense", "a currency in words", "text no database takes"],
)
async def test_a_value_the_database_cannot_hold_ends_in_a_visible_state(
    town: Town, changed: dict[str, object]
) -> None:
    await bring(town, b"one")
    town.reader.fields = fields(**({"net": None, "tax": None} | changed))
    states = set((await walk(town)).values())
    assert states in ({State.HELD}, {State.ASKED})
    assert await reason(town)


async def test_a_stored_file_that_was_altered_is_held_with_its_reason(town: Town) -> None:
    invoice = await received(town)
    town.reader.error = ForgedError("A stored file was altered, or the master key was changed.")
    await step(town, invoice)
    assert (await stands(town, invoice)).state is State.HELD


async def test_two_copies_checked_at_the_same_moment_lead_to_one_question(town: Town) -> None:
    await bring(town, b"one", 1, files=2)
    for _ in range(3):
        due = await town.world.store.street.due(10)
        await asyncio.gather(*(advance(i, DUE[state].job, town.world) for i, state, _, _ in due))
    for line in await town.world.store.views.invoices():
        if line.state is not State.CLOSED:
            await due_now(town, line.id)
    ends = sorted((await walk(town)).values())
    assert ends == [State.ASKED, State.CLOSED]


async def assessed(town: Town, *documents: bytes) -> list[InvoiceId]:
    """Invoices in the order they came, all of them about to be checked."""
    for uid, data in enumerate(documents, start=1):
        await bring(town, data, uid)
    lines = [line.id for line in await town.world.store.views.invoices()]
    for invoice in (*lines, *lines):
        await step(town, invoice)
    return lines


async def test_an_earlier_copy_that_is_checked_after_the_later_is_the_duplicate(town: Town) -> None:
    earlier, later = await assessed(town, b"one", b"two")
    await step(town, later)
    await step(town, earlier)
    assert (await stands(town, later)).state is State.CLEARED
    assert (await stands(town, earlier)).state is State.REJECTED


async def test_of_two_equal_files_checked_at_once_one_goes_on(town: Town) -> None:
    earlier, later = await assessed(town, b"same", b"same")
    await asyncio.gather(step(town, earlier), step(town, later))
    ends = {(await stands(town, earlier)).state, (await stands(town, later)).state}
    assert ends == {State.CLEARED, State.REJECTED}


async def test_two_invoices_at_once_do_not_use_more_than_their_purchase_order(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await limit_order(town, "100000.00")
    await assessed(town, b"one")
    town.reader.fields = fields(invoice_number="AIS/8813")
    await bring(town, b"two", 2)
    one, two = [line.id for line in await town.world.store.views.invoices()]
    for _ in range(2):
        await step(town, two)
    together = asyncio.Barrier(2)

    async def check_together(invoice: Invoice, world: World) -> Outcome:
        outcome = await check(invoice, world)
        await together.wait()
        return outcome

    with monkeypatch.context() as racing:
        racing.setitem(STEPS, Step.CHECK, check_together)
        await asyncio.gather(step(town, one), step(town, two))
    assert {(await stands(town, one)).state, (await stands(town, two)).state} == {
        State.CLEARED,
        State.ASSESSED,
    }
    for invoice in (one, two):
        if (await stands(town, invoice)).state is State.ASSESSED:
            await step(town, invoice)
            assert (await stands(town, invoice)).state is State.HELD
            assert "left of purchase order" in (await stands(town, invoice)).reason


async def limit_order(town: Town, total: str) -> None:
    async with town.world.store.database.transaction() as connection:
        await connection.execute("update purchase_orders set total = $1", Decimal(total))


async def test_one_file_twice_in_one_mail_is_not_its_own_duplicate(town: Town) -> None:
    await bring(town, b"one", files=2)
    async with town.world.store.database.transaction() as connection:
        await connection.execute("update documents set sha256 = repeat('0', 64)")
        assert await connection.fetchval("select count(distinct created_at) from invoices") == 1
    assert sorted((await walk(town)).values()) == [State.ASKED, State.CLOSED]


async def test_what_is_claimed_is_not_due(town: Town) -> None:
    invoice = await received(town)
    assert await town.world.store.street.claim(invoice, (State.RECEIVED,), 60) is not None
    assert await town.world.store.street.due(10) == []
    assert await advance(invoice, DUE[State.RECEIVED].job, town.world) is None


async def test_a_job_of_another_kind_does_nothing(town: Town) -> None:
    invoice = await received(town)
    assert await advance(invoice, DUE[State.APPROVED].job, town.world) is None
    assert (await stands(town, invoice)).attempts == 0


async def test_a_forwarder_who_cannot_be_told_leaves_the_invoice_held_and_says_so(town: Town) -> None:
    invoice = await received(town)
    town.reader.error = PermanentError("It cannot be read.")
    await step(town, invoice)

    async def refuse(mail: object) -> None:
        raise PermanentError("The mailbox does not exist.")

    town.mailer.send = refuse  # type: ignore[method-assign]
    await step(town, invoice)
    now = await stands(town, invoice)
    assert now.state is State.HELD
    assert now.reason == "It cannot be read. (The forwarder could not be told: The mailbox does not exist.)"
