"""The wall clocks of a chaos run's machines: libfaketime in the product's processes, and a file that sets them wrong.

The database, Redis, the bank and all other stand-ins keep the right time. Chromium hangs under the library, and
crashes when told to let it alone, so it is started without it. The monotonic clock is never touched: no machine's
jumps. CPython's `time.sleep` fails under the library; the product sleeps in asyncio only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.processes import ServiceError

LIBRARIES: Final = Path("/usr/lib")
LIBRARY: Final = "*/faketime/libfaketimeMT.so.1"
CHROMIUM: Final = Path("/usr/lib/chromium/chromium-headless-shell")
SHARED: Final = Path("/dev/shm")


def clock_environment(clock: Path) -> dict[str, str]:
    """What a process needs to read its wall clock through the file `clock`; ServiceError without the library."""
    library = next(LIBRARIES.glob(LIBRARY), None)
    if library is None:
        raise ServiceError("libfaketime is not installed; run `make setup`.")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",  # else a process would notice the jump a second after its neighbour
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "CHROMIUM_PATH": str(_chromium_without(clock.with_name("chromium"))),
    }


def set_clock(clock: Path, ahead_s: int = 0) -> None:
    """Let the clock be so many seconds ahead of the right time, or behind; takes effect at once."""
    fresh = clock.with_suffix(".new")
    fresh.write_text(f"{ahead_s:+}\n")
    fresh.rename(clock)


def tidy_clock(pid: int) -> None:
    """Remove what the library leaves of a killed process that began a tree; its number may come again."""
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        (SHARED / name).unlink(missing_ok=True)


def _chromium_without(path: Path) -> Path:
    path.write_text(f'#!/bin/sh\nunset LD_PRELOAD\nexec {CHROMIUM} "$@"\n')
    path.chmod(0o755)
    return path
