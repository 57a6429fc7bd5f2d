"""Ways out of a browser, each tried by a page of the bank's origin against a listener it must not reach.

The listener takes TCP and UDP on another loopback port. Without the guard most ways arrive there, which
proves that the page tries and that the listener sees; with it none does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, async_playwright

from daemon.adapters.bank_browser import BankBrowser, BrowserSettings, chromium_path
from schema.errors import TransientError
from tests.integration.bank_rig import served_browser

SETTLE_S = 0.8
"""How long a page may try; nothing announces that an attempt will not come."""

POPUP_LIMIT_S = 10.0
"""A pop-up is closed after it opened, by a message to the browser; a busy machine takes its time over that."""

LEAST_UNGUARDED = 40

# {F} is the forbidden listener's host:port, {P} its port. Each is the body of a page served by the bank.
PAGES = {
    "image": '<img src="http://{F}/hit">',
    "script": '<script src="http://{F}/hit"></script>',
    "stylesheet": '<link rel="stylesheet" href="http://{F}/hit">',
    "css-import": '<style>@import url("http://{F}/hit");</style>',
    "css-background": '<style>body{{background:url("http://{F}/hit")}}</style>',
    "font": '<style>@font-face{{font-family:x;src:url("http://{F}/hit")}}p{{font-family:x}}</style><p>text</p>',
    "video": '<video src="http://{F}/hit" autoplay muted></video>',
    "audio": '<audio src="http://{F}/hit" autoplay></audio>',
    "track": '<video autoplay><track default kind="captions" src="http://{F}/hit"></video>',
    "object": '<object data="http://{F}/hit"></object>',
    "embed": '<embed src="http://{F}/hit">',
    "iframe": '<iframe src="http://{F}/hit"></iframe>',
    "iframe-srcdoc": '<iframe srcdoc="<img src=http://{F}/hit>"></iframe>',
    "iframe-data": '<iframe src="data:text/html,<img src=http://{F}/hit>"></iframe>',
    "favicon": '<link rel="icon" href="http://{F}/hit">',
    "manifest": '<link rel="manifest" href="http://{F}/hit">',
    "preload": '<link rel="preload" as="image" href="http://{F}/hit">',
    "prefetch": '<link rel="prefetch" href="http://{F}/hit">',
    "modulepreload": '<link rel="modulepreload" href="http://{F}/hit">',
    "preconnect": '<link rel="preconnect" href="http://{F}">',
    "dns-prefetch": '<link rel="dns-prefetch" href="http://{F}">',
    "speculation-prefetch": '<script type="speculationrules">{{"prefetch":[{{"source":"list","urls":'
    '["http://{F}/hit"],"eagerness":"immediate"}}]}}</script>',
    "speculation-prerender": '<script type="speculationrules">{{"prerender":[{{"source":"list","urls":'
    '["/redirect?x"],"eagerness":"immediate"}}]}}</script>',
    "ping": '<a id="x" ping="http://{F}/hit" href="#here">x</a>',
    "meta-refresh": '<meta http-equiv="refresh" content="0;url=http://{F}/hit">',
    "svg-image": '<svg><image href="http://{F}/hit" width="9" height="9"/></svg>',
    "input-image": '<input type="image" src="http://{F}/hit">',
    "location": '<script>location="http://{F}/hit"</script>',
    "form-post": '<form method="post" action="http://{F}/hit"><button id="x">x</button></form>',
    "form-get": '<form action="http://{F}/hit"><button id="x">x</button></form>',
    "link": '<a id="x" href="http://{F}/hit">x</a>',
    "popup-link": '<a id="x" target="_blank" href="http://{F}/hit">x</a>',
    "window-open": '<button id="x" onclick="window.open(`http://{F}/hit`)">x</button>',
    "popup-redirect": '<button id="x" onclick="window.open(`/redirect`)">x</button>',
    "javascript-url": '<a id="x" href="javascript:fetch(`http://{F}/hit`,{{mode:`no-cors`}})">x</a>',
    "download": '<a id="x" download href="http://{F}/hit">x</a>',
    "redirect-image": '<img src="/redirect">',
    "redirect-fetch": '<script>fetch("/redirect",{{mode:"no-cors"}})</script>',
    "redirect-iframe": '<iframe src="/redirect"></iframe>',
    "redirect-top": '<script>location="/redirect"</script>',
    "redirect-form": '<form method="post" action="/redirect"><button id="x">x</button></form>',
    "fetch": '<script>fetch("http://{F}/hit",{{mode:"no-cors"}})</script>',
    "fetch-preflight": '<script>fetch("http://{F}/hit",{{method:"PUT",headers:{{"x-a":"1"}}}})</script>',
    "xhr": '<script>const r=new XMLHttpRequest();r.open("GET","http://{F}/hit");r.send()</script>',
    "beacon": '<script>navigator.sendBeacon("http://{F}/hit","x")</script>',
    "event-source": '<script>new EventSource("http://{F}/hit")</script>',
    "unload-beacon": '<script>addEventListener("pagehide",()=>navigator.sendBeacon("http://{F}/hit"));'
    'setTimeout(()=>location="/empty",100)</script>',
    "unload-keepalive": '<script>addEventListener("pagehide",()=>fetch("http://{F}/hit",{{keepalive:true,'
    'mode:"no-cors"}}));setTimeout(()=>location="/empty",100)</script>',
    "close-keepalive": '<script>addEventListener("pagehide",()=>fetch("http://{F}/hit",{{keepalive:true,'
    'mode:"no-cors"}}))</script>',
    "websocket": '<script>new WebSocket("ws://{F}/hit")</script>',
    "worker-fetch": "<script>new Worker(URL.createObjectURL(new Blob(["
    '`fetch("http://{F}/hit",{{mode:"no-cors"}})`])))</script>',
    "worker-websocket": "<script>new Worker(URL.createObjectURL(new Blob(["
    '`new WebSocket("ws://{F}/hit")`])))</script>',
    "worker-import": "<script>new Worker(URL.createObjectURL(new Blob(["
    '`importScripts("http://{F}/hit")`])))</script>',
    "shared-worker-fetch": '<script>new SharedWorker("/worker.js")</script>',
    "service-worker": '<script>navigator.serviceWorker.register("/worker.js")</script>',
    "webrtc": '<script>const c=new RTCPeerConnection({{iceServers:[{{urls:"stun:{F}"}}]}});'
    "c.createDataChannel(`x`);c.createOffer().then(o=>c.setLocalDescription(o))</script>",
    "webrtc-turn-tcp": '<script>const c=new RTCPeerConnection({{iceServers:[{{urls:"turn:{F}?transport=tcp",'
    'username:"a",credential:"b"}}]}});c.createDataChannel(`x`);c.createOffer().then(o=>c.setLocalDescription(o))'
    "</script>",
    "webtransport": '<script>new WebTransport("https://{F}/hit")</script>',
    "file-link": '<a id="x" href="file:///etc/hostname">x</a>',
    "data-url": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
}


def batched(names: Iterable[str], size: int = 6) -> Iterator[tuple[str, ...]]:
    rest = iter(names)
    while batch := tuple(itertools.islice(rest, size)):
        yield batch


@dataclass
class Listener(asyncio.DatagramProtocol):
    """What must not be reached: counts TCP connections and datagrams, and answers HTTP."""

    arrivals: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    def arrive(self, how: str) -> None:
        self.arrivals.append(how)
        self.reached.set()

    def forget(self) -> None:
        self.arrivals.clear()
        self.reached.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.arrive("TCP")
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            await asyncio.wait_for(reader.read(4096), 1)
            writer.write(b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    def datagram_received(self, data: bytes, addr: tuple[str | None, int]) -> None:
        self.arrive("UDP")


@dataclass
class Pages:
    """The bank's side: serves each page of PAGES, redirects and worker scripts that point outside."""

    forbidden: str
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
            writer.write(self.answer(path))
            await writer.drain()
        writer.close()

    def answer(self, path: str) -> bytes:
        if path.startswith("/redirect"):
            return f"HTTP/1.1 302 F\r\nLocation: http://{self.forbidden}/hit\r\nContent-Length: 0\r\n\r\n".encode()
        kind, body = "text/html", ""
        if path == "/worker.js":
            kind = "text/javascript"
            body = f'fetch("http://{self.forbidden}/hit",{{mode:"no-cors"}});new WebSocket("ws://{self.forbidden}/")'
        elif path.startswith("/v/"):
            body = "<!doctype html><body>" + PAGES[path[3:]].format(F=self.forbidden)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return (head + body).encode()


