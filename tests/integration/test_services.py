"""The local services: real servers, started, used, killed and started again."""

from __future__ import annotations

import asyncio
import imaplib
import json
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis.asyncio

from sandbox import keeper, places, postgres
from sandbox.clean import clean
from sandbox.ports import answers, free_port, until
from sandbox.processes import ServiceError
from sandbox.services import Services
from tests.conftest import Mailbox

ROOT = Path(__file__).parents[2]
ENDED_S = 15.0
BUSY_S = 0.5
STARTUP = b"\0\0\0\x17\0\3\0\0user\0postgres\0\0"
"""The first message of the PostgreSQL protocol; `R` asks for the password."""

DEAD_REDIS = "redis://127.0.0.1:1/3"
DEAD = "postgresql://nobody:secret@127.0.0.1:1/none"


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="cs-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    clean(made)


def start_in_a_process(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.services", "--fast", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")},
        # As a shell starts what it puts into the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("DATABASE_URL=")
    return process


def groups_of(folder: Path) -> list[int]:
    return [entry["pid"] for entry in json.loads((folder / "processes.json").read_text())]


def nothing_runs(groups: list[int]) -> bool:
    return until(lambda: not any(keeper.members(group) for group in groups), ENDED_S)


def ended(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    process.communicate(timeout=ENDED_S)


async def test_the_database_role_is_no_superuser(services: Services) -> None:
    connection = await asyncpg.connect(services.database_url)
    is_super = await connection.fetchval("select rolsuper from pg_roles where rolname = current_user")
    await connection.close()
    assert is_super is False


@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="the database is not ours")
async def test_a_wrong_database_password_is_refused(services: Services) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(services.database_url, password="guess")


