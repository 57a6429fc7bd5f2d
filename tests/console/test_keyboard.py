"""The console without a mouse."""

from __future__ import annotations

from playwright.async_api import expect

from schema.people import Role
from tests.console.console_rig import Console


async def test_a_clerk_walks_the_exceptions_by_keys(console: Console) -> None:
    async with console.visit(Role.CLERK) as watched:
        await watched.open("/exceptions")
        rows = watched.page.get_by_role("table").get_by_role("row")
        for key, index in (("j", 2), ("k", 1)):
            await watched.page.keyboard.press(key)
            await expect(rows.nth(index)).to_have_attribute("aria-current", "true")


async def test_reject_asks_for_a_reason_and_escape_takes_it_back(console: Console) -> None:
    async with console.visit(Role.CLERK) as watched:
        await watched.open("/exceptions")
        await watched.page.keyboard.press("e")
        dialog = watched.page.get_by_role("dialog")
        await dialog.wait_for()
        assert await dialog.locator(":focus").count() == 1
        await watched.page.keyboard.press("Escape")
        await dialog.wait_for(state="hidden")
        assert [path for path, _ in watched.answers if "bulk" in path or "decide" in path] == []


async def test_two_keys_go_to_any_page(console: Console) -> None:
    async with console.visit(Role.ADMIN) as watched:
        await watched.open("/")
        for key, path, title in (
            ("i", "/invoices", "Invoices"),
            ("v", "/vendors", "Vendors"),
            ("e", "/exceptions", "Exceptions"),
            ("t", "/", "Today"),
        ):
            await watched.page.keyboard.press("g")
            await watched.page.keyboard.press(key)
            await watched.page.wait_for_url(f"{console.origin}{path}")
            heading = watched.page.get_by_role("heading", name=title, level=1)
            await heading.wait_for()
            assert await heading.is_visible()


async def test_a_question_mark_tells_the_keys(console: Console) -> None:
    async with console.visit(Role.AUDITOR) as watched:
        await watched.open("/exceptions")
        await watched.page.keyboard.press("?")
        text = await watched.page.get_by_role("dialog").inner_text()
        assert "Next exception" in text
        assert "Reject" not in text


async def test_the_first_tab_skips_to_the_content(console: Console) -> None:
    async with console.visit(Role.ADMIN) as watched:
        await watched.open("/")
        await watched.page.keyboard.press("Tab")
        assert await watched.page.locator(":focus").inner_text() == "Skip to content"


async def test_the_second_key_of_two_is_no_shortcut_of_its_own(console: Console) -> None:
    async with console.visit(Role.CLERK) as watched:
        await watched.open(f"/invoices/{console.rows.held}")
        await watched.page.keyboard.press("g")
        await watched.page.keyboard.press("e")  # alone, it would reject
        await watched.page.wait_for_url("**/exceptions")
        assert await watched.page.get_by_role("dialog").count() == 0


async def test_a_vendor_is_chosen_by_keys(console: Console) -> None:
    async with console.visit(Role.ADMIN) as watched:
        await watched.open("/purchase-orders/new")
        box, send = (
            watched.page.get_by_role("combobox", name="Vendor"),
            watched.page.get_by_role("button", name="Make the order"),
        )
        await box.fill("acme")
        option = watched.page.get_by_role("option", name="Acme Industrial Supplies")
        await option.wait_for()
        await expect(send).to_be_disabled()
        await box.press("ArrowDown")
        await expect(option).to_have_attribute("aria-selected", "true")
        await box.press("Enter")
        await expect(box).to_have_value("Acme Industrial Supplies Pvt Ltd")
        await expect(box).to_have_attribute("aria-expanded", "false")
        await expect(send).to_be_enabled()
        await box.press_sequentially("x")
        await expect(send).to_be_disabled()


async def test_arrows_go_through_the_tabs(console: Console) -> None:
    async with console.visit(Role.CLERK) as watched:
        await watched.open(f"/invoices/{console.rows.held}")
        tabs, keyboard = watched.page.get_by_role("tab"), watched.page.keyboard
        await tabs.first.click()
        for key, index in (("ArrowRight", 1), ("End", 4), ("ArrowRight", 0), ("ArrowLeft", 4), ("Home", 0)):
            await keyboard.press(key)
            await expect(tabs.nth(index)).to_be_focused()
            await expect(tabs.nth(index)).to_have_attribute("aria-selected", "true")
        panel = watched.page.get_by_role("tabpanel")
        await expect(panel).to_have_accessible_name("Fields")
