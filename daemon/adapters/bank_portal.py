"""The bank by its portal: prepares a transfer up to the confirm page, pays it at most once, finds it again.

The browser's context is closed while people decide. Paying fills the form anew, reads everything again, and
presses the button only if each term is the approved one. Playwright's errors may quote what was being typed,
so none of them gets out of here, not even as a cause.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

import structlog
from playwright.async_api import Error as PlaywrightError
from pydantic import SecretStr

from daemon.adapters.bank_browser import BankBrowser
from daemon.adapters.bank_otp import OneTimePassword
from daemon.adapters.bank_pages import BankPages
from daemon.adapters.bank_walk import BankWalk, refuse_changes
from schema.errors import ConflictError, CountersignError, OutcomeUnknownError, PermanentError, TransientError
from schema.trace import NoSpans, Spans
from schema.transfer import Draft, Permit, Receipt, Transfer
from schema.vault import Vault
from schema.verdict import Action, ActionPlan, accept_actions

RUN_LIMIT_S: Final = 75.0
"""A whole run, a slow answer to the payment included; it usually takes one second."""

SUBMIT_LIMIT_S: Final = 30.0
"""How long the bank may take to answer a payment before its outcome counts as unknown."""

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


@dataclass
class _Progress:
    """What is known of a run when it breaks off."""

    walk: BankWalk | None = None
    blocked: int = 0
    result: str = "cancelled"

    @property
    def step(self) -> str:
        return self.walk.pages.step if self.walk else "open the browser"


class BankPortal:
    """The bank as `handlers.world.Bank` wants it; runs are independent of each other."""

    def __init__(
        self,
        origin: str,
        customer_id: str,
        password: SecretStr,
        totp_secret: SecretStr,
        vault: Vault,
        browser: BankBrowser,
        *,
        submit_limit_s: float = SUBMIT_LIMIT_S,
        now: Callable[[], float] = time.time,
        spans: Spans = NoSpans(),  # noqa: B008 - it holds nothing
    ) -> None:
        """`origin` is scheme, host and port of the portal, `now` Unix time; SettingsError when the secret is none."""
        self._origin = origin.rstrip("/")
        self._customer_id = customer_id
        self._password = password
        self._otp = OneTimePassword(totp_secret, now)
        self._now = now
        self._vault = vault
        self._browser = browser
        self._spans = spans
        self._submit_limit_s = submit_limit_s
        self._spent: dict[int, weakref.ref[Permit]] = {}

    async def prepare(self, transfer: Transfer, plan: ActionPlan) -> Draft:
        """Fill the form up to the confirm page, read it back, take the masked screenshot, leave.

        TermsChangedError when the bank shows other terms, PermanentError with its sentence when it refuses
        them, TransientError when it could not be asked. Nothing is booked in any case.
        """
        actions = self._accepted(plan)

        async def work(walk: BankWalk) -> Draft:
            await walk.perform(actions)
            if walk.shown is None or walk.screenshot is None:
                raise PermanentError("The action list did not reach the bank's confirm page.")
            return Draft(shown=walk.shown, screenshot=walk.screenshot, taken_at=self._taken_at())

        return await self._run("prepare", transfer, work)

    async def find(self, transfer: Transfer) -> Receipt | None:
        """The booked transfer with this reference, or None when the bank surely has none.

        PermanentError when the bank booked other terms under it, TransientError when it is not clear.
        """
        return await self._run("find", transfer, lambda walk: walk.find())

    async def pay(
        self, transfer: Transfer, plan: ActionPlan, permit: Permit, start: Callable[[], Awaitable[None]]
    ) -> Receipt:
        """Ask by reference, fill again, compare every term with the permit, enter the OTP, submit once.

        TermsChangedError before anything was submitted; OutcomeUnknownError when it was and no clear answer
        came; TransientError when surely nothing was booked, so that it may be tried again with a new permit;
        PermanentError with the bank's sentence when it refused. ConflictError when the permit was used, or
        when `start`, awaited just before the click, says that another has this payment in hand.
        """
        actions = self._accepted(plan)
        if permit.payment_id != transfer.payment_id:
            raise PermanentError("The permit belongs to another payment.")
        refuse_changes(permit.terms, transfer.terms, "The transfer has, against its approval, another")
        self._refuse_spent(permit)

        async def work(walk: BankWalk) -> Receipt:
            booked = await walk.find()
            if booked is not None:
                return booked
            await walk.perform(actions, permit, lambda: self._use_up(permit, start))
            if walk.receipt is None:
                raise PermanentError("The action list ended before the payment was submitted.")
            return walk.receipt

        return await self._run("pay", transfer, work)

    def _taken_at(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    def _accepted(self, plan: ActionPlan) -> tuple[Action, ...]:
        """The plan's actions, checked once more: since they were accepted they lay in a database."""
        return accept_actions(plan.actions, bank_origin=self._origin).actions

    def _refuse_spent(self, permit: Permit) -> None:
        if id(permit) in self._spent:
            raise ConflictError("This permit was used before.")

    async def _use_up(self, permit: Permit, start: Callable[[], Awaitable[None]]) -> None:
        """The last thing before the click: whoever may stop it is asked, the permit is gone, START is on record."""
        self._spend(permit)
        await start()

    def _spend(self, permit: Permit) -> None:
        """Use the permit up, by identity: a new one for another try is minted from the record, an equal value."""
        self._refuse_spent(permit)
        key = id(permit)
        self._spent[key] = weakref.ref(permit, lambda _: self._spent.pop(key, None) and None)

    async def _run(self, what: str, transfer: Transfer, work: Callable[[BankWalk], Awaitable[_T]]) -> _T:
        """Log in, do the work, log out, in a context of its own; raises only our errors."""
        started, progress = time.monotonic(), _Progress()
        try:
            with self._spans.span(f"bank {what}", kind="bank"):
                async with asyncio.timeout(RUN_LIMIT_S), self._session(transfer, progress) as walk:
                    done = await work(walk)
                    progress.result = "done"
                    return done
        except (PlaywrightError, TimeoutError) as error:
            progress.result = type(error).__name__
        except CountersignError as error:
            progress.result = type(error).__name__
            raise
        finally:
            _report(what, transfer, progress, time.monotonic() - started)
        # Outside of the handler, so that Playwright's error is not even the context of ours.
        raise _broken_off(progress)

    @asynccontextmanager
    async def _session(self, transfer: Transfer, progress: _Progress) -> AsyncIterator[BankWalk]:
        async with self._browser.open(self._origin) as tab:
            pages = BankPages(tab, self._origin, self._spans)
            walk = progress.walk = BankWalk(
                pages, transfer, self._vault, self._otp, submit_limit_s=self._submit_limit_s
            )
            try:
                await walk.log_in(self._customer_id, self._password)
                yield walk
            except CountersignError:
                await walk.log_out()
                raise
            else:
                await walk.log_out()
            finally:
                pages.tell()
                progress.blocked = tab.guard.blocked_count


def _report(what: str, transfer: Transfer, progress: _Progress, seconds: float) -> None:
    _log.info(
        "bank.run",
        what=what,
        reference=transfer.reference,
        result=progress.result,
        step=progress.step,
        seconds=round(seconds, 2),
        blocked=progress.blocked,
    )


def _broken_off(progress: _Progress) -> TransientError:
    if progress.walk is not None and progress.walk.submitted:
        return OutcomeUnknownError("The connection to the bank ended after the payment was submitted.")
    return TransientError(f"The bank's portal could not be used (at: {progress.step}).")
