"""/readyz and `countersign status` tell the truth under each fault: which, in one sentence, and what to do."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from daemon.condition import Part, Watch, faults_now
from daemon.queue import queue_name
from sandbox.chaos_clock import clock_environment, set_clock
from sandbox.redis_server import find_binary
from schema.migrate import migrate, migrations
from schema.states import Queue
from schema.store import open_database, open_store
from tests.integration.test_commands import Shell
from tests.integration.test_web import take_away
from tests.integration.test_workers import working
from tests.integration.web_rig import Web, serving_web

SIGNS = {queue_name(queue) + ":health-check": "alive" for queue in Queue}


# ARQ closes its pool by a name that redis-py has deprecated since.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")


@pytest.fixture
async def web(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Web]:
    """A house in which everything is well: a mailbox proven, and what workers say of themselves in Redis."""
    async with serving_web(database_url, redis_url, tmp_path / "blobs") as web:
        await web.town.world.store.mails.prove("pay@countersign.example", "INBOX", web.town.clock.now())
        await web.app.state.watch.redis.mset(SIGNS)
        yield web


async def told(web: Web) -> tuple[int, list[dict[str, Any]]]:
    answer = await web.get("/readyz")
    return answer.status_code, answer.json()["faults"]


async def only_fault(web: Web) -> tuple[int, dict[str, Any]]:
    status, faults = await told(web)
    assert len(faults) == 1, faults
    return status, faults[0]


async def test_all_is_well(web: Web) -> None:
    answer = await web.get("/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["faults"]) == (200, "ok", [])


async def test_the_database_is_down(web: Web) -> None:
    await take_away(web.database_url)
    status, fault = await only_fault(web)
    assert (status, fault["part"]) == (503, "database")
    assert "PostgreSQL" in fault["mend"]


async def test_a_mailbox_is_silent(web: Web) -> None:
    long_ago = web.town.clock.now() - timedelta(minutes=10)
    await web.rows("update mailboxes set proved_at = $1", long_ago)
    status, fault = await only_fault(web)
    assert (status, fault["part"]) == (503, "mailbox")
    assert fault["sentence"].endswith("has not answered for 10 minutes.")


async def test_real_workers_are_seen_and_missed(web: Web, redis_url: str) -> None:
    redis = web.app.state.watch.redis
    await redis.delete(*SIGNS)
    async with working(web.town, redis_url):
        async with asyncio.timeout(20):
            while await redis.exists(*SIGNS) < len(SIGNS):  # noqa: ASYNC110 - a worker ends it
                await asyncio.sleep(0.05)
        assert await told(web) == (200, [])
    status, faults = await told(web)
    assert (status, {fault["part"] for fault in faults}, len(faults)) == (503, {"worker"}, 3)


async def test_a_queue_has_no_worker(web: Web) -> None:
    await web.app.state.watch.redis.delete(queue_name(Queue.BROWSER) + ":health-check")
    status, fault = await only_fault(web)
    assert (status, fault["part"]) == (503, "worker")
    assert "countersign worker --queue browser" in fault["mend"]


async def test_a_migration_is_pending(web: Web) -> None:
    newest = migrations()[-1][0]
    await web.rows("delete from migrations where name = $1 returning name", newest)
    status, fault = await only_fault(web)
    assert (status, fault["sentence"]) == (503, f"The database lacks {newest}.")
    assert "countersign migrate" in fault["mend"]


async def test_a_database_without_any_schema_lacks_all(empty_database_url: str, web: Web) -> None:
    async with open_database(empty_database_url) as database:
        watch = replace(web.app.state.watch, store=open_store(database))
        (fault,) = await faults_now(watch)
        assert fault.part is Part.MIGRATION
        await migrate(empty_database_url)
        assert Part.MIGRATION not in {each.part for each in await faults_now(watch)}


@pytest.mark.parametrize(("ahead_s", "said"), [(3600, "3600 s ahead of"), (-3600, "3600 s behind")])
async def test_the_clock_is_off(web: Web, ahead_s: int, said: str) -> None:
    watch: Watch = web.app.state.watch
    web.app.state.watch = replace(watch, wall=lambda: time.time() + ahead_s)
    status, fault = await only_fault(web)
    assert (status, fault["part"], fault["serious"]) == (200, "clock", False)
    assert said in fault["sentence"]
    assert "NTP" in fault["mend"]


async def test_the_disk_is_full(web: Web, full_disk: Path) -> None:
    watch: Watch = web.app.state.watch
    settings = watch.settings.model_copy(update={"blobs_folder": full_disk})
    web.app.state.watch = replace(watch, settings=settings)
    status, fault = await only_fault(web)
    assert (status, fault["part"]) == (503, "disk")
    assert "never by deleting files" in fault["mend"]


async def test_the_folder_of_the_blobs_is_gone(web: Web, tmp_path: Path) -> None:
    watch: Watch = web.app.state.watch
    settings = watch.settings.model_copy(update={"blobs_folder": tmp_path / "not mounted"})
    web.app.state.watch = replace(watch, settings=settings)
    status, fault = await only_fault(web)
    assert (status, fault["part"]) == (503, "disk")


@pytest.fixture
def full_disk(tmp_path: Path) -> Any:
    """A real file system of its own with no room left."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting needs root and leave to do it")
    try:
        with suppress(OSError), (place / "filling").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@asynccontextmanager
