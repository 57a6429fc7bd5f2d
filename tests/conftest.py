"""Real servers for the tests: started once a session when first asked for, emptied or renewed for each test.

With DATABASE_URL or REDIS_URL set those servers are used: the database's user must be allowed to create databases, and
tests use only Redis databases that they find empty.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import redis.asyncio
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis.exceptions import ResponseError

from sandbox.dovecot import MailServer
from sandbox.services import Services

TEMPLATE = "countersign_template"
DROP_TRIES = 40

# The same examples at every run, and no complaint about a slow machine: a red test means a wrong program.
hypothesis_settings.register_profile(
    "countersign",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
hypothesis_settings.load_profile("countersign")


@dataclass(frozen=True)
class Mailbox:
    """An empty mailbox of its own on the session's Dovecot."""

    server: MailServer
    address: str

    @property
    def password(self) -> str:
        return self.server.password


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """PostgreSQL, Redis and Dovecot in a short temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="cs-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with Services.from_environment(folder, fast=True) as running:
            yield running
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
async def template_database(services: Services) -> AsyncIterator[str]:
    """The name of a migrated database that no test changes: copying it takes 0.1 s."""
    from schema.migrate import migrate

    name = f"{TEMPLATE}_{uuid.uuid4().hex[:8]}"
    await _run(services.database_url, f"create database {name}")
    try:
        await migrate(_named(services.database_url, name))
        services.guard_record(_named(services.database_url, name))
        yield name
    finally:
        await _drop(services.database_url, name)


@pytest.fixture
async def empty_database_url(services: Services) -> AsyncIterator[str]:
    """A fresh database without any table."""
    async with copied_database(services.database_url, "template1") as url:
        yield url


@pytest.fixture
async def database_url(services: Services, template_database: str) -> AsyncIterator[str]:
    """A fresh database with the whole schema."""
    async with copied_database(services.database_url, template_database) as url:
        yield url


@pytest.fixture
async def redis_url(services: Services) -> AsyncIterator[str]:
    """An empty Redis database, emptied again afterwards."""
    async with empty_redis(services.redis_url) as url:
        yield url


@pytest.fixture
def mailbox(services: Services) -> Mailbox:
    """A mailbox nobody has used; mail for any address of test.local may be delivered too."""
    return Mailbox(services.mail, f"t-{uuid.uuid4().hex[:12]}@test.local")


@asynccontextmanager
async def copied_database(server_url: str, template: str) -> AsyncIterator[str]:
    """A database that is dropped afterwards."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    await _copy(server_url, template, name)
    try:
        yield _named(server_url, name)
    finally:
        await _drop(server_url, name)


@asynccontextmanager
async def empty_redis(server_url: str) -> AsyncIterator[str]:
    """The first Redis database without anything in it, emptied again afterwards."""
    for number in itertools.count(1):
        url = _named(server_url, str(number))
        async with redis.asyncio.Redis.from_url(url) as client:
            try:
                empty = await client.dbsize() == 0
            except ResponseError:
                pytest.fail("every database of the Redis at REDIS_URL holds data; tests empty only their own")
            if empty:
                yield url
                await client.flushdb()
                return


async def _copy(url: str, template: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    # Since PostgreSQL 15 a copy goes through the log by default, which takes twice as long.
    strategy = "strategy file_copy" if connection.get_server_version().major >= 15 else ""
    try:
        await connection.execute(f"create database {name} template {template} {strategy}")
    finally:
        await connection.close()


async def _drop(url: str, name: str) -> None:
    """Drop a database; autovacuum may be at work in it for a moment, and only a superuser may end that."""
    for _ in range(DROP_TRIES):
        try:
            return await _run(url, f"drop database {name} with (force)")
        except (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            await asyncio.sleep(0.25)
    return await _run(url, f"drop database {name} with (force)")


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
