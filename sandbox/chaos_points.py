"""The other end of the product's failpoints: says go to every process that comes by, or catches one that is wanted."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sandbox import keeper

KINDS: Final = ("documents", "reasoning", "browser", "daemon", "web")
"""The product's processes by the last word of their command; `daemon` is the module's name too, so it comes late."""


@dataclass
class Visit:
    """A process that waits at a failpoint until `go` or its death; `invoice` is `-` where it is about none."""

    point: str
    pid: int
    invoice: str
    writer: asyncio.StreamWriter

    def go(self) -> None:
        """Let it go on; safe to repeat, and when it is dead."""
        if not self.writer.is_closing():
            self.writer.write(b"g")
            self.writer.close()


@dataclass
class Points:
    """A server on a UNIX socket; `passed` counts who came by where."""

    path: Path
    passed: Counter[tuple[str, str]] = field(default_factory=Counter)
    _traps: dict[tuple[str, str], asyncio.Future[Visit]] = field(default_factory=dict)
    _kinds: dict[int, str] = field(default_factory=dict)

    async def start(self) -> asyncio.Server:
        """Listen."""
        return await asyncio.start_unix_server(self._come_by, self.path)

    async def catch(self, kind: str, point: str, timeout_s: float) -> Visit | None:
        """The next process of this kind at this point; None when none came by in time."""
        trap = self._traps[kind, point] = asyncio.Future[Visit]()
        try:
            return await asyncio.wait_for(trap, timeout_s)
        except TimeoutError:
            return None
        finally:
            self._traps.pop((kind, point), None)

    async def _come_by(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ValueError):
            point, number, invoice = (await reader.readline()).decode().split()
            visit = Visit(point, int(number), invoice, writer)
            kind = self._kinds.setdefault(visit.pid, kind_of(visit.pid))
            self.passed[kind, point] += 1
            trap = self._traps.get((kind, point))
            if trap is not None and not trap.done():
                trap.set_result(visit)
                return
            visit.go()


def kind_of(pid: int) -> str:
    """Which of the product's processes this is, by its command line; empty when it is none of them."""
    words = keeper_words(pid)
    return next((kind for kind in KINDS if kind in words[3:]), "")


def keeper_words(pid: int) -> list[str]:
    """The words of a process's command line; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def family(root: int) -> dict[int, list[str]]:
    """Every living descendant of a process with the words of its command: only our own may ever be ended."""
    return {pid: keeper_words(pid) for pid in keeper.tree(root) if pid != root}
