"""Starts programs so that none survives its parent, and stops them in the reverse order.

Each child leads a session and process group of its own, gets a signal from the kernel when its parent dies, and is
known to a keeper process (`sandbox/keeper.py`) that ends whole groups should the parent be killed. What was started
is also recorded in a file, so that the next start, or `make clean`, finds what even that left over.

Start children from the main thread: the kernel sends the death signal when the starting *thread* ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Final

from sandbox import keeper
from sandbox.ports import until

READY_S: Final = 30.0
"""How long a server may take to answer; the slowest seen is 1.3 s on a busy two-core machine."""

TAIL_LINES: Final = 15
PR_SET_PDEATHSIG: Final = 1
LIBC: Final = ctypes.CDLL(None, use_errno=True)


class ServiceError(Exception):
    """A local service could not be started."""


@dataclass(frozen=True)
class Account:
    """The user a server runs as when we are root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """A program to run: its argument list, where its output goes, and how it is ended."""

    name: str
    args: tuple[str, ...]
    log: Path
    cwd: Path
    env: Mapping[str, str]
    account: Account | None = None
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGTERM
    """Sent by the kernel when the parent dies; the keeper follows with SIGKILL for the group."""


@dataclass(frozen=True)
class Record:
    """What is written down of a child: its number counts only together with the moment it was born."""

    name: str
    pid: int
    born: str
    stop_signal: int


@dataclass
class Child:
    """A running program."""

    command: Command
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Process id, and the id of its process group."""
        return self.process.pid

    def wait_ready(self, ready: Callable[[], bool], timeout_s: float = READY_S) -> None:
        """Return once `ready()` is true; ServiceError with the end of its log when it dies or takes too long."""
        if not until(lambda: self.process.poll() is not None or ready(), timeout_s):
            raise ServiceError(f"{self.command.name} did not answer within {timeout_s:.0f} s:\n{self.tail()}")
        code = self.process.poll()
        if code is not None:
            raise ServiceError(f"{self.command.name} ended with code {code} at its start:\n{self.tail()}")

    def tail(self) -> str:
        """The last lines of its log."""
        return "\n".join(self.command.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])


@dataclass
class Children:
    """The programs started from one folder; `records` is where they are written down."""

    records: Path
    running: list[Child] = field(default_factory=list)
    _keeper: subprocess.Popen[str] | None = None

    def start(self, command: Command) -> Child:
        """Start a program in a session of its own; its log begins anew."""
        self._tell_keeper()  # before the child, so that there is no moment without one
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("wb") as log:
            child = Child(command, _spawn(command, log))
        self.running.append(child)
        self._tell_keeper(f"group {child.pid} {int(command.stop_signal)}")
        self._write_records()
        return child

    def stop(self, child: Child) -> None:
        """End one child and everything in its process group."""
        _end(child)
        self.running.remove(child)
        self._tell_keeper(f"forget {child.pid}")
        self._write_records()

    def kill(self, child: Child) -> None:
        """End one child and all that descends from it with SIGKILL, as a power cut would."""
        keeper.kill_tree(_tree(child))
        self.stop(child)

    def stop_all(self) -> None:
        """End every child, last started first, and send the keeper home."""
        for child in reversed(self.running.copy()):
            self.stop(child)
        if self._keeper is not None and self._keeper.stdin is not None:
            self._tell_keeper("dismiss")
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None
        self.records.unlink(missing_ok=True)

    def remove_in_the_end(self, folder: Path) -> None:
        """Have the keeper remove this folder if we are killed."""
        self._tell_keeper(f"folder {folder}")

    def _tell_keeper(self, line: str | None = None) -> None:
        if self._keeper is None:
            self._keeper = _start_keeper()
        if line is not None and self._keeper.stdin is not None:
            try:
                self._keeper.stdin.write(line + "\n")
                self._keeper.stdin.flush()
            except BrokenPipeError as lost:
                raise ServiceError("the keeper process was killed; stop this run and start again") from lost

    def _write_records(self) -> None:
        content = [
            asdict(Record(c.command.name, c.pid, born(c.pid) or "", int(c.command.stop_signal)))
            for c in self.running
        ]
        draft = self.records.with_suffix(".new")
        draft.write_text(json.dumps(content))
        draft.replace(self.records)


def account(*names: str) -> Account | None:
    """The first of these users that exists when we are root; None, run as we are, when we are not."""
    if os.getuid() != 0:
        return None
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise ServiceError(f"none of the users {', '.join(names)} exists on this machine; add one with useradd")


def end_leftovers(records: Path) -> list[str]:
    """End what a killed former run recorded here and left alive; returns the names."""
    if not records.exists():
        return []
    ended = []
    for entry in reversed(json.loads(records.read_text() or "[]")):
        record = Record(**entry)
        leader = born(record.pid)
        # A leader born at another moment is a stranger that got the same number.
        if (leader is None or leader == record.born) and keeper.members(record.pid):
            keeper.end_group(record.pid, record.stop_signal)
            ended.append(record.name)
    records.unlink(missing_ok=True)
    return ended


def born(pid: int) -> str | None:
    """When a process was started (boot id and clock ticks), or None when there is none."""
    try:
        return f"{_boot_id()}/{keeper.stat(pid)[19]}"
    except OSError:
        return None


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _end(child: Child) -> None:
    whole = _tree(child)
    if child.process.poll() is None:
        child.process.send_signal(child.command.stop_signal)
        try:
            child.process.wait(keeper.GRACE_S)
        except subprocess.TimeoutExpired:
            child.process.kill()
    # Also after a polite end: a Dovecot master leaves the processes of open sessions behind.
    keeper.kill_group(child.pid)
    keeper.kill_tree(whole)
    child.process.wait()


def _tree(child: Child) -> dict[int, str]:
    """The child and all that descends from it; nothing once it is dead, when its number may be a stranger's."""
    return keeper.tree(child.pid) if child.process.poll() is None else {}


def _spawn(command: Command, log: IO[bytes]) -> subprocess.Popen[bytes]:
    run_as = command.account
    parent = os.getpid()

    def die_with_the_parent() -> None:
        # After the change of user, which would clear it (prctl(2)).
        if LIBC.prctl(PR_SET_PDEATHSIG, int(command.death_signal)) != 0 or os.getppid() != parent:
            os._exit(127)

    try:
        return subprocess.Popen(
            command.args,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=command.cwd,
            env=dict(command.env),
            user=run_as.uid if run_as else None,
            group=run_as.gid if run_as else None,
            extra_groups=[] if run_as else None,
            start_new_session=True,
            preexec_fn=die_with_the_parent,
        )
    except OSError as refused:
        raise ServiceError(
            f"{command.name}: {command.args[0]} cannot be run: {refused.strerror}"
        ) from refused


def _start_keeper() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", keeper.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd="/",
        text=True,
        start_new_session=True,
    )
