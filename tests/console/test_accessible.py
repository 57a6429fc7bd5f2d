"""Each page for who cannot see it or cannot use a mouse, as axe finds: nothing serious, at desk and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page, ViewportSize

from schema.people import Role
from tests.console.console_rig import DESKTOP, PHONE, Console
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


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desk", "phone"])
async def test_axe_finds_nothing_serious(
    console: Console, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    async with console.visit(Role.ADMIN, size) as watched:
        await watched.page.emulate_media(color_scheme=scheme)
        found = {}
        for place in PLACES:
            await watched.open(place.address(console))
            found[place.path] = await findings(watched.page)
        assert {path: each for path, each in found.items() if each} == {}


async def test_axe_finds_nothing_serious_where_one_signs_in(console: Console) -> None:
    async with console.visit(None) as watched:
        await watched.open("/sign-in")
        assert await findings(watched.page) == []
