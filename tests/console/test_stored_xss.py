"""A mail and an invoice that try to run script from every text of theirs: all stays text on each page."""

from __future__ import annotations

import pytest
from playwright.async_api import ViewportSize

from schema.people import Role
from tests.console.console_rig import SIZES, Console, Watched
from tests.console.places import PLACES
from tests.console.rows import payload

LIVE_MARKUP = """() => [...document.querySelectorAll(
  'script:not([src]), [onerror], [onload], img[src="x"], [href^="javascript:" i], iframe, object'
)].map(element => element.outerHTML)"""
"""Elements that only a payload could have made."""


async def harm(watched: Watched) -> list[str]:
    """What on this page is more than text: script that ran, elements made by a text, what the policy had to stop."""
    ran: list[str] = await watched.page.evaluate("window.ran ?? []")
    markup: list[str] = await watched.page.evaluate(LIVE_MARKUP)
    return [*ran, *markup, *watched.complaints, *watched.elsewhere]


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
async def test_nothing_of_a_hostile_mail_runs_on_any_page(console: Console, size: ViewportSize) -> None:
    pages = [f"/invoices/{console.rows.hostile}", *(place.address(console) for place in PLACES)]
    found = {}
    async with console.visit(Role.ADMIN, size) as watched:
        for path in pages:
            watched.forget()
            await watched.open(path)
            found[path] = await harm(watched)
    assert {path: what for path, what in found.items() if what} == {}


async def test_a_hostile_invoice_is_shown_as_it_was_written(console: Console) -> None:
    async with console.visit(Role.ADMIN) as watched:
        await watched.open(f"/invoices/{console.rows.hostile}")
        text = await watched.text()
        assert payload("invoice_number") in text
        assert await watched.page.title() == f"{payload('invoice_number')} · Countersign"


async def test_the_canary_would_sing(console: Console) -> None:
    async with console.visit(Role.ADMIN) as watched:
        await watched.open("/")
        await watched.page.evaluate("html => { document.body.innerHTML = html }", payload("canary"))
        assert await watched.page.evaluate(LIVE_MARKUP) != []
        assert watched.complaints != []
