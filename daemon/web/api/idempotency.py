"""Idempotency-Key on POST: the same key, person and body are answered again with the first answer, not done again.

1. Only a signed-in person's (or key's) POST below /api/ with the header; everything else passes.
2. Win the key: one insert, so of two requests at once one is served and the other is told to wait.
3. Serve. A success is kept, encrypted, for a day; after anything else nothing has happened, and the key is free again.
4. Known key: another request is refused, one that is not answered yet is told so, an answer is said again.

A request that died half-way leaves a key without answer: it stays so, since nobody knows what came of it.
Source: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon.web.api.access import bearer, refuse_foreign, session_of
from daemon.web.api.problems import PREFIX, Problem, answer, problem_of
from handlers.world import World
from schema.errors import CountersignError
from schema.ids import Sha256
from schema.people import Session
from schema.store.first_answers import FirstAnswer

HEADER: Final = "idempotency-key"
LONGEST_KEY: Final = 200
LARGEST_BODY: Final = 2**20
"""Bytes that are held and compared. Of more, and of files, only kind and length are: they are read in pieces."""

LARGEST_ANSWER: Final = 2**20


class Idempotency:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        key = headers.get(HEADER)
        if key is None:
            await self._app(scope, receive, send)
            return
        if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
            problem = Problem(
                422, "invalid", "Not valid", f"Idempotency-Key: 1 to {LONGEST_KEY} visible characters"
            )
            await answer(problem)(scope, receive, send)
            return
        world: World = scope["app"].state.world
        try:
            # A first answer is said again by us, so what the route would refuse must be refused here.
            if bearer(headers) is None:
                refuse_foreign(Request(scope), scope["app"].state.settings)
            session = await session_of(world, headers, cookie_parser(headers.get("cookie", "")))
            if session is None:
                await self._app(scope, receive, send)
                return
            await self._once(world, _who(session), key, scope, receive, send)
        except Problem as problem:
            await answer(problem)(scope, receive, send)
        except CountersignError as error:
            await answer(problem_of(error))(scope, receive, send)

    async def _once(
        self, world: World, who: str, key: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        digest, receive = await _fingerprint(scope, receive)
        known = await world.store.first_answers.begin(who, key, digest, world.clock.now())
        if known is not None:
            await _again(world, known, digest, f"{who}.{key}")(scope, receive, send)
            return
        heard = _Heard(send)
        kept = False
        try:
            await self._app(scope, receive, heard.send)
            if heard.can_be_kept:
                body = world.vault.encrypt(bytes(heard.body), name=f"{who}.{key}")
                await world.store.first_answers.keep(who, key, heard.status, heard.media_type, body)
                kept = True
        finally:
            if not kept and not heard.succeeded:
                await world.store.first_answers.drop(who, key)


@dataclass
class _Heard:
    """Passes an answer on and remembers it."""

    pass_on: Callable[[Message], Awaitable[None]]
    status: int = 0
    media_type: str | None = None
    body: bytearray = field(default_factory=bytearray)

    @property
    def succeeded(self) -> bool:
        """Whether something was done."""
        return 200 <= self.status < 300

    @property
    def can_be_kept(self) -> bool:
        """Whether the answer is whole and small enough."""
        return self.succeeded and len(self.body) <= LARGEST_ANSWER

    async def send(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.media_type = MutableHeaders(raw=message["headers"]).get("content-type")
        elif message["type"] == "http.response.body" and len(self.body) <= LARGEST_ANSWER:
            self.body += message.get("body", b"")
        await self.pass_on(message)


def _who(session: Session) -> str:
    return f"key:{session.id}" if session.scopes is not None else f"person:{session.person.id}"


def _again(world: World, known: FirstAnswer, digest: Sha256, name: str) -> Response:
    """What a request with a known key is answered."""
    if known.request_sha256 != digest:
        return answer(
            Problem(
                422,
                "idempotency-key-reused",
                "Key used before",
                "This Idempotency-Key came with another request; use a new one.",
            )
        )
    if known.status is None or known.body is None:
        return answer(
            Problem(
                409,
                "idempotency-in-progress",
                "Not answered yet",
                "The first request with this key has no answer yet. Look whether it was done before you use a new key.",
                headers={"Retry-After": "2"},
            )
        )
    body = world.vault.decrypt(known.body, name=name)
    headers = {"Idempotent-Replay": "true"} | ({"Content-Type": known.media_type} if known.media_type else {})
    return Response(body, known.status, headers)


async def _fingerprint(scope: Scope, receive: Receive) -> tuple[Sha256, Receive]:
    """What the request asks for, as a hash, and a way to read its body once more."""
    headers = Headers(scope=scope)
    asked = f"{scope['path']}?{scope['query_string'].decode('latin-1')}\n{headers.get('content-type', '')}"
    length = headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LARGEST_BODY or asked.find("multipart/") >= 0:
        # A multipart boundary is drawn anew each time: the kind is compared without it.
        bare = asked.partition(";")[0]
        return _sha256(f"{bare}\n{length}".encode()), receive
    body = await Request(scope, receive).body()
    return _sha256(asked.encode() + b"\n" + body), _replaying(body, receive)


def _replaying(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _sha256(data: bytes) -> Sha256:
    return Sha256(hashlib.sha256(data).hexdigest())
