"""Live news as server-sent events (WHATWG HTML, 9.2): invoices moved, and how many stand where."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from daemon.web.api.access import Reader, SessionDep, WorldDep, session_of
from daemon.web.api.problems import Problem, problems
from daemon.web.api.today import day_numbers
from handlers.world import World
from schema.errors import TransientError

router = APIRouter(tags=["events"])

CHANNEL: Final = "moved"
HEARTBEAT_S: Final = 10.0
"""Proxies close what is silent for a minute; at each beat it is asked whether the session still holds."""

LONGEST_S: Final = 600.0
"""The browser connects again by itself, and misses nothing."""

LONGEST_QUEUE: Final = 1000
KEPT: Final = 1000
"""Moves that are told again to who was away; who missed more is told to look for themselves."""

LISTENERS: Final = 200
RECONNECT_S: Final = 1.0
LINE_LOOKED_AT_S: Final = 5.0
COUNT_EVERY_S: Final = 0.5
"""Many invoices move at once in a busy minute; they are counted once for all who listen."""

COUNT_ANYWAY_S: Final = 60.0
"""At midnight nothing moves, and yet nothing is paid today."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Told:
    """One event; `number` counts the moves, and `life` is of this process and its line, so that others are known."""

    life: str
    number: int
    event: str
    data: str

    def lines(self) -> str:
        """The event as it is sent."""
        return f"id: {self.life}.{self.number}\nevent: {self.event}\ndata: {self.data}\n\n"


Queue = asyncio.Queue[Told | None]


@dataclass
class News:
    """Hears every move once for this process and tells all who listen; who cannot keep up is let go."""

    world: World
    listeners: set[Queue] = field(default_factory=set)
    life: str = field(default_factory=lambda: token_hex(4))
    number: int = 0
    kept: deque[Told] = field(default_factory=lambda: deque(maxlen=KEPT))
    counts: str = ""
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Listen and count until cancelled; a line that broke is made again, and everyone looks for themselves."""
        async with asyncio.TaskGroup() as tasks:
            for task in (self._listen, self._count):
                tasks.create_task(self._again(task))

    async def _again(self, task: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await task()
            except TransientError as error:
                log.warning("news lost the database", reason=error.sentence)
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        async with self.world.store.database.listening(CHANNEL, self._moved) as stands:
            self._hang_up()  # what moved while nobody listened is seen by asking again
            self.stirred.set()
            while True:
                await asyncio.sleep(LINE_LOOKED_AT_S)
                if not stands():
                    return

    async def _count(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(COUNT_ANYWAY_S):
                    await self.stirred.wait()
            self.stirred.clear()
            counted = (await day_numbers(self.world)).model_dump_json()
            if counted != self.counts:
                self.counts = counted
                self._tell(self.how_many())
            await asyncio.sleep(COUNT_EVERY_S)

    def how_many(self) -> Told:
        """How many stand where, as last counted."""
        return Told(self.life, self.number, "counts", self.counts)

    def _moved(self, payload: str) -> None:
        self.number += 1
        told = Told(self.life, self.number, "invoice", payload)
        self.kept.append(told)
        self.stirred.set()
        self._tell(told)

    def _tell(self, told: Told) -> None:
        for queue in tuple(self.listeners):
            try:
                queue.put_nowait(told)
            except asyncio.QueueFull:
                self._let_go(queue)

    def _hang_up(self) -> None:
        """Nobody knows what was missed: ids given so far are of another life."""
        self.life, self.number = token_hex(4), 0
        self.kept.clear()
        for queue in tuple(self.listeners):
            self._let_go(queue)

    def _let_go(self, queue: Queue) -> None:
        self.listeners.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    def missed(self, last: str | None) -> list[Told] | None:
        """The moves after an event's id; None when they are not kept, and none for who comes for the first time."""
        if last is None:
            return []
        life, _, digits = last.partition(".")
        if life != self.life or not digits.isascii() or not digits.isdigit():
            return None
        heard = int(digits)
        first = self.kept[0].number if self.kept else self.number + 1
        return [told for told in self.kept if told.number > heard] if heard >= first - 1 else None

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[Queue]:
        """A queue of events; None in it is the end."""
        queue: Queue = asyncio.Queue(LONGEST_QUEUE)
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
    summary="Server-sent events: `invoice` each time one moves, `counts` when they change, `reset` after a gap",
    response_class=StreamingResponse,
    responses=problems(429)
    | {
        200: {
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": Told("5f0c1a2b", 7, "counts", '{"moving": 3, "asked": 1, "held": 2}').lines(),
                }
            },
            "description": "A stream",
        }
    },
)
async def events(
    request: Request,
    _: Reader,
    __: SessionDep,
    world: WorldDep,
    news: NewsDep,
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
) -> StreamingResponse:
    """A stream for some minutes, ended when the session ends.

    `Last-Event-ID` brings the moves missed since; `reset` says that they are not kept any more: ask for all again.
    `counts` comes first and holds the numbers of `/today`.
    """
    if len(news.listeners) >= LISTENERS:
        raise Problem(
            429,
            "too-many-listeners",
            "Too many listen",
            "Close other windows.",
            headers={"Retry-After": "30"},
        )

    async def holds() -> bool:
        return await session_of(world, request.headers, request.cookies) is not None

    return StreamingResponse(
        stream(news, last_event_id, holds, heartbeat_s=HEARTBEAT_S, longest_s=LONGEST_S),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


async def stream(
    news: News,
    last: str | None,
    holds: Callable[[], Awaitable[bool]],
    *,
    heartbeat_s: float = HEARTBEAT_S,
    longest_s: float = LONGEST_S,
) -> AsyncGenerator[str, None]:
    """The lines of one connection: how soon to come again, what was missed, the counts, then all that moves.

    `holds` is asked at least once per heartbeat; a session that ended hears nothing more.
    """
    until, asked = time.monotonic() + longest_s, time.monotonic()
    async with news.heard() as queue:
        missed, now = news.missed(last), news.how_many()
        yield f"retry: 2000\nid: {now.life}.{now.number}\n\n"
        if missed is None:
            yield replace(now, event="reset", data="{}").lines()
        for told in missed or ():
            yield told.lines()
        if now.data:
            yield now.lines()
        while time.monotonic() < until:
            heard: Told | None = None
            with suppress(TimeoutError):
                async with asyncio.timeout(heartbeat_s):
                    heard = await queue.get()
                    if heard is None:
                        return
            if time.monotonic() - asked >= heartbeat_s:
                asked = time.monotonic()
                if not await _still(holds):
                    return
            yield heard.lines() if heard else ": beat\n\n"


async def _still(holds: Callable[[], Awaitable[bool]]) -> bool:
    """Whether the session holds; a database that does not answer now has ended nobody's."""
    try:
        return await holds()
    except TransientError:
        return True
