"""Each page for who cannot see it or cannot use a mouse, as axe finds, in each size and each theme."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page, ViewportSize

from schema.people import Role
from tests.console.console_rig import SIZES, Console
from tests.console.places import PLACES

AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


async def findings(page: Page) -> list[str]:
    """Rule and element of each serious finding."""
    # The page's policy stops scripts in its document; the debugger's world is not its document.
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:200]}"
        for rule in found["violations"]
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


Scheme = Literal["light", "dark"]
in_every_look = pytest.mark.parametrize("scheme", ["light", "dark"])
at_every_size = pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))


@in_every_look
@at_every_size
async def test_axe_finds_nothing_serious(console: Console, size: ViewportSize, scheme: Scheme) -> None:
    async with console.visit(Role.ADMIN, size) as watched:
        await watched.page.emulate_media(color_scheme=scheme)
        found = {}
        for place in PLACES:
            await watched.open(place.address(console))
            found[place.path] = await findings(watched.page)
        assert {path: each for path, each in found.items() if each} == {}


@in_every_look
@at_every_size
async def test_axe_finds_nothing_serious_where_one_signs_in(
    console: Console, size: ViewportSize, scheme: Scheme
) -> None:
    async with console.visit(None, size) as watched:
        await watched.page.emulate_media(color_scheme=scheme)
        await watched.open("/sign-in")
        assert await findings(watched.page) == []


@in_every_look
@at_every_size
async def test_axe_finds_nothing_serious_in_what_opens_on_a_page(
    console: Console, size: ViewportSize, scheme: Scheme
) -> None:
    async with console.visit(Role.ADMIN, size) as watched:
        await watched.page.emulate_media(color_scheme=scheme)
        page, found = watched.page, {}
        await watched.open("/purchase-orders/new")
        await page.get_by_role("combobox", name="Vendor").focus()
        await page.get_by_role("option").first.wait_for()
        await page.keyboard.press("ArrowDown")
        found["vendors"] = await findings(page)
        await watched.open(f"/invoices/{console.rows.held}")
        for tab in await page.get_by_role("tab").all():
            await tab.click()
            found[await tab.inner_text()] = await findings(page)
        await page.keyboard.press("1")
        await page.locator("[data-field=total]").click()
        found["candidates"] = await findings(page)
        await page.keyboard.press("e")
        await page.get_by_role("dialog").wait_for()
        found["reject"] = await findings(page)
        assert {what: each for what, each in found.items() if each} == {}
