"""The last one out: ends what a killed parent left behind.

Run as a script with nothing but the standard library: `python -I keeper.py`. It reads lines from its standard
input, which only its parent holds open. When the parent dies in any way, kill -9 included, the pipe closes and the
keeper ends the process groups it was told of, last one first, then removes the folders it was told of.

    group PID SIGNAL     a process group, and the signal that ends its leader politely
    folder PATH          a folder to remove at the end
    forget PID           this group was ended by the parent itself
    dismiss              the parent has cleaned up; leave at once

A death signal (PR_SET_PDEATHSIG) alone is not enough: a Dovecot master that ends so leaves the `imap` processes of open
sessions alive and serving.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

GRACE_S = 5.0
POLL_S = 0.02


def main() -> None:
    """Keep the list until the pipe closes, then clear up."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[int, int] = {}
    folders: list[Path] = []
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        if verb == "group":
            pid, _, number = rest.partition(" ")
            groups[int(pid)] = int(number)
        elif verb == "forget":
            groups.pop(int(rest), None)
        elif verb == "folder":
            folders.append(Path(rest))
        elif verb == "dismiss":
            return
    for pid, number in reversed(groups.items()):
        end_group(pid, number)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def end_group(pid: int, number: int, grace_s: float = GRACE_S) -> None:
    """Ask the leader to stop, wait, then kill whatever is left of its process group."""
    if not members(pid):
        return
    whole = tree(pid)
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        # The leader is gone already, what is left has no one to ask.
        pass
    else:
        deadline = time.monotonic() + grace_s
        while pid in members(pid) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    kill_group(pid, grace_s)
    kill_tree(whole, grace_s)


def kill_group(pid: int, grace_s: float = GRACE_S) -> None:
    """SIGKILL every process of the group until none is left."""
    deadline = time.monotonic() + grace_s
    while members(pid) and time.monotonic() < deadline:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        time.sleep(POLL_S)


def kill_tree(whole: dict[int, str], grace_s: float = GRACE_S) -> None:
    """SIGKILL each of these processes (number and birth, as `tree` gives them) until none is left."""
    deadline = time.monotonic() + grace_s
    while (
        left := [pid for pid, birth in whole.items() if _lives(pid, birth)]
    ) and time.monotonic() < deadline:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(POLL_S)


def tree(root: int) -> dict[int, str]:
    """A living process and all that descend from it, with their births in clock ticks.

    A PostgreSQL backend leads a session of its own, so it is in no group of its postmaster; left alive for a moment, it
    holds the shared memory without which no other postmaster starts on these data.
    """
    births: dict[int, str] = {}
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - as below
        if entry.isdigit():
            try:
                fields = stat(int(entry))
            except OSError:
                continue
            births[int(entry)] = fields[19]
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, waiting = {}, [root] if root in births else []
    while waiting:
        pid = waiting.pop()
        found[pid] = births[pid]
        waiting += children.get(pid, [])
    return found


def _lives(pid: int, birth: str) -> bool:
    try:
        fields = stat(pid)
    except OSError:
        return False
    return fields[19] == birth and fields[0] not in ("Z", "X")


def members(group: int) -> list[int]:
    """The living processes of a process group that is also a session; zombies do not count.

    Asking for the session too means that a recycled number of some stranger's group is not taken for ours.
    """
    found = []
    for entry in os.listdir("/proc"):  # noqa: PTH208 - a bare script that is polled; no Path objects for each
        if not entry.isdigit():
            continue
        try:
            state, _, of_group, session = stat(int(entry))[:4]
        except OSError:
            continue
        if int(of_group) == group == int(session) and state not in ("Z", "X"):
            found.append(int(entry))
    return found


def stat(pid: int) -> list[str]:
    """Fields 3 and on of /proc/PID/stat (proc(5)): state, parent, group, session ...; OSError when it is gone."""
    # The second field is the program's name in brackets and may itself hold brackets and blanks.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


if __name__ == "__main__":
    main()
