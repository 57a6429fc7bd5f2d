"""What every stand-in shares: faults on demand, a log of all requests, a clock that can be set.

`FaultMiddleware` is raw ASGI because it must cut connections. Under uvicorn the socket is closed for real;
in-process (httpx's ASGI transport) a cut is a `ConnectionResetError`. Faults about webhooks (`WEBHOOK_KINDS`) and ID
tokens (`TOKEN_KINDS`) are only kept here; the stand-in takes them where it makes those, with `FaultBoard.take`.

Control (never under the product's path space): `POST|GET|DELETE /__sim__/faults`, `GET|DELETE
/__sim__/requests`, `POST /__sim__/reset`, `GET|POST /__sim__/clock`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.clock import SimClock
from sandbox.request_log import RequestLog, SeenRequest

MAX_BODY_BYTES: Final = 32 * 1024 * 1024
"""A request larger than this is answered 413; it only bounds the memory of a stand-in."""

MAX_HANG_S: Final = 300.0
DRIP_EVERY_S: Final = 0.2
DRIP: Final = b"\n         "
"""The keep-alive padding that OpenRouter really sends before a JSON body."""

SPARED: Final = ("/__sim__", "/phone", "/healthz")
"""Path prefixes that are never logged and never fail: the control of the stand-in itself."""

HttpKind = Literal[
    "status",
    "delay",
    "hang",
    "reset",
    "truncate_json",
    "malformed_json",
    "html_error",
    "slow_drip",
    "ok_but_lost",
]
WebhookKind = Literal[
    "duplicate_webhook", "reorder_webhooks", "drop_webhook", "delay_webhook", "bad_signature", "replay_old"
]
TokenKind = Literal[
    "wrong_nonce",
    "wrong_audience",
    "second_audience",
    "other_party",
    "wrong_issuer",
    "expired",
    "from_the_future",
    "unsigned",
    "public_key_as_secret",
    "other_key",
    "changed_after",
    "unverified_address",
    "verified_in_words",
    "other_subject",
]
HTTP_KINDS: Final[frozenset[str]] = frozenset(get_args(HttpKind))
WEBHOOK_KINDS: Final[frozenset[str]] = frozenset(get_args(WebhookKind))
TOKEN_KINDS: Final[frozenset[str]] = frozenset(get_args(TokenKind))


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Match(_Frozen):
    """Which requests a fault befalls; what is None matches everything. `path` is a shell pattern."""

    method: str | None = None
    path: str | None = None
    contains: str | None = None

    def fits(self, method: str, path: str, body: bytes) -> bool:
        """Whether a request is meant; `contains` is looked for in the raw body."""
        return (
            (self.method is None or self.method.upper() == method.upper())
            and (self.path is None or fnmatchcase(path, self.path))
            and (self.contains is None or self.contains.encode() in body)
        )


class Fault(_Frozen):
    """What goes wrong, after `after` matching requests were spared, `times` times.

    `delay_s` is the wait of `delay`, `slow_drip` and `delay_webhook`, and the longest life of a `hang`.
    `at` says where `reset` cuts: before the request is processed, or halfway through the answer's body.
    `truncate_json` sends half the body with a Content-Length that fits; `ok_but_lost` processes the request
    and closes the connection without a byte. `n` is how many more copies `duplicate_webhook` sends.
    """

    kind: HttpKind | WebhookKind | TokenKind
    times: Annotated[int, Field(ge=1)] = 1
    after: Annotated[int, Field(ge=0)] = 0
    status: Annotated[int, Field(ge=200, le=599)] = 503
    body: str = ""
    headers: dict[str, str] = {}
    delay_s: Annotated[float, Field(ge=0, le=MAX_HANG_S)] = 1.0
    at: Literal["before", "body"] = "before"
    n: Annotated[int, Field(ge=1, le=20)] = 1


class FaultRule(_Frozen):
    """A fault and whom it befalls; the body of `POST /__sim__/faults`."""

    match: Match = Match()
    fault: Fault


class FaultBoard:
    """The faults that are still to happen, in the order in which they were set."""

    def __init__(self) -> None:
        self._waiting: list[tuple[FaultRule, list[int]]] = []

    def add(self, rule: FaultRule) -> None:
        """Let a fault happen from now on."""
        self._waiting.append((rule, [rule.fault.after, rule.fault.times]))

    def clear(self) -> None:
        """Let nothing fail any more."""
        self._waiting.clear()

    def waiting(self) -> list[FaultRule]:
        """What was set and has not happened as often as it should."""
        return [rule for rule, _ in self._waiting]

    def take(self, kinds: Collection[str], method: str, path: str, body: bytes) -> Fault | None:
        """The fault that befalls this request, counted as happened; None when all goes well."""
        for entry in self._waiting:
            rule, counts = entry
            if rule.fault.kind not in kinds or not rule.match.fits(method, path, body):
                continue
            if counts[0] > 0:
                counts[0] -= 1
                continue
            counts[1] -= 1
            if counts[1] == 0:
                self._waiting.remove(entry)
            return rule.fault
        return None


class FaultMiddleware:
    """Logs every request and makes the ones fail that the board says; add it as the outermost middleware."""

    def __init__(
        self, app: ASGIApp, *, board: FaultBoard, log: RequestLog, spared: tuple[str, ...] = SPARED
    ) -> None:
        self._app, self._board, self._log, self._spared = app, board, log, spared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or do to it what the board says."""
        if scope["type"] != "http" or scope["path"].startswith(self._spared):
            await self._app(scope, receive, send)
            return
        body = await _body_of(receive)
        if body is None:
            await _answer(send, 413, b"Payload Too Large", {"content-type": "text/plain"})
            return
        fault = self._board.take(HTTP_KINDS, scope["method"], scope["path"], body)
        self._log.add(scope, body, fault.kind if fault else None)
        replay = _Replay(body, receive)
        if fault is None:
            await self._app(scope, replay, send)
        else:
            await _FAULTS[fault.kind](fault, self._app, scope, replay, send)


