"""Splitting and merging in the browser: by keys at a desk, by touch on a phone, and for who cannot see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import ViewportSize, expect

from handlers.advance import advance
from schema.people import Role
from schema.states import Job
from tests.console.console_rig import DESKTOP, LIMIT_MS, PHONE, SIZES, Console
from tests.console.rows import PagedReader
from tests.console.test_accessible import findings
from tests.world import bring, fields


async def held(console: Console, *, files: int, pages: int) -> list[dict[str, Any]]:
    """Held invoices of one mail, whose files have so many pages, in the order of the files."""
    api = console.api
    town = api.web.town
    reader = PagedReader(fields(total=None, invoice_number=None), page_count=pages)
    town.world = replace(town.world, reader=reader)
    before = {line.id for line in await town.world.store.views.invoices()}
    await bring(town, b"rearranged", 90, files=files)
    new = {line.id for line in await town.world.store.views.invoices()} - before
    for invoice in new:
        for job in (
            Job.INGEST,
            Job.VALIDATE,
            Job.VALIDATE,
            Job.NOTIFY,
        ):  # the many that only came in stay there
            await advance(invoice, job, town.world)
    cases = [(await api.clerk.get(f"/api/v1/invoices/{invoice}")).json() for invoice in new]
    assert {case["state"] for case in cases} == {"held"}
    return sorted(cases, key=lambda case: str(case["document"]["name"]))


async def test_a_clerk_splits_an_invoice_by_keys_alone(own_console: Console) -> None:
    (whole,) = await held(own_console, files=1, pages=3)
    async with own_console.visit(Role.CLERK) as watched:
        page = watched.page
        await watched.open(f"/invoices/{whole['id']}")
        await page.keyboard.press("s")
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("combobox", name="Part of page 1")).to_be_focused()
        await expect(dialog.get_by_role("button", name="Split", exact=True)).to_be_disabled()
        for key in ("1", "2", "ArrowLeft", "ArrowRight", "2"):
            await page.keyboard.press(key)
        await expect(dialog.get_by_role("status")).to_have_text("Part 1: page 1 · Part 2: page 2, 3")
        await dialog.get_by_role("button", name="Split into 2 invoices").press("Enter")
        await dialog.wait_for(state="hidden")
        await expect(page.get_by_text("Split into 2 invoices by Chitra")).to_be_visible()
        links = page.locator("header").get_by_role("link", name="invoice-0.pdf")
        await expect(links).to_have_count(2)
        await links.first.click()
        await expect(page.get_by_text("Part of")).to_be_visible()
        await expect(page.get_by_text("Made of invoice-0.pdf, page")).to_be_visible()
        await watched.open("/invoices")
        await expect(page.get_by_text("split into 2", exact=True)).to_be_visible()
        await expect(page.get_by_role("link", name="part of another")).to_have_count(2)
        assert watched.complaints == []


async def test_a_phone_merges_what_came_in_one_mail_in_the_order_chosen(own_console: Console) -> None:
    first, second = await held(own_console, files=2, pages=1)
    async with own_console.visit(Role.CLERK, PHONE) as watched:
        page = watched.page
        await watched.open(f"/invoices/{first['id']}")
        await page.get_by_role("button", name="Merge").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("group", name="From the same mail").get_by_role("checkbox").check()
        await dialog.get_by_role("button", name="invoice-1.pdf earlier").click()
        order = dialog.get_by_role("region", name="Order of the pages").get_by_role("listitem")
        await expect(order.first).to_contain_text("invoice-1.pdf")
        await dialog.get_by_role("button", name="Merge 2 into one").click()
        await dialog.wait_for(state="hidden", timeout=LIMIT_MS)
        await expect(page.get_by_text("Made of invoice-1.pdf, page 1; invoice-0.pdf, page 1")).to_be_visible()
        await expect(page.get_by_text("Merged from")).to_be_visible()
        await watched.open(f"/invoices/{second['id']}")
        await expect(page.get_by_text("Merged into", exact=False).first).to_be_visible()
        assert watched.complaints == []


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
async def test_both_questions_fit_the_screen_and_axe_finds_nothing_serious(
    own_console: Console, size: ViewportSize
) -> None:
    first, *_ = await held(own_console, files=3, pages=4)
    wrong: dict[str, Any] = {}
    async with own_console.visit(Role.CLERK, size) as watched:
        for action in ("Split", "Merge"):
            await watched.open(f"/invoices/{first['id']}")
            await watched.page.get_by_role("button", name=action, exact=True).click()
            dialog = watched.page.get_by_role("dialog")
            await dialog.wait_for()
            await watched.settled()
            over = await dialog.evaluate("each => each.scrollWidth - each.clientWidth")
            wrong[action] = [*await findings(watched.page), *([f"{over} px too wide"] if over > 0 else [])]
    assert wrong == {"Split": [], "Merge": []}


async def test_someone_else_was_first_is_said_in_the_question(own_console: Console) -> None:
    (whole,) = await held(own_console, files=1, pages=2)
    async with own_console.visit(Role.ADMIN, DESKTOP) as watched:
        await watched.open(f"/invoices/{whole['id']}")
        await watched.page.get_by_role("button", name="Split", exact=True).click()
        dialog = watched.page.get_by_role("dialog")
        await dialog.get_by_role("combobox", name="Part of page 2").select_option("2")
        body = {"version": whole["version"], "parts": [{"pages": [1]}, {"pages": [2]}]}
        path = f"/api/v1/invoices/{whole['id']}/split"
        assert (await own_console.api.clerk.post(path, json=body)).status_code == 200
        await dialog.get_by_role("button", name="Split into 2 invoices").click()
        await expect(watched.page.get_by_text("is not held (any more)")).to_be_visible()


async def test_who_may_only_read_is_offered_neither(own_console: Console) -> None:
    (whole,) = await held(own_console, files=1, pages=2)
    async with own_console.visit(Role.AUDITOR) as watched:
        await watched.open(f"/invoices/{whole['id']}")
        for action in ("Split", "Merge"):
            await expect(watched.page.get_by_role("button", name=action, exact=True)).to_have_count(0)