async def alone(page: Page) -> None:
    """Wait until no other page is open beside this one; TimeoutError when a pop-up stays."""
    async with asyncio.timeout(POPUP_LIMIT_S):
        while len(page.context.pages) > 1:  # noqa: ASYNC110 - what ends it is seen by polling
            await asyncio.sleep(0.02)


@dataclass
class Rig:
    """Both servers."""

    forbidden: Listener
    origin: str

    async def visit(self, page: Page, name: str) -> None:
        """Open a page, click what it offers, and give it time to try, or until something arrived."""
        with contextlib.suppress(PlaywrightError):
            await page.goto(f"{self.origin}/v/{name}", wait_until="domcontentloaded", timeout=5000)
            if await page.locator("#x").count():
                await page.locator("#x").click(timeout=2000, no_wait_after=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.forbidden.reached.wait(), SETTLE_S)


@pytest.fixture(scope="module")
async def rig() -> AsyncIterator[Rig]:
    listener = Listener()
    tcp = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.port = tcp.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(lambda: listener, local_addr=("127.0.0.1", listener.port))
    pages = Pages(f"127.0.0.1:{listener.port}")
    bank = await asyncio.start_server(pages.serve, "127.0.0.1", 0)
    yield Rig(listener, f"http://127.0.0.1:{bank.sockets[0].getsockname()[1]}")
    udp.close()
    for server in (tcp, bank):
        server.close()


