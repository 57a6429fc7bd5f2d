"""A silent mailbox is told to people once in ten minutes, and so is its return."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from daemon.alarm import Alarm, look_at_backup, look_at_ledger, look_at_mailboxes
from daemon.condition import SILENT_AFTER, Watch
from daemon.web import health, metrics
from schema.errors import TransientError
from schema.ids import Address
from schema.mail import OutgoingMail
from tests.integration.web_rig import web_settings
from tests.world import Town, bring

MAILBOX = "pay@countersign.example/INBOX"
MEERA = Address("meera@meridian.example")
SILENCE = SILENT_AFTER + timedelta(seconds=1)


async def prove(town: Town) -> None:
    await town.world.store.mails.prove("pay@countersign.example", "INBOX", town.clock.now())


def alarm_of(town: Town) -> Alarm:
    looks = (look_at_mailboxes(MAILBOX, town.clock.now()), look_at_ledger, look_at_backup)
    return Alarm(town.world, (MEERA,), looks)


async def ten_minutes_later(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("update alarms set said_at = said_at - interval '10 minutes'")
    await connection.close()


@pytest.fixture
async def browser(town: Town, redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.world = town.world
    redis = Redis.from_url(redis_url)
    settings = web_settings("", redis_url, tmp_path, backup_folder=tmp_path / "backups")
    app.state.watch = Watch(settings, town.world.store, redis)
    app.include_router(health.router)
    app.include_router(metrics.router)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        yield client
    await redis.aclose()


async def test_a_proven_mailbox_raises_no_alarm(town: Town) -> None:
    await prove(town)
    await alarm_of(town).look()
    assert (town.mailer.sent, town.messenger.notes) == ([], [])


async def test_two_minutes_of_silence_are_told_by_mail_and_on_every_phone(town: Town) -> None:
    await prove(town)
    town.clock.at += SILENCE
    await alarm_of(town).look()
    assert [(mail.to, mail.subject) for mail in town.mailer.sent] == [
        (MEERA, "Countersign: Mailbox is silent")
    ]
    assert [phone for phone, _ in town.messenger.notes] == [person.phone for person in town.world.approvers]


async def test_a_mailbox_that_never_answered_is_told_too(town: Town) -> None:
    alarm = alarm_of(town)
    town.clock.at += SILENCE
    await alarm.look()
    assert len(town.mailer.sent) == 1


async def test_a_standing_alarm_is_said_again_after_ten_minutes_only(town: Town, database_url: str) -> None:
    await prove(town)
    town.clock.at += SILENCE
    alarm = alarm_of(town)
    await alarm.look()
    await alarm.look()
    assert len(town.mailer.sent) == 1
    await ten_minutes_later(database_url)
    await alarm.look()
    assert len(town.mailer.sent) == 2


async def test_two_watchers_tell_once(town: Town) -> None:
    await prove(town)
    town.clock.at += SILENCE
    await alarm_of(town).look()
    await alarm_of(town).look()
    assert len(town.mailer.sent) == 1


async def test_the_return_is_told_once(town: Town) -> None:
    await prove(town)
    town.clock.at += SILENCE
    alarm = alarm_of(town)
    await alarm.look()
    await prove(town)
    await alarm.look()
    await alarm.look()
    assert [mail.subject for mail in town.mailer.sent][1:] == ["Countersign: Mailbox answers again"]


async def test_an_alarm_nobody_could_be_told_is_tried_again_at_the_next_look(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise TransientError

    sent: list[OutgoingMail] = town.mailer.sent
    await prove(town)
    town.clock.at += SILENCE
    alarm = alarm_of(town)
    with monkeypatch.context() as broken:
        broken.setattr(town.mailer, "send", fails)
        broken.setattr(town.messenger, "note", fails)
        await alarm.look()
    assert sent == []
    await alarm.look()
    assert len(sent) == 1


async def test_metrics_tell_age_states_jobs_and_what_is_due(town: Town, browser: httpx.AsyncClient) -> None:
    await prove(town)
    town.clock.pass_(seconds=30)
    await bring(town, b"one")
    lines = (await browser.get("/metrics")).text.splitlines()
    assert f'countersign_mailbox_proof_age_seconds{{mailbox="{MAILBOX}"}} 30' in lines
    assert 'countersign_invoices{state="received"} 1' in lines
    assert 'countersign_jobs{job="ingest_job"} 1' in lines
    assert "countersign_invoices_due 1" in lines


async def test_metrics_are_for_this_machine_only(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 404


async def test_a_batch_the_ledger_gave_up_is_told_and_so_is_its_delivery(
    town: Town, database_url: str
) -> None:
    await prove(town)
    batch = await untaken_batch(town, database_url)
    await alarm_of(town).look()
    assert [mail.subject for mail in town.mailer.sent] == ["Countersign: Ledger takes no batches"]
    assert "batch 1 after 12 attempts: The webhook answered 500." in town.mailer.sent[0].text
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "insert into export_deliveries (id, batch_id, status, asked_at, asked_by, delivered_at) "
        "values (gen_random_uuid(), $1, 'delivered', now(), 'nadia', now())",
        batch,
    )
    await connection.close()
    await alarm_of(town).look()
    assert [mail.subject for mail in town.mailer.sent][1:] == ["Countersign: Ledger takes batches again"]


async def test_a_failed_backup_is_told_once(town: Town) -> None:
    await prove(town)
    await town.world.store.operations.raise_alarm(
        "backup", "The nightly backup failed: full", again_after_s=0
    )
    await town.world.store.operations.unsay_alarm("backup")
    await alarm_of(town).look()
    await alarm_of(town).look()
    assert [mail.text for mail in town.mailer.sent] == ["The nightly backup failed: full\n"]


async def untaken_batch(town: Town, database_url: str) -> UUID:
    """A batch whose one delivery was given up, as the rows say it."""
    batch = uuid4()
    connection = await asyncpg.connect(database_url)
    nadia = await connection.fetchval(
        "insert into people (address, name, role, created_at) "
        "values ('nadia@meridian.example', 'Nadia', 'admin', now()) returning id"
    )
    await connection.execute(
        "insert into export_batches (id, number, format, made_at, made_by, made_by_address, payments, totals, "
        "file_name, media_type, sha256, size_bytes, blob_key) values ($1, 1, 'csv', now(), $3, "
        "'nadia@meridian.example', 1, '[]', 'countersign-csv-00001.csv', 'text/csv', $2, 1, $2)",
        batch,
        "a" * 64,
        nadia,
    )
    await connection.execute(
        "insert into export_deliveries (id, batch_id, status, attempts, asked_at, asked_by, answered, problem) "
        "values (gen_random_uuid(), $1, 'failed', 12, now() - interval '1 day', 'nadia', 500, "
        "'The webhook answered 500.')",
        batch,
    )
    await connection.close()
    return batch
