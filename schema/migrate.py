"""Apply the migrations of `schema/sql/` once, in order, under a lock, while older code goes on running.

Why it is so: docs/decisions/0015-old-code-lives-with-the-next-schema.md
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Final

import asyncpg

from schema.errors import PermanentError, SettingsError, TransientError

LOCK: Final = 0x636F756E
"""The advisory lock's number; any other would do, as long as all agree."""

POLL_S: Final = 0.05
"""The lock is polled: a blocking wait deadlocks with CREATE INDEX CONCURRENTLY (seen on PostgreSQL 15)."""

CONNECT_S: Final = 10.0

LOCK_S: Final = 2.0
"""So long a migration waits for a table: whoever comes after it waits as well, a statement for 15 s at most."""

LOCK_TRIES: Final = 60
PAUSE_S: Final = 1.0
"""Between two tries, so that who queued behind the first gets through. Three minutes in all."""

BESIDE: Final = re.compile(r"^-- Code since (\d{4}) may run beside it\b", re.MULTILINE)
"""What a migration says of older code: the newest migration that this code must know of. Unsaid: none may."""


@dataclass(frozen=True)
class Standing:
    """How a database stands to this version; each field holds names of migrations."""

    lacking: tuple[str, ...]
    """Ours that it has not seen."""

    ahead: tuple[str, ...]
    """Newer ones that it has."""

    foreign: tuple[str, ...]
    """Those of `ahead` that this version must not run beside."""


async def migrate(database_url: str) -> list[str]:
    """Bring the schema up to date and return the names of what was applied; safe to run at once from many places.

    SettingsError when a file was changed after it was applied, or the database is ahead of what this version may run
    beside; TransientError when a table stayed locked.
    """
    connection = await _connect(database_url)
    try:
        while not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110 - another process ends it
            await asyncio.sleep(POLL_S)
        return await _apply(connection)
    finally:
        await connection.close(timeout=CONNECT_S)


async def standing(database_url: str) -> Standing:
    """What this version and the database know of each other; TransientError when it does not answer."""
    connection = await _connect(database_url)
    try:
        return await _standing(connection)
    finally:
        await connection.close(timeout=CONNECT_S)


async def fit(database_url: str) -> tuple[str, ...]:
    """The newer migrations that this version may run beside; SettingsError when it must not start here."""
    how = await standing(database_url)
    if how.lacking:
        raise SettingsError(
            f"The database is older than this version: it lacks {', '.join(how.lacking)}. "
            "Run `countersign migrate` first."
        )
    _refuse_foreign(how)
    return how.ahead


def _refuse_foreign(how: Standing) -> None:
    if how.foreign:
        raise SettingsError(
            f"The database is ahead of this version: it has {', '.join(how.foreign)}, beside which older code must "
            "not run. Start the newer version."
        )


def migrations() -> list[tuple[str, str]]:
    """Name and text of every migration, in order."""
    folder = files("schema") / "sql"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(name.removesuffix(".sql"), (folder / name).read_text("utf-8")) for name in names]


async def _connect(database_url: str) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(database_url, timeout=CONNECT_S)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise TransientError(f"The database of DATABASE_URL does not answer: {error}") from error


async def _standing(connection: asyncpg.Connection) -> Standing:
    applied = await _applied(connection)
    names = [name for name, _ in migrations()]
    newest = max(names, default="")[:4]
    ahead = tuple(sorted(applied.keys() - set(names)))
    return Standing(
        lacking=tuple(name for name in names if name not in applied),
        ahead=ahead,
        foreign=tuple(name for name in ahead if not (since := applied[name].beside) or since > newest),
    )


async def _apply(connection: asyncpg.Connection) -> list[str]:
    await _in_time(connection, "The list of migrations", partial(_make_list, connection))
    how = await _standing(connection)
    _refuse_foreign(how)
    if how.ahead and how.lacking:
        raise SettingsError(
            f"The database took another way: it has {', '.join(how.ahead)} and lacks {', '.join(how.lacking)}."
        )
    applied, done = await _applied(connection), []
    for name, text in migrations():
        digest = hashlib.sha256(text.encode()).hexdigest()
        if name not in applied:
            await _in_time(
                connection, f"Migration {name}", partial(_apply_one, connection, name, text, digest)
            )
            done.append(name)
        elif applied[name].sha256 != digest:
            raise SettingsError(f"Migration {name} was changed after it was applied; restore the file.")
    return done


async def _make_list(connection: asyncpg.Connection) -> None:
    """The table of what was applied. It is looked at first: even a needless ALTER waits for a backup to end."""
    await connection.execute(
        "create table if not exists migrations("
        "name text primary key, sha256 text not null, applied_at timestamptz not null default now(), beside text)"
    )
    if not await _knows_beside(connection):
        await connection.execute("alter table migrations add column if not exists beside text")


async def _in_time(connection: asyncpg.Connection, what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` in one transaction, giving way to whoever holds its tables; TransientError when they are never free."""
    for _ in range(LOCK_TRIES):
        try:
            async with connection.transaction():
                await connection.execute(f"set local lock_timeout = {round(LOCK_S * 1000)}")
                return await work()
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(PAUSE_S)
        except asyncpg.PostgresError as error:
            raise PermanentError(f"{what} failed and nothing of it was kept: {error}") from error
    raise TransientError(
        f"{what} did not get its tables in {LOCK_TRIES} tries, and nothing of it was kept: a backup or a long query "
        "holds them. Run `countersign migrate` again when it is over."
    )


async def _apply_one(connection: asyncpg.Connection, name: str, text: str, digest: str) -> None:
    """One file whole, and its line in the list."""
    said = BESIDE.search(text)
    await connection.execute(text)
    await connection.execute(
        "insert into migrations(name, sha256, beside) values ($1, $2, $3)", name, digest, said and said[1]
    )


@dataclass(frozen=True)
class _Applied:
    sha256: str
    beside: str | None


async def _knows_beside(connection: asyncpg.Connection) -> bool:
    return bool(
        await connection.fetchval(
            "select exists (select from pg_attribute where attrelid = to_regclass('migrations') and attname = 'beside')"
        )
    )


async def _applied(connection: asyncpg.Connection) -> dict[str, _Applied]:
    """By name; a database of before the rule says nothing about older code."""
    if not await connection.fetchval("select to_regclass('migrations') is not null"):
        return {}
    beside = "beside" if await _knows_beside(connection) else "null as beside"
    rows = await connection.fetch(f"select name, sha256, {beside} from migrations")  # noqa: S608 - one of two words
    return {row["name"]: _Applied(row["sha256"], row["beside"]) for row in rows}