async def _body_of(receive: Receive) -> bytes | None:
    """The whole body, or None when it is larger than a stand-in keeps."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return bytes(body)


class _Replay:
    """A `receive` that gives the body again and then what the server says."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self.original = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self.original()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    named = {"content-length": str(len(body)), **{k.lower(): v for k, v in headers.items()}}
    pairs = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


class _Captured:
    """The answer of the application, kept instead of sent."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def start(self, length: int | None) -> Message:
        """The head of the answer with another Content-Length, or with none (then it is chunked)."""
        headers = [(k, v) for k, v in self.headers if k.lower() != b"content-length"]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        return {"type": "http.response.start", "status": self.status, "headers": headers}


async def _capture(app: ASGIApp, scope: Scope, receive: Receive) -> _Captured:
    captured = _Captured()
    await app(scope, receive, captured.send)
    return captured


async def _cut(receive: _Replay, *, hard: bool) -> None:
    """Close the connection now: hard with a TCP reset, else orderly after what was already sent."""
    # uvicorn gives no way to drop a connection; its `receive` is a method of the cycle that owns the transport.
    transport: Any = getattr(getattr(receive.original, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the stand-in cut the connection")
    if hard:
        linger_nothing = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_nothing)
        transport.abort()
    else:
        transport.close()
    # uvicorn answers 500 itself unless it has noticed the loss before we return.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _status(fault: Fault, app: ASGIApp, scope: Scope, receive: _Replay, send: Send) -> None:
    await _answer(
        send, fault.status, fault.body.encode(), {"content-type": "application/json", **fault.headers}
    )


async def _html_error(fault: Fault, app: ASGIApp, scope: Scope, receive: _Replay, send: Send) -> None:
    status = fault.status if "status" in fault.model_fields_set else 502
    page = f"<html><head><title>{status} Bad Gateway</title></head><body><h1>{status} Bad Gateway</h1></body></html>"
    await _answer(send, status, (fault.body or page).encode(), {"content-type": "text/html", **fault.headers})


async def _malformed_json(fault: Fault, app: ASGIApp, scope: Scope, receive: _Replay, send: Send) -> None:
    status = fault.status if "status" in fault.model_fields_set else 200
    body = fault.body or '{"sid": "SM, "status": queued'
    await _answer(send, status, body.encode(), {"content-type": "application/json", **fault.headers})


async def _delay(fault: Fault, app: ASGIApp, scope: Scope, receive: _Replay, send: Send) -> None:
    await asyncio.sleep(fault.delay_s)
    await app(scope, receive, send)


async def _hang(fault: Fault, app: ASGIApp, scope: Scope, receive: _Replay, send: Send) -> None:
    """Accept and never answer, until the client goes or the hang's longest life is over."""
    longest = fault.delay_s if "delay_s" in fault.model_fields_set else MAX_HANG_S
    await receive()
    try:
        async with asyncio.timeout(longest):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        await _cut(receive, hard=False)


