"""The processes of one browser: found by a mark on their command line, ended when they no longer listen.

Playwright has no public way to a browser's process, and a hung browser answers no call to close.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

PROC: Final = Path("/proc")
LEFTOVERS: Final = ("playwright_chromiumdev_profile-*", "playwright-artifacts-*")
"""What a killed driver leaves in the temporary folder."""

LEFTOVER_AGE_S: Final = 24 * 3600.0
"""No run of ours lasts a day, so a folder this old belongs to nobody."""

_DRIVER: Final = b"run-driver"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BrowserProcesses:
    """A browser that carries `mark` on its command line, and the Playwright driver that started it."""

    mark: str
    browser: int
    driver: int

    @classmethod
    def find(cls, mark: str) -> BrowserProcesses | None:
        """The processes of the browser that was started with `mark`; None when there is no such browser."""
        for folder in PROC.iterdir():
            if not folder.name.isdigit():
                continue
            words = _command(int(folder.name))
            # Children carry the mark too on some versions; the browser itself has no type.
            if mark.encode() in words and not any(word.startswith(b"--type=") for word in words):
                return cls(mark, int(folder.name), _parent(int(folder.name)))
        return None

    def kill(self) -> None:
        """End browser and driver with SIGKILL; processes that are gone, or are others by now, are left."""
        if self.mark.encode() in _command(self.browser):
            _kill(self.browser, group=_group(self.browser) == self.browser)
        if _DRIVER in _command(self.driver):
            _kill(self.driver, group=False)


def new_mark() -> str:
    """A command-line switch that Chromium ignores and nobody else has."""
    return f"--countersign-browser={secrets.token_hex(8)}"


def sweep_leftovers(folder: Path | None = None, *, older_than_s: float = LEFTOVER_AGE_S) -> int:
    """Remove what killed browsers left in the temporary folder; return how many folders. Blocks."""
    oldest = time.time() - older_than_s
    removed = 0
    for pattern in LEFTOVERS:
        for leftover in (folder or Path(tempfile.gettempdir())).glob(pattern):
            if _is_ours_and_older(leftover, oldest):
                shutil.rmtree(leftover, ignore_errors=True)
                removed += 1
    if removed:
        _log.info("bank.leftovers_swept", count=removed)
    return removed


def _is_ours_and_older(folder: Path, oldest: float) -> bool:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return status.st_uid == os.getuid() and status.st_mtime < oldest


def _command(pid: int) -> list[bytes]:
    """The words of a process's command line; none when it is gone, is another user's, or is a zombie."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return []


def _parent(pid: int) -> int:
    # proc(5): the command in parentheses may hold anything, the parent is the second field after it.
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _kill(pid: int, *, group: bool) -> None:
    try:
        (os.killpg if group else os.kill)(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        _log.info("bank.process_gone")
