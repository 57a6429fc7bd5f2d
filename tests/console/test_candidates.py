"""What the reader had to choose from, on the page of an invoice: shown with its reasons, and taken by one key."""

from __future__ import annotations

import re

from playwright.async_api import Locator, expect

from schema.people import Role
from tests.console.console_rig import PHONE, Console, Watched


async def total(watched: Watched, console: Console) -> Locator:
    """The held invoice with its total chosen by a click on the document; the values seen for it."""
    await watched.open(f"/invoices/{console.rows.held}")
    await watched.page.keyboard.press("1")
    await watched.page.locator("[data-field=total]").click()
    return watched.page.get_by_role("list", name="Values seen for Total")


async def test_a_field_tells_its_place_its_confidence_and_what_was_passed_over(console: Console) -> None:
    async with console.visit(Role.CLERK) as watched:
        seen = (await total(watched, console)).get_by_role("listitem")
        await expect(seen).to_have_count(2)
        await expect(seen.nth(0)).to_contain_text("Taken: net and tax add up to it, 97 %, page 1")
        await expect(seen.nth(1)).to_contain_text(
            "Not taken: net and tax do not add up with it, 61 %, page 1"
        )
        await expect(seen.nth(1)).to_contain_text("94,960.00")
        await expect(watched.page.get_by_title("Also seen: 94960.00")).to_be_visible()
        assert watched.complaints == []


async def test_one_key_takes_the_next_value_and_another_sends_it(own_console: Console) -> None:
    async with own_console.visit(Role.CLERK) as watched:
        await total(watched, own_console)
        keyboard, row = watched.page.keyboard, watched.page.locator("[data-field=total]")
        await keyboard.press("a")
        await expect(row).to_contain_text(re.compile(r"94,960\.00.*84,960\.00"))
        await keyboard.press("a")
        await expect(watched.page.get_by_text("corrected, not sent yet")).to_have_count(0)
        await keyboard.press("a")
        await keyboard.press("s")
        await expect(watched.page.get_by_text("Corrected. It is judged again now.")).to_be_visible()
        assert watched.complaints == []
    rows = await own_console.api.web.rows(
        "select field, after ->> 'value', after ->> 'source', address from corrections"
    )
    assert [tuple(row) for row in rows] == [("total", "94960.00", "person", "chitra@meridian.example")]


async def test_who_may_not_correct_sees_the_values_and_takes_none(console: Console) -> None:
    async with console.visit(Role.AUDITOR) as watched:
        seen = await total(watched, console)
        await expect(seen.get_by_role("listitem")).to_have_count(2)
        await watched.page.keyboard.press("a")
        await expect(seen.get_by_role("button")).to_have_count(0)
        await expect(watched.page.locator("[data-field=total]")).not_to_contain_text("94,960.00")


async def test_a_thumb_takes_another_value_on_a_phone(own_console: Console) -> None:
    async with own_console.visit(Role.CLERK, PHONE) as watched:
        seen = await total(watched, own_console)
        await seen.get_by_role("button", name="Take").click()
        await expect(watched.page.get_by_text("1 corrected, not sent yet")).to_be_visible()
