"""A schema moves on under code that runs: nothing is lost, doubled or kept waiting, and who does not fit says so."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from schema import migrate as migrations
from schema.approval import Verdict
from schema.document import Reading
from schema.errors import SettingsError, TransientError
from schema.migrate import fit, migrate, standing
from schema.states import State
from tests.integration.test_workers import all_are, ringing, working
from tests.world import Town, bring, fields, say

pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")

ROOT = Path(__file__).parents[2]
NEWEST: Final = migrations.migrations()[-1][0]
EXPANDING: Final = """
-- Code since {newest} may run beside it: a column, a table and an index more.
alter table {table} add column more_{number} text;
create table more_{number} (id uuid primary key references invoices, at timestamptz not null default now());
create index more_by_time_{number} on more_{number} (at);
"""
CONTRACTING: Final = "-- Code since 9000 may run beside it.\nalter table vendors drop column phone_by;"
REWRITING: Final = "alter table invoices add column x text generated always as (lower(forwarder)) stored;"
UNSAID: Final = "create table unsaid (n int);"

LONGEST_WAIT_S: Final = 3.0
"""What anyone may feel of a migration on a full database: two seconds, and one for a busy machine."""

RULED_FROM: Final = "0015"
"""What came before was applied with the product stopped, once; docs/decisions/0015 has its figures."""

MANY: Final = 100_000


def expanding(number: int, table: str = "invoices") -> tuple[str, str]:
    return f"{number}_more", EXPANDING.format(newest=NEWEST[:4], number=number, table=table)


def release(monkeypatch: pytest.MonkeyPatch, *more: tuple[str, str]) -> None:
    """This version with more migrations, or, without any, as it is."""
    known = [each for each in migrations.migrations() if each[0] <= NEWEST]
    monkeypatch.setattr(migrations, "migrations", lambda: [*known, *more])


async def test_older_code_runs_beside_what_was_made_for_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        release(newer, expanding(9001))
        assert await migrate(database_url) == ["9001_more"]
    assert await fit(database_url) == ("9001_more",)
    assert await migrate(database_url) == []


@pytest.mark.parametrize("text", [CONTRACTING, UNSAID])
async def test_older_code_refuses_what_was_not(
    database_url: str, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with monkeypatch.context() as newer:
        release(newer, ("9001_other", text))
        await migrate(database_url)
    for ask in (fit, migrate):
        with pytest.raises(SettingsError, match=r"ahead of this version: it has 9001_other, beside which"):
            await ask(database_url)


async def test_newer_code_waits_for_its_migration(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    release(monkeypatch, expanding(9001))
    with pytest.raises(SettingsError, match=r"lacks 9001_more\. Run `countersign migrate` first"):
        await fit(database_url)


async def test_a_database_that_took_another_way_gets_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as theirs:
        release(theirs, expanding(9002))
        await migrate(database_url)
    release(monkeypatch, expanding(9001))
    with pytest.raises(SettingsError, match="has 9002_more and lacks 9001_more"):
        await migrate(database_url)
    assert (await standing(database_url)).lacking == ("9001_more",)


async def test_a_list_of_before_the_rule_is_understood_and_extended(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("alter table migrations drop column beside")
    await connection.execute("insert into migrations (name, sha256) values ('9001_x', '')")
    with pytest.raises(SettingsError, match="it has 9001_x"):
        await fit(database_url)
    await connection.execute("delete from migrations where name = '9001_x'")
    assert await fit(database_url) == ()
    assert await migrate(database_url) == []
    assert await connection.fetchval("select count(*) from migrations where beside is null")
    await connection.close()


@asynccontextmanager
async def backup_under_way(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """What pg_dump does: a snapshot, and ACCESS SHARE on the table until it ends."""
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        await connection.execute("lock table invoices in access share mode")
        yield connection
    await connection.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "LOCK_S", 0.2)
    monkeypatch.setattr(migrations, "PAUSE_S", 0.2)
    monkeypatch.setattr(migrations, "LOCK_TRIES", 4)


@pytest.mark.usefixtures("impatient")
async def test_a_migration_gives_way_to_a_backup_and_leaves_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(monkeypatch, expanding(9001))
    async with backup_under_way(database_url):
        with pytest.raises(TransientError, match="9001_more did not get its tables in 4 tries"):
            await migrate(database_url)
    assert (await standing(database_url)).lacking == ("9001_more",)
    assert await migrate(database_url) == ["9001_more"]


async def test_nobody_waits_long_behind_a_migration_that_waits(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_S", 0.3)
    release(monkeypatch, expanding(9001))
    async with felt(database_url) as waits:
        async with backup_under_way(database_url):
            applying = asyncio.create_task(migrate(database_url))
            await asyncio.sleep(1.0)  # long enough to try, give way and try again
            assert not applying.done()
        assert await applying == ["9001_more"]
    assert 0.2 < max(waits) < LONGEST_WAIT_S  # it did stand in the way, for as long as it may


@asynccontextmanager
async def felt(database_url: str) -> AsyncIterator[list[float]]:
    """Seconds that each change and each look of another process took meanwhile."""
    waits: list[float] = [0.0]
    ending = asyncio.Event()

    async def live() -> None:
        connection = await asyncpg.connect(database_url, statement_cache_size=0)
        while not ending.is_set():
            started = time.monotonic()
            await connection.fetchval("select reason from invoices limit 1")
            await connection.execute(
                "update invoices set last_error = null where id = (select id from invoices limit 1)"
            )
            waits.append(time.monotonic() - started)
            await asyncio.sleep(0.005)
        await connection.close()

    living = asyncio.create_task(live())
    try:
        yield waits
    finally:
        ending.set()
        await living


async def fill(database_url: str) -> None:
    """So many invoices with their mails and documents."""
    connection = await asyncpg.connect(database_url, command_timeout=300)
    for statement in (
        "insert into mails (raw_sha256, raw_key, size_bytes, disposition)"
        " select encode(sha256(n::text::bytea), 'hex'), n::text, 9, 'accepted' from generate_series(1, $1) n",
        "insert into documents (mail_id, path, name, declared_type, sniffed, sha256, size_bytes, blob_key)"
        " select id, '1', 'a.pdf', 'application/pdf', 'pdf', raw_sha256, 9, raw_key from mails limit $1",
        "insert into invoices (mail_id, document_id, forwarder, due_at, invoice_number, parsed_json)"
        " select mail_id, id, 'priya@meridian.example', null, blob_key,"
        ' \'{"fields": {"seller_name": {"value": "Acme Industrial"}}}\' from documents limit $1',
    ):
        await connection.execute(statement, MANY)
    await connection.close()


async def test_nobody_feels_a_migration_of_a_hundred_thousand_invoices(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrations.migrations()
    applied = [each for each in known if each[0] < RULED_FROM]
    monkeypatch.setattr(migrations, "migrations", lambda: applied)
    await migrate(empty_database_url)
    await fill(empty_database_url)
    longest: dict[str, float] = {}
    for each in [*known[len(applied) :], expanding(9001), ("9002_rewriting", REWRITING)]:
        applied.append(each)
        async with felt(empty_database_url) as waits:
            assert await migrate(empty_database_url) == [each[0]]
        longest[each[0]] = round(max(waits), 3)
    # The ruler is no toy: a rewrite of the table is felt.
    assert longest.pop("9002_rewriting") > 2 * longest["9001_more"]
    assert {name: wait for name, wait in longest.items() if wait > LONGEST_WAIT_S} == {}


def next_release(folder: Path, *more: tuple[str, str]) -> Path:
    """A copy of the product with more migrations, as another process runs it."""
    for package in ("daemon", "handlers", "schema"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("static", "__pycache__")
        )
    for name, text in more:
        (folder / "schema" / "sql" / f"{name}.sql").write_text(text)
    return folder


async def migrate_by(release: Path, database_url: str) -> str:
    """What `countersign migrate` of that release prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "daemon", "migrate"),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(release), "DATABASE_URL": database_url},
        cwd=release,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_workers_of_this_version_pay_once_while_the_next_one_migrates(
    town: Town, redis_url: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.ringer.SWEEP_S", 0.2)
    read = numbered(town)
    tables = ("invoices", "payments", "audits", "questions", "mails", "vendors")
    more = [expanding(9001 + n, table) for n, table in enumerate(tables) if table != "audits"]
    newer = next_release(tmp_path / "newer", *more)
    async with working(town, redis_url, copies=2), ringing(town, redis_url):
        applying = asyncio.create_task(migrate_by(newer, database_url))
        for uid in range(1, 5):
            await bring(town, f"mail {uid}".encode(), uid)
        await all_are(town, *[State.ASKED] * 4)
        assert (await applying).startswith("Applied 9001_more")
        later = next_release(tmp_path / "later", *more, expanding(9011), expanding(9012, "payments"))
        applying = asyncio.create_task(migrate_by(later, database_url))
        for index in range(4):
            await say(town, Verdict.APPROVE, index, sid=f"SMin{index}")
        await all_are(town, *[State.CLOSED] * 4)
        assert (await applying).startswith("Applied 9011_more, 9012_more")
    assert sorted(read) == [f"mail {uid}0" for uid in range(1, 5)]
    assert len(town.messenger.asked) == 4
    assert town.bank.submits == len(town.bank.ledger) == 4
    assert await fit(database_url) == (*(name for name, _ in more), "9011_more", "9012_more")


def numbered(town: Town) -> list[str]:
    """Every document is an invoice of its own number and sum; what was read is listed."""
    read, texts = town.reader.read, list[str]()

    async def reading(data: bytes, name: str) -> Reading:
        texts.append(data.decode())
        uid = int(texts[-1].removeprefix("mail ")[:-1])
        net = Decimal(10_000 + 777 * uid)
        town.reader.fields = fields(
            invoice_number=f"AIS/{uid}{uid}{uid}",
            net=net,
            tax=net * Decimal("0.18"),
            total=net * Decimal("1.18"),
        )
        return await read(data, name)

    town.reader.read = reading  # type: ignore[method-assign]
    return texts


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (CONTRACTING, "ahead of this version: it has 9001_other"),
        (None, "lacks"),
    ],
)
async def test_a_process_that_does_not_fit_says_so_and_ends(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str | None, said: str
) -> None:
    if more:
        with monkeypatch.context() as newer:
            release(newer, ("9001_other", more))
            await migrate(database_url)
    else:
        connection = await asyncpg.connect(database_url)
        await connection.execute("delete from migrations where name = $1", NEWEST)
        await connection.close()
    (tmp_path / "vendors.csv").write_text((ROOT / "sandbox" / "samples" / "vendors.csv").read_text())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "daemon", "vendors", "import", "vendors.csv"),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": database_url}
        | {"MASTER_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="},
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 1
    assert said in " ".join(out.decode().split())
