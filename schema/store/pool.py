"""The pool of connections: codecs, time limits, and asyncpg's errors in our words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from schema.errors import ConflictError, PermanentError, TransientError

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"


class Columns(Protocol):
    """A row, or what stands for one: values by the names of columns."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of a column."""


COMMAND_S: Final = 15.0
"""No statement of ours takes a second; what takes fifteen waits for a lock that will not come."""

ACQUIRE_S: Final = 10.0

_LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection whose server went away while a call on it was cancelled
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.DiskFullError,
)


class Database:
    """A pool, and the two ways to use it: one transaction, or one listening connection."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], url: str) -> None:
        self._pool = pool
        self._url = url

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction; TransientError when the database went away, ConflictError on a unique violation."""
        try:
            async with self._connection() as connection, connection.transaction():
                yield connection
        except asyncpg.UniqueViolationError as error:
            raise ConflictError(f"Someone else was first ({error.constraint_name}).") from error
        except asyncpg.IntegrityConstraintViolationError as error:
            raise PermanentError(f"The database refused the move: {error.args[0]}") from error
        except (asyncpg.DataError, asyncpg.exceptions.UnsupportedClientFeatureError) as error:
            raise PermanentError(f"The database cannot hold this value ({type(error).__name__}).") from error
        except _LOST as error:
            raise TransientError("The database does not answer; it is tried again.") from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool; whatever a server says instead of giving one passes with time."""
        try:
            connection = await self._pool.acquire(timeout=ACQUIRE_S)
        except (*_LOST, asyncpg.PostgresError) as error:
            raise TransientError("The database does not answer; it is tried again.") from error
        try:
            yield connection
        finally:
            await self._pool.release(connection)

    @asynccontextmanager
    async def listening(self, channel: str, ring: Callable[[str], None]) -> AsyncIterator[Callable[[], bool]]:
        """Call `ring(payload)` for each NOTIFY on `channel`; yields a question, whether the line still stands.

        LISTEN has a connection of its own: a pooled one would lose it when given back.
        """
        try:
            connection = await asyncpg.connect(self._url, timeout=ACQUIRE_S)
        except (*_LOST, asyncpg.PostgresError) as error:
            raise TransientError("The database does not answer; it is tried again.") from error
        try:
            await connection.add_listener(channel, lambda *message: ring(str(message[3])))
            yield lambda: not connection.is_closed()
        finally:
            connection.terminate()

    async def close(self) -> None:
        """Give all connections back."""
        await self._pool.close()


@asynccontextmanager
async def open_database(url: str, *, connections: int = 6) -> AsyncIterator[Database]:
    """Open a pool on `url`; TransientError when nothing answers there."""
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=connections,
            init=_set_codecs,
            command_timeout=COMMAND_S,
            timeout=ACQUIRE_S,
        )
    except _LOST as error:
        raise TransientError(f"The database of DATABASE_URL does not answer: {error}") from error
    except asyncpg.PostgresError as error:
        raise PermanentError(f"The database of DATABASE_URL refuses: {error}") from error
    try:
        yield Database(pool, url)
    finally:
        await pool.close()


async def _set_codecs(connection: Any) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_dump, decoder=json.loads)


def _dump(value: object) -> str:
    """JSON for a column: PostgreSQL takes neither NUL nor lone surrogates."""
    return json.dumps(clean_json(value), ensure_ascii=False)


def clean_json(value: Any) -> Any:
    """A JSON value with all its texts clean; what is hashed must be what is stored."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): clean_json(member) for name, member in value.items()}
    return [clean_json(each) for each in value] if isinstance(value, list | tuple) else value


def clean(text: str) -> str:
    """Text as PostgreSQL can store it: without NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def like(text: str | None) -> str | None:
    """A pattern for ILIKE that finds `text` anywhere, its own wildcards taken as they stand; None asks nothing."""
    if not text:
        return None
    return "%" + clean(text).replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
