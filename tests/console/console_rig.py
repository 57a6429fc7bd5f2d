"""The console in a real browser: the web app on a loopback port, and pages that are watched while they are walked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
)

from daemon.web.api.access import COOKIE
from schema.ids import InvoiceId, VendorId
from schema.people import Role
from tests.console.rows import Rows, fill
from tests.integration.api_rig import Api, serving_socket

LIMIT_MS = 20_000
"""Two cores may be shared with other test processes."""

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
SIZES: Mapping[str, ViewportSize] = {"desktop": DESKTOP, "phone": PHONE}

LOADING = "[role=status][aria-label=Loading]"


@dataclass
class Watched:
    """A page, and everything that happened in it that may matter."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Go to a page of the console and wait until it shows what it has to show."""
        await self.page.goto(f"{self.origin}{path}")
        await self.settled()

    async def settled(self) -> None:
        """Wait until the page has a heading and nothing of it loads any more."""
        await self.page.locator("h1, h2, [role=alert]").first.wait_for()
        await expect(self.page.locator(LOADING)).to_have_count(0, timeout=LIMIT_MS)

    async def text(self) -> str:
        """What a person reads here."""
        return await self.page.locator("body").inner_text()

    def forget(self) -> None:
        """Begin a new page with empty lists."""
        for kept in (self.complaints, self.elsewhere, self.answers, self.responses):
            kept.clear()

    async def bodies(self, kind: str) -> list[tuple[str, str]]:
        """Path and text of what came of such a content type; the browser forgets them when the page is left."""
        found = []
        for response in self.responses:
            if response.ok and kind in response.headers.get("content-type", ""):
                try:
                    found.append((urlsplit(response.url).path, await response.text()))
                except Error as gone:
                    # An answer to the page before, which came when that was left already.
                    if "navigated away from" not in str(gone):
                        raise
        return found

    def watch(self) -> None:
        """Keep what happens from now on."""
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        # A refused request is told by the network's own list, with its status.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.elsewhere.append(request.url)

    def _answered(self, response: Response) -> None:
        self.responses.append(response)
        path = urlsplit(response.url).path
        if path.startswith("/api/"):
            self.answers.append((path, response.status))


@dataclass
class Console:
    """The served console with its rows, and a browser in which each role can sign in."""

    api: Api
    browser: Browser
    origin: str
    rows: Rows

    @asynccontextmanager
    async def visit(self, role: Role | None, size: ViewportSize = DESKTOP) -> AsyncIterator[Watched]:
        """A fresh tab in which a person of this role is signed in, or nobody."""
        context = await self.browser.new_context(viewport=size, reduced_motion="reduce")
        context.set_default_timeout(LIMIT_MS)
        try:
            if role is not None:
                await self._sign_in(context, role)
            watched = Watched(await context.new_page(), self.origin)
            watched.watch()
            yield watched
        finally:
            await context.close()

    async def _sign_in(self, context: BrowserContext, role: Role) -> None:
        token = await self.api.open_session(self.api.people[role], stepped_up=True)
        # Only what came over TLS may set a __Host- cookie; to loopback Chromium sends it without, too.
        url = self.origin.replace("http:", "https:")
        await context.add_cookies(
            [
                {
                    "name": COOKIE,
                    "value": token,
                    "url": url,
                    "secure": True,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )


@asynccontextmanager
async def bare_console(
    database_url: str, redis_url: str, folder: Path, browser: Browser, *, port: int = 0, **changed: Any
) -> AsyncIterator[Console]:
    """The real web app over a database into which no mail came yet."""
    async with serving_socket(database_url, redis_url, folder, port=port, **changed) as (api, origin):
        nothing = InvoiceId(UUID(int=0))
        rows = Rows(nothing, nothing, nothing, VendorId(nothing), nothing)
        yield Console(api, browser, origin, rows)


@asynccontextmanager
async def serving_console(
    database_url: str, redis_url: str, folder: Path, browser: Browser, *, port: int = 0, **changed: Any
) -> AsyncIterator[Console]:
    """The real web app over a filled database, on this port of the machine or a free one; settings may be changed."""
    async with bare_console(database_url, redis_url, folder, browser, port=port, **changed) as bare:
        yield replace(bare, rows=await fill(bare.api.web.town))
