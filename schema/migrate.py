"""Apply the migrations of `schema/sql/` once, in order, under a lock."""

from __future__ import annotations

import asyncio
import hashlib
from importlib.resources import files
from typing import Final

import asyncpg

from schema.errors import PermanentError, SettingsError, TransientError

LOCK: Final = 0x636F756E
"""The advisory lock's number; any other would do, as long as all agree."""

POLL_S: Final = 0.05
"""The lock is polled: a blocking wait deadlocks with CREATE INDEX CONCURRENTLY (seen on PostgreSQL 15)."""

CONNECT_S: Final = 10.0


async def migrate(database_url: str) -> list[str]:
    """Bring the schema up to date and return the names of what was applied; safe to run at once from many places.

    SettingsError when a file was changed after it was applied, or the database is ahead of this version.
    """
    connection = await _connect(database_url)
    try:
        while not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110 - another process ends it
            await asyncio.sleep(POLL_S)
        return await _apply(connection)
    finally:
        await connection.close(timeout=CONNECT_S)


async def pending(database_url: str) -> list[str]:
    """The names of migrations that this database has not seen."""
    connection = await _connect(database_url)
    try:
        applied = await _applied(connection)
        return [name for name, _ in migrations() if name not in applied]
    finally:
        await connection.close(timeout=CONNECT_S)


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


async def _apply(connection: asyncpg.Connection) -> list[str]:
    await connection.execute(
        "create table if not exists migrations("
        "name text primary key, sha256 text not null, applied_at timestamptz not null default now())"
    )
    applied, done, known = await _applied(connection), [], set[str]()
    for name, text in migrations():
        known.add(name)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if name in applied:
            if applied[name] != digest:
                raise SettingsError(f"Migration {name} was changed after it was applied; restore the file.")
            continue
        await _apply_one(connection, name, text, digest)
        done.append(name)
    if ahead := set(applied) - known:
        raise SettingsError(f"The database is ahead of this version: it has {', '.join(sorted(ahead))}.")
    return done


async def _apply_one(connection: asyncpg.Connection, name: str, text: str, digest: str) -> None:
    """One file whole or not at all."""
    try:
        async with connection.transaction():
            await connection.execute(text)
            await connection.execute("insert into migrations(name, sha256) values ($1, $2)", name, digest)
    except asyncpg.PostgresError as error:
        raise PermanentError(f"Migration {name} failed and nothing of it was kept: {error}") from error


async def _applied(connection: asyncpg.Connection) -> dict[str, str]:
    if not await connection.fetchval("select to_regclass('migrations') is not null"):
        return {}
    return {
        row["name"]: row["sha256"] for row in await connection.fetch("select name, sha256 from migrations")
    }
