"""Single sign-on in a real browser: away to the provider and back in, or told why not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from sandbox.ports import free_port
from tests.console.console_rig import LIMIT_MS, Console, serving_console
from tests.integration.identity_rig import CLERK, STRANGER, Provider, serving_provider


@pytest.fixture
async def sso(
    database_url: str, redis_url: str, chromium: Browser, tmp_path: Path
) -> AsyncIterator[tuple[Console, Provider]]:
    """A console and the provider it is registered at, by the name that works without TLS, too."""
    port = free_port()
    origin = f"http://localhost:{port}"
    async with (
        serving_provider(origin) as provider,
        serving_console(
            database_url, redis_url, tmp_path, chromium, port=port, **provider.connected
        ) as console,
    ):
        yield replace(console, origin=origin), provider


async def leave(page: Page) -> None:
    await page.get_by_role("button", name="Sign in with Meridian").click()
    await page.get_by_role("heading", name="Who are you?").wait_for()


async def test_a_person_goes_away_and_comes_back_signed_in(sso: tuple[Console, Provider]) -> None:
    console, provider = sso
    async with console.visit(None) as watched:
        page = watched.page
        await watched.open("/vendors?q=acme")
        await page.wait_for_url("**/sign-in?next=*")
        await leave(page)
        assert page.url.startswith(f"{provider.settings.issuer}/authorize?")
        await page.get_by_role("button", name=CLERK).click()
        await page.wait_for_url(f"{console.origin}/vendors?q=acme", timeout=LIMIT_MS)
        await watched.settled()
        me = await page.evaluate("fetch('/api/v1/me').then(answer => answer.json())")
        assert me["address"] == CLERK
        assert watched.complaints == []


async def test_who_is_not_known_here_is_told_so_and_led_back(sso: tuple[Console, Provider]) -> None:
    console, _ = sso
    async with console.visit(None) as watched:
        page = watched.page
        await watched.open("/sign-in")
        await leave(page)
        await page.get_by_role("button", name=STRANGER).click()
        await expect(page.get_by_role("alert")).to_contain_text(STRANGER, timeout=LIMIT_MS)
        # The code is out of the address, and so out of the history.
        assert page.url == f"{console.origin}/sign-in/sso"
        await page.get_by_role("link", name="Back to signing in").click()
        await page.get_by_role("button", name="Sign in with Meridian").wait_for()


@pytest.mark.parametrize("away", ["//evil.example/", "/%09/evil.example/", "/\\evil.example/"])
async def test_a_link_to_the_sign_in_page_leads_nowhere_else(
    sso: tuple[Console, Provider], away: str
) -> None:
    console, _ = sso
    async with console.visit(None) as watched:
        page = watched.page
        await watched.open(f"/sign-in?next={away}")
        await leave(page)
        await page.get_by_role("button", name=CLERK).click()
        await page.wait_for_url(f"{console.origin}/", timeout=LIMIT_MS)