async def _reset(fault: Fault, app: ASGIApp, scope: Scope, receive: _Replay, send: Send) -> None:
    if fault.at == "before":
        await receive()
        await _cut(receive, hard=True)
        return
    captured = await _capture(app, scope, receive)
    await send(captured.start(len(captured.body)))
    await send(
        {"type": "http.response.body", "body": captured.body[: len(captured.body) // 2], "more_body": True}
    )
    await _cut(receive, hard=False)


async def _truncate(fault: Fault, app: ASGIApp, scope: Scope, receive: _Replay, send: Send) -> None:
    captured = await _capture(app, scope, receive)
    half = captured.body[: len(captured.body) // 2]
    await send(captured.start(len(half)))
    await send({"type": "http.response.body", "body": half})


async def _slow_drip(fault: Fault, app: ASGIApp, scope: Scope, receive: _Replay, send: Send) -> None:
    captured = await _capture(app, scope, receive)
    await send(captured.start(None))
    for _ in range(max(1, round(fault.delay_s / DRIP_EVERY_S))):
        await send({"type": "http.response.body", "body": DRIP, "more_body": True})
        await asyncio.sleep(DRIP_EVERY_S)
    await send({"type": "http.response.body", "body": captured.body})


async def _ok_but_lost(fault: Fault, app: ASGIApp, scope: Scope, receive: _Replay, send: Send) -> None:
    await _capture(app, scope, receive)
    await _cut(receive, hard=False)


_FAULTS: Final[dict[str, Callable[[Fault, ASGIApp, Scope, _Replay, Send], Awaitable[None]]]] = {
    "status": _status,
    "delay": _delay,
    "hang": _hang,
    "reset": _reset,
    "truncate_json": _truncate,
    "malformed_json": _malformed_json,
    "html_error": _html_error,
    "slow_drip": _slow_drip,
    "ok_but_lost": _ok_but_lost,
}


class Advance(_Frozen):
    """The body of `POST /__sim__/clock`."""

    advance_s: float


def control_router(
    board: FaultBoard, log: RequestLog, clock: SimClock, on_reset: Callable[[], None]
) -> APIRouter:
    """The routes every stand-in has under `/__sim__`; `on_reset` empties what is the stand-in's own."""
    router = APIRouter(prefix="/__sim__", tags=["control"])

    @router.post("/faults", status_code=201)
    async def set_fault(rule: FaultRule) -> FaultRule:
        board.add(rule)
        return rule

    @router.get("/faults")
    async def waiting() -> list[FaultRule]:
        return board.waiting()

    @router.delete("/faults", status_code=204)
    async def nothing_fails() -> None:
        board.clear()

    @router.get("/requests")
    async def seen() -> list[SeenRequest]:
        return log.all()

    @router.delete("/requests", status_code=204)
    async def forget_seen() -> None:
        log.clear()

    @router.get("/clock")
    async def tell_time() -> dict[str, datetime]:
        return {"now": clock.now()}

    @router.post("/clock")
    async def pass_time(advance: Advance) -> dict[str, datetime]:
        clock.advance(advance.advance_s)
        return {"now": clock.now()}

    @router.post("/reset", status_code=204)
    async def reset() -> None:
        board.clear()
        log.clear()
        clock.reset()
        on_reset()

    return router
