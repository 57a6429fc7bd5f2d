"""The mock bank driven as an executor drives it: real Chromium, by labels and roles only, without scripts."""

import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Page, async_playwright

from mockbank.app import create_app
from mockbank.server import listen, make_server
from mockbank.settings import Settings

SECRET = "SIMULATEDBANKSECRETFORDEMOUSEONL"
CHROMIUM = [
    Path("/usr/lib/chromium/chromium-headless-shell"),
    Path("/usr/lib/chromium/chromium"),
    Path("/usr/bin/chromium"),
]
SECONDS = 15.0


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[str]:
    server = make_server(create_app(Settings(database=tmp_path / "bank.sqlite3")))
    with listen("127.0.0.1", 0) as socket:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        deadline = time.monotonic() + SECONDS
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
        server.should_exit = True
        thread.join(SECONDS)


@pytest.fixture
async def page(bank: str) -> AsyncIterator[Page]:
    program = next((path for path in CHROMIUM if path.exists()), None)
    if program is None:
        pytest.skip("no Chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program)
        context = await browser.new_context(base_url=bank, java_script_enabled=False)
        page = await context.new_page()
        context.set_default_timeout(SECONDS * 1000)
        await page.goto("/")
        await page.get_by_label("Customer ID").fill("LLB10482")
        await page.get_by_label("Password").fill("simulated-password")
        await page.get_by_role("button", name="Log in").click()
        yield page
        await browser.close()


async def fill(page: Page, amount: str) -> None:
    """Fill the transfer form up to its confirm page; the payment date is the one the bank proposes."""
    await page.get_by_role("link", name="New transfer").click()
    await page.get_by_role("heading", name="New transfer").wait_for()
    await page.get_by_label("Rail").select_option("NEFT")
    await page.get_by_label("Currency").select_option("INR")
    for label, text in {
        "Beneficiary name": "Sahyadri Precision Tools",
        "Account number or IBAN": "50100234567890",
        "IFSC or BIC": "HDFC0001234",
        "Amount": amount,
        "Payment reference": "CS-1",
        "Remark": "",
    }.items():
        await page.get_by_label(label).fill(text)
    assert await page.get_by_label("Payment date").input_value()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("heading", name="Confirm transfer").wait_for()


async def confirm(page: Page) -> None:
    await page.get_by_label("One-time password").fill(pyotp.TOTP(SECRET).now())
    await page.get_by_role("button", name="Confirm payment").click()


async def found(page: Page) -> int:
    await page.get_by_role("link", name="Statement").click()
    await page.get_by_label("Payment reference").fill("CS-1")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("heading", name="Statement").wait_for()
    return await page.locator('tr [data-field="reference"][data-value="CS-1"]').count()


async def test_labels_and_roles_are_enough_to_pay(page: Page) -> None:
    await fill(page, "118000.00")
    assert await page.locator('[data-field="account_number"]').inner_text() == "50100234567890"
    await confirm(page)
    await page.get_by_role("heading", name="Payment receipt").wait_for()
    assert await found(page) == 1
    await page.get_by_role("link", name="Log out").click()
    await page.get_by_role("button", name="Log in").wait_for()


async def test_cancel_leads_back_without_paying(page: Page) -> None:
    await fill(page, "118000.00")
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("heading", name="Accounts").wait_for()
    assert await found(page) == 0
    assert await page.get_by_text("No transfer with this reference").is_visible()


async def test_a_dropped_answer_stays_dropped_though_chromium_repeats_the_request(page: Page) -> None:
    await fill(page, "118000.13")
    await page.get_by_label("One-time password").fill(pyotp.TOTP(SECRET).now())
    async with page.expect_event("requestfailed") as failed:
        await page.get_by_role("button", name="Confirm payment").click(no_wait_after=True)
    assert (await failed.value).failure in {"net::ERR_EMPTY_RESPONSE", "net::ERR_CONNECTION_RESET"}
    # The first page is on its way to the browser's own error page; another one of the same log-in looks.
    other = await page.context.new_page()
    await other.goto("/")
    assert await found(other) == 1


@pytest.mark.parametrize("width", [390, 1280])
async def test_no_page_is_wider_than_its_window(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await fill(page, "118000.00")
    confirm_address = page.url
    await confirm(page)
    for address in (page.url, confirm_address, "/", "/transfer", "/statement", "/beneficiaries", "/nowhere"):
        await page.goto(address)
        body = await page.locator("main").bounding_box()
        assert body is not None
        assert body["x"] >= 0
        assert body["x"] + body["width"] <= width
