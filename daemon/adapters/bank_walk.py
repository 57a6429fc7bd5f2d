"""One walk through the bank: log in, carry out an accepted action list literally, read what the bank answers.

Every operation and every value reference is looked up in a table; there is nothing here that a list could add.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NoReturn
from urllib.parse import urljoin, urlsplit

import structlog
from playwright.async_api import Error as PlaywrightError
from pydantic import SecretStr

from daemon.adapters.bank_otp import OneTimePassword
from daemon.adapters.bank_pages import BankPages
from daemon.adapters.bank_terms import (
    ACCOUNT_REF,
    BUTTONS,
    FACTS,
    LABELS,
    BankPage,
    UnreadableError,
    differing,
    read_receipt,
    read_terms,
)
from schema.errors import (
    LeakError,
    OutcomeUnknownError,
    PermanentError,
    TermsChangedError,
    TransientError,
)
from schema.failpoints import reach
from schema.masking import mask
from schema.transfer import Permit, Receipt, Terms, Transfer
from schema.vault import Vault
from schema.verdict import Action, FormField, Op

LOG_OUT_LIMIT_S: Final = 3.0
LOGIN_PATH: Final = "/login"
STATEMENT_PATH: Final = "/statement"
CONFIRM_HEADING: Final = "Confirm transfer"
RECEIPT_HEADING: Final = "Payment receipt"
NOTHING_FOUND: Final = "No transfer with this reference"
NOTHING_BOOKED: Final = "nothing was booked"
"""Only with these words does a server error after the click mean that no money moved."""

WRONG_CODE_STATUS: Final = 403
REFUSED_STATUSES: Final = frozenset({409, 410, 422, 423})
"""Answers to a payment by which the bank says clearly that it did not, and will not, book it."""

SERVER_ERROR: Final = 500

_log = structlog.get_logger(__name__)


class BankWalk:
    """What one run does on the bank's pages, and what it has seen; a walk is used once."""

    def __init__(
        self,
        pages: BankPages,
        transfer: Transfer,
        vault: Vault,
        otp: OneTimePassword,
        *,
        submit_limit_s: float,
    ) -> None:
        self.pages = pages
        self._transfer = transfer
        self._vault = vault
        self._otp = otp
        self._submit_limit_s = submit_limit_s
        self.submitted = False
        """True from just before the click on: from here on, only the bank knows."""
        self.shown: Terms | None = None
        self.screenshot: bytes | None = None
        self.receipt: Receipt | None = None
        self._confirm: BankPage | None = None
        self._permit: Permit | None = None
        self._spend: Callable[[], Awaitable[None]] | None = None

    async def log_in(self, customer_id: str, password: SecretStr) -> None:
        """Begin a session; PermanentError when the bank refuses it, for a second try might lock the door."""
        status, page = await self.pages.go(LOGIN_PATH)
        self._expect(status, page, path=LOGIN_PATH)
        await self.pages.fill("Customer ID", customer_id)
        await self.pages.fill("Password", password.get_secret_value(), secret=True)
        status, page = await self.pages.press("Log in")
        if page.path == LOGIN_PATH and page.alert and status < SERVER_ERROR:
            raise PermanentError(f"The bank refused the log-in: {mask(page.alert)}")
        self._expect(status, page)

    async def log_out(self) -> None:
        """End the session if that is still possible; the bank ends it by itself otherwise."""
        step = self.pages.step
        try:
            async with asyncio.timeout(LOG_OUT_LIMIT_S):
                await self.pages.log_out()
        except (PlaywrightError, TimeoutError):
            _log.info("bank.not_logged_out", step=step)
        self.pages.step = step

    async def find(self) -> Receipt | None:
        """Search the statement for exactly our reference and open the receipt; None when there surely is none."""
        self._expect(*await self.pages.go(STATEMENT_PATH), path=STATEMENT_PATH)
        await self.pages.fill("Payment reference", self._transfer.reference)
        status, page = await self.pages.press("Search")
        self._expect(status, page, path=STATEMENT_PATH)
        rows = [row for row in page.rows if _plain(row, "reference") == self._transfer.reference]
        if len(rows) > 1:
            raise PermanentError(f"The bank shows {len(rows)} transfers with this reference.")
        if rows:
            reference = _plain(rows[0], "bank_reference")
            status, page = await self.pages.follow(f"Receipt {reference}")
            return await self._read_receipt(status, page)
        if page.rows or NOTHING_FOUND not in page.status_text:
            raise TransientError("The bank's statement gives no clear answer.")
        return None

    async def perform(
        self,
        actions: tuple[Action, ...],
        permit: Permit | None = None,
        spend: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Carry out accepted actions in their order; without a permit nothing from `pause` on.

        `spend` is awaited just before the click, and raises when the permit was used before or payments are paused.
        """
        self._permit, self._spend = permit, spend
        for action in actions:
            if permit is None and action.op == Op.PAUSE:
                return
            await _OPERATIONS[Op(action.op)](self, action)

    async def _navigate(self, action: Action) -> None:
        path = urlsplit(urljoin("http://bank", action.url or "")).path
        self._expect(*await self.pages.go(path), path=path)

    async def _fill(self, action: Action) -> None:
        label = LABELS[FormField(action.target or "")]
        if action.value_ref == ACCOUNT_REF:
            await self.pages.fill(label, self._vault.open(self._transfer.account), secret=True)
        else:
            await self.pages.fill(label, FACTS[action.value_ref or ""](self._transfer))

    async def _select(self, action: Action) -> None:
        label = LABELS[FormField(action.target or "")]
        await self.pages.select(label, FACTS[action.value_ref or ""](self._transfer))

    async def _click(self, action: Action) -> None:
        status, page = await self.pages.press(BUTTONS[action.target or ""])
        if page.alert and status < SERVER_ERROR:
            raise PermanentError(f"The bank refused the transfer: {mask(page.alert)}")
        self._expect(status, page, heading=CONFIRM_HEADING)

    async def _screenshot(self, _action: Action) -> None:
        """Read the confirm page, compare it with what was agreed, mask it, photograph it."""
        try:
            fields = (await self.pages.read()).fields
            self.shown = read_terms(fields, self._vault, self._transfer.account.print)
        except UnreadableError as error:
            raise TermsChangedError(f"The bank's confirm page does not show a readable {error}.") from error
        refuse_changes(self._transfer.terms, self.shown, "The bank's confirm page shows another")
        if not await self.pages.mask(self._transfer.account, self._vault):
            raise LeakError("The account number could not be masked on the bank's confirm page.")
        self.screenshot = await self.pages.photograph()
        self._confirm = await self.pages.read()

    async def _pause(self, _action: Action) -> None:
        """A person has approved by now: what the bank shows must be what they approved."""
        if self._permit is None or self.shown is None:
            raise PermanentError("Nothing may be submitted without a permit and a confirm page.")
        refuse_changes(self._permit.terms, self.shown, "The bank's confirm page shows another")

    async def _enter_otp(self, _action: Action) -> None:
        await self.pages.fill("One-time password", await self._otp.next(), secret=True)

    async def _submit(self, _action: Action) -> None:
        """Press the button once, if the page is still the one that was compared."""
        button = await self.pages.ready_to_submit("Confirm payment")
        if self._confirm is None or await self.pages.read() != self._confirm:
            raise TermsChangedError("The bank's confirm page changed after it was read.")
        if self._permit is None or self._spend is None:
            raise PermanentError("Nothing may be submitted without a permit.")
        await self._spend()
        self.submitted = True
        status, retry_after, page = await self.pages.submit(button, self._submit_limit_s)
        await reach("submit.click.answered")
        if status < SERVER_ERROR and page.heading == RECEIPT_HEADING:
            self.receipt = await self._read_receipt(status, page)
            await reach("submit.receipt.read")
        else:
            _refuse_answer(status, retry_after, page)

    async def _read_receipt(self, status: int, page: BankPage) -> Receipt:
        """The receipt with its picture; PermanentError when the bank booked something else."""
        try:
            if page.heading != RECEIPT_HEADING or status >= SERVER_ERROR:
                raise UnreadableError("receipt")
            receipt = read_receipt(page, self._transfer)
        except UnreadableError as error:
            unclear = OutcomeUnknownError if self.submitted else TransientError
            raise unclear(f"The bank shows no readable {error} for this transfer.") from error
        if names := differing(self._transfer.terms, receipt.terms):
            raise PermanentError(f"The bank booked this reference with another {' and '.join(names)}.")
        return receipt.model_copy(update={"screenshot": await self._photograph_receipt()})

    async def _photograph_receipt(self) -> bytes | None:
        """The masked receipt; None rather than an error, for the money has moved whatever becomes of the picture."""
        try:
            if await self.pages.mask(self._transfer.account, self._vault):
                return await self.pages.photograph()
        except (PlaywrightError, TimeoutError):
            _log.info("bank.receipt_not_photographed")
        return None

    def _expect(self, status: int, page: BankPage, *, path: str = "", heading: str = "") -> None:
        """TransientError unless this is the page that was asked for; only for pages before the click."""
        if status >= SERVER_ERROR:
            raise TransientError(f"The bank's portal answered with error {status}.")
        if page.path == LOGIN_PATH != path:
            raise TransientError("The bank ended the session.")
        if (path and page.path != path) or (heading and page.heading != heading):
            raise TransientError("The bank's portal showed another page than was asked for.")


def refuse_changes(agreed: Terms, shown: Terms, sentence: str) -> None:
    """TermsChangedError that names the terms which differ, without their values; nothing when all agree."""
    if names := differing(agreed, shown):
        raise TermsChangedError(f"{sentence} {' and '.join(names)}.")
    if agreed != shown:
        raise TermsChangedError("bug: terms differ in a field that has no name")


def _refuse_answer(status: int, retry_after: str | None, page: BankPage) -> NoReturn:
    """Raise what an answer to the payment means: refused, not booked, or unknown if the bank is not clear."""
    alert = mask(page.alert or "")
    if alert and status == WRONG_CODE_STATUS and page.heading == CONFIRM_HEADING:
        raise TransientError(f"The bank refused the one-time password: {alert}")
    if alert and status in REFUSED_STATUSES:
        raise PermanentError(f"The bank refused the payment: {alert}")
    if NOTHING_BOOKED in alert.lower():
        wait = float(retry_after) if retry_after and retry_after.isdecimal() else None
        raise TransientError(f"The bank did not take the payment: {alert}", retry_after_s=wait)
    raise OutcomeUnknownError("The bank gave no clear answer to the payment.")


def _plain(row: Mapping[str, object], name: str) -> str:
    return getattr(row.get(name), "plain", "")


_OPERATIONS: Final[Mapping[Op, Callable[[BankWalk, Action], Awaitable[None]]]] = {
    Op.NAVIGATE: BankWalk._navigate,
    Op.FILL: BankWalk._fill,
    Op.SELECT: BankWalk._select,
    Op.CLICK: BankWalk._click,
    Op.SCREENSHOT: BankWalk._screenshot,
    Op.PAUSE: BankWalk._pause,
    Op.ENTER_OTP: BankWalk._enter_otp,
    Op.SUBMIT: BankWalk._submit,
}
"""The closed vocabulary, and what each operation does here."""