@pytest.fixture(scope="module")
async def guarded() -> AsyncIterator[BankBrowser]:
    browser = BankBrowser(BrowserSettings(at_most=6))
    await browser.start()
    yield browser
    await browser.stop()


async def test_without_the_guard_most_ways_lead_out(rig: Rig) -> None:
    reached = set()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(None))
        for name in PAGES:
            rig.forbidden.forget()
            context = await browser.new_context()
            await rig.visit(await context.new_page(), name)
            await context.close()
            if rig.forbidden.arrivals:
                reached.add(name)
        await browser.close()
    print(f"{len(reached)} of {len(PAGES)} ways lead out: not {sorted(set(PAGES) - reached)}")  # noqa: T201
    assert len(reached) >= LEAST_UNGUARDED
    assert {
        "webrtc",
        "redirect-top",
        "worker-websocket",
        "shared-worker-fetch",
        "unload-keepalive",
    } <= reached


@pytest.mark.parametrize("names", list(batched(PAGES)), ids=" ".join)
async def test_with_the_guard_nothing_leads_out(
    rig: Rig, guarded: BankBrowser, names: tuple[str, ...]
) -> None:
    async def visit(name: str) -> None:
        async with guarded.open(rig.origin) as tab:
            await rig.visit(tab.page, name)
            await alone(tab.page)
            assert not tab.page.url.startswith("file:")

    rig.forbidden.forget()
    await asyncio.gather(*(visit(name) for name in names))
    assert rig.forbidden.arrivals == []


async def test_a_blocked_host_is_counted(rig: Rig, guarded: BankBrowser) -> None:
    async with guarded.open(rig.origin) as tab:
        await rig.visit(tab.page, "redirect-image")
        assert tab.guard.blocked_count >= 1
        assert [endpoint.port for endpoint in tab.guard.proxy.blocked] == [rig.forbidden.port]


async def test_the_bank_itself_stays_reachable(rig: Rig, guarded: BankBrowser) -> None:
    async with guarded.open(rig.origin) as tab:
        response = await tab.page.goto(f"{rig.origin}/empty")
        assert response is not None
        assert response.status == 200


async def test_dialogs_are_dismissed(rig: Rig, guarded: BankBrowser) -> None:
    async with guarded.open(rig.origin) as tab:
        await tab.page.goto(f"{rig.origin}/empty")
        assert await asyncio.wait_for(tab.page.evaluate("confirm('really?')"), 5) is False


async def test_a_browser_on_a_playwright_server_is_guarded_too(rig: Rig, tmp_path: Path) -> None:
    async with served_browser(tmp_path) as browser:
        rig.forbidden.forget()
        for name in ("image", "redirect-top", "worker-websocket", "webrtc", "webtransport"):
            async with browser.open(rig.origin) as tab:
                await rig.visit(tab.page, name)
        assert rig.forbidden.arrivals == []


async def test_a_playwright_server_that_is_away_is_transient() -> None:
    browser = BankBrowser(BrowserSettings(mode="container", ws_url="ws://127.0.0.1:9/"))
    with pytest.raises(TransientError):
        await browser.start()
    await browser.stop()
