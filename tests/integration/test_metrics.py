"""/metrics over real rows, and that rules and dashboard ask only for what it tells."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import promql_parser
import pytest
from redis.asyncio import Redis

from daemon.condition import Part
from daemon.egress import Door, SecretGuard
from daemon.queue import queue_name
from daemon.web.measured import KINDS
from handlers.guard import LeakGuard
from schema.errors import LeakError, PermanentError
from schema.states import Queue
from tests.integration.test_alarm import untaken_batch
from tests.integration.test_web import take_away
from tests.integration.web_rig import Web, serving_web
from tests.unit.test_observability import expressions
from tests.world import ACCOUNT, TAX_ID, bring, fields, walk

LINE = re.compile(r"countersign_(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")


@pytest.fixture
async def web(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Web]:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "countersign-20260101T000000Z.dump").touch()
    (folder / "countersign-of-somebody.dump").touch()
    async with serving_web(database_url, redis_url, tmp_path / "blobs", backup_folder=folder) as web:
        yield web


async def told(web: Web) -> list[str]:
    transport = httpx.ASGITransport(web.app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    return answer.text.splitlines()


async def value(web: Web, start: str) -> float:
    (line,) = [line for line in await told(web) if line.startswith(f"countersign_{start} ")]
    return float(line.rpartition(" ")[2])


def selectors(node: Any) -> Iterator[Any]:
    """Every selector of an expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if (child := getattr(node, name, None)) is not None and not isinstance(child, str):
            yield from selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from selectors(child)


async def fill(web: Web) -> None:
    """Something of everything: held by a rule and by a failure, asked of the model, refused, a batch not taken."""
    await bring(web.town, b"one")
    await walk(web.town)
    web.town.reader.fields = fields(invoice_number="AIS/8813", account="998877665544")
    await bring(web.town, b"two", 2)
    await walk(web.town)
    web.town.reader.error = PermanentError("The document is odd.")
    await bring(web.town, b"three", 3)
    await walk(web.town)
    await untaken_batch(web.town, web.database_url)


async def test_rules_and_dashboard_ask_only_for_what_is_told(web: Web) -> None:
    await web.town.world.store.mails.prove("pay@countersign.example", "INBOX", web.town.clock.now())
    await fill(web)
    labels: dict[str, set[str]] = {}
    for line in await told(web):
        if match := LINE.fullmatch(line):
            names = set(re.findall(r'(\w+)="', match["labels"] or ""))
            labels.setdefault(f"countersign_{match['name']}", set()).update(names)
    asked = [each for text in expressions() for each in selectors(promql_parser.parse(text))]
    assert len(asked) > 40
    ours = [each for each in asked if each.name != "up"]
    assert {each.name for each in ours} <= set(labels)
    wrong = [str(each) for each in ours for m in each.matchers.matchers if m.name not in labels[each.name]]
    assert wrong == []


async def test_every_metric_is_shown_or_watched(web: Web) -> None:
    asked = {each.name for text in expressions() for each in selectors(promql_parser.parse(text))}
    names = {line.split()[2] for line in await told(web) if line.startswith("# TYPE")}
    assert names - asked == {"countersign_jobs", "countersign_oldest_due_seconds"}


async def test_what_is_due_is_told_by_queue(web: Web) -> None:
    await bring(web.town, b"one")
    assert await value(web, 'queue_due{queue="documents"}') == 1
    assert await value(web, 'queue_due{queue="browser"}') == 0
    assert await value(web, 'queue_oldest_due_seconds{queue="documents"}') > 0


async def test_what_is_held_is_told_by_rule_and_by_failure(web: Web) -> None:
    await fill(web)
    lines = await told(web)
    held = [line for line in lines if line.startswith("countersign_held{")]
    assert any('reason="extract"' in line for line in held)
    assert any('reason="extract"' not in line for line in held)
    assert 'countersign_held_failures{step="extract",error="PermanentError"} 1' in lines


async def test_stage_times_and_models_are_told(web: Web) -> None:
    await fill(web)
    assert await value(web, 'stage_seconds{state="received",quantile="0.95"}') >= 0
    assert await value(web, 'model_answers{model="x-ai/grok-4.3"}') >= 1


async def test_a_batch_the_ledger_gave_up_is_told(web: Web) -> None:
    await untaken_batch(web.town, web.database_url)
    assert await value(web, 'ledger_deliveries{status="failed"}') == 1


async def test_the_age_of_the_newest_backup_is_told(web: Web) -> None:
    assert await value(web, "backup_age_seconds") > 86_400


async def test_a_refusal_of_the_door_is_counted(web: Web) -> None:
    world = web.town.world
    guard = LeakGuard(world.vault)
    await guard.refresh(world.store)
    door = Door(
        guard, SecretGuard(["a-secret-of-ours"], lambda: frozenset({"314159"})), world.store, world.blobs
    )
    with pytest.raises(LeakError):
        await door.let_out("model", "POST", "https://model.example", ACCOUNT.encode())
    with pytest.raises(LeakError):
        await door.let_out("ledger", "POST", "https://ledger.example", b"a-secret-of-ours")
    assert await value(web, 'egress_refusals_total{kind="model",reason="account"}') == 1
    assert await value(web, 'egress_refusals_total{kind="ledger",reason="secret"}') == 1
    assert await value(web, 'egress_refusals_total{kind="mail",reason="code"}') == 0


async def test_a_worker_is_up_while_it_says_so(web: Web, redis_url: str) -> None:
    assert await value(web, 'queue_worker_up{queue="browser"}') == 0
    async with Redis.from_url(redis_url) as redis:
        await redis.set(queue_name(Queue.BROWSER) + ":health-check", b"alive", ex=60)
    assert await value(web, 'queue_worker_up{queue="browser"}') == 1


async def test_no_label_names_a_vendor_a_person_or_a_number(web: Web) -> None:
    await fill(web)
    text = "\n".join(await told(web))
    said = ("Acme", "meridian", TAX_ID, ACCOUNT, ACCOUNT[-4:], "Priya", "Asha", "AIS/8812")
    assert [word for word in said if word in text] == []


async def test_without_its_database_it_says_so_and_nothing_it_does_not_know(web: Web) -> None:
    await take_away(web.database_url)
    lines = await told(web)
    assert f'countersign_fault{{part="{Part.DATABASE}"}} 1' in lines
    assert not any(line.startswith("countersign_invoices") for line in lines)


async def test_the_kinds_that_are_told_are_those_the_ledger_takes(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    check = await connection.fetchval(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'egress_kind_check'"
    )
    await connection.close()
    assert set(re.findall(r"'(\w+)'", check)) == set(KINDS)
