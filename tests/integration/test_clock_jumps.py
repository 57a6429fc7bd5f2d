"""Processes of the product whose wall clock jumps, by the library of the chaos run; the database's stays right."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest

from sandbox.chaos_clock import clock_environment, set_clock
from schema.vault import new_master_key

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
AHEAD_S = 3 * 3600
BACK_S = -3600
DEADLINE_S = 60.0
A_WHILE = timedelta(seconds=DEADLINE_S)

WORLD = """
import asyncio, json
from datetime import UTC, datetime
from daemon.settings import Settings
from daemon.wiring import open_world

async def main():
    async with open_world(Settings(_env_file=None)) as world:
        wall = datetime.now(UTC)
        times = {"wall": wall, "clock": world.clock.now(), "mailer": world.mailer._now()}
        print(json.dumps({name: at.isoformat() for name, at in times.items()} | {"otp": await world.bank._otp.next()}))

asyncio.run(main())
"""

PACE = """
import asyncio, json, sys, time
from contextlib import suppress
from pathlib import Path
from daemon.schedule import every
from sandbox.chaos_clock import set_clock

async def main():
    walls = []

    async def tick():
        walls.append(time.time())
        if len(walls) == 2:
            set_clock(Path(sys.argv[1]), BACK_S)

    with suppress(TimeoutError):
        await asyncio.wait_for(every(0.05, tick), 3)
    print(json.dumps({"ticks": len(walls), "went_back_s": walls[1] - walls[-1]}))

asyncio.run(main())
"""


async def run(script: str, clock: Path, **settings: str) -> Any:
    """What a script prints that runs under the clock."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", script, str(clock)),
        env=plain | clock_environment(clock) | settings,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(DEADLINE_S):
        out, _ = await process.communicate()
    return json.loads(out)


@pytest.fixture
async def ahead(tmp_path: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """What a process says of the time whose wall clock is hours ahead."""
    set_clock(tmp_path / "clock", AHEAD_S)
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "MASTER_KEY": new_master_key()}
    said: dict[str, str] = await run(WORLD, tmp_path / "clock", **settings, BANK_TOTP_SECRET=SECRET)
    return said


def off(said: str) -> timedelta:
    return abs(datetime.fromisoformat(said) - datetime.now(UTC))


async def test_a_machine_whose_clock_jumped_judges_and_dates_by_the_right_time(ahead: dict[str, str]) -> None:
    assert off(ahead["wall"]) > A_WHILE
    assert off(ahead["clock"]) < A_WHILE
    assert off(ahead["mailer"]) < A_WHILE


async def test_its_one_time_password_is_the_banks(ahead: dict[str, str]) -> None:
    assert pyotp.TOTP(SECRET).verify(ahead["otp"], valid_window=2)


async def test_a_clock_set_back_does_not_stop_what_has_a_pace(tmp_path: Path) -> None:
    set_clock(tmp_path / "clock")
    said = await run(PACE.replace("BACK_S", str(BACK_S)), tmp_path / "clock")
    assert said["went_back_s"] > -BACK_S / 2
    assert said["ticks"] > 5
