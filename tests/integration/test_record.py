"""The record sealed and witnessed by real letters, and who may write in it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from sandbox.services import Services
from sandbox.tampering import FALSIFICATIONS, Falsification, falsify, write_record
from schema.approval import Verdict
from schema.errors import ForgedError
from schema.ids import InvoiceId
from schema.states import State
from schema.verifier import read_witness
from tests.integration.record_rig import as_superuser, letter, pay_one, seal, signer_of
from tests.world import Town, bring, only, say, walk

ENTRIES = 400


async def test_every_confirmation_is_a_witness_of_its_paid_entry(town: Town, tmp_path: Path) -> None:
    invoice = await pay_one(town)
    witness = read_witness(letter(town, tmp_path).read_bytes(), signer_of(town).verifier_keys)
    paid = next(
        each for each in await town.world.store.views.entries(invoice) if each.entry.target == State.PAID
    )
    assert (witness.invoice, witness.version) == (str(invoice), paid.entry.version)
    assert (witness.leaf.hex(), witness.position) == (paid.leaf_hash, paid.position)


async def test_a_rejection_and_a_hold_are_witnesses_too(town: Town, tmp_path: Path) -> None:
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.REJECT)
    await walk(town)
    rejected = read_witness(letter(town, tmp_path).read_bytes(), signer_of(town).verifier_keys)
    town.model.content = "no JSON"
    await bring(town, b"two", 2)
    for _ in range(6):
        town.clock.pass_(minutes=5)
        async with town.world.store.database.transaction() as connection:
            await connection.execute("update invoices set due_at = now() where due_at is not null")
        await walk(town)
    assert "On hold" in town.mailer.sent[-1].text
    held = read_witness(letter(town, tmp_path).read_bytes(), signer_of(town).verifier_keys)
    assert held.checkpoint.size > rejected.checkpoint.size


async def test_sealing_twice_signs_once(town: Town) -> None:
    await bring(town, b"one", files=3)
    assert await seal(town) == 3
    town.clock.pass_(minutes=1)
    assert await seal(town) == 3
    assert len((await town.world.store.record.log()).checkpoints) == 1


async def test_nothing_is_sealed_of_an_empty_record(town: Town) -> None:
    assert await seal(town) == 0


async def test_many_sealers_at_once_leave_one_gapless_log(town: Town) -> None:
    async def write_and_seal(number: int) -> None:
        await bring(town, b"mail %d" % number, number, files=2)
        await seal(town)

    await asyncio.gather(*(write_and_seal(number) for number in range(12)))
    assert await seal(town) == 24
    result = await town.world.store.record.examine(signer_of(town))
    assert result.findings == []


async def test_an_entry_that_commits_late_gets_a_later_place(town: Town, database_url: str) -> None:
    (first, second) = await _two_invoices(town)
    slow = await asyncpg.connect(database_url)
    transaction = slow.transaction()
    await transaction.start()
    await _append_wait(slow, first)  # takes the lower seq, and is not committed yet
    quick = await asyncpg.connect(database_url)
    await _append_wait(quick, second)
    size = await seal(town)
    await transaction.commit()
    assert await seal(town) == size + 1
    places_of_first = await town.world.store.record.places(first)
    places_of_second = await town.world.store.record.places(second)
    assert max(places_of_first.values()) == size > max(places_of_second.values())
    await slow.close()
    await quick.close()


async def _two_invoices(town: Town) -> tuple[InvoiceId, InvoiceId]:
    await bring(town, b"one", files=2)
    first, second = (line.id for line in await town.world.store.views.invoices())
    return first, second


async def _append_wait(connection: asyncpg.Connection, invoice: InvoiceId) -> None:
    await connection.execute(
        "insert into audits (invoice_id, version, step, source, target, actor, at, note, facts, leaf_hash) "
        "values ($1, 1, 'wait', 'asked', 'asked', 'countersign', now(), '', '{}', repeat('0', 64))",
        invoice,
    )


async def test_a_falsified_log_is_never_signed_again(
    town: Town, services: Services, database_url: str
) -> None:
    await bring(town, b"one", files=3)
    await seal(town)
    admin = await as_superuser(services, database_url)
    await falsify(admin, Falsification("swap", "", _swap_first_two), UUID(int=0))
    await admin.close()
    await bring(town, b"two", 2)
    with pytest.raises(ForgedError, match="not the one"):
        await seal(town)
    assert len((await town.world.store.record.log()).checkpoints) == 1


async def _swap_first_two(connection: asyncpg.Connection, _: UUID) -> None:
    await connection.execute("alter table log_leaves drop constraint log_leaves_position_check")
    for source, target in ((0, -1), (1, 0), (-1, 1)):
        await connection.execute("update log_leaves set position = $2 where position = $1", source, target)


async def test_a_letter_goes_out_and_says_so_when_the_record_is_broken(
    town: Town, services: Services, database_url: str
) -> None:
    await bring(town, b"one", files=2)
    await seal(town)
    admin = await as_superuser(services, database_url)
    await falsify(admin, Falsification("swap", "", _swap_first_two), UUID(int=0))
    await admin.close()
    await pay_one(town, b"three", 3)
    assert "could not be sealed" in town.mailer.sent[-1].text
    assert "BEGIN COUNTERSIGN RECORD" not in town.mailer.sent[-1].text


@pytest.mark.parametrize("table", ["audits", "log_leaves", "checkpoints"])
@pytest.mark.parametrize(
    "statement",
    [
        "update {} set {} = {}",
        "delete from {}",
        "truncate {} cascade",
        "alter table {} disable trigger all",
        "drop table {} cascade",
        "alter table {} owner to current_user",
    ],
)
async def test_the_application_may_only_add_to_the_record(
    town: Town, services: Services, database_url: str, table: str, statement: str
) -> None:
    if services.given_database_url:
        pytest.skip("the record of the server of DATABASE_URL has no owner of its own")
    await bring(town, b"one")
    await seal(town)
    column = {"audits": "note", "log_leaves": "version", "checkpoints": "note"}[table]
    connection = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement.format(table, column, column))
    await connection.close()


async def test_the_triggers_hold_also_against_a_superuser_who_forgot_them(
    town: Town, services: Services, database_url: str
) -> None:
    await bring(town, b"one")
    await seal(town)
    admin = await as_superuser(services, database_url)
    for table in ("audits", "log_leaves", "checkpoints"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await admin.execute(f"delete from {table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await admin.execute(f"truncate {table} cascade")
    await admin.close()


async def test_a_place_may_not_be_skipped_or_given_to_another_hash(town: Town, database_url: str) -> None:
    invoice = (await _two_invoices(town))[0]
    insert = (
        "insert into log_leaves (position, invoice_id, version, leaf_hash) select $2, invoice_id, version, "
    )
    connection = await asyncpg.connect(database_url)
    with pytest.raises(asyncpg.CheckViolationError, match="does not follow"):
        await connection.execute(f"{insert} leaf_hash from audits where invoice_id = $1", invoice, 5)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(f"{insert} repeat('a', 64) from audits where invoice_id = $1", invoice, 0)
    await connection.close()


async def test_guards_are_told_as_they_are(town: Town, services: Services) -> None:
    guards = await town.world.store.record.guards()
    assert {guard.table for guard in guards} == {"audits", "log_leaves", "checkpoints"}
    assert all(guard.triggers == 2 for guard in guards)
    assert all(guard.insert_only for guard in guards) is not bool(services.given_database_url)


@pytest.mark.parametrize("how", FALSIFICATIONS[:3], ids=lambda how: how.name)
async def test_the_live_record_is_checked_too(
    town: Town, services: Services, database_url: str, how: Falsification
) -> None:
    connection = await asyncpg.connect(database_url)
    audited = (await write_record(connection, ENTRIES))[3]
    await connection.close()
    await seal(town)
    assert (await town.world.store.record.examine(signer_of(town))).findings == []
    admin = await as_superuser(services, database_url)
    await falsify(admin, how, audited)
    await admin.close()
    assert (await town.world.store.record.examine(signer_of(town))).findings


async def test_an_entry_edited_without_its_hash_is_named(
    town: Town, services: Services, database_url: str
) -> None:
    await bring(town, b"one")
    await seal(town)
    admin = await as_superuser(services, database_url)
    await admin.execute("set session_replication_role = replica")
    await admin.execute("update audits set note = 'another'")
    await admin.close()
    (finding,) = (await town.world.store.record.examine(signer_of(town))).findings
    assert str(await only(town)) in finding


async def test_the_block_of_a_letter_has_lines_that_any_mail_server_takes(town: Town) -> None:
    await pay_one(town)
    lines = town.mailer.sent[-1].text.splitlines()
    assert lines.index("-----BEGIN COUNTERSIGN RECORD-----") < lines.index("-----END COUNTERSIGN RECORD-----")
    block = lines[lines.index("-----BEGIN COUNTERSIGN RECORD-----") :]
    assert max(len(line) for line in block) <= 64
