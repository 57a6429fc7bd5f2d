"""The bank's pages through a browser: opened, filled by label, read, and photographed with the account masked."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from playwright.async_api import Locator, Page, Response

from daemon.adapters.bank_browser import CALL_LIMIT_S, Tab, bounded
from daemon.adapters.bank_terms import BankPage, Shown
from schema.failpoints import reach
from schema.trace import NoSpans, Spans
from schema.vault import SealedAccount, Vault, normal_account

LARGEST_SCREENSHOT_BYTES: Final = 300_000
"""What a phone message should carry; a longer page is cut to its first screen."""

_READ_JS: Final = """() => {
  // Not innerText: of text that is hidden behind dots it gives the dots.
  const shown = e => e.textContent.replace(/\\s+/g, ' ').trim();
  const fields = scope => [...scope.querySelectorAll('[data-field]')].map(
    e => [e.dataset.field, shown(e), e.dataset.value ?? shown(e)]);
  const alert = document.querySelector('[role=alert]');
  const lines = alert ? [...alert.querySelectorAll('li')].map(shown) : [];
  return {
    path: location.pathname,
    heading: shown(document.querySelector('main h1') ?? document.body).slice(0, 200),
    alert: alert ? (lines.length ? lines.join('; ') : shown(alert)) : null,
    status: [...document.querySelectorAll('[role=status]')].map(shown).join(' '),
    simulated: (document.body.innerText ?? '').includes('SIMULATED'),
    fields: [...document.querySelectorAll('dl')].flatMap(fields),
    rows: [...document.querySelectorAll('tr')].map(fields).filter(row => row.length),
  };
}"""

_MASK_JS: Final = """([number, masked]) => {
  const between = '[\\\\s\\\\u00a0\\\\-./]*';
  const pattern = new RegExp([...number].join(between), 'gi');
  const plain = text => text.replace(/[\\s\\u00a0\\-./]/g, '').toUpperCase();
  const holds = text => plain(text ?? '').includes(number);
  for (const e of document.querySelectorAll('body, body *')) {
    // A hidden control cannot be seen, and the bank's own form must stay as it is.
    if (e.type !== 'hidden') {
      for (const a of [...e.attributes]) if (holds(a.value)) e.setAttribute(a.name, masked);
      if ('value' in e && typeof e.value === 'string' && holds(e.value)) e.value = masked;
    }
    if (!holds(e.textContent) || [...e.children].some(child => holds(child.textContent))) continue;
    const text = e.textContent.replace(pattern, masked);
    e.textContent = holds(text) ? masked : text;
    e.setAttribute('data-masked', '');
  }
  for (const e of document.querySelectorAll('[data-field=account_number]')) e.setAttribute('data-masked', '');
}"""

_ALL_TEXT_JS: Final = """() => [
  document.title, document.body.textContent, document.body.innerText,
  ...[...document.querySelectorAll('body *')].filter(e => e.type !== 'hidden').flatMap(
    e => [...e.attributes].map(a => a.value).concat(typeof e.value === 'string' ? [e.value] : [])),
].join('\\n')"""

_HIDE_JS: Final = "e => e.style.setProperty('-webkit-text-security', 'disc', 'important')"


class BankPages:
    """One logged-in walk through the bank, on one page of one context."""

    def __init__(self, tab: Tab, origin: str, spans: Spans = NoSpans()) -> None:  # noqa: B008 - it holds nothing
        self._tab = tab
        self._page: Page = tab.page
        self._origin = origin
        self._spans = spans
        self._step, self._since_ns = "open", time.time_ns()

    @property
    def step(self) -> str:
        """Where the walk is, for log and traces: names of pages and fields, never a value."""
        return self._step

    @step.setter
    def step(self, step: str) -> None:
        self.tell()
        self._step, self._since_ns = step, time.time_ns()

    def tell(self) -> None:
        """The step so far is over."""
        with self._spans.span(f"browser {self._step}", since_ns=self._since_ns, kind="bank"):
            pass

    async def go(self, path: str) -> tuple[int, BankPage]:
        """Open a page; return the HTTP status and what it shows."""
        self.step = f"go {path}"
        response = await self._page.goto(self._origin + path, wait_until="domcontentloaded")
        return _status(response), await self.read()

    async def fill(self, label: str, value: str, *, secret: bool = False) -> None:
        """Type into a control; a secret one shows dots, in the video too."""
        self.step = f"fill {label}"
        control = self._control(label)
        if secret:
            await bounded(control.evaluate(_HIDE_JS), CALL_LIMIT_S)
        await control.fill(value)

    async def select(self, label: str, value: str) -> None:
        """Choose an option."""
        self.step = f"select {label}"
        await self._control(label).select_option(value)

    async def press(self, name: str) -> tuple[int, BankPage]:
        """Press a button that leads to another page; return its HTTP status and what it shows."""
        self.step = f"press {name}"
        return await self._follow(self._page.get_by_role("button", name=name, exact=True), CALL_LIMIT_S)

    async def follow(self, name: str) -> tuple[int, BankPage]:
        """Follow a link; return the HTTP status and what the page shows."""
        self.step = "follow a link"
        return await self._follow(self._page.get_by_role("link", name=name, exact=True), CALL_LIMIT_S)

    async def ready_to_submit(self, name: str) -> Locator:
        """The button, after it was proved to be there, visible and enabled; nothing is pressed."""
        self.step = f"ready to press {name}"
        button = self._page.get_by_role("button", name=name, exact=True)
        await button.click(trial=True)
        # A request on a kept connection that breaks is repeated by Chromium; one on a new connection never.
        self._tab.guard.proxy.cut()
        return button

    async def submit(self, button: Locator, limit_s: float) -> tuple[int, str | None, BankPage]:
        """Press it, once; return the HTTP status, Retry-After and what the answer shows."""
        self.step = "submit"
        async with self._page.expect_navigation(
            timeout=limit_s * 1000, wait_until="domcontentloaded"
        ) as coming:
            await button.click(no_wait_after=True)
            await reach("submit.click.sent")
        response = await coming.value
        retry_after = response.headers.get("retry-after") if response else None
        return _status(response), retry_after, await self.read()

    async def read(self) -> BankPage:
        """What the page shows now."""
        found: dict[str, Any] = await bounded(self._page.evaluate(_READ_JS), CALL_LIMIT_S)
        return BankPage(
            path=found["path"],
            heading=found["heading"],
            alert=found["alert"],
            status_text=found["status"],
            simulated=found["simulated"],
            fields=_fields(found["fields"]),
            rows=tuple(_fields(row) for row in found["rows"]),
        )

    async def mask(self, account: SealedAccount, vault: Vault) -> bool:
        """Write `XXXXXX1234` over the account wherever it stands; return whether it is surely gone."""
        self.step = "mask"
        await bounded(self._page.evaluate(_MASK_JS, [vault.open(account), str(account.masked)]), CALL_LIMIT_S)
        text: str = await bounded(self._page.evaluate(_ALL_TEXT_JS), CALL_LIMIT_S)
        # What a frame shows cannot be masked from here.
        return len(self._page.frames) == 1 and vault.open(account) not in normal_account(text)

    async def photograph(self) -> bytes:
        """The whole page as PNG, or its first screen when that would be too large."""
        self.step = "photograph"
        image = await self._page.screenshot(full_page=True, animations="disabled", caret="hide")
        if len(image) > LARGEST_SCREENSHOT_BYTES:
            image = await self._page.screenshot(animations="disabled", caret="hide")
        return image

    async def log_out(self) -> bool:
        """Leave the session if the page still offers it; return whether it did."""
        self.step = "log out"
        button = self._page.get_by_text("Log out", exact=True)
        if not await bounded(button.count(), CALL_LIMIT_S):
            return False
        await self._follow(button, CALL_LIMIT_S)
        return True

    def _control(self, label: str) -> Locator:
        return self._page.get_by_label(label, exact=True)

    async def _follow(self, control: Locator, limit_s: float) -> tuple[int, BankPage]:
        async with asyncio.timeout(2 * limit_s):
            async with self._page.expect_navigation(
                timeout=limit_s * 1000, wait_until="domcontentloaded"
            ) as coming:
                await control.click(no_wait_after=True)
            return _status(await coming.value), await self.read()


def _status(response: Response | None) -> int:
    return response.status if response else 0


def _fields(found: list[list[str]]) -> dict[str, Shown]:
    """Field name -> value; a field that is there twice with two values is left out, so it counts as missing."""
    fields: dict[str, Shown] = {}
    contradicted = set()
    for name, text, plain in found:
        value = Shown(text, plain)
        if fields.setdefault(name, value) != value:
            contradicted.add(name)
    return {name: value for name, value in fields.items() if name not in contradicted}
