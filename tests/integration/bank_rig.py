"""A real mock bank and a real browser, and what the executor's tests say of transfers."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sqlite3
import subprocess
import sys
import time
import uuid
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytesseract
import pytest
from PIL import Image
from playwright._impl._driver import compute_driver_executable
from pydantic import SecretStr

from daemon.adapters.bank_browser import BankBrowser, BrowserSettings
from daemon.adapters.bank_portal import BankPortal
from daemon.adapters.bank_video import DEBIAN_FFMPEG
from schema.ids import InvoiceId, PaymentId, Sha256
from schema.money import Money
from schema.transfer import Permit, Rail, Transfer, reference_of
from schema.vault import Vault, new_master_key
from schema.verdict import REFERENCES, Action, ActionPlan, Op, accept_actions

ACCOUNT = "50100234567891"
IBAN = "DE89370400440532013000"
CUSTOMER = "LLB10482"
PASSWORD = "a-password-for-tests"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
START_LIMIT_S = 30.0
SERVER = json.loads(Path("deploy/playwright-server.json").read_text())
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


@asynccontextmanager
async def served_browser(folder: Path) -> AsyncIterator[BankBrowser]:
    """The browser of a Playwright server in another process, started as deploy/playwright-server.json says."""
    server = await start_server(folder)
    browser = BankBrowser(BrowserSettings(mode="container", ws_url=await address_of(server)))
    try:
        await browser.start()
        yield browser
    finally:
        await browser.stop()
        server.terminate()
        await server.wait()


async def start_server(folder: Path, port: int = 0) -> Process:
    """The command of the container `chromium`; here a free port, and no sandbox of Chromium's for root."""
    config = folder / "server.json"
    config.write_text(json.dumps(SERVER | {"port": port, "chromiumSandbox": os.getuid() != 0}))
    command = (
        *compute_driver_executable(),
        "launch-server",
        "--browser",
        "chromium",
        "--config",
        str(config),
    )
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)


async def address_of(server: Process) -> str:
    assert server.stdout is not None
    return (await asyncio.wait_for(server.stdout.readline(), START_LIMIT_S)).decode().strip()


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
