"""The simulated phone in a real browser: what an approver sees and taps."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from daemon.adapters.bank_browser import chromium_path
from daemon.web.twilio_webhook import Tap, TextReply, read_answer
from schema.approval import Verdict
from schema.ids import Phone
from schema.masking import Masked
from tests.integration.twilio_stand import (
    ASHA,
    PICTURE,
    STRANGER,
    TEXT,
    VIKRAM,
    Stand,
    make_question,
    stand,
)

WAIT_MS = 10_000


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[Stand]:
    async with stand() as running:
        yield running


@pytest.fixture
async def twilio(servers: Stand) -> Stand:
    await servers.renew()
    return servers


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium_path(None))
        yield launched
        await launched.close()


@pytest.fixture
async def page(browser: Browser, twilio: Stand) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=twilio.api_url, viewport={"width": 390, "height": 844})
    context.set_default_timeout(WAIT_MS)
    opened = await context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield opened
    await context.close()
    assert complaints == []


async def ask(twilio: Stand, text: Masked = TEXT, phone: Phone = ASHA) -> str:
    """Ask by the real adapter; the token of the question."""
    messenger = twilio.messenger()
    question = make_question(phone)
    await messenger.ask(question, text, PICTURE)
    await messenger.close()
    await twilio.settled()
    return question.token


async def test_a_tap_on_the_page_reaches_the_product(twilio: Stand, page: Page) -> None:
    token = await ask(twilio)
    twilio.product.reply = "Thank you."
    await page.goto(f"/phone/{ASHA}")
    await page.get_by_role("button", name="Approve").click()
    await page.get_by_text("Thank you.").wait_for()
    [message] = twilio.product.inbound
    assert read_answer(message) == Tap(verdict=Verdict.APPROVE, token=token)


async def test_after_a_tap_both_buttons_are_used_up(twilio: Stand, page: Page) -> None:
    await ask(twilio)
    await page.goto(f"/phone/{ASHA}")
    await page.get_by_role("button", name="Reject").click()
    await expect(page.get_by_role("button", name="Reject")).to_be_disabled(timeout=WAIT_MS)
    await expect(page.get_by_role("button", name="Approve")).to_be_disabled(timeout=WAIT_MS)


async def test_a_text_written_on_the_page_reaches_the_product(twilio: Stand, page: Page) -> None:
    await page.goto(f"/phone/{ASHA}")
    await page.get_by_label("Message", exact=True).fill("approve k7q2x")
    await page.get_by_role("button", name="Send").click()
    await page.locator(".message.mine .taken").wait_for()
    [message] = twilio.product.inbound
    assert read_answer(message) == TextReply(verdict=Verdict.APPROVE, code="K7Q2X")


async def test_a_new_message_appears_by_itself(twilio: Stand, page: Page) -> None:
    await page.goto(f"/phone/{ASHA}")
    await page.get_by_text("Asha Rao’s phone").wait_for()
    await ask(twilio)
    await page.get_by_role("button", name="Approve").wait_for()


async def test_the_picture_is_shown_and_opens_large(twilio: Stand, page: Page) -> None:
    await ask(twilio)
    await page.goto(f"/phone/{ASHA}")
    shot = page.get_by_role("button", name="Show the picture large")
    await shot.wait_for()
    assert await page.evaluate("document.querySelector('.shot img').decode().then(() => true)")
    await shot.click()
    await expect(page.locator("dialog")).to_be_visible(timeout=WAIT_MS)


async def test_markup_in_a_message_is_only_text(twilio: Stand, page: Page) -> None:
    await ask(twilio, Masked("*Pay?*\n<img src=x onerror=alert(1)> & <b>bold</b>"))
    await page.goto(f"/phone/{ASHA}")
    await page.get_by_text("<img src=x onerror=alert(1)> & <b>bold</b>").wait_for()
    assert await page.locator(".words b").all_inner_texts() == ["Pay?"]


async def test_a_message_nobody_took_says_so(twilio: Stand, page: Page) -> None:
    twilio.product.failures = 9
    await page.goto(f"/phone/{ASHA}")
    await page.get_by_label("Message", exact=True).fill("hello")
    await page.keyboard.press("Enter")
    await page.get_by_text("Not delivered").wait_for()


@pytest.mark.parametrize("width", [320, 390, 1000])
async def test_nothing_is_wider_than_the_screen(twilio: Stand, page: Page, width: int) -> None:
    await ask(twilio, Masked("*Pay?*\n" + "x" * 300))
    await page.set_viewport_size({"width": width, "height": 844})
    await page.goto(f"/phone/{ASHA}")
    await page.get_by_role("button", name="Approve").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate("chat.scrollWidth <= chat.clientWidth")


async def test_the_index_leads_to_each_phone(twilio: Stand, page: Page) -> None:
    await ask(twilio)
    await page.goto("/phone")
    await page.get_by_role("link", name="Asha Rao").click()
    await page.get_by_role("button", name="Approve").wait_for()


async def test_every_page_says_that_it_is_simulated(twilio: Stand, page: Page) -> None:
    for path in (f"/phone/{ASHA}", "/phone"):
        await page.goto(path)
        assert "simulated" in (await page.inner_text("body")).lower()


async def test_a_phone_shows_only_its_own_messages(twilio: Stand) -> None:
    await ask(twilio, phone=VIKRAM)
    assert (await twilio.control.get(f"/phone/{ASHA}/chat")).json()["messages"] == []


async def test_a_button_of_another_chat_cannot_be_tapped_on_the_page(twilio: Stand) -> None:
    await ask(twilio, phone=VIKRAM)
    [message] = await twilio.inbox(VIKRAM)
    tap = {"message_sid": message["sid"], "button": "Approve"}
    assert (await twilio.control.post(f"/phone/{ASHA}/tap", json=tap)).status_code == 404


async def test_an_unchanged_chat_is_not_sent_again(twilio: Stand) -> None:
    version = (await twilio.control.get(f"/phone/{ASHA}/chat")).json()["version"]
    assert (await twilio.control.get(f"/phone/{ASHA}/chat?version={version}")).status_code == 204


@pytest.mark.parametrize(
    "path", ["/phone/nobody", "/phone/12", "/phone/media/ME1", "/phone/static/phone.html"]
)
async def test_what_does_not_exist_is_404(twilio: Stand, path: str) -> None:
    assert (await twilio.control.get(path)).status_code == 404


async def test_a_number_without_plus_leads_to_its_phone(twilio: Stand) -> None:
    answer = await twilio.control.get(f"/phone/{STRANGER.removeprefix('+')}")
    assert (answer.status_code, answer.headers["location"]) == (307, f"/phone/{STRANGER}")
