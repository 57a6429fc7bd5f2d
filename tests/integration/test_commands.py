"""The commands as an operator runs them: what they print, and how they end when something is missing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from daemon.serve import with_heartbeat
from schema.errors import SettingsError
from schema.states import State
from schema.store import open_database
from schema.vault import Vault, new_master_key
from tests.integration.click_rig import held_unclicked
from tests.world import ACCOUNT, OTHER_ACCOUNT, Town, bring, fields, make_town, only, reason, stock, walk

SAMPLES = Path("sandbox/samples").resolve()
DEADLINE_S = 60.0


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """Runs `countersign` in an empty folder with nothing but these settings."""

    folder: Path
    settings: dict[str, str]

    async def run(self, *arguments: str | Path, **changed: str) -> Done:
        plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "daemon", *map(str, arguments)),
            cwd=self.folder,
            env=plain | {"COLUMNS": "200"} | self.settings | changed,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())


KEY = new_master_key()


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    return Shell(tmp_path, {"DATABASE_URL": database_url, "MASTER_KEY": KEY})


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_database(database_url, connections=3) as database:
        made = make_town(database, tmp_path / "blobs", KEY)
        await stock(made)
        yield made


async def held(town: Town) -> str:
    town.reader.fields = fields(account=OTHER_ACCOUNT)
    await bring(town, b"one")
    await walk(town)
    return str(await only(town))


def one_sentence(done: Done) -> str:
    """What a command that failed has to say: one line, no traceback."""
    assert done.code == 1, done
    assert done.out == ""
    (line,) = done.err.strip().splitlines()
    return line


async def test_migrate_is_safe_to_repeat(shell: Shell, empty_database_url: str) -> None:
    first = await shell.run("migrate", DATABASE_URL=empty_database_url)
    again = await shell.run("migrate", DATABASE_URL=empty_database_url)
    assert (first.code, first.out.startswith("Applied 0001_street")) == (0, True)
    assert (again.code, again.out) == (0, "The schema is up to date.\n")


async def test_migrate_without_a_database_is_one_sentence(shell: Shell) -> None:
    done = await shell.run("migrate", DATABASE_URL="postgresql://nobody:geheim@127.0.0.1:1/none")
    said = one_sentence(done)
    assert "DATABASE_URL does not answer" in said
    assert "geheim" not in said


async def test_vendors_and_orders_are_imported_and_again(shell: Shell) -> None:
    vendors, orders = SAMPLES / "vendors.csv", SAMPLES / "purchase_orders.csv"
    added = await shell.run("vendors", "import", vendors)
    assert (added.code, added.out.endswith(" vendor(s) added, 0 changed.\n")) == (0, True)
    assert (await shell.run("vendors", "import", vendors)).out.startswith("0 vendor(s) added")
    assert (await shell.run("pos", "import", orders)).out == "6 purchase order(s) added, 0 changed.\n"


async def test_imported_accounts_are_stored_only_encrypted(shell: Shell, database_url: str) -> None:
    await shell.run("vendors", "import", SAMPLES / "vendors.csv")
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("select v::text as row, account_print from vendors v")
    await connection.close()
    assert not any("50200047719326" in row["row"] for row in rows)
    assert Vault(KEY).print("50200047719326") in {row["account_print"] for row in rows}


async def test_a_bad_line_is_one_sentence_and_imports_nothing(shell: Shell, database_url: str) -> None:
    path = shell.folder / "[bold]vendors[b].csv"
    text = (SAMPLES / "vendors.csv").read_text()
    path.write_text(text.replace("KKBK0004617", "KKBKO004617"))
    said = one_sentence(await shell.run("vendors", "import", path))
    assert "[bold]vendors[b].csv, line 3: routing must be an IFSC" in said
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("select count(*) from vendors") == 0
    await connection.close()


async def test_orders_before_their_vendors_are_refused(shell: Shell) -> None:
    said = one_sentence(await shell.run("pos", "import", SAMPLES / "purchase_orders.csv"))
    assert "import the vendors first" in said


async def test_an_import_without_a_key_says_how_to_make_one(shell: Shell) -> None:
    done = await shell.run("vendors", "import", SAMPLES / "vendors.csv", MASTER_KEY="")
    assert "MASTER_KEY is not set: make one with `countersign keys new`." in one_sentence(done)


async def test_a_new_key_can_be_used(shell: Shell) -> None:
    done = await shell.run("keys", "new")
    assert done.code == 0
    assert Vault(done.out.strip()).print("1") != Vault(KEY).print("1")


async def test_status_tells_programs_where_everything_stands(shell: Shell, town: Town) -> None:
    identity = await held(town)
    done = await shell.run("status", "--json")
    assert done.code == 0
    (line,) = json.loads(done.out)["invoices"]
    assert (line["id"], line["state"]) == (identity, "held")
    assert ACCOUNT not in done.out + done.err
    assert OTHER_ACCOUNT not in done.out + done.err


async def test_status_of_an_empty_house(shell: Shell) -> None:
    done = await shell.run("status")
    assert (done.code, "No invoice has come in yet." in done.out.splitlines()) == (0, True)


async def test_status_shows_a_strangers_text_as_it_is(shell: Shell, town: Town) -> None:
    hostile = ("AIS[/]8812", "[bold red]AIS", "AIS\x1b[2J8812", "[link=http://x]y[/link]", "AIS\u202e2188")
    for uid, number in enumerate(hostile):
        town.reader.fields = fields(account=OTHER_ACCOUNT, invoice_number=number)
        await bring(town, number.encode(), uid)
        await walk(town)
    done = await shell.run("status")
    assert done.code == 0
    for number in hostile:
        assert number.replace("\x1b", "").replace("\u202e", "") in done.out
    assert not {"\x1b", "\u202e"} & set(done.out)


async def test_a_held_invoice_is_sent_on_by_a_decision(shell: Shell, town: Town) -> None:
    identity = await held(town)
    done = await shell.run(
        "decide", identity[:8], "--to", "extracted", "--by", "finance", "--note", "called the vendor"
    )
    assert (done.code, done.out) == (0, "Invoice AIS/8812 is extracted again.\n")
    assert await reason(town) == "called the vendor"


async def test_a_decision_that_is_not_possible_is_refused(shell: Shell, town: Town) -> None:
    identity, rest = await held(town), ("--by", "mallory", "--note", "")
    ways = ("paying", "paid", "nowhere")
    for done in await asyncio.gather(*(shell.run("decide", identity, "--to", to, *rest) for to in ways)):
        said = "It was held while assessed; it may go to: received, extracted, rejected."
        assert said in one_sentence(done)
    invoice = await town.world.store.street.invoice(await only(town))
    assert invoice is not None
    assert invoice.state is State.HELD


async def test_a_decision_does_not_take_back_what_may_have_been_clicked(shell: Shell, town: Town) -> None:
    (invoice,) = await held_unclicked(town)
    rest = ("--by", "finance", "--note", "paid by hand")
    await town.world.store.street.doubt_clicks()
    refused = await shell.run("decide", str(invoice), "--to", "rejected", *rest)
    assert "It was held while paying; it may go to: paying." in one_sentence(refused)


async def test_a_decision_takes_back_what_was_never_clicked(shell: Shell, town: Town) -> None:
    (invoice,) = await held_unclicked(town)
    done = await shell.run(
        "decide", str(invoice), "--to", "rejected", "--by", "finance", "--note", "paid by hand"
    )
    assert (done.code, done.out) == (0, "Invoice AIS/0 is rejected.\n")
    (voided,) = await town.world.store.street.voided(invoice)
    assert (voided.by, voided.reason) == ("finance", "paid by hand")


async def test_a_decision_on_no_invoice_is_refused(shell: Shell, town: Town) -> None:
    done = await shell.run("decide", "ffffffff", "--to", "extracted", "--by", "x", "--note", "")
    assert "0 invoices begin with 'ffffffff'" in one_sentence(done)


async def test_extract_needs_no_settings_and_prints_a_line_a_file(shell: Shell) -> None:
    files = [SAMPLES / "acme-8812.pdf", SAMPLES / "locked.pdf"]
    done = await Shell(shell.folder, {}).run("extract", "--json", *files)
    assert done.code == 0, done.err
    rows = {Path(row["file"]).name: row for row in map(json.loads, done.out.splitlines())}
    assert rows["acme-8812.pdf"]["fields"]["total"]["value"] == "84960.00"
    assert rows["acme-8812.pdf"]["fields"]["total"]["confidence"] > 0.7
    assert rows["acme-8812.pdf"]["fields"]["total"]["place"]["page"] == 1
    assert "password" in rows["locked.pdf"]["error"]["message"]


async def test_a_file_that_is_not_there_is_a_wrong_command(shell: Shell) -> None:
    done = await shell.run("extract", "--json", "none.pdf")
    assert done.code == 2
    assert "none.pdf" in done.err


async def test_a_missing_setting_stops_every_start_with_one_sentence(shell: Shell) -> None:
    starts = (("daemon",), ("web",), ("worker", "--queue", "browser"), ("up",))
    for done in await asyncio.gather(*(shell.run(*start, MASTER_KEY="") for start in starts)):
        said = "MASTER_KEY is not set: make one with `countersign keys new`."
        assert said in one_sentence(done)


async def test_a_heartbeat_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    async def work() -> None:
        pytest.fail("the work began")

    with pytest.raises(SettingsError, match=r"^HEARTBEAT_FILE .* cannot be made: No such file"):
        await with_heartbeat(work(), tmp_path / "nowhere" / "beat")


async def test_a_heartbeat_is_touched_while_the_work_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.serve.BEAT_S", 0.01)
    file = tmp_path / "beat"

    async def work() -> str:
        os.utime(file, (0, 0))
        async with asyncio.timeout(5):
            while file.stat().st_mtime == 0:  # noqa: ASYNC110 - the clock of a file offers no event
                await asyncio.sleep(0.01)
        return "done"

    assert await with_heartbeat(work(), file) == "done"


async def test_a_malformed_setting_is_named_and_not_repeated(shell: Shell) -> None:
    said = one_sentence(await shell.run("status", IMAP_PORT="geheim"))
    assert "IMAP_PORT" in said
    assert "geheim" not in said


async def test_a_key_that_is_none_is_one_sentence(shell: Shell) -> None:
    assert "MASTER_KEY is not base64" in one_sentence(await shell.run("status", MASTER_KEY="not a key"))
