"""The schema itself: migrated once, equal to the lifecycle in code, every named statement prepared."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from importlib.resources import files

import asyncpg
import pytest

from schema import migrate as migrations
from schema.errors import ConflictError, PermanentError, SettingsError, TransientError
from schema.migrate import migrate, standing
from schema.queries import ROOMS, load
from schema.states import TARGETS, State
from schema.store import Database, open_database, open_store
from schema.store.pool import clean

STATEMENTS = [(room, name) for room in ROOMS for name in load(room)]
WEIRD = ["", "\x00", "नया ₹ €", "\ud800", "\\u0000", "'; drop table invoices; --", "a" * 10_000]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


def test_every_file_of_statements_is_a_room() -> None:
    folder = files("schema") / "sql" / "queries"
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(f"{room}.sql" for room in ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_statements_have_names_of_their_own(room: str) -> None:
    text = (files("schema") / "sql" / "queries" / f"{room}.sql").read_text("utf-8")
    assert len(re.findall(r"^-- name:", text, re.MULTILINE)) == len(load(room))


async def test_every_statement_is_prepared(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    for room, name in STATEMENTS:
        assert (await connection.prepare(load(room)[name])).get_query(), (room, name)


async def test_migrations_are_applied_once_and_in_order(empty_database_url: str) -> None:
    names = [name for name, _ in migrations.migrations()]
    assert (await standing(empty_database_url)).lacking == tuple(names)
    assert await migrate(empty_database_url) == names == sorted(names)
    assert await migrate(empty_database_url) == []
    assert (await standing(empty_database_url)).lacking == ()


async def test_ten_migrations_at_once_apply_each_file_once(empty_database_url: str) -> None:
    done = await asyncio.gather(*(migrate(empty_database_url) for _ in range(10)))
    assert sorted(name for each in done for name in each) == [n for n, _ in migrations.migrations()]


async def test_an_edited_migration_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ((name, text), *rest) = migrations.migrations()
    monkeypatch.setattr(migrations, "migrations", lambda: [(name, text + "\n-- edited\n"), *rest])
    with pytest.raises(SettingsError, match=f"Migration {name} was changed after it was applied"):
        await migrate(database_url)


async def test_a_database_ahead_of_the_program_is_refused(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "migrations", list)
    with pytest.raises(SettingsError, match="The database is ahead of this version: it has 0001_street"):
        await migrate(database_url)


async def test_a_migration_that_fails_leaves_nothing_behind(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = "create table half (n int); select no_such_function()"
    monkeypatch.setattr(migrations, "migrations", lambda: [("0001_half", half)])
    with pytest.raises(PermanentError, match="0001_half"):
        await migrate(empty_database_url)
    opened = await asyncpg.connect(empty_database_url)
    assert await opened.fetchval("select to_regclass('half')") is None
    await opened.close()


async def test_a_database_that_refuses_the_login_is_said_to(services: object, database_url: str) -> None:
    wrong = re.sub(r"//([^:]+):[^@]*@", r"//\1:guess@", database_url)
    with pytest.raises((TransientError, PermanentError), match="DATABASE_URL"):
        await migrate(wrong)


async def test_the_states_of_the_database_are_those_of_the_code(
    connection: asyncpg.Connection[asyncpg.Record],
) -> None:
    rows = await connection.fetch("select unnest(enum_range(null::state))::text as state")
    assert [row["state"] for row in rows] == [state.value for state in State]


async def test_the_moves_of_the_database_are_those_of_the_code(
    connection: asyncpg.Connection[asyncpg.Record],
) -> None:
    rows = await connection.fetch("select source::text, step, target::text from moves")
    declared = {(source, step, target) for (source, step), targets in TARGETS.items() for target in targets}
    assert {(row["source"], row["step"], row["target"]) for row in rows} == declared


async def test_the_users_columns_are_there(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    rows = await connection.fetch(
        "select column_name from information_schema.columns where table_name = 'invoices'"
    )
    assert {
        "parsed_json",
        "groq_validation_report",
        "groq_action_list",
        "groq_action_list_raw",
        "groq_request_hash",
        "groq_response_hash",
    } <= {row["column_name"] for row in rows}


async def test_every_foreign_key_of_the_street_is_there(
    connection: asyncpg.Connection[asyncpg.Record],
) -> None:
    rows = await connection.fetch(
        "select conrelid::regclass::text as child, confrelid::regclass::text as parent"
        "  from pg_constraint where contype = 'f'"
    )
    pairs = {(row["child"], row["parent"]) for row in rows}
    assert {
        ("invoices", "vendors"),
        ("invoices", "purchase_orders"),
        ("payments", "invoices"),
        ("payments", "approvals"),
        ("audits", "invoices"),
        ("audits", "moves"),
        ("invoices", "moves"),
    } <= pairs


async def test_nothing_answering_is_transient(database_url: str) -> None:
    with pytest.raises(TransientError, match="DATABASE_URL does not answer"):
        async with open_database("postgresql://nobody:pw@127.0.0.1:1/none"):
            pytest.fail("opened")


async def test_a_lost_connection_is_transient_and_the_next_is_good(database_url: str) -> None:
    async with open_database(database_url, connections=1) as database:
        store = open_store(database)
        with pytest.raises(TransientError, match="does not answer"):
            await use_a_session_that_is_cut_off(database, database_url)
        assert await store.street.due(1) == []


async def use_a_session_that_is_cut_off(database: Database, url: str) -> None:
    async with database.transaction() as held:
        await cut_off(url, await held.fetchval("select pg_backend_pid()"))
        await held.fetchval("select 1")


async def cut_off(url: str, pid: int) -> None:
    """Ends a session as a restart of the server does."""
    other = await asyncpg.connect(url)
    await other.execute("select pg_terminate_backend($1)", pid)
    await other.close()


async def test_a_listener_that_was_cut_off_says_so(database_url: str) -> None:
    rung: asyncio.Queue[str] = asyncio.Queue()
    async with open_database(database_url) as database, database.listening("bell", rung.put_nowait) as stands:
        other = await asyncpg.connect(database_url)
        await other.execute("select pg_notify('bell', 'one')")
        async with asyncio.timeout(10):
            assert await rung.get() == "one"
        assert stands()
        await other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and query ilike 'listen%'"
        )
        async with asyncio.timeout(10):
            while stands():  # noqa: ASYNC110 - asyncpg tells by nothing else
                await asyncio.sleep(0.01)
        await other.close()


async def test_a_unique_violation_is_a_lost_race(database_url: str) -> None:
    async with open_database(database_url) as database:
        with pytest.raises(ConflictError):
            async with database.transaction() as connection:
                await connection.execute("insert into migrations select name, sha256 from migrations")


async def test_a_refused_value_is_permanent(database_url: str) -> None:
    async with open_database(database_url) as database:
        with pytest.raises(PermanentError, match="cannot hold this value"):
            async with database.transaction() as connection:
                await connection.execute("insert into migrations values ('x', 'y', 'no time')")


@pytest.mark.parametrize("text", WEIRD)
async def test_cleaned_text_is_stored_and_read_back(
    connection: asyncpg.Connection[asyncpg.Record], text: str
) -> None:
    assert await connection.fetchval("select $1::text", clean(text)) == clean(text)


@pytest.mark.parametrize("text", WEIRD)
async def test_any_text_in_json_is_stored_and_read_back(database_url: str, text: str) -> None:
    async with open_database(database_url) as database, database.transaction() as connection:
        value = {"text": text, text: [text]}
        kept = await connection.fetchval("select $1::jsonb", value)
    assert kept == {"text": clean(text), clean(text): [clean(text)]}
