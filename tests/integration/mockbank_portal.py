"""A running mock bank and its visitors, for the tests that meet it over a real socket."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyotp

from mockbank.app import create_app
from mockbank.server import listen, make_server
from mockbank.settings import Settings

SECRET = "SIMULATEDBANKSECRETFORDEMOUSEONL"
NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
START_SECONDS = 10.0
PATIENCE_SECONDS = 30.0
SLOW_SECONDS = 2.0
STEP = timedelta(seconds=30)
FORM = {
    "rail": "NEFT",
    "beneficiary_name": "Sahyadri Precision Tools Pvt. Ltd.",
    "account_number": "50100234567890",
    "routing": "HDFC0001234",
    "amount": "118000.00",
    "currency": "INR",
    "reference": "CS-1",
    "date": "2026-11-23",
    "remark": "Invoice 118",
}
FIELDS = [
    "rail",
    "beneficiary_name",
    "account_number",
    "routing",
    "amount",
    "currency",
    "reference",
    "date",
    "remark",
]


@dataclass
class TestClock:
    """A clock the test winds by hand."""

    __test__ = False
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Portal:
    """A running bank and the clock on its wall."""

    address: str
    clock: TestClock
    closing: ExitStack

    def visitor(self, timeout: float = PATIENCE_SECONDS) -> "Visitor":
        # Not verifying saves loading the machine's certificates; the bank speaks plain HTTP.
        http = self.closing.enter_context(httpx.Client(base_url=self.address, timeout=timeout, verify=False))
        return Visitor(http, self.clock)

    def customer(self, timeout: float = PATIENCE_SECONDS) -> "Visitor":
        visitor = self.visitor(timeout)
        assert visitor.log_in().status_code == 303
        return visitor


@dataclass
class Visitor:
    """A browser, as far as forms and cookies go; it follows no redirect by itself."""

    http: httpx.Client
    clock: TestClock

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(path, params=query or None)

    def send(self, form_path: str, post_path: str, **fields: str) -> httpx.Response:
        token = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', self.get(form_path).text)
        assert token is not None
        return self.http.post(post_path, data={"csrf_token": token[1], **fields})

    def log_in(self, customer_id: str = "LLB10482", password: str = "simulated-password") -> httpx.Response:
        return self.send("/login", "/login", customer_id=customer_id, password=password)

    def fill(self, **change: str) -> httpx.Response:
        return self.send("/transfer", "/transfer", **(FORM | change))

    def draft(self, **change: str) -> str:
        answer = self.fill(**change)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def confirm(self, draft: str, otp: str | None = None) -> httpx.Response:
        return self.send("/statement", draft, otp=otp or self.code())

    def code(self) -> str:
        return pyotp.TOTP(SECRET).at(self.clock.now)

    def wrong_code(self) -> str:
        near = {pyotp.TOTP(SECRET).at(self.clock.now + STEP * offset) for offset in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)

    def booked(self, reference: str) -> int:
        page = self.get("/statement", reference=reference).text
        return len(re.findall(r"<tr data-transfer=", page))


def values(page: str) -> dict[str, str]:
    """What the page says, by `data-field`."""
    return dict(re.findall(r'<dd data-field="(\w+)" data-value="([^"]*)"', page))


def alert(page: str) -> str:
    found = re.search(r'role="alert">(.*?)</div>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""


@contextmanager
def open_portal(folder: Path) -> Iterator[Portal]:
    """Run a bank on a free port, its ledger in `folder`, until the test is done."""
    clock = TestClock()
    server = make_server(
        create_app(Settings(database=folder / "bank.sqlite3", slow_seconds=SLOW_SECONDS), clock)
    )
    with listen("127.0.0.1", 0) as socket, ExitStack() as closing:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield Portal(f"http://127.0.0.1:{socket.getsockname()[1]}", clock, closing)
        closing.close()
        server.should_exit = True
        thread.join(START_SECONDS)
        assert not thread.is_alive()
