"""Each page as each role: whole for who may see it, without data for who may not, and nothing from elsewhere."""

from __future__ import annotations

import pytest
from playwright.async_api import ViewportSize

from daemon.web.api.roles import may
from schema.people import Role
from tests.console.console_rig import PHONE, SIZES, Console, Watched
from tests.console.places import PLACES, Place
from tests.world import ACCOUNT

ANYONE = ("/api/v1/me", "/api/v1/events", "/api/v1/sign-in")
"""What every role is told on every page, and everyone about the ways in."""

SECRETS = ("Acme", "AIS/8812", "PO-2026-0141")


def given(watched: Watched) -> list[str]:
    """What the API gave, but for who is asking."""
    return [path for path, status in watched.answers if status < 400 and not path.startswith(ANYONE)]


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_sees_its_pages_whole_and_no_others(console: Console, role: Role) -> None:
    wrong = {}
    async with console.visit(role) as watched:
        for place in PLACES:
            watched.forget()
            await watched.open(place.address(console))
            seen = whole if may(role, place.needs) else kept_out
            wrong[place.path] = [*await seen(watched, place), *watched.complaints, *watched.elsewhere]
    assert {path: what for path, what in wrong.items() if what} == {}


async def whole(watched: Watched, place: Place) -> list[str]:
    """What a page lacks for someone who may see it."""
    title = await watched.page.title()
    alerts = await watched.page.get_by_role("alert").all_inner_texts()
    refused = [f"{path} answered {status}" for path, status in watched.answers if status >= 400]
    return [*([] if title == f"{place.title} · Countersign" else [f"is called {title}"]), *alerts, *refused]


async def kept_out(watched: Watched, _: Place) -> list[str]:
    """What a page gives to someone who may not see it."""
    forms = await watched.page.locator("form, input[type=file]").all_inner_texts()
    return [*given(watched), *forms]


async def test_nobody_is_led_to_sign_in_and_given_nothing(console: Console) -> None:
    wrong = {}
    async with console.visit(None) as watched:
        for place in PLACES:
            watched.forget()
            await watched.open(place.address(console))
            await watched.page.wait_for_url("**/sign-in**")
            told = [secret for secret in SECRETS if secret in await watched.text()]
            wrong[place.path] = [*given(watched), *told, *watched.complaints, *watched.elsewhere]
    assert {path: what for path, what in wrong.items() if what} == {}


async def test_an_account_number_is_nowhere_in_what_the_browser_gets(console: Console) -> None:
    told = {}
    async with console.visit(Role.ADMIN) as watched:
        for place in PLACES:
            watched.forget()
            await watched.open(place.address(console))
            told[place.path] = [path for path, body in await watched.bodies("json") if ACCOUNT in body]
    assert {path: where for path, where in told.items() if where} == {}


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
async def test_no_page_is_wider_than_its_screen(console: Console, size: ViewportSize) -> None:
    over = {}
    async with console.visit(Role.ADMIN, size) as watched:
        for place in PLACES:
            await watched.open(place.address(console))
            over[place.path] = await watched.page.evaluate(
                "document.documentElement.scrollWidth - innerWidth"
            )
    assert {path: pixels for path, pixels in over.items() if pixels > 0} == {}


async def test_a_phone_reaches_every_page_by_touch(console: Console) -> None:
    async with console.visit(Role.ADMIN, PHONE) as watched:
        await watched.open("/")
        page = watched.page
        await page.get_by_role("button", name="More").click()
        links = page.get_by_role("navigation", name="All pages").get_by_role("link")
        names = [text.splitlines()[0] for text in await links.all_inner_texts()]  # the badge is below
        for name in names:
            if not await page.get_by_role("navigation", name="All pages").is_visible():
                await page.get_by_role("button", name="More").click()
            await page.get_by_role("navigation", name="All pages").get_by_role("link", name=name).click()
            await watched.settled()
            assert await page.get_by_role("heading", level=1).inner_text() == name
        assert len(names) >= 8
