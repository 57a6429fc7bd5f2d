"""The browser that drives the bank: one per process and warm, a fresh and guarded context for every run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar

import structlog
from playwright.async_api import Browser, BrowserContext, Page, Playwright, ViewportSize, async_playwright
from playwright.async_api import Error as PlaywrightError

from daemon.adapters.bank_guard import LAUNCH_ARGUMENTS, Guard, allowed_endpoints
from daemon.adapters.bank_processes import BrowserProcesses, new_mark, sweep_leftovers
from daemon.adapters.bank_video import require_ffmpeg
from daemon.adapters.egress_proxy import EgressProxy
from schema.errors import SettingsError, TransientError

BROWSERS: Final = (
    Path("/usr/lib/chromium/chromium-headless-shell"),
    Path("/usr/lib/chromium/chromium"),
)
"""Debian's real binaries. Those in /usr/bin are shells around them: kill -9 of one goes unnoticed."""

RUNS_PER_BROWSER: Final = 300
"""Playwright's driver grows by half a megabyte a run; after so many runs it is started anew."""

LAUNCH_LIMIT_S: Final = 30.0
CALL_LIMIT_S: Final = 10.0
CLOSE_LIMIT_S: Final = 5.0
"""A context closes in milliseconds; later than this the browser hangs and is killed."""

_VIEWPORT: Final[ViewportSize] = {"width": 1280, "height": 800}
_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BrowserSettings:
    """Where the browser comes from, and how many runs it may serve at a time.

    `mode` host starts a browser here, container connects to the Playwright server at `ws_url`, which then
    must reach our proxy: it listens on `proxy_listen_host` and is called `proxy_host` by the container.
    `video_folder` records every run there (the demo only).
    """

    mode: Literal["host", "container"] = "host"
    chromium_path: Path | None = None
    ws_url: str | None = None
    at_most: int = 3
    proxy_listen_host: str = "127.0.0.1"
    proxy_host: str = "127.0.0.1"
    video_folder: Path | None = None
    browsers_path: Path | None = None


@dataclass(frozen=True)
class Tab:
    """One page in a context of its own, and the guard that watches it."""

    page: Page
    guard: Guard


@dataclass(eq=False)
class _Generation:
    """One browser with its driver, from launch to the end of the last run that uses it."""

    playwright: Playwright
    browser: Browser
    outside: EgressProxy
    processes: BrowserProcesses | None
    runs: int = 0
    in_use: int = 0
    retired: bool = False

    @property
    def fit(self) -> bool:
        """Whether a new run may begin here."""
        return not self.retired and self.browser.is_connected() and self.runs < RUNS_PER_BROWSER

    async def end(self) -> None:
        """Close browser and driver; what does not close in time is killed. Safe to repeat."""
        self.retired = True
        try:
            await bounded(self.browser.close(), CLOSE_LIMIT_S)
            await bounded(self.playwright.stop(), CLOSE_LIMIT_S)
        except (PlaywrightError, TimeoutError):
            _log.warning("bank.browser_killed")
        finally:
            if self.processes is not None:
                await asyncio.to_thread(self.processes.kill)
            await self.outside.stop()


