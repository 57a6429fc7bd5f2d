"""The console's page and files as the web app serves them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.web import console
from tests.integration.web_rig import Web, serving_web


@pytest.fixture
async def web(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Web]:
    async with serving_web(database_url, redis_url, tmp_path) as served:
        yield served


@pytest.mark.parametrize("path", ["/", *(f"/{place}" for place in console.PLACES), "/invoices/any/thing"])
async def test_the_page_is_at_each_of_its_addresses_under_its_policy(web: Web, path: str) -> None:
    answer = await web.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == console.POLICY
    assert answer.headers["cache-control"] == "no-store"


async def test_the_files_that_the_page_names_are_there_and_kept(web: Web) -> None:
    addresses = re.findall(r'(?:src|href)="([^"]+)"', (await web.get("/")).text)
    assert addresses
    for address in addresses:
        answer = await web.get(address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_is_not_there_is_no_page_and_not_kept(web: Web) -> None:
    for path in ("/assets/none.js", "/assets/../index.html", "/nowhere", "/api/v1/nowhere"):
        answer = await web.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["cache-control"] == "no-store"


async def test_a_page_takes_no_change(web: Web) -> None:
    assert (await web.client.post("/invoices")).status_code == 405


async def test_a_server_without_the_build_says_how_to_make_it(
    web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(console, "BUILT", tmp_path)
    answer = await web.get("/")
    assert answer.status_code == 503
    assert "make setup" in answer.text
