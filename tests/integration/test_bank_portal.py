"""The executor against the real mock bank, in the real browser."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytesseract
import pytest
import structlog
from PIL import Image
from pydantic import SecretStr

from daemon.adapters.bank_browser import BankBrowser, BrowserSettings
from daemon.adapters.bank_pages import BankPages
from daemon.adapters.bank_portal import BankPortal
from daemon.adapters.bank_video import DEBIAN_FFMPEG, link_ffmpeg
from handlers.world import Bank
from schema.errors import (
    ActionsRefusedError,
    ConflictError,
    OutcomeUnknownError,
    PermanentError,
    TermsChangedError,
    TransientError,
)
from schema.ids import InvoiceId, PaymentId, Sha256
from schema.money import Money
from schema.transfer import Permit, Rail, Transfer, reference_of
from schema.vault import Vault, new_master_key
from schema.verdict import REFERENCES, Action, ActionPlan, Op, accept_actions
from tests.world import started

ACCOUNT = "50100234567891"
IBAN = "DE89370400440532013000"
CUSTOMER = "LLB10482"
PASSWORD = "a-password-for-tests"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
START_LIMIT_S = 30.0
VAULT = Vault(new_master_key())


@dataclass(frozen=True)
class MockBank:
    origin: str
    database: Path

    def booked(self, reference: str) -> int:
        with sqlite3.connect(self.database) as books:
            return int(
                books.execute("SELECT count(*) FROM transfer WHERE reference = ?", (reference,)).fetchone()[0]
            )


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockBank]:
    with running_bank(tmp_path_factory.mktemp("bank")) as running:
        yield running


class running_bank:  # noqa: N801 - reads as the context manager it is
    def __init__(self, folder: Path, *options: str) -> None:
        self._database = folder / "bank.sqlite3"
        self._options = options

    def __enter__(self) -> MockBank:
        command = [sys.executable, "-m", "mockbank", "--port", "0", "--database", str(self._database)]
        environment = os.environ | {
            "MOCKBANK_PASSWORD": PASSWORD,
            "MOCKBANK_TOTP_SECRET": TOTP_SECRET,
            "PYTHONUNBUFFERED": "1",
        }
        self._process = subprocess.Popen(
            [*command, "--customer-id", CUSTOMER, *self._options],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        origin = self._process.stdout.readline().split(" at ")[1].split("/ ")[0]
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{origin}/login").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        return MockBank(origin, self._database)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[BankBrowser]:
    running = BankBrowser(BrowserSettings())
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def portal(bank: MockBank, browser: BankBrowser) -> BankPortal:
    return portal_of(bank, browser)


def portal_of(
    bank: MockBank,
    browser: BankBrowser,
    *,
    password: str = PASSWORD,
    totp_secret: str = TOTP_SECRET,
    submit_limit_s: float = 30.0,
) -> BankPortal:
    return BankPortal(
        bank.origin,
        CUSTOMER,
        SecretStr(password),
        SecretStr(totp_secret),
        VAULT,
        browser,
        submit_limit_s=submit_limit_s,
    )


def transfer_of(amount: str = "118000.00", rail: Rail = Rail.NEFT) -> Transfer:
    payment = PaymentId(uuid.uuid4())
    sepa = rail is Rail.SEPA
    return Transfer(
        payment_id=payment,
        invoice_id=InvoiceId(uuid.uuid4()),
        beneficiary="Sharma & Söhne Traders" if sepa else "Deccan Steel Works Private Limited",
        account=VAULT.seal(IBAN if sepa else ACCOUNT),
        routing="COBADEFFXXX" if sepa else "HDFC0000123",
        rail=rail,
        amount=Money(amount=Decimal(amount), currency="EUR" if sepa else "INR"),
        reference=reference_of(payment),
        pay_on=(datetime.now(ZoneInfo("Asia/Kolkata")) + timedelta(days=1)).date(),
    )


def plan_of(origin: str) -> ActionPlan:
    def action(op: Op, **members: object) -> Action:
        blank = {"target": None, "value_ref": None, "url": None, "approved": None}
        return Action.model_validate({**blank, "op": op.value, **members})

    return accept_actions(
        (
            action(Op.NAVIGATE, url=f"{origin}/transfer"),
            *(
                action(op, target=field.value, value_ref=reference)
                for field, (op, reference) in REFERENCES.items()
            ),
            action(Op.CLICK, target="continue"),
            action(Op.SCREENSHOT, target="confirm"),
            action(Op.PAUSE, target="approval"),
            action(Op.ENTER_OTP, value_ref="bank.otp"),
            action(Op.SUBMIT, approved=True),
        ),
        bank_origin=origin,
    )


def permit_of(transfer: Transfer) -> Permit:
    return Permit(payment_id=transfer.payment_id, fingerprint=Sha256("0" * 64), terms=transfer.terms)


def read_by_eye(png: bytes) -> str:
    """What OCR reads in a picture, enlarged as Tesseract likes it."""
    with Image.open(io.BytesIO(png)) as image:
        large = image.convert("L").resize((image.width * 2, image.height * 2))
    return "".join(str(pytesseract.image_to_string(large, lang="eng", config="--psm 6")).split())


def read_film(folder: Path) -> list[str]:
    """What OCR reads in the one film of a folder, five pictures a second."""
    (video,) = folder.glob("*.webm")
    subprocess.run(
        [DEBIAN_FFMPEG, "-v", "error", "-i", video, "-vf", "fps=5", folder / "frame%03d.png"], check=True
    )
    return [read_by_eye(frame.read_bytes()) for frame in sorted(folder.glob("frame*.png"))]


def test_the_portal_is_the_bank_that_steps_know(portal: BankPortal) -> None:
    as_steps_see_it: Bank = portal
    assert as_steps_see_it is portal


@pytest.mark.parametrize(
    ("rail", "amount"),
    [
        (Rail.NEFT, "118000.00"),
        (Rail.RTGS, "250000.50"),
        (Rail.IMPS, "4999.99"),
        (Rail.SEPA, "1190.00"),
    ],
)
async def test_a_transfer_is_prepared_and_paid_once(
    bank: MockBank, portal: BankPortal, rail: Rail, amount: str
) -> None:
    transfer, plan = transfer_of(amount, rail), plan_of(bank.origin)
    draft = await portal.prepare(transfer, plan)
    assert draft.shown == transfer.terms
    assert bank.booked(transfer.reference) == 0
    receipt = await portal.pay(transfer, plan, permit_of(transfer), started)
    assert receipt.terms == transfer.terms
    assert receipt.simulated
    assert receipt.screenshot is not None
    assert bank.booked(transfer.reference) == 1


async def test_paying_again_with_a_new_permit_gives_the_first_receipt(
    bank: MockBank, portal: BankPortal
) -> None:
    transfer, plan = transfer_of(), plan_of(bank.origin)
    first = await portal.pay(transfer, plan, permit_of(transfer), started)
    second = await portal.pay(transfer, plan, permit_of(transfer), started)
    assert second.bank_reference == first.bank_reference
    assert bank.booked(transfer.reference) == 1


async def test_a_permit_pays_once_only(bank: MockBank, portal: BankPortal) -> None:
    transfer, plan = transfer_of(), plan_of(bank.origin)
    permit = permit_of(transfer)
    await portal.pay(transfer, plan, permit, started)
    with pytest.raises(ConflictError):
        await portal.pay(transfer, plan, permit, started)


async def test_one_permit_in_two_runs_at_once_clicks_once(bank: MockBank, portal: BankPortal) -> None:
    transfer, plan = transfer_of(), plan_of(bank.origin)
    permit = permit_of(transfer)
    results = await asyncio.gather(
        portal.pay(transfer, plan, permit, started),
        portal.pay(transfer, plan, permit, started),
        return_exceptions=True,
    )
    assert bank.booked(transfer.reference) == 1
    assert not any(isinstance(result, OutcomeUnknownError) for result in results)


async def test_nothing_is_found_before_it_is_paid(portal: BankPortal) -> None:
    assert await portal.find(transfer_of()) is None


async def test_a_changed_account_on_the_confirm_page_is_noticed_and_not_named(
    bank: MockBank, portal: BankPortal
) -> None:
    transfer, plan = transfer_of("1000.23"), plan_of(bank.origin)
    with pytest.raises(TermsChangedError, match="account number") as caught:
        await portal.prepare(transfer, plan)
    assert not any(character.isdigit() for character in str(caught.value))
    with pytest.raises(TermsChangedError):
        await portal.pay(transfer, plan, permit_of(transfer), started)
    assert bank.booked(transfer.reference) == 0


async def test_other_terms_than_permitted_are_not_paid(bank: MockBank, portal: BankPortal) -> None:
    transfer = transfer_of()
    dearer = transfer.model_copy(update={"amount": Money(amount=Decimal("118000.01"), currency="INR")})
    with pytest.raises(TermsChangedError, match="amount"):
        await portal.pay(dearer, plan_of(bank.origin), permit_of(transfer), started)
    assert bank.booked(transfer.reference) == 0


async def test_a_permit_of_another_payment_is_refused(bank: MockBank, portal: BankPortal) -> None:
    with pytest.raises(PermanentError, match="another payment"):
        await portal.pay(transfer_of(), plan_of(bank.origin), permit_of(transfer_of()), started)


async def test_a_plan_that_was_tampered_with_is_refused(bank: MockBank, portal: BankPortal) -> None:
    plan = plan_of(bank.origin)
    elsewhere = plan.actions[0].model_copy(update={"url": "http://elsewhere.example/transfer"})
    with pytest.raises(ActionsRefusedError):
        await portal.prepare(transfer_of(), ActionPlan(actions=(elsewhere, *plan.actions[1:])))


async def test_a_dropped_answer_is_unknown_and_then_found(bank: MockBank, portal: BankPortal) -> None:
    transfer = transfer_of("2000.13")
    with pytest.raises(OutcomeUnknownError):
        await portal.pay(transfer, plan_of(bank.origin), permit_of(transfer), started)
    receipt = await portal.find(transfer)
    assert receipt is not None
    assert receipt.terms == transfer.terms
    assert bank.booked(transfer.reference) == 1


async def test_a_slow_answer_is_waited_for(tmp_path: Path, browser: BankBrowser) -> None:
    with running_bank(tmp_path, "--slow-seconds", "3") as slow:
        transfer = transfer_of("2000.17")
        receipt = await portal_of(slow, browser).pay(
            transfer, plan_of(slow.origin), permit_of(transfer), started
        )
        assert receipt.terms == transfer.terms


async def test_a_too_slow_answer_is_unknown_and_then_found(tmp_path: Path, browser: BankBrowser) -> None:
    with running_bank(tmp_path, "--slow-seconds", "4") as slow:
        portal = portal_of(slow, browser, submit_limit_s=1.0)
        transfer = transfer_of("2000.17")
        with pytest.raises(OutcomeUnknownError):
            await portal.pay(transfer, plan_of(slow.origin), permit_of(transfer), started)
        assert await portal.find(transfer) is not None


async def test_maintenance_books_nothing_and_may_be_tried_again(bank: MockBank, portal: BankPortal) -> None:
    transfer = transfer_of("2000.19")
    with pytest.raises(TransientError, match="maintenance") as caught:
        await portal.pay(transfer, plan_of(bank.origin), permit_of(transfer), started)
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert caught.value.retry_after_s == 120
    assert bank.booked(transfer.reference) == 0


async def test_wrong_passwords_are_refused_until_the_bank_locks(tmp_path: Path, browser: BankBrowser) -> None:
    with running_bank(tmp_path) as bank:
        portal = portal_of(bank, browser, totp_secret="KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU")
        transfer, plan = transfer_of(), plan_of(bank.origin)
        with pytest.raises(TransientError, match="4 tries left"):
            await portal.pay(transfer, plan, permit_of(transfer), started)
        for _ in range(3):
            with pytest.raises(TransientError):
                await portal.pay(transfer, plan, permit_of(transfer), started)
        with pytest.raises(PermanentError, match="locked"):
            await portal.pay(transfer, plan, permit_of(transfer), started)
        assert bank.booked(transfer.reference) == 0


async def test_a_wrong_log_in_is_not_tried_again(tmp_path: Path, browser: BankBrowser) -> None:
    with running_bank(tmp_path) as bank:
        portal = portal_of(bank, browser, password="wrong")
        with pytest.raises(PermanentError, match="refused the log-in"):
            await portal.find(transfer_of())


async def test_the_bank_s_sentence_says_why_a_form_was_refused(bank: MockBank, portal: BankPortal) -> None:
    with pytest.raises(PermanentError, match="RTGS takes"):
        await portal.prepare(transfer_of("1000.00", Rail.RTGS), plan_of(bank.origin))
    with pytest.raises(PermanentError, match="balance is too low"):
        await portal.prepare(transfer_of("99999999.00"), plan_of(bank.origin))


async def test_an_ended_session_is_transient(tmp_path: Path, browser: BankBrowser) -> None:
    with (
        running_bank(tmp_path, "--session-minutes", "0.00001") as bank,
        pytest.raises(TransientError) as caught,
    ):
        await portal_of(bank, browser).prepare(transfer_of(), plan_of(bank.origin))
    assert not isinstance(caught.value, OutcomeUnknownError)


async def test_a_bank_that_is_away_is_transient(browser: BankBrowser, tmp_path: Path) -> None:
    with running_bank(tmp_path) as bank:
        portal = portal_of(bank, browser)
    with pytest.raises(TransientError):
        await portal.find(transfer_of())


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
