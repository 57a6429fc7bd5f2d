"""The executor when browsers die, and what its pictures, films and logs must not show."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from daemon.adapters.bank_browser import BankBrowser, BrowserSettings
from daemon.adapters.bank_pages import BankPages
from daemon.adapters.bank_portal import BankPortal
from daemon.adapters.bank_video import DEBIAN_FFMPEG, link_ffmpeg
from schema.errors import (
    OutcomeUnknownError,
    TransientError,
)
from schema.transfer import Rail
from tests.integration.bank_rig import (
    ACCOUNT,
    IBAN,
    PASSWORD,
    TOTP_SECRET,
    MockBank,
    permit_of,
    plan_of,
    portal_of,
    read_by_eye,
    read_film,
    running_bank,
    transfer_of,
)
from tests.world import started


@pytest.mark.parametrize("rail", [Rail.NEFT, Rail.SEPA])
async def test_no_screenshot_shows_the_account(
    bank: MockBank, portal: BankPortal, monkeypatch: pytest.MonkeyPatch, rail: Rail
) -> None:
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    transfer, plan = transfer_of("1500.00", rail), plan_of(bank.origin)
    draft = await portal.prepare(transfer, plan)
    receipt = await portal.pay(transfer, plan, permit_of(transfer), started)
    assert receipt.screenshot is not None
    account = IBAN if rail is Rail.SEPA else ACCOUNT
    for png in (draft.screenshot, receipt.screenshot):
        seen = read_by_eye(png)
        assert account[-4:] in seen
        assert account[4:-2] not in seen
        assert transfer.amount.plain().split(".")[0][-3:] in seen
        assert len(png) <= 300_000


async def test_nothing_typed_reaches_the_logs(
    bank: MockBank, portal: BankPortal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transfer, plan = transfer_of("3000.13"), plan_of(bank.origin)
    with structlog.testing.capture_logs() as lines:
        await portal.prepare(transfer, plan)
        with pytest.raises(OutcomeUnknownError):
            await portal.pay(transfer, plan, permit_of(transfer), started)
    written = repr(lines) + caplog.text
    assert "bank.run" in written
    assert not any(secret in written for secret in (ACCOUNT, PASSWORD, TOTP_SECRET))


async def test_a_browser_error_that_quotes_what_is_typed_stays_inside(
    bank: MockBank, portal: BankPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account field is made to never accept input, so Playwright's error quotes the value."""
    fill = BankPages.fill

    async def hindered(self: BankPages, label: str, value: str, *, secret: bool = False) -> None:
        if label.startswith("Account"):
            await self._page.get_by_label(label).evaluate("e => e.readOnly = true")
            self._page.set_default_timeout(500)
        await fill(self, label, value, secret=secret)

    monkeypatch.setattr(BankPages, "fill", hindered)
    with pytest.raises(TransientError) as caught:
        await portal.prepare(transfer_of(), plan_of(bank.origin))
    error: BaseException | None = caught.value
    while error is not None:
        assert ACCOUNT not in str(error)
        error = error.__cause__ or error.__context__
    assert "fill Account number" in str(caught.value)


async def kill_at(portal_browser: BankBrowser, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = BankPages.fill

    async def killing(self: BankPages, label: str, value: str, *, secret: bool = False) -> None:
        if label == step and portal_browser.processes is not None:
            os.kill(portal_browser.processes.browser, signal.SIGKILL)
        await fill(self, label, value, secret=secret)

    monkeypatch.setattr(BankPages, "fill", killing)


@pytest.mark.parametrize("step", ["Account number or IBAN", "One-time password"])
async def test_a_killed_browser_is_transient_before_the_click_and_the_next_run_works(
    bank: MockBank, portal: BankPortal, browser: BankBrowser, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    transfer, plan = transfer_of(), plan_of(bank.origin)
    with monkeypatch.context() as patched:
        await kill_at(browser, step, patched)
        with pytest.raises(TransientError) as caught:
            await portal.pay(transfer, plan, permit_of(transfer), started)
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert (await portal.pay(transfer, plan, permit_of(transfer), started)).terms == transfer.terms
    assert bank.booked(transfer.reference) == 1


async def test_a_browser_killed_after_the_click_leaves_the_outcome_unknown(
    tmp_path: Path, browser: BankBrowser
) -> None:
    with running_bank(tmp_path, "--slow-seconds", "3") as slow:
        transfer = transfer_of("2000.17")
        portal = portal_of(slow, browser)
        paying = asyncio.create_task(portal.pay(transfer, plan_of(slow.origin), permit_of(transfer), started))
        await until(lambda: slow.booked(transfer.reference) == 1)
        assert browser.processes is not None
        os.kill(browser.processes.browser, signal.SIGKILL)
        with pytest.raises(OutcomeUnknownError):
            await paying
        assert await portal.find(transfer) is not None


async def test_a_hung_browser_is_killed_and_replaced(
    bank: MockBank, portal: BankPortal, browser: BankBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await portal.find(transfer_of())
    assert browser.processes is not None
    hung = browser.processes.browser
    for name in ("CALL_LIMIT_S", "CLOSE_LIMIT_S"):
        monkeypatch.setattr(f"daemon.adapters.bank_browser.{name}", 1.0)
    os.kill(hung, signal.SIGSTOP)
    assert await portal.find(transfer_of()) is None
    await until(lambda: not Path(f"/proc/{hung}/cmdline").exists())


async def test_a_killed_driver_is_replaced(portal: BankPortal, browser: BankBrowser) -> None:
    await portal.find(transfer_of())
    assert browser.processes is not None
    os.kill(browser.processes.driver, signal.SIGKILL)
    assert await portal.find(transfer_of()) is None


async def test_runs_side_by_side_do_not_meet(bank: MockBank, portal: BankPortal) -> None:
    transfers = [transfer_of(f"{1000 + number}.00") for number in range(4)]
    drafts = await asyncio.gather(*(portal.prepare(t, plan_of(bank.origin)) for t in transfers))
    assert [draft.shown for draft in drafts] == [transfer.terms for transfer in transfers]


async def until(condition: Callable[[], bool], limit_s: float = 15.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


@pytest.mark.skipif(not DEBIAN_FFMPEG.exists(), reason="recording needs Debian's ffmpeg")
async def test_a_recording_never_shows_the_account(
    bank: MockBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    link_ffmpeg(tmp_path / "browsers")
    videos = tmp_path / "videos"
    recording = BankBrowser(BrowserSettings(video_folder=videos, browsers_path=tmp_path / "browsers"))
    await recording.start()
    await portal_of(bank, recording).prepare(transfer_of(), plan_of(bank.origin))
    await recording.stop()
    seen = await asyncio.to_thread(read_film, videos)
    assert any("SIMULATED" in text for text in seen)
    assert not any(ACCOUNT[4:-2] in text for text in seen)
