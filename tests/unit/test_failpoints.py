"""Failpoints: a closed table, every name marked once in the code, and nothing at all unless a process is armed."""

from __future__ import annotations

import asyncio
import contextvars
import os
import re
from pathlib import Path

import pytest

from schema.failpoints import FAILPOINTS, arm, reach

ROOT = Path(__file__).parents[2]
MARK = re.compile(r'await reach\("([a-z.]+)"\)')


def marks() -> list[str]:
    files = [path for room in ("schema", "handlers", "daemon") for path in (ROOT / room).rglob("*.py")]
    return [name for path in files for name in MARK.findall(path.read_text("utf-8"))]


def test_every_failpoint_is_marked_in_the_code_and_no_other() -> None:
    assert set(marks()) == FAILPOINTS


def test_every_failpoint_is_marked_once() -> None:
    assert len(marks()) == len(FAILPOINTS)


async def test_a_process_that_is_not_armed_passes_every_mark() -> None:
    for name in FAILPOINTS:
        await reach(name)


async def armed(socket: Path, name: str) -> None:
    """Come by a mark in an armed context, which ends with the call."""
    context = contextvars.copy_context()
    context.run(arm, str(socket))
    await asyncio.get_running_loop().create_task(reach(name), context=context)


async def test_an_armed_process_says_where_it_is_and_waits_for_leave(tmp_path: Path) -> None:
    said: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.append(await reader.readline())
        writer.write(b"go\n")
        writer.close()

    async with await asyncio.start_unix_server(listen, tmp_path / "s"):
        await armed(tmp_path / "s", "commit.before")
    assert said == [f"commit.before {os.getpid()} -\n".encode()]


async def test_an_armed_process_goes_on_when_nobody_listens(tmp_path: Path) -> None:
    await armed(tmp_path / "nobody", "commit.before")


async def test_a_name_outside_of_the_table_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no failpoint"):
        await armed(tmp_path / "nobody", "lunch")
