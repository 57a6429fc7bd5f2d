"""What KEDA asks PostgreSQL, and the role it asks as: counts by queue, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from sandbox.services import Services
from schema.states import Queue
from tests.integration.record_rig import as_superuser
from tests.unit.test_deploy import trigger_of
from tests.world import Town, bring

ROLE = Path("deploy/scaler_role.sql").read_text()


@pytest.fixture
async def scaler(services: Services, town: Town, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the role that the administrator's script makes; it may run twice."""
    connection = await as_superuser(services, database_url)
    try:
        await connection.execute(ROLE)
        await connection.execute(ROLE)
        await connection.execute("set role countersign_scaler")
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize(("queue", "due"), [(Queue.DOCUMENTS, 2), (Queue.REASONING, 0), (Queue.BROWSER, 0)])
async def test_keda_sees_how_many_invoices_of_a_queue_are_due(
    town: Town, scaler: asyncpg.Connection, queue: Queue, due: int
) -> None:
    await bring(town, b"one")
    await bring(town, b"two")
    (trigger,) = trigger_of(queue)
    assert await scaler.fetchval(trigger["query"]) == due


async def test_the_role_of_keda_sees_nothing_else(scaler: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await scaler.fetchval("select total from invoices")
