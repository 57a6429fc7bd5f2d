"""Runs the processes of a Procfile in one tree: prefixed output, restart with backoff, none left behind.

Every child leads a process group of its own and is killed by the kernel should this process die; nothing is lost by
that, because PostgreSQL is the truth and every step may be repeated.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shlex
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schema.errors import SettingsError

STOP_S: Final = 10.0
"""How long the children have to end after SIGTERM before they are killed."""

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0
SETTLED_S: Final = 10.0
"""A process that lived this long is taken for healthy: its next death starts the count anew."""

DEATHS_LIMIT: Final = 25
"""So many deaths in a row, each before it settled, and everything is stopped: a restart will not mend it. With the
pauses that is four minutes, which a database needs that recovers from its log, or a mail server that is updated."""

CHUNK_BYTES: Final = 65_536
LINE_BYTES: Final = 1_000_000
"""A longer line is cut in two, so that a child without line ends cannot fill the memory."""

LAST_WORDS_S: Final = 2.0
"""A stranger that left the group may hold the output open for ever; it is not waited for."""

# -P: the working directory is not searched for modules.
PROGRAMS: Final[Mapping[str, tuple[str, ...]]] = {
    "countersign": (sys.executable, "-P", "-m", "daemon"),
    "python": (sys.executable, "-P"),
}

PR_SET_PDEATHSIG: Final = 1
LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """The waits of one run; tests shorten them."""

    stop_s: float = STOP_S
    first_pause_s: float = FIRST_PAUSE_S
    longest_pause_s: float = LONGEST_PAUSE_S
    settled_s: float = SETTLED_S
    deaths: int = DEATHS_LIMIT


@dataclass(frozen=True)
class Entry:
    """One line of a Procfile: the process's name and its command."""

    name: str
    args: tuple[str, ...]


async def run_processes(procfile: Path, env: Mapping[str, str], limits: Limits | None = None) -> int:
    """Run every entry until SIGTERM or SIGINT (returns 0), or until one keeps dying (returns 1).

    Call it in the main thread: the kernel ends the children when the thread that started them ends.
    """
    run = _Run(read_procfile(procfile), dict(env) | {"PYTHONUNBUFFERED": "1"}, limits or Limits())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, run.stopping.set)
    try:
        return await run.until_stopped()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def read_procfile(path: Path) -> list[Entry]:
    """The entries in order; `countersign` and `python` mean this environment's own, wherever it lies."""
    entries = []
    for line in path.read_text().splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, command = line.partition(":")
        words = shlex.split(command)
        if not colon or not words:
            raise SettingsError(f"{path}: the line {line!r} is not NAME: COMMAND")
        entries.append(Entry(name.strip(), (*PROGRAMS.get(words[0], (words[0],)), *words[1:])))
    if not entries:
        raise SettingsError(f"{path} names no process")
    if len({entry.name for entry in entries}) < len(entries):
        raise SettingsError(f"{path} names a process twice")
    return entries


class _Run:
    """The running children of one Procfile."""

    def __init__(self, entries: list[Entry], env: Mapping[str, str], limits: Limits) -> None:
        self.entries = entries
        self.env = env
        self.limits = limits
        self.stopping = asyncio.Event()
        self.failed = False
        self.width = max(len(entry.name) for entry in entries)

    async def until_stopped(self) -> int:
        async with asyncio.TaskGroup() as tasks:
            for entry in self.entries:
                tasks.create_task(self._keep(entry))
        return 1 if self.failed else 0

    async def _keep(self, entry: Entry) -> None:
        """Start one process again and again until everything stops."""
        deaths = 0
        while not self.stopping.is_set():
            started = time.monotonic()
            code = await self._live(entry)
            if self.stopping.is_set():
                return
            deaths = 1 if time.monotonic() - started >= self.limits.settled_s else deaths + 1
            if deaths >= self.limits.deaths:
                self._say(
                    entry.name,
                    f"ended {deaths} times in a row, last with {_ending(code)}: stopping everything",
                )
                self.failed = True
                self.stopping.set()
                return
            pause = min(self.limits.longest_pause_s, self.limits.first_pause_s * 2 ** (deaths - 1))
            self._say(entry.name, f"ended with {_ending(code)}; starting it again in {pause:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)

    async def _live(self, entry: Entry) -> int:
        """One life of one process: from its start to the end of its whole group; returns its exit code."""
        reading, writing = os.pipe()
        output, lines = await _reader(reading)
        echo = asyncio.create_task(self._echo(entry.name, lines))
        try:
            try:
                process = await self._start(entry, writing)
            finally:
                os.close(writing)
            return await self._watch(process)
        except OSError as refused:
            self._say(entry.name, f"{entry.args[0]} cannot be run: {refused.strerror}")
            return 127
        finally:
            with suppress(TimeoutError):
                await asyncio.wait_for(echo, LAST_WORDS_S)
            output.close()

    async def _start(self, entry: Entry, output: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *entry.args,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=self.env,
            start_new_session=True,
            preexec_fn=_dying_with(os.getpid()),
        )

    async def _watch(self, process: asyncio.subprocess.Process) -> int:
        """Wait for its end, or bring it about when everything stops."""
        stop = asyncio.create_task(self.stopping.wait())
        ended = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({stop, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                with suppress(ProcessLookupError):
                    process.terminate()
                await asyncio.wait({ended}, timeout=self.limits.stop_s)
        finally:
            # What the process started goes with it, and so does a process that would not end.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            stop.cancel()
        return await ended

    async def _echo(self, name: str, output: asyncio.StreamReader) -> None:
        async for line in _lines(output):
            self._say(name, line)

    def _say(self, name: str, line: str) -> None:
        sys.stdout.write(f"{name:<{self.width}} | {line}\n")
        sys.stdout.flush()


async def _reader(pipe: int) -> tuple[asyncio.ReadTransport, asyncio.StreamReader]:
    """A pipe of our own: a subprocess's is not closed before the last stranger that holds it lets go."""
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(pipe, "rb", buffering=0)
    )
    return transport, stream


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Lines without their ends; the stream's own readline refuses lines above its buffer."""
    kept = b""
    while chunk := await stream.read(CHUNK_BYTES):
        *whole, kept = (kept + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
        if len(kept) > LINE_BYTES:
            yield kept.decode(errors="replace")
            kept = b""
    if kept:
        yield kept.decode(errors="replace")


def _dying_with(parent: int) -> Callable[[], None]:
    def ask_the_kernel() -> None:
        # The second question: the parent may have died before the first was asked (prctl(2)).
        if LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL)) != 0 or os.getppid() != parent:
            os._exit(127)

    return ask_the_kernel


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
