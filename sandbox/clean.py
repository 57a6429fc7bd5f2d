"""Stops whatever still runs from a folder and removes it, and all that lies elsewhere for it; standard library only.

python3 -m sandbox.clean .countersign
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from sandbox import places
from sandbox.ports import until
from sandbox.processes import end_leftovers

STOP_S: Final = 20.0
"""A demo stops its programs one after the other; each has five seconds."""


def clean(folder: Path) -> None:
    """End the run that holds the folder, then what it left, then remove every file of it."""
    if not folder.exists():
        return
    lock = places.FolderLock(folder)
    holder = lock.holder()
    if holder is not None and holder != os.getpid():
        _end(lock, holder)
    end_leftovers(folder / "processes.json")
    places.remove_outside(folder, places.outside(folder))
    shutil.rmtree(folder)


def _end(lock: places.FolderLock, holder: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(holder, number)
        if until(lambda: lock.holder() is None, STOP_S):
            return


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python3 -m sandbox.clean", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    try:
        clean(parser.parse_args().folder.resolve())
    except OSError as refused:
        sys.exit(f"clean: {refused}")


if __name__ == "__main__":
    main()
