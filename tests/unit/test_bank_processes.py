"""Leftovers, recordings, one-time passwords and the proxy's reading of requests: what needs no browser."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daemon.adapters.bank_processes import BrowserProcesses, new_mark, sweep_leftovers


def test_only_old_leftovers_of_browsers_are_swept(tmp_path: Path) -> None:
    for name in ("playwright-artifacts-old", "playwright_chromiumdev_profile-new", "something-else"):
        (tmp_path / name).mkdir()
    long_ago = time.time() - 100_000
    for name in ("playwright-artifacts-old", "something-else"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    assert sweep_leftovers(tmp_path) == 1
    assert {path.name for path in tmp_path.iterdir()} == {
        "playwright_chromiumdev_profile-new",
        "something-else",
    }


def test_a_process_is_found_by_its_mark_and_ended_once() -> None:
    mark = new_mark()
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)", mark], start_new_session=True
    )
    deadline = time.monotonic() + 10
    while (found := BrowserProcesses.find(mark)) is None:
        assert time.monotonic() < deadline
    assert (found.browser, found.driver) == (process.pid, os.getpid())
    found.kill()
    assert process.wait(10) == -9
    found.kill()


def test_an_unknown_mark_finds_nothing() -> None:
    assert BrowserProcesses.find(new_mark()) is None


def test_a_process_that_is_another_by_now_is_left_alone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    BrowserProcesses(new_mark(), process.pid, process.pid).kill()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.2)
    process.kill()
    process.wait(10)
