"""Each page before its answers are there, when they fail, and when there is nothing to show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Route, ViewportSize, expect

from schema.people import Role
from tests.console.console_rig import LOADING, SIZES, Console, Watched, bare_console
from tests.console.places import PLACES, Place

ANSWERED = ("/api/v1/me", "/api/v1/events")
"""What the frame asks for; without it there is no page."""

ASK_NOTHING = {"/vendors/new", "/vendors/import", "/purchase-orders/import"}
"""Pages that are whole without an answer."""

FORMS = ASK_NOTHING | {"/purchase-orders/new", "/upload", "/settings"}
"""Pages whose forms stand whatever the API says."""

PROBLEM = {
    "type": "/problems/unavailable", "title": "Not available", "status": 503,
    "detail": "The database does not answer; it is tried again.",
}  # fmt: skip

EMPTY = {
    "/": "Nobody is asked at the moment.",
    "/invoices": "No invoices yet",
    "/exceptions": "Nothing waits",
    "/upload": "Nothing yet",
    "/audit-log": "Nothing happened yet",
    "/exports": "No batch yet",
    "/settings": "None yet",
}
"""What stands where nothing came in yet. People and policy are never empty: someone looks at them."""


async def held_back(watched: Watched) -> asyncio.Event:
    """The page's own answers wait until the event is set."""
    go = asyncio.Event()

    async def wait(route: Route) -> None:
        if not route.request.url.partition("?")[0].endswith(ANSWERED):
            await go.wait()
        await route.continue_()

    await watched.page.route("**/api/v1/**", wait)
    return go


async def failing(watched: Watched) -> None:
    """Every answer but the frame's is a refusal of the server's."""

    async def refuse(route: Route) -> None:
        if route.request.url.partition("?")[0].endswith(ANSWERED):
            await route.continue_()
        else:
            await route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(PROBLEM))

    await watched.page.route("**/api/v1/**", refuse)


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
async def test_each_page_says_that_it_loads_and_then_shows_itself(
    console: Console, size: ViewportSize
) -> None:
    wrong = {}
    async with console.visit(Role.ADMIN, size) as watched:
        for place in PLACES:
            watched.forget()
            go = await held_back(watched)
            await watched.page.goto(f"{watched.origin}{place.address(console)}")
            if place.path not in ASK_NOTHING | {"/purchase-orders/new"}:
                await watched.page.locator(LOADING).first.wait_for()
            go.set()
            await watched.settled()
            await watched.page.unroute_all(behavior="wait")
            title = await watched.page.title()
            wrong[place.path] = [
                *([] if title == f"{place.title} · Countersign" else [title]),
                *await watched.page.get_by_role("alert").all_inner_texts(),
                *watched.complaints,
            ]
    assert {path: what for path, what in wrong.items() if what} == {}


@pytest.mark.parametrize("place", PLACES, ids=[place.path for place in PLACES])
async def test_a_page_that_failed_says_so_and_another_try_shows_it(console: Console, place: Place) -> None:
    async with console.visit(Role.ADMIN) as watched:
        page = watched.page
        await failing(watched)
        await page.goto(f"{watched.origin}{place.address(console)}")
        if place.path in FORMS:
            await page.locator("form, input[type=file]").first.wait_for()
        if place.path not in ASK_NOTHING | {"/purchase-orders/new"}:
            alert = page.get_by_role("alert").filter(has_text="The database does not answer")
            await alert.first.wait_for()
            assert await page.locator(LOADING).count() == 0
            await page.unroute_all(behavior="wait")
            for again in reversed(await page.get_by_role("button", name="Try again").all()):
                await again.click()
            await expect(page.get_by_role("alert")).to_have_count(0)
        assert watched.complaints == []
        assert watched.elsewhere == []


@pytest.fixture
async def empty_console(
    database_url: str, redis_url: str, chromium: Browser, tmp_path: Path
) -> AsyncIterator[Console]:
    """The console over a database into which nothing came yet but a vendor and its order."""
    async with bare_console(database_url, redis_url, tmp_path, chromium) as served:
        yield served


async def test_a_page_with_nothing_to_show_says_what_would_be_here(empty_console: Console) -> None:
    missing = {}
    async with empty_console.visit(Role.ADMIN) as watched:
        for path, words in EMPTY.items():
            watched.forget()
            await watched.open(path)
            text = await watched.text()
            missing[path] = [*([] if words in text else [text]), *watched.complaints]
        for path, words in (("/vendors?q=zzz", "None fits"), ("/purchase-orders?q=zzz", "None fits")):
            await watched.open(path)
            missing[path] = [] if words in await watched.text() else [await watched.text()]
    assert {path: what for path, what in missing.items() if what} == {}
