"""Live news as server-sent events (WHATWG HTML, 9.2): an invoice moved; one LISTEN serves everyone who listens here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from daemon.web.api.access import Reader
from daemon.web.api.problems import Problem, problems
from schema.errors import TransientError
from schema.store import Database

router = APIRouter(tags=["events"])

CHANNEL: Final = "moved"
HEARTBEAT_S: Final = 15.0
"""Proxies close what is silent for a minute; a browser that went away is noticed at the next line."""

LONGEST_S: Final = 600.0
"""The browser connects again by itself, and is then asked again who it is: an ended session hears no more than this."""

LONGEST_QUEUE: Final = 1000
LISTENERS: Final = 200
RECONNECT_S: Final = 1.0
LINE_LOOKED_AT_S: Final = 5.0

log = structlog.get_logger(__name__)


@dataclass
class News:
    """Hears every move once for this process and tells all who listen; who cannot keep up is let go."""

    database: Database
    listeners: set[asyncio.Queue[str | None]] = field(default_factory=set)

    async def run(self) -> None:
        """Listen until cancelled; a line that broke is made again, and everyone is told to look for themselves."""
        while True:
            try:
                await self._listen()
            except TransientError as error:
                log.warning("news lost the database", reason=error.sentence)
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        async with self.database.listening(CHANNEL, self._tell) as stands:
            self._hang_up()  # what moved while nobody listened is seen by asking again
            while True:
                await asyncio.sleep(LINE_LOOKED_AT_S)
                if not stands():
                    return

    def _tell(self, payload: str) -> None:
        for queue in tuple(self.listeners):
            try:
                queue.put_nowait(payload)
            except asyncio.QueueFull:
                self._let_go(queue)

    def _hang_up(self) -> None:
        for queue in tuple(self.listeners):
            self._let_go(queue)

    def _let_go(self, queue: asyncio.Queue[str | None]) -> None:
        self.listeners.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[asyncio.Queue[str | None]]:
        """A queue of payloads; None in it is the end."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(LONGEST_QUEUE)
        self.listeners.add(queue)
        try:
            yield queue
        finally:
            self.listeners.discard(queue)


def the_news(request: Request) -> News:
    """The news of this process."""
    news: News = request.app.state.news
    return news


NewsDep = Annotated[News, Depends(the_news)]


@router.get(
    "/events",
    operation_id="listenToEvents",
    summary="Server-sent events: `invoice` with id, state and version, each time one moves",
    response_class=StreamingResponse,
    responses=problems(429) | {200: {"content": {"text/event-stream": {}}, "description": "A stream"}},
)
async def events(
    _: Reader, news: NewsDep, last_event_id: Annotated[str | None, Header(max_length=200)] = None
) -> StreamingResponse:
    """A stream for some minutes; `Last-Event-ID` is taken and not needed, for each connection begins with a look."""
    if len(news.listeners) >= LISTENERS:
        raise Problem(
            429,
            "too-many-listeners",
            "Too many listen",
            "Close other windows.",
            headers={"Retry-After": "30"},
        )
    return StreamingResponse(
        stream(news, HEARTBEAT_S, LONGEST_S),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


async def stream(news: News, heartbeat_s: float, longest_s: float) -> AsyncGenerator[str, None]:
    """The lines of one connection: first how soon to come again, then moves, and a comment when nothing moves."""
    until, number = time.monotonic() + longest_s, 0
    async with news.heard() as queue:
        yield "retry: 2000\n: hello\n\n"
        while time.monotonic() < until:
            payload: str | None = ""
            with suppress(TimeoutError):
                async with asyncio.timeout(heartbeat_s):
                    payload = await queue.get()
            if payload is None:
                return
            number += 1
            yield f"id: {number}\nevent: invoice\ndata: {payload}\n\n" if payload else ": beat\n\n"