class BankBrowser:
    """One shared browser; it is started anew whenever it, or its driver, has died."""

    def __init__(
        self, settings: BrowserSettings, let_out: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        """`let_out` is awaited with `host:port` before a run's first connection there."""
        self._settings = settings
        self._let_out = let_out
        self._starting = asyncio.Lock()
        self._places = asyncio.Semaphore(settings.at_most)
        self._generation: _Generation | None = None

    @property
    def processes(self) -> BrowserProcesses | None:
        """The running browser's processes, None when there are none here (container, or not started)."""
        return self._generation.processes if self._generation else None

    async def start(self) -> None:
        """Launch the browser and open a page once, so that the first run need not wait for it."""
        if self._settings.video_folder is not None:
            require_ffmpeg(self._settings.browsers_path)
        await asyncio.to_thread(sweep_leftovers)
        generation = await self._live()
        try:
            page = await bounded(generation.browser.new_page(), CALL_LIMIT_S)
            await bounded(page.close(), CLOSE_LIMIT_S)
        except (PlaywrightError, TimeoutError) as error:
            raise TransientError("The browser started, but opens no page.") from error

    async def stop(self) -> None:
        """Close the browser; safe to repeat."""
        async with self._starting:
            generation, self._generation = self._generation, None
            if generation is not None:
                await generation.end()

    @asynccontextmanager
    async def open(self, origin: str) -> AsyncIterator[Tab]:
        """A page in a fresh, guarded context that may load from `origin` only; gone when the block ends.

        TransientError when no browser can be had.
        """
        async with self._places:
            proxy = EgressProxy(
                allowed_endpoints(origin),
                listen_host=self._settings.proxy_listen_host,
                let_out=self._let_out,
            )
            await proxy.start()
            try:
                generation, context = await self._context(proxy)
                try:
                    yield await _guarded_tab(context, Guard(origin, proxy))
                finally:
                    await self._leave(generation, context)
            finally:
                await proxy.stop()

    async def _context(self, proxy: EgressProxy) -> tuple[_Generation, BrowserContext]:
        """A fresh context; a browser that died unnoticed is replaced once."""
        for _ in range(2):
            generation = await self._live()
            generation.runs += 1
            generation.in_use += 1
            try:
                return generation, await bounded(self._new_context(generation, proxy), CALL_LIMIT_S)
            except (PlaywrightError, TimeoutError):
                generation.in_use -= 1
                _log.warning("bank.browser_lost")
                await generation.end()
        raise TransientError("The browser does not start.")

    def _new_context(self, generation: _Generation, proxy: EgressProxy) -> Awaitable[BrowserContext]:
        folder = self._settings.video_folder
        return generation.browser.new_context(
            proxy={"server": f"http://{self._settings.proxy_host}:{proxy.port}", "bypass": "<-loopback>"},
            service_workers="block",
            accept_downloads=False,
            locale="en-IN",
            timezone_id="Asia/Kolkata",
            viewport=_VIEWPORT,
            device_scale_factor=1,
            record_video_dir=folder,
            record_video_size={"width": 1280, "height": 800} if folder else None,
        )

    async def _leave(self, generation: _Generation, context: BrowserContext) -> None:
        """Close the context; a browser that cannot is ended, a worn-out one when its last run leaves."""
        generation.in_use -= 1
        try:
            await bounded(context.close(), CLOSE_LIMIT_S)
        except (PlaywrightError, TimeoutError):
            _log.warning("bank.context_not_closed")
            await generation.end()
        if generation is not self._generation and not generation.in_use:
            await generation.end()

    async def _live(self) -> _Generation:
        """The browser for a new run, launched if there is none that is fit."""
        async with self._starting:
            old = self._generation
            if old is not None and old.fit:
                return old
            self._generation = None
            if old is not None and not old.in_use:
                await old.end()
            self._generation = await _launch(self._settings)
            return self._generation


async def bounded(call: Awaitable[_T], limit_s: float) -> _T:
    """Await a Playwright call that has no time-out of its own; TimeoutError when it takes too long."""
    return await asyncio.wait_for(call, limit_s)


async def _guarded_tab(context: BrowserContext, guard: Guard) -> Tab:
    """The one page of a context, made after its guard was installed."""
    try:
        context.set_default_timeout(CALL_LIMIT_S * 1000)
        await bounded(guard.install(context), CALL_LIMIT_S)
        return Tab(await bounded(context.new_page(), CALL_LIMIT_S), guard)
    except (PlaywrightError, TimeoutError) as error:
        raise TransientError("The browser opens no page.") from error


async def _launch(settings: BrowserSettings) -> _Generation:
    """A new driver and its browser; TransientError when they do not start."""
    # The browser's own errands, outside of any run's context, meet a proxy that lets nothing through.
    outside = EgressProxy(frozenset(), listen_host=settings.proxy_listen_host)
    await outside.start()
    mark = new_mark()
    playwright: Playwright | None = None
    try:
        playwright = await bounded(async_playwright().start(), LAUNCH_LIMIT_S)
        start = _connect if settings.mode == "container" else _start
        browser = await bounded(start(playwright, settings, outside, mark), LAUNCH_LIMIT_S)
    except (PlaywrightError, TimeoutError, OSError) as error:
        await outside.stop()
        if playwright is not None:
            await bounded(playwright.stop(), CLOSE_LIMIT_S)
        raise TransientError("The browser does not start.") from error
    processes = await asyncio.to_thread(BrowserProcesses.find, mark)
    _log.info("bank.browser_started", mode=settings.mode, version=browser.version)
    return _Generation(playwright, browser, outside, processes)


async def _start(
    playwright: Playwright, settings: BrowserSettings, outside: EgressProxy, mark: str
) -> Browser:
    return await playwright.chromium.launch(
        executable_path=chromium_path(settings.chromium_path),
        # Chromium's sandbox needs a user who is not root; a service user is the one to run this.
        chromium_sandbox=os.getuid() != 0,
        proxy={"server": f"http://{settings.proxy_host}:{outside.port}", "bypass": "<-loopback>"},
        args=[*LAUNCH_ARGUMENTS, mark],
        timeout=LAUNCH_LIMIT_S * 1000,
    )


async def _connect(
    playwright: Playwright, settings: BrowserSettings, outside: EgressProxy, mark: str
) -> Browser:
    """A browser of a Playwright server (`launch-server`), whose launch arguments are the server's business."""
    if settings.ws_url is None:
        raise SettingsError("PLAYWRIGHT_EXECUTOR_MODE=container needs the address of the Playwright server.")
    return await playwright.chromium.connect(settings.ws_url, timeout=LAUNCH_LIMIT_S * 1000)


def chromium_path(configured: Path | None) -> Path:
    """The Chromium to start: the configured one, else Debian's; SettingsError when there is none."""
    for path in (configured,) if configured else BROWSERS:
        if path.is_file():
            return path
    raise SettingsError(
        f"There is no Chromium at {configured or BROWSERS[0]}; install chromium-headless-shell"
        " or set CHROMIUM_PATH."
    )
