"""Live news on a real socket: what moved, how many stand where, what was missed, and who hears no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from daemon.web.api import events
from daemon.web.api.access import COOKIE
from daemon.web.api.events import News, stream
from schema.people import Role
from tests.integration.api_rig import Api, serving_socket
from tests.world import bring, fields, walk

WAIT_S = 20.0


@dataclass
class Street:
    """The app on a socket, where it is, and the cookie of the one who listens."""

    api: Api
    origin: str
    token: str
    brought: int = 0

    @property
    def news(self) -> News:
        news: News = self.api.web.app.state.news
        return news

    async def bring(self) -> None:
        """A mail whose invoice ends up held: some moves."""
        self.brought += 1
        self.api.web.town.reader.fields = fields(total=None, invoice_number=f"N-{self.brought}")
        await bring(self.api.web.town, f"mail {self.brought}".encode(), self.brought)
        await walk(self.api.web.town)

    @asynccontextmanager
    async def listen(self, last: str | None = None) -> AsyncIterator[Line]:
        """A connection of its own, cut off at the end without a word."""
        headers = {"Cookie": f"{COOKIE}={self.token}"} | ({"Last-Event-ID": last} if last else {})
        async with (
            httpx.AsyncClient(base_url=self.origin, timeout=WAIT_S) as client,
            client.stream("GET", "/api/v1/events", headers=headers) as answer,
        ):
            assert answer.status_code == 200
            yield Line(answer.aiter_lines())


@dataclass
class Line:
    """What comes over one connection, parsed as a browser does (WHATWG HTML, 9.2.6)."""

    lines: AsyncIterator[str]
    last: str = ""
    seen: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    async def next(self) -> tuple[str, dict[str, object]] | None:
        """The next event's type and data; None at the end."""
        kind, data = "message", ""
        async with asyncio.timeout(WAIT_S):
            async for line in self.lines:
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last = value
                elif name == "event":
                    kind = value
                elif name == "data":
                    data = value
                elif line == "" and data:
                    self.seen.append((kind, json.loads(data)))
                    return self.seen[-1]
        return None

    async def until(self, kind: str, **holds: object) -> dict[str, object]:
        """The next event of this type whose data hold this."""
        while told := await self.next():
            if told[0] == kind and holds.items() <= told[1].items():
                return told[1]
        raise AssertionError(f"the line ended without {kind}: {self.seen}")


@pytest.fixture
async def street(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Street]:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.2)
    async with serving_socket(database_url, redis_url, tmp_path) as (api, origin):
        yield Street(api, origin, await api.open_session(api.people[Role.CLERK]))


async def test_nobody_hears_the_news_without_a_session(street: Street) -> None:
    assert (await street.api.nobody.get("/api/v1/events")).status_code == 401


async def test_moves_and_counts_come_as_they_happen_and_beats_between(street: Street) -> None:
    async with street.listen() as line:
        assert await line.until("counts") == {"moving": 0, "asked": 0, "held": 0, "paid_today": 0}
        await street.bring()
        told = await line.until("invoice", state="held")
        assert set(told) == {"id", "state", "version"}
        assert (await line.until("counts", held=1))["moving"] == 0
        async with asyncio.timeout(WAIT_S):
            while await anext(line.lines) != ": beat":
                pass


async def test_after_a_cut_the_moves_missed_are_told_once_and_in_order(street: Street) -> None:
    async with street.listen() as line:
        await street.bring()
        first = await line.until("invoice", state="held")
        await line.until("invoice", state="held")  # its forwarder is told
    await street.bring()
    async with street.listen(line.last) as again:
        await again.until("counts", held=2)
    moves = [data for kind, data in again.seen if kind == "invoice"]
    assert [move["state"] for move in moves] == ["received", "extracted", "assessed", "held", "held"]
    assert first["id"] not in {move["id"] for move in moves}
    async with street.listen(again.last) as third:
        await third.until("counts")
        assert [kind for kind, _ in third.seen] == ["counts"]


@pytest.mark.parametrize("last", ["0badcafe.3", "17", "0badcafe.", "x.y", "9" * 200])
async def test_an_id_of_another_life_means_look_for_yourself(street: Street, last: str) -> None:
    async with street.listen(last) as line:
        assert await line.next() == ("reset", {})
        await line.until("counts")


async def test_who_missed_more_than_is_kept_looks_for_themselves(street: Street) -> None:
    async with street.listen() as line:
        await line.until("counts")
    news = street.news
    for _ in range(events.KEPT + 1):
        news._moved("{}")
    assert len(news.kept) == events.KEPT
    async with street.listen(line.last) as again:
        assert await again.next() == ("reset", {})
    assert len(news.missed(f"{news.life}.1") or ()) == events.KEPT


async def test_a_lost_database_line_ends_the_stream_and_the_next_one_begins_anew(street: Street) -> None:
    async with street.listen() as line:
        await line.until("counts")
        await street.api.web.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where query ilike 'listen%moved%' and datname = current_database()"
        )
        while await line.next():
            pass
    async with street.listen(line.last) as again:
        assert await again.next() == ("reset", {})


async def test_a_session_that_ends_hears_no_more(street: Street) -> None:
    async with street.listen() as line:
        await line.until("counts")
        await street.api.web.rows("update sessions set ended_at = now()")
        while await line.next():
            pass
    await street.bring()
    assert [kind for kind, _ in line.seen] == ["counts"]
    assert street.news.listeners == set()
    async with httpx.AsyncClient(base_url=street.origin) as client:
        answer = await client.get("/api/v1/events", headers={"Cookie": f"{COOKIE}={street.token}"})
        assert answer.status_code == 401


async def test_a_stream_ends_by_itself_after_a_time(street: Street) -> None:
    async def holds() -> bool:
        return True

    told = [each async for each in stream(street.news, None, holds, heartbeat_s=0.01, longest_s=0.05)]
    assert told[0].startswith("retry: 2000\nid: ")
    assert told[-1] == ": beat\n\n"
    assert street.news.listeners == set()


async def test_who_cannot_keep_up_is_let_go(street: Street) -> None:
    async with street.news.heard() as queue:
        for _ in range(events.LONGEST_QUEUE + 1):
            street.news._moved("{}")
        assert queue.get_nowait() is None
        assert street.news.listeners == set()
