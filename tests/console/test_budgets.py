"""What the console may weigh: the script of each page opened directly, and what a long list draws."""

from __future__ import annotations

import gzip
import sys

import pytest

from schema.people import Role
from tests.console.console_rig import Console
from tests.console.places import PLACES
from tests.console.rows import MANY_FILES, MANY_MAILS

FIRST_VIEW_BYTES = 150_000
DRAWN_ROWS = 60
SCROLLS = 40


async def test_no_page_needs_much_script_when_it_is_opened_first(
    console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one page loaded the browser keeps, so each is opened in a browser that knows nothing."""
    weights: dict[str, int] = {}
    for place in PLACES:
        async with console.visit(Role.ADMIN) as watched:
            await watched.open(place.address(console))
            scripts = [body for _, body in await watched.bodies("javascript")]
        assert len(scripts) > 1
        weights[place.path] = sum(len(gzip.compress(body.encode())) for body in scripts)
    heaviest = max(weights, key=lambda path: weights[path])
    with capsys.disabled():
        sys.stdout.write(f"\n{weights[heaviest]} bytes of script at most, for {heaviest}\n")
    assert {path: weight for path, weight in weights.items() if weight >= FIRST_VIEW_BYTES} == {}


async def test_a_long_list_draws_only_the_rows_in_sight(console: Console) -> None:
    async with console.visit(Role.ADMIN) as watched:
        await watched.open("/invoices")
        rows = watched.page.get_by_role("table").get_by_role("row")
        drawn, last = 0, 0
        for _ in range(SCROLLS):
            drawn = max(drawn, await rows.count())
            last = max(last, int(await rows.last.get_attribute("aria-rowindex") or 0))
            await watched.page.mouse.wheel(0, 1500)
            await watched.page.wait_for_timeout(50)
        assert drawn <= DRAWN_ROWS
        assert last >= MANY_FILES * MANY_MAILS
