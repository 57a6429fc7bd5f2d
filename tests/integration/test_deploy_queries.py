"""What KEDA asks PostgreSQL, and the role it asks as: counts by queue, and nothing else."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from schema.states import Queue
from tests.unit.test_deploy import trigger_of
from tests.world import Town, bring

ROLE = Path("deploy/scaler_role.sql").read_text()


@pytest.mark.parametrize(("queue", "due"), [(Queue.DOCUMENTS, 2), (Queue.REASONING, 0), (Queue.BROWSER, 0)])
async def test_keda_sees_how_many_invoices_of_a_queue_are_due(town: Town, queue: Queue, due: int) -> None:
    await bring(town, b"one")
    await bring(town, b"two")
    (trigger,) = trigger_of(queue)
    async with town.world.store.database.transaction() as connection:
        await connection.execute(ROLE)
        await connection.execute("set local role countersign_scaler")
        assert await connection.fetchval(trigger["query"]) == due


async def test_the_role_of_keda_sees_nothing_else(town: Town) -> None:
    async with town.world.store.database.transaction() as connection:
        await connection.execute(ROLE)
        await connection.execute(ROLE)
        await connection.execute("set local role countersign_scaler")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("select total from invoices")
