"""A PostgreSQL cluster of our own: made once, started on a free loopback port, no socket file, scram passwords."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from sandbox import keeper, places
from sandbox.places import Passwords
from sandbox.ports import LOOPBACK, free_port
from sandbox.processes import Account, Child, Children, Command, ServiceError

SUPERUSER: Final = "postgres"
ROLE: Final = "countersign"
"""Owns the database of the same name and may create others; no superuser, whom no rule would bind."""

RECORD_OWNER: Final = Path(__file__).resolve().parent.parent / "deploy" / "record_owner.sql"

INITDB_S: Final = 120.0
QUERY_S: Final = 10.0
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
LASTING: Final = ("-c", "fsync=on")
FAST: Final = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
"""For tests only: a power cut may destroy the cluster."""


def start(children: Children, home: Path, keys: Passwords, user: Account | None, *, fast: bool) -> int:
    """Start the cluster kept under `home`, making it first if there is none; returns its port."""
    binaries = find_binaries()
    data = home / "postgres"
    if not data.exists():
        _make_cluster(binaries, data, keys, user, fast=fast)
    _clear_stale_lock(data)
    port = free_port()
    child = children.start(_command(binaries, data, port, user, fast=fast))
    try:
        child.wait_ready(lambda: _query(binaries, port, keys, "select 1").returncode == 0)
    except ServiceError:
        children.stop(child)
        raise
    _make_database(binaries, port, keys, child)
    return port


def url(port: int, keys: Passwords) -> str:
    """The address of the product's database, for asyncpg."""
    return f"postgresql://{ROLE}:{keys.database}@{LOOPBACK}:{port}/{ROLE}"


def guard_record(port: int, keys: Passwords, database: str) -> None:
    """Do the administrator's part: give the record's tables of a migrated database an owner nobody can log in as."""
    done = _query(find_binaries(), port, keys, RECORD_OWNER.read_text(), database=database)
    if done.returncode != 0:
        raise ServiceError(f"the record could not be guarded: {done.stderr.decode(errors='replace')}")


def find_binaries() -> Path:
    """The folder of the newest PostgreSQL on this machine; Debian keeps it off the PATH."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(folders, key=lambda each: int(each.parent.name), reverse=True):
        if (folder / "initdb").exists():
            return folder
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise ServiceError("PostgreSQL is not installed: apt-get install postgresql")


def _command(binaries: Path, data: Path, port: int, user: Account | None, *, fast: bool) -> Command:
    listen = ("-c", f"listen_addresses={LOOPBACK}", "-c", "unix_socket_directories=", "-p", str(port))
    return Command(
        "postgres",
        (str(binaries / "postgres"), "-D", str(data), *listen, *(FAST if fast else LASTING)),
        log=data.parent / "postgres.log",
        cwd=data,
        env=ENVIRONMENT,
        account=user,
        stop_signal=signal.SIGINT,  # fast shutdown: open sessions are ended
        death_signal=signal.SIGINT,
    )


def _make_cluster(binaries: Path, data: Path, keys: Passwords, user: Account | None, *, fast: bool) -> None:
    # Made beside its place and moved there when whole: a killed initdb leaves no half cluster.
    draft = data.with_name("postgres.making")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    places.give(draft, user)
    password = data.with_name("postgres.password")
    places.write_private(password, keys.postgres + "\n", user)
    try:
        made = subprocess.run(
            [
                *(
                    str(binaries / "initdb"),
                    "-D",
                    str(draft),
                    "-U",
                    SUPERUSER,
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                ),
                *("--auth=scram-sha-256", f"--pwfile={password}"),
                *(("--no-sync",) if fast else ()),
            ],
            capture_output=True,
            cwd=draft,
            env=ENVIRONMENT,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            timeout=INITDB_S,
            check=False,
        )
    finally:
        password.unlink()
    if made.returncode != 0:
        raise ServiceError(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")
    draft.rename(data)


def _make_database(binaries: Path, port: int, keys: Passwords, child: Child) -> None:
    found = _query(binaries, port, keys, f"select 1 from pg_database where datname = '{ROLE}'")
    if found.stdout.strip() == b"1":
        return
    # Both may be there already if a former start was killed between the two.
    statements = (
        f"do $$ begin create role {ROLE} login createdb password '{keys.database}'; "
        "exception when duplicate_object then null; end $$",
        f"create database {ROLE} owner {ROLE}",
    )
    for statement in statements:
        done = _query(binaries, port, keys, statement)
        if done.returncode != 0:
            raise ServiceError(
                f"the database could not be made: {done.stderr.decode(errors='replace')}\n{child.tail()}"
            )


def _query(
    binaries: Path, port: int, keys: Passwords, statement: str, *, database: str = "postgres"
) -> subprocess.CompletedProcess[bytes]:
    # By standard input and environment: arguments can be read by every user of the machine.
    return subprocess.run(
        [
            str(binaries / "psql"),
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            LOOPBACK,
            "-p",
            str(port),
            "-U",
            SUPERUSER,
        ],
        input=statement.encode(),
        capture_output=True,
        cwd="/",
        env={**ENVIRONMENT, "PGPASSWORD": keys.postgres, "PGDATABASE": database, "PGCONNECT_TIMEOUT": "5"},
        timeout=QUERY_S,
        check=False,
    )


def _clear_stale_lock(data: Path) -> None:
    """Remove a dead postmaster's lock file, whose number a stranger may carry by now; end a living one.

    Safe because the folder's own lock is held: nobody else starts this cluster.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    pid = int(lock.read_text().split("\n", 1)[0])
    if _runs_cluster(pid, data):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + keeper.GRACE_S
        while _runs_cluster(pid, data) and time.monotonic() < deadline:
            time.sleep(keeper.POLL_S)
        if _runs_cluster(pid, data):
            raise ServiceError(f"PostgreSQL (process {pid}) still runs in {data} and does not stop")
    lock.unlink(missing_ok=True)


def _runs_cluster(pid: int, data: Path) -> bool:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return str(data).encode() in arguments
