"""What the chaos run brought to light, one test each; the click and the leases have files of their own."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from arq.connections import create_pool

from daemon.adapters.blobs_disk import DiskBlobs
from daemon.queue import RING_AGAIN_S, Bell, deserialize, open_bell, queue_name, redis_settings, serialize
from schema.approval import Verdict
from schema.errors import OutcomeUnknownError, PermanentError, TransientError
from schema.ids import BlobKey, InvoiceId, MessageSid, Phone
from schema.masking import Masked
from schema.states import Queue, State
from schema.vault import Vault, new_master_key, sha256
from tests.world import FakeMessenger, Town, bring, say, walk


class Speechless(FakeMessenger):
    """Takes notes and never says so."""

    async def note(self, to: Phone, text: Masked) -> MessageSid:
        await super().note(to, text)
        raise OutcomeUnknownError("Twilio may have sent the message.")


async def test_a_note_without_an_answer_neither_holds_up_the_end_nor_is_repeated(town: Town) -> None:
    messenger = Speechless()
    town.messenger, town.world = messenger, replace(town.world, messenger=messenger)
    await bring(town, b"one")
    await walk(town)
    await say(town, Verdict.APPROVE)
    assert set((await walk(town)).values()) == {State.CLOSED}
    assert len(messenger.notes) == 1


async def rings(redis_url: str, *seconds: float) -> int:
    """How many jobs wait after rings for one standing invoice at these moments."""
    pool = await create_pool(
        redis_settings(redis_url), job_serializer=serialize, job_deserializer=deserialize
    )
    try:
        invoice = InvoiceId(uuid4())
        for moment in seconds:
            await Bell(pool, now=lambda at=moment: at).ring(invoice, State.RECEIVED, 0, 0)  # type: ignore[misc]
        return int(await pool.zcard(queue_name(Queue.DOCUMENTS)))
    finally:
        await pool.aclose()


async def test_a_worker_that_died_before_its_claim_delays_the_next_ring_by_a_quarter_of_a_minute_at_most(
    redis_url: str,
) -> None:
    assert await rings(redis_url, 0, RING_AGAIN_S) == 2


async def test_a_ring_is_heard_by_a_worker_whose_clock_is_years_behind(redis_url: str) -> None:
    async with open_bell(redis_url) as bell:
        await bell.ring(InvoiceId(uuid4()), State.RECEIVED, 0, 0)
        [(_, score_ms)] = await bell.redis.zrange(queue_name(Queue.DOCUMENTS), 0, -1, withscores=True)
    assert 0 < score_ms < time.time() * 1000 / 2


async def test_rings_that_follow_each_other_are_one_job(redis_url: str) -> None:
    assert await rings(redis_url, 0, RING_AGAIN_S / 2) == 1


async def test_a_connection_broken_in_the_middle_of_a_call_is_a_passing_failure(town: Town) -> None:
    with pytest.raises(TransientError):
        async with town.world.store.database.transaction():
            raise asyncpg.InternalClientError("cannot switch to state 15; another operation is in progress")


async def test_a_file_store_that_is_not_mounted_is_a_passing_failure(tmp_path: Path) -> None:
    blobs = DiskBlobs(tmp_path / "blobs", Vault(new_master_key()))
    key = await blobs.put(b"an invoice")
    shutil.rmtree(tmp_path / "blobs")
    with pytest.raises(TransientError):
        await blobs.get(key)


async def test_a_single_missing_file_is_for_a_person(tmp_path: Path) -> None:
    blobs = DiskBlobs(tmp_path / "blobs", Vault(new_master_key()))
    with pytest.raises(PermanentError):
        await blobs.get(BlobKey(sha256(b"never kept")))