async def test_each_test_gets_an_empty_redis_database(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        assert await client.set("left", "behind")


@pytest.mark.skipif("REDIS_URL" in os.environ, reason="the Redis is not ours")
async def test_redis_keeps_every_write_in_a_file_and_never_evicts(services: Services) -> None:
    async with redis.asyncio.Redis.from_url(services.redis_url, decode_responses=True) as client:
        kept = {**await client.config_get("appendonly"), **await client.config_get("maxmemory-policy")}
    assert kept == {"appendonly": "yes", "maxmemory-policy": "noeviction"}


def test_a_mail_given_by_lmtp_is_read_by_imap_over_tls(mailbox: Mailbox) -> None:
    with smtplib.LMTP(str(mailbox.server.lmtp_path)) as lmtp:
        lmtp.sendmail("a@b.test", [mailbox.address], b"Subject: hello\r\n\r\nbody\r\n")
    trust = ssl.create_default_context(cafile=str(mailbox.server.ca_path))
    with imaplib.IMAP4_SSL(mailbox.server.host, mailbox.server.imaps_port, ssl_context=trust) as imap:
        imap.login(mailbox.address, mailbox.password)
        assert imap.select("INBOX")[1] == [b"1"]


def test_a_wrong_mail_password_is_refused(mailbox: Mailbox) -> None:
    with imaplib.IMAP4(mailbox.server.host, mailbox.server.port) as imap, pytest.raises(imaplib.IMAP4.error):
        imap.login(mailbox.address, "guess")


def test_the_lmtp_door_is_closed_to_other_users(services: Services) -> None:
    assert services.mail.lmtp_path.stat().st_mode & 0o077 == 0


def test_a_second_run_in_the_same_folder_is_refused_with_the_holder(services: Services) -> None:
    with pytest.raises(ServiceError, match=f"process {os.getpid()}"), Services(services.folder):
        pytest.fail("two runs in one folder")


async def test_data_are_there_at_the_next_start(folder: Path) -> None:
    with Services(folder, fast=True) as first:
        await run(first.database_url, "create table kept (n int); insert into kept values (7)")
        async with redis.asyncio.Redis.from_url(first.redis_url) as client:
            await client.set("kept", "7")
    with Services(folder, fast=True) as second:
        async with redis.asyncio.Redis.from_url(second.redis_url) as client:
            assert await client.get("kept") == b"7"
        assert await run(second.database_url, "select n from kept") == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_the_parent_ends_nothing_keeps_running(folder: Path, number: int) -> None:
    process = start_in_a_process(folder)
    groups = groups_of(folder)
    sockets = places.outside(folder)
    ended(process, number)
    assert len(groups) == 3
    assert nothing_runs(groups)
    assert until(lambda: not any(each.exists() for each in sockets), ENDED_S)


def test_an_open_mail_session_ends_with_a_killed_parent(folder: Path) -> None:
    process = start_in_a_process(folder)
    groups = groups_of(folder)
    with socket.create_connection(("127.0.0.1", imap_port(folder)), timeout=ENDED_S) as session:
        keys = places.passwords(folder)
        session.sendall(f"a login x@test.local {keys.mailbox}\r\nb select INBOX\r\nc idle\r\n".encode())
        heard = b""
        while b"+ idling" not in heard:
            heard += session.recv(4096)
        ended(process, signal.SIGKILL)
        # The server says BYE or nothing, then closes.
        while session.recv(4096):
            pass
    assert nothing_runs(groups)


def test_the_next_start_clears_up_after_a_killed_parent_and_keeper(folder: Path) -> None:
    process = start_in_a_process(folder)
    groups = groups_of(folder)
    keepers = [pid for pid in children_of(process.pid) if pid not in groups]
    for pid in (*keepers, groups[-1]):
        os.kill(pid, signal.SIGSTOP)  # they can neither obey the kernel's signal nor clear up
    ended(process, signal.SIGKILL)
    for pid in keepers:
        os.kill(pid, signal.SIGKILL)
    with Services(folder, fast=True):
        assert nothing_runs(groups)


def test_a_dead_postmasters_lock_with_a_strangers_number_is_no_hindrance(folder: Path) -> None:
    with Services(folder, fast=True) as first:
        lock = first.home / "postgres" / "postmaster.pid"
        content = lock.read_text().split("\n", 1)[1]
        owner = lock.stat()
    lock.write_text(f"{os.getppid()}\n{content}")
    os.chown(lock, owner.st_uid, owner.st_gid)
    with Services(folder, fast=True) as second:
        assert second.mail.port


async def test_a_postgres_killed_in_the_middle_of_a_query_starts_again_at_once(folder: Path) -> None:
    with Services(folder, redis_url=DEAD_REDIS, fast=True) as running:
        busy = await asyncpg.connect(running.database_url)
        query = asyncio.create_task(busy.fetchval("select count(*) from generate_series(1, 1000000000)"))
        await asyncio.sleep(BUSY_S)  # by now its backend looks at nothing but its query
        killed = next(child for child in running.children.running if child.command.name == "postgres")
        running.children.kill(killed)
        again = running.children.start(killed.command)
        port = urlsplit(running.database_url).port
        assert port is not None
        again.wait_ready(lambda: answers(port, b"R", STARTUP))
        with pytest.raises((OSError, asyncpg.PostgresError)):
            await query


def test_a_long_path_is_no_hindrance(folder: Path) -> None:
    long = folder / ("a" * 120) / "b c"
    with Services(long, redis_url=DEAD_REDIS, fast=True) as running:
        assert running.home.parent == places.LASTING
        assert len(str(running.mail.lmtp_path)) < 108
    clean(long)
    assert not running.home.exists()


def test_given_servers_are_used_and_none_is_started_for_them(folder: Path) -> None:
    with Services(folder, database_url=DEAD, redis_url=DEAD_REDIS) as running:
        assert (running.database_url, running.redis_url) == (DEAD, DEAD_REDIS)
        assert [child.command.name for child in running.children.running] == ["dovecot"]


def test_a_program_that_fails_at_its_start_is_named_with_its_last_words(services: Services) -> None:
    says = [sys.executable, "-c", "raise SystemExit('no such bank')"]
    with pytest.raises(ServiceError, match="mockbank ended with code 1 at its start:\nno such bank"):
        services.spawn("mockbank", says, dict(os.environ), ready=lambda: False)


def test_a_port_taken_in_the_meantime_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offered = iter([taken.getsockname()[1], free_port()])
        monkeypatch.setattr(postgres, "free_port", lambda: next(offered))
        with Services(folder, redis_url=DEAD_REDIS, fast=True) as running:
            assert str(taken.getsockname()[1]) not in running.database_url


def test_clean_ends_a_running_demo_and_leaves_no_file(folder: Path) -> None:
    process = start_in_a_process(folder)
    groups = groups_of(folder)
    elsewhere = places.outside(folder)
    clean(folder)
    process.communicate(timeout=ENDED_S)
    assert nothing_runs(groups)
    assert not folder.exists()
    assert not any(each.exists() for each in elsewhere)


@pytest.mark.skipif(os.getuid() != 0, reason="only root starts servers for other users")
def test_a_folder_the_servers_users_cannot_reach_is_replaced_by_one_they_can() -> None:
    closed = Path(tempfile.mkdtemp(prefix="cs-", dir="/tmp"))
    try:
        with Services(closed / "inner", fast=True) as running:
            assert running.home.parent == places.LASTING
        clean(closed / "inner")
        assert not running.home.exists()
    finally:
        shutil.rmtree(closed)


async def run(url: str, statements: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        if statements.startswith("select"):
            return await connection.fetchval(statements)
        return await connection.execute(statements)
    finally:
        await connection.close()


def imap_port(folder: Path) -> int:
    lines = (folder / "services" / "dovecot" / "dovecot.conf").read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if "inet_listener imap {" in line)
    return int(lines[at + 2].split("=")[1])


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