async def own_redis(folder: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A Redis that a test may kill."""
    socket = folder / "redis.sock"
    options = ("--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", "")
    server = await asyncio.create_subprocess_exec(find_binary(), *options, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(20):
            while not socket.exists():  # noqa: ASYNC110 - another process ends it
                await asyncio.sleep(0.05)
        yield f"unix://{socket}", server
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        await server.wait()


async def test_redis_is_down(web: Web, tmp_path: Path) -> None:
    async with own_redis(tmp_path) as (url, server), Redis.from_url(url) as redis:
        await redis.mset(SIGNS)
        web.app.state.watch = replace(web.app.state.watch, redis=redis)
        assert (await told(web))[0] == 200
        server.kill()
        await server.wait()
        status, fault = await only_fault(web)
    assert (status, fault["part"]) == (503, "redis")
    assert "may be empty" in fault["mend"]


@pytest.fixture
async def shell(web: Web, redis_url: str, tmp_path: Path) -> Shell:
    """The command, with the settings of the same house."""
    settings = web.app.state.settings
    return Shell(
        tmp_path,
        {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": web.database_url,
            "REDIS_URL": redis_url,
            "MASTER_KEY": settings.master_key.get_secret_value(),
            "BLOBS_FOLDER": str(settings.blobs_folder),
        },
    )


async def test_status_says_nothing_of_faults_when_all_is_well(shell: Shell) -> None:
    done = await shell.run("status", "--json")
    assert (done.code, json.loads(done.out)["faults"]) == (0, [])


async def test_status_names_the_queue_without_a_worker(shell: Shell, web: Web) -> None:
    await web.app.state.watch.redis.delete(queue_name(Queue.DOCUMENTS) + ":health-check")
    done = await shell.run("status")
    assert done.code == 0
    assert "No worker looks after the queue documents" in done.out
    assert "countersign worker --queue documents" in done.out


async def test_status_says_that_the_database_is_down_and_what_else_is_wrong(shell: Shell, web: Web) -> None:
    await take_away(web.database_url)
    done = await shell.run("status", BLOBS_FOLDER="not-there", REDIS_URL="redis://127.0.0.1:1/0")
    assert done.code == 1
    for said in ("PostgreSQL", "Start Redis", "BLOBS_FOLDER does not take files"):
        assert said in done.out


async def test_status_says_that_a_migration_is_pending(shell: Shell, web: Web) -> None:
    await web.rows("delete from migrations where name = $1 returning name", migrations()[-1][0])
    done = await shell.run("status")
    assert (done.code, "countersign migrate" in done.err) == (1, True)


async def test_status_names_a_silent_mailbox(shell: Shell, web: Web) -> None:
    await web.rows("update mailboxes set proved_at = now() - interval '10 minutes' returning account")
    done = await shell.run("status")
    assert "has not answered for 10 minutes" in done.out


async def test_status_by_a_clock_that_is_off(shell: Shell, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    set_clock(clock, ahead_s=3600)
    environment = clock_environment(clock)
    done = await shell.run("status", **environment)
    assert done.code == 0
    assert "s ahead of the database's" in done.out
