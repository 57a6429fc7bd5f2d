"""What no statement does to an intended, clicked or void payment: the database itself refuses."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from tests.integration.click_rig import claim, held_unclicked, intended
from tests.integration.void_rig import clicked_and_held, decide, hold, row
from tests.world import Town

VOID = "update payments set status = 'void', voided_at = now(), voided_by = 'mallory', void_reason = 'x'"
LEAVE = """
update invoices set version = version + 1, came_from = state, came_by = 'decide', state = '{}', held_from = null
"""
FORBIDDEN_UNCLICKED = {
    "a payment is void without a decision": VOID,
    "it is void and its invoice stays": f"{VOID}; update invoices set reason = 'x'",
    "it is void and its invoice goes on unrecorded": f"{VOID}; {LEAVE.format('rejected')}",
    "nobody says who and why": "update payments set status = 'void'",
    "its invoice goes without it": LEAVE.format("rejected"),
    "its invoice is judged again without it": LEAVE.format("extracted"),
    "it is void and its invoice is read again": f"{VOID}; {LEAVE.format('received')}",
    "it is clicked while held": "update payments set submits = 1, submit_started_at = now()",
    "a click is not counted": "update payments set submit_started_at = now()",
    "it is deleted": "delete from payments",
    "all are emptied": "truncate payments cascade",
}


async def came_through(database_url: str, statements: Mapping[str, str]) -> list[str]:
    """Which of them the database did, each in a transaction of its own that is committed."""
    done = []
    for what, statement in statements.items():
        connection = await asyncpg.connect(database_url, command_timeout=20)
        try:
            await connection.execute(statement)
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.InsufficientPrivilegeError):
            continue
        finally:
            await connection.close()
        done.append(what)
    return done


async def test_of_a_held_payment_the_database_refuses_all_this(town: Town, database_url: str) -> None:
    await held_unclicked(town)
    before = await row(town, "select * from payments")
    assert await came_through(database_url, FORBIDDEN_UNCLICKED) == []
    assert await row(town, "select * from payments") == before


FORBIDDEN_CLICKED = {
    "it is void": VOID,
    "its clicks are forgotten": "update payments set submits = 0",
    "all of START is forgotten": "update payments set submits = 0, submit_started_at = null",
    "it is void after START was withdrawn": f"update payments set submit_started_at = null; {VOID}",
    "it is void in one go": f"update payments set submit_started_at = null; {VOID}; {LEAVE.format('rejected')}",
    "its invoice goes without it": LEAVE.format("rejected"),
    "its invoice is judged again": LEAVE.format("extracted"),
}


async def test_what_was_clicked_is_voided_by_no_statement(town: Town, database_url: str) -> None:
    await clicked_and_held(town)
    assert await came_through(database_url, FORBIDDEN_CLICKED) == []
    assert (await row(town, "select submits from payments"))["submits"] == 1


async def test_what_a_worker_has_in_hand_is_not_voided(town: Town, database_url: str) -> None:
    await claim(town, await intended(town))
    assert await came_through(database_url, {"void": VOID}) == []


FORBIDDEN_VOID = {
    "it is intended again": "update payments set status = 'intended'",
    "it is planned again": "update payments set status = 'planned'",
    "it is booked": "update payments set status = 'booked', bank_reference = 'x', booked_at = now()",
    "it is clicked": "update payments set submits = 1, submit_started_at = now()",
    "a click is counted": "update payments set submits = 1",
    "who took it back is another": "update payments set voided_by = 'arun'",
    "it is deleted": "delete from payments",
    "its reference is used again": (
        "insert into payments select (jsonb_populate_record(p, jsonb_build_object("
        "'id', gen_random_uuid(), 'status', 'planned', 'fingerprint', null, 'voided_at', null, "
        "'voided_by', null, 'void_reason', null))).* from payments p"
    ),
    "its approvals are used again": (
        "insert into payments select (jsonb_populate_record(p, jsonb_build_object("
        "'id', gen_random_uuid(), 'status', 'intended', 'reference', 'CS' || repeat('A', 20), "
        "'voided_at', null, 'voided_by', null, 'void_reason', null))).* from payments p"
    ),
}


async def test_a_void_payment_stays_void_whatever_is_tried(town: Town, database_url: str) -> None:
    (invoice,) = await held_unclicked(town)
    await decide(town, invoice)
    before = await row(town, "select * from payments")
    assert await came_through(database_url, FORBIDDEN_VOID) == []
    assert await row(town, "select * from payments") == before


async def test_a_void_payment_is_not_clicked_by_the_worker_that_had_it(town: Town) -> None:
    invoice = await intended(town)
    taken = await claim(town, invoice)
    payment = await town.world.store.street.payment(invoice)
    assert payment is not None
    assert payment.fingerprint is not None
    await hold(town, invoice)
    await decide(town, invoice)
    assert not await town.world.store.street.start_submit(taken.invoice, payment.fingerprint)
    assert await town.world.store.street.payment(invoice) is None
