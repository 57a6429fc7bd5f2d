"""The web face with the real store: what may be read, by whom and how long; reading changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest

from daemon.web.app import HEADERS
from handlers.links import AUDIT_FOR, MEDIA_FOR
from schema.approval import Verdict
from schema.ids import BlobKey, InvoiceId
from tests.integration.web_rig import Web, serving_web
from tests.world import ACCOUNT, OTHER_ACCOUNT, PNG, bring, fields, only, say, walk

ROUTES = (
    "/nowhere",
    "/healthz",
    "/readyz",
    "/audit/x",
    "/media/x.png",
    "/static/audit.css",
    "/static/../app.py",
)
SKEW = timedelta(minutes=1)


@pytest.fixture
async def web(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Web]:
    async with serving_web(database_url, redis_url, tmp_path / "blobs") as running:
        yield running
        for response in running.answers:
            assert ACCOUNT not in response.text
            assert OTHER_ACCOUNT not in response.text
            assert missing_headers(response) == set()


async def paid(web: Web) -> InvoiceId:
    invoice = await web.asked()
    await say(web.town, Verdict.APPROVE)
    await walk(web.town)
    return invoice


def forged(path: str) -> str:
    """The same address with one character of the signature changed."""
    place = path.index(".") + 12
    return path[:place] + ("A" if path[place] != "A" else "B") + path[place + 1 :]


def missing_headers(response: httpx.Response) -> set[str]:
    return {name for name, value in HEADERS.items() if response.headers.get(name) != value}


async def test_it_is_alive(web: Web) -> None:
    assert (await web.get("/healthz")).json() == {"status": "ok"}


async def test_it_is_alive_but_not_ready_without_its_database(web: Web) -> None:
    await take_away(web.database_url)
    answer = await web.get("/readyz")
    assert (answer.status_code, answer.json()["faults"][0]["part"]) == (503, "database")
    assert (await web.get("/healthz")).status_code == 200


async def take_away(url: str) -> None:
    """As if the database's server had stopped: no session lives on, none is given."""
    name = urlsplit(url).path[1:]
    other = await asyncpg.connect(urlunsplit(urlsplit(url)._replace(path="/template1")))
    await other.execute(f'alter database "{name}" allow_connections false')
    await other.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
    await other.close()


async def test_a_page_without_its_database_asks_to_come_again(web: Web) -> None:
    path = web.audit_path(await web.asked())
    await take_away(web.database_url)
    answer = await web.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_the_audit_page_tells_the_whole_case(web: Web) -> None:
    answer = await web.get(web.audit_path(await paid(web)))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    for word in ("AIS/8812", "Acme Industrial Supplies", "84,960.00", "XXXXXX5678", "Asha Rao", "SIMN"):
        assert word in answer.text


async def test_the_audit_page_of_a_held_invoice_masks_the_other_account(web: Web) -> None:
    web.town.reader.fields = fields(account=OTHER_ACCOUNT)
    await bring(web.town, b"one")
    await walk(web.town)
    answer = await web.get(web.audit_path(await only(web.town)))
    assert "XXXXXX5544" in answer.text


async def test_text_of_strangers_is_only_text_on_the_page(web: Web) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    web.town.reader.fields = fields(seller_name=evil, seller_tax_id="29AAGCB7383J1Z4", invoice_number=evil)
    await bring(web.town, b"one")
    await walk(web.town)
    answer = await web.get(web.audit_path(await only(web.town)))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text


async def test_forged_expired_and_strange_audit_links_are_answered_alike(web: Web) -> None:
    path = web.audit_path(await web.asked())
    web.town.clock.pass_(days=-AUDIT_FOR.days - 1)
    expired = web.audit_path(await only(web.town))
    answers = [
        await web.get(each) for each in (forged(path), expired, "/audit/x", "/audit/a.b.c", path + "A")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


async def test_a_valid_link_to_no_invoice_is_not_found(web: Web) -> None:
    assert (await web.get(web.audit_path(InvoiceId(uuid4())))).status_code == 404


async def test_a_media_link_shows_its_picture(web: Web) -> None:
    key = await web.town.world.blobs.put(PNG + b"picture")
    answer = await web.get(web.media_path(key))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content == PNG + b"picture"


async def test_a_media_link_can_be_asked_by_head(web: Web) -> None:
    key = await web.town.world.blobs.put(PNG)
    answer = await web.client.head(web.media_path(key))
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(PNG)))
    assert answer.content == b""


async def test_forged_and_expired_media_links_are_not_found(web: Web) -> None:
    path = web.media_path(await web.town.world.blobs.put(PNG))
    web.town.clock.at -= MEDIA_FOR + SKEW
    expired = web.media_path(BlobKey(path.split("/")[2].split(".")[0]))
    assert [(await web.get(each)).status_code for each in (forged(path), expired)] == [404, 404]


async def test_only_pictures_are_given_out(web: Web) -> None:
    for data in (b"%PDF-1.7", f"pay to {ACCOUNT}".encode(), b""):
        key = await web.town.world.blobs.put(data)
        assert (await web.get(web.media_path(key))).status_code == 404


async def test_an_audit_link_opens_no_picture_and_a_media_link_no_page(web: Web) -> None:
    page = web.audit_path(await web.asked())
    picture = web.media_path(await web.town.world.blobs.put(PNG))
    assert (await web.get(page.replace("/audit/", "/media/") + ".png")).status_code == 404
    crossed = picture.replace("/media/", "/audit/").removesuffix(".png")
    assert (await web.get(crossed)).status_code == 404


async def test_every_answer_carries_the_security_headers(web: Web) -> None:
    for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT"):
        for path in ROUTES:
            answer = await web.client.request(method, path)
            assert missing_headers(answer) == set(), (method, path)


async def test_a_fault_of_ours_carries_the_security_headers_and_tells_nothing(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError(f"account {ACCOUNT}")

    monkeypatch.setattr("daemon.web.audit.load_case", fail)
    answer = await web.get(web.audit_path(await web.asked()))
    assert answer.status_code == 500
    assert missing_headers(answer) == set()
    assert ACCOUNT not in answer.text


async def test_the_page_needs_nothing_from_elsewhere(web: Web) -> None:
    page = (await web.get(web.audit_path(await paid(web)))).text
    assert "http://" not in page.replace("http://www.w3.org", "")
    for source in {part.split('"')[0] for part in page.split('src="')[1:]}:
        assert (await web.get(source)).status_code == 200, source


async def test_nothing_that_is_looked_at_changes(web: Web) -> None:
    invoice = await paid(web)
    picture = web.media_path(await web.town.world.blobs.put(PNG))
    paths = (*ROUTES, web.audit_path(invoice), picture, "/webhooks/twilio/inbound", "/webhooks/twilio/status")
    before = await web.contents()
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS"):
            await web.client.request(method, path)
    assert await web.contents() == before
    assert sum(len(rows) for rows in before.values()) > 20


async def test_no_page_describes_the_program(web: Web) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/static/", "/static/..%2fapp.py"):
        assert (await web.get(path)).status_code == 404
