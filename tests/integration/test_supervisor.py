"""The supervisor with small real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.supervisor import Limits, read_procfile, run_processes
from schema.errors import SettingsError

ROOT = Path(__file__).parents[2]
QUICK = Limits(stop_s=1.0, first_pause_s=0.01, longest_pause_s=0.05, settled_s=30.0, deaths=3)
WAIT_S = 20.0
SLEEPER = """\
import os, pathlib, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) if "family" in sys.argv else None
pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {grandchild.pid if grandchild else os.getpid()}")
print("ready", flush=True)
time.sleep(600)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPER


@pytest.fixture
def sleeper(tmp_path: Path) -> Path:
    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER)
    return script


def procfile(folder: Path, text: str) -> Path:
    path = folder / "Procfile"
    path.write_text(text)
    return path


def pids(note: Path) -> list[int]:
    """What a sleeper wrote down of itself and its child, once it has."""
    deadline = time.monotonic() + WAIT_S
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline, f"{note.name} never appeared"
        time.sleep(0.01)
    return [int(word) for word in note.read_text().split()]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def all_gone(*of: int) -> bool:
    deadline = time.monotonic() + WAIT_S
    while any(lives(pid) for pid in of):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


async def stopped_by(number: int, path: Path, note: Path) -> tuple[int, list[int]]:
    """Run until the sleeper is up, send this process the signal, and return the code and the sleeper's numbers."""
    running = asyncio.create_task(run_processes(path, os.environ, QUICK))
    started = await asyncio.to_thread(pids, note)
    os.kill(os.getpid(), number)
    return await asyncio.wait_for(running, WAIT_S), started


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_everything_with_success(tmp_path: Path, sleeper: Path, number: int) -> None:
    note = tmp_path / "note"
    code, started = await stopped_by(number, procfile(tmp_path, f"one: python {sleeper} {note}"), note)
    assert code == 0
    assert all_gone(*started)


async def test_a_process_deaf_to_sigterm_is_killed(tmp_path: Path) -> None:
    script, note = tmp_path / "deaf.py", tmp_path / "note"
    script.write_text(DEAF)
    code, started = await stopped_by(signal.SIGTERM, procfile(tmp_path, f"one: python {script} {note}"), note)
    assert code == 0
    assert all_gone(*started)


async def test_what_a_process_started_ends_with_it(tmp_path: Path, sleeper: Path) -> None:
    note = tmp_path / "note"
    path = procfile(tmp_path, f"one: python {sleeper} {note} family")
    _, (child, grandchild) = await stopped_by(signal.SIGTERM, path, note)
    assert child != grandchild
    assert all_gone(child, grandchild)


async def test_a_dead_process_is_started_again(tmp_path: Path, sleeper: Path) -> None:
    note = tmp_path / "note"
    running = asyncio.create_task(
        run_processes(procfile(tmp_path, f"one: python {sleeper} {note}"), os.environ, QUICK)
    )
    (first, _) = await asyncio.to_thread(pids, note)
    note.unlink()
    os.kill(first, signal.SIGKILL)
    (second, _) = await asyncio.to_thread(pids, note)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, WAIT_S)
    assert second != first


async def test_a_process_that_keeps_dying_stops_everything_with_failure(
    tmp_path: Path, sleeper: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = tmp_path / "note"
    path = procfile(tmp_path, f"good: python {sleeper} {note}\nbad: python -c 'raise SystemExit(3)'")
    code = await asyncio.wait_for(run_processes(path, os.environ, QUICK), WAIT_S)
    assert code == 1
    assert "bad  | ended 3 times in a row, last with code 3: stopping everything" in capsys.readouterr().out


async def test_output_held_open_by_a_process_that_left_the_group_delays_nothing(
    tmp_path: Path, sleeper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.supervisor.LAST_WORDS_S", 0.05)
    note = tmp_path / "note"
    leave = f"setsid {sys.executable} {sleeper} {note} & until test -s {note}; do sleep 0.02; done"
    path = procfile(tmp_path, f"one: sh -c '{leave}'")
    code = await asyncio.wait_for(run_processes(path, os.environ, replace(QUICK, deaths=1)), WAIT_S)
    assert code == 1
    os.kill(pids(note)[0], signal.SIGKILL)


async def test_a_program_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await run_processes(procfile(tmp_path, "one: no-such-program"), os.environ, QUICK)
    assert code == 1
    assert "one | no-such-program cannot be run: No such file or directory" in capsys.readouterr().out


async def test_each_line_carries_the_name_of_its_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "talker.py"
    script.write_text("print('x' * 200_000); print('last', end=''); raise SystemExit(1)")
    await run_processes(procfile(tmp_path, f"# a comment\n\ntalks: python {script}"), os.environ, QUICK)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "talks | " + "x" * 200_000
    assert lines[1] == "talks | last"


def test_a_killed_supervisor_leaves_no_process(tmp_path: Path, sleeper: Path) -> None:
    notes = [tmp_path / "one", tmp_path / "two"]
    path = procfile(tmp_path, "\n".join(f"{note.name}: python {sleeper} {note}" for note in notes))
    script = (
        "import asyncio, os, pathlib, sys; from daemon.supervisor import run_processes\n"
        "asyncio.run(run_processes(pathlib.Path(sys.argv[1]), os.environ))"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    started = [pid for note in notes for pid in pids(note)]
    supervisor.kill()
    supervisor.wait()
    assert all_gone(*started)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no process"),
        ("one: true\none: true", "names a process twice"),
        ("just words", "is not NAME: COMMAND"),
        ("one:", "is not NAME: COMMAND"),
    ],
)
def test_a_procfile_that_makes_no_sense_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        read_procfile(procfile(tmp_path, text))


def test_our_procfile_names_the_five_processes() -> None:
    entries = read_procfile(ROOT / "deploy" / "Procfile")
    assert [entry.name for entry in entries] == ["daemon", "documents", "reasoning", "browser", "web"]
    assert entries[0].args == (sys.executable, "-P", "-m", "daemon", "daemon")
