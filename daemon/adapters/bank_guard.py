"""What a page of the bank may do in our browser: load from the bank's origin, and nothing else.

Each measure closes ways that the others leave open; the table is in tests/integration/test_browser_egress.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import structlog
from playwright.async_api import BrowserContext, Dialog, Page, Route, WebSocketRoute
from playwright.async_api import Error as PlaywrightError

from daemon.adapters.egress_proxy import EgressProxy, Endpoint

LAUNCH_ARGUMENTS: Final = (
    # WebRTC's UDP goes past every proxy. The headless shell obeys the first, full Chromium the second.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)

ALLOWED_METHODS: Final = frozenset({"GET", "POST"})
POLICY_VIOLATION: Final = 1008
"""WebSocket close code (RFC 6455, 7.4.1)."""

_log = structlog.get_logger(__name__)

INIT_SCRIPT: Final = """
(() => {
  for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel', 'WebTransport'])
    try { delete globalThis[name]; } catch { Object.defineProperty(globalThis, name, {value: undefined}); }
  // A style sheet made by script is not subject to the page's own Content-Security-Policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`input[name*="account" i], [data-field="account_number"]:not([data-masked])
    { -webkit-text-security: disc !important; }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
})();
"""
"""Runs before the page's own scripts, in every frame: no peer connections, and dots for account numbers."""


@dataclass
class Guard:
    """The measures of one context, and the count of what they stopped."""

    origin: str
    proxy: EgressProxy
    _stopped: int = 0
    _first: Page | None = field(default=None, repr=False)

    @property
    def blocked_count(self) -> int:
        """Requests, sockets, pop-ups and dialogs that were stopped, by us or by the proxy."""
        return self._stopped + self.proxy.blocked_count

    async def install(self, context: BrowserContext) -> None:
        """Put the measures into a new context, before it has a page."""
        await context.add_init_script(INIT_SCRIPT)
        await context.route("**/*", self._route)
        await context.route_web_socket("**/*", self._close_socket)
        context.on("page", self._close_popup)
        context.on("dialog", self._dismiss)

    async def _route(self, route: Route) -> None:
        request = route.request
        allowed = self._is_ours(request.url) and request.method in ALLOWED_METHODS
        # The page may be gone before its request is answered; then nothing goes out either.
        try:
            if allowed:
                await route.continue_()
            else:
                self._stopped += 1
                await route.abort("blockedbyclient")
        except PlaywrightError:
            _log.debug("bank.request_gone")

    def _is_ours(self, url: str) -> bool:
        wanted, given = urlsplit(self.origin), urlsplit(url)
        if wanted.scheme != given.scheme:
            return False
        try:
            return Endpoint.of_origin(url) == Endpoint.of_origin(self.origin)
        except ValueError:
            return False

    async def _close_socket(self, socket: WebSocketRoute) -> None:
        self._stopped += 1
        await socket.close(code=POLICY_VIOLATION, reason="blocked")

    async def _close_popup(self, page: Page) -> None:
        if self._first is None:
            self._first = page
            return
        self._stopped += 1
        try:
            await page.close()
        except PlaywrightError:
            _log.debug("bank.popup_gone")

    async def _dismiss(self, dialog: Dialog) -> None:
        self._stopped += 1
        try:
            await dialog.dismiss()
        except PlaywrightError:
            _log.debug("bank.dialog_gone")


def allowed_endpoints(origin: str) -> frozenset[Endpoint]:
    """What the proxy of the bank's context lets through."""
    return frozenset({Endpoint.of_origin(origin)})
