"""Kills and pauses of the product's processes at their failpoints, and the world's faults beside them."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import asyncpg
import httpx

from sandbox.chaos_faults import FAULTS, Scene
from sandbox.chaos_points import Points, Visit
from sandbox.chaos_watch import Watch

COMMON: Final = ("claim.before", "claim.after", "commit.before", "commit.inside", "commit.after")
SUBMIT: Final = (
    "submit.start.before",
    "submit.start.after",
    "submit.click.sent",
    "submit.click.answered",
    "submit.receipt.read",
    "submit.after",
)
POINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "daemon": (
        "mail.fetched",
        "mail.commit.before",
        "mail.commit.inside",
        "mail.commit.after",
        "mail.accepted",
        "mail.filed",
        "ring.before",
        "ring.after",
    ),
    "documents": (*COMMON, "reader.before", "reader.after"),
    "reasoning": (
        *COMMON,
        *("model.before", "model.after", "ask.before", "ask.after"),
        *("letter.before", "letter.after", "note.before", "note.after"),
    ),
    "browser": (*COMMON, "prepare.before", "prepare.after", "find.before", "find.after", *SUBMIT),
    "web": ("webhook.recorded", "answer.commit.inside", "webhook.answered", "webhook.settled"),
}
"""Where each kind of process can be caught."""

CATCH_S: Final = 20.0
PAUSE_SHARE: Final = 0.12
PAUSES_S: Final = (24.0, 30.0)
"""Past the lease of 20 s, so that another worker takes over meanwhile."""

LONG_PAUSE_S: Final = 72.0
"""Past the time a started click is given, so that another worker may have clicked meanwhile."""

REST_S: Final = (4.0, 9.0)
"""Between two kills of one kind of process: two machines, each back within about three seconds."""

WORLD_REST_S: Final = (3.0, 7.0)
LOOK_S: Final = 0.2
AT_ONCE: Final = 14
"""So many faults are open at a time, each until everything that was under way at it has moved on."""


@dataclass
class Lanes:
    """Injects faults until there are `limit`, or it is told to stop."""

    points: Points
    watch: Watch
    scene: Scene
    rng: random.Random
    limit: int
    long_pauses: bool = True

    @property
    def full(self) -> bool:
        """Whether enough has gone wrong."""
        return len(self.watch.faults) >= self.limit

    async def run(self) -> None:
        """All lanes at once, one per kind of process and one for the world, until enough has gone wrong."""
        lanes = [asyncio.create_task(self._processes(kind, points)) for kind, points in POINTS.items()]
        lanes.append(asyncio.create_task(self._world()))
        try:
            while not self.full and not any(lane.done() for lane in lanes):
                await asyncio.wait(lanes, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for lane in lanes:
                lane.cancel()
            ends = await asyncio.gather(*lanes, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _processes(self, kind: str, points: tuple[str, ...]) -> None:
        """Kill or pause at each point in turn; a point that nobody passes waits for its next turn."""
        rng = random.Random(f"{self.rng.random()}{kind}")
        deck: list[str] = []
        while not self.full:
            deck = deck or rng.sample(points, len(points))
            point, paused = deck.pop(), rng.random() < PAUSE_SHARE
            await self._room()
            visit = await self.points.catch(kind, point, CATCH_S)
            if visit is None:
                continue
            await (self._pause(kind, visit, rng) if paused else self._kill(kind, visit))
            await asyncio.sleep(rng.uniform(*REST_S))

    async def _room(self) -> None:
        """Wait while much is still unrecovered: on a busy machine nothing would ever be paid else."""
        while self.watch.unrecovered >= AT_ONCE:  # noqa: ASYNC110 - what ends it is seen by polling
            await asyncio.sleep(LOOK_S)

    async def _kill(self, kind: str, visit: Visit) -> None:
        self.watch.note(f"kill -9 {kind}", visit.point, visit.invoice)
        with suppress(ProcessLookupError):
            os.kill(visit.pid, signal.SIGKILL)
        visit.go()

    async def _pause(self, kind: str, visit: Visit, rng: random.Random) -> None:
        """SIGSTOP past the lease, then SIGCONT: it wakes up in the middle of what is no longer its own."""
        long = visit.point == "submit.start.after" and self.long_pauses
        pause_s = LONG_PAUSE_S if long else rng.uniform(*PAUSES_S)
        self.watch.note(f"SIGSTOP {kind}", visit.point, visit.invoice)
        try:
            os.kill(visit.pid, signal.SIGSTOP)
            await asyncio.sleep(pause_s)
        except ProcessLookupError:
            return
        finally:
            visit.go()
            with suppress(ProcessLookupError):
                os.kill(visit.pid, signal.SIGCONT)

    async def _world(self) -> None:
        """Every fault of the table in turn, again and again."""
        rng = random.Random(f"{self.rng.random()}world")
        deck: list[str] = []
        while not self.full:
            deck = deck or rng.sample(sorted(FAULTS), len(FAULTS))
            await self._room()
            name = deck.pop()
            fault = self.watch.note(name, "")
            try:
                fault.detail = await FAULTS[name](self.scene)
            except (OSError, httpx.HTTPError, asyncpg.PostgresError) as error:
                fault.detail = ""
                del error  # it could not be done at this moment, so it does not count
            self.scene.stack.check()
            if not fault.detail:
                self.watch.faults.remove(fault)
            await asyncio.sleep(rng.uniform(*WORLD_REST_S))
