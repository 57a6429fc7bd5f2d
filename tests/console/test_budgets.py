"""What the console may weigh: the script of a first view, and what a long list draws."""

from __future__ import annotations

import gzip

from schema.people import Role
from tests.console.console_rig import Console
from tests.console.rows import MANY_FILES, MANY_MAILS

FIRST_VIEW_BYTES = 150_000
DRAWN_ROWS = 60
SCROLLS = 40


async def test_the_first_view_needs_little_script(console: Console) -> None:
    async with console.visit(Role.ADMIN) as watched:
        await watched.open("/")
        scripts = [body for _, body in await watched.bodies("javascript")]
    assert len(scripts) > 1
    assert sum(len(gzip.compress(body.encode())) for body in scripts) < FIRST_VIEW_BYTES


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
