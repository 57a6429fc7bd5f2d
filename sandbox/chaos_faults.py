"""What goes wrong around the product in a chaos run: one function a fault, each ends what it began."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import asyncpg
import httpx
import redis.asyncio

from sandbox.chaos_clock import set_clock
from sandbox.chaos_proxy import Proxy
from sandbox.chaos_stack import MACHINES, ChaosStack
from sandbox.twilio_signature import HEADER

HANG_S: Final = 25.0
DISK_S: Final = 6.0
LATE_S: Final = 4.0
JUMPS_S: Final = (3.0, 6 * 3600.0)
"""How far a clock jumps: as often by seconds as by minutes or hours."""

WRONG_FOR_S: Final = (6.0, 18.0)
SMALLEST_FILE_BYTES: Final = 512
"""A process that may write no larger file has, for all it knows, a full disk."""

HTTP: Final = httpx.Timeout(20.0)
MODEL_PATH: Final = "*/chat/completions"
MESSAGES_PATH: Final = "*/Messages.json"


@dataclass(frozen=True)
class Scene:
    """What the faults may reach for."""

    stack: ChaosStack
    imap: Proxy
    rng: random.Random
    client: httpx.AsyncClient


async def flush_redis(scene: Scene) -> str:
    """Empty the queue, the locks and the caches at once."""
    async with redis.asyncio.Redis.from_url(scene.stack.services.redis_url) as client:
        await client.flushall()
    return "FLUSHALL"


async def restart_redis(scene: Scene) -> str:
    """Stop and start it: what it had not written yet is gone."""
    scene.stack.restart("redis")
    return "restart"


async def restart_postgres(scene: Scene) -> str:
    """A fast shutdown ends every open transaction."""
    scene.stack.restart("postgres")
    return "restart"


async def kill_postgres(scene: Scene) -> str:
    """SIGKILL of the server: it must recover from its log."""
    scene.stack.kill("postgres")
    return "kill -9"


async def end_sessions(scene: Scene) -> str:
    """Every session of the product is cut off, those in a transaction too."""
    connection = await asyncpg.connect(scene.stack.database_url, timeout=5)
    try:
        ended = await connection.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and usename = current_user and pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    return f"{ended} sessions"


async def kill_chromium(scene: Scene) -> str:
    """SIGKILL of one browser in the middle of whatever it does."""
    browsers = [
        pid
        for pid, words in scene.stack.product().items()
        if any(word.startswith("--countersign-browser=") for word in words)
        and not any(word.startswith("--type=") for word in words)
    ]
    if not browsers:
        return ""
    with suppress(ProcessLookupError):
        os.kill(scene.rng.choice(sorted(browsers)), signal.SIGKILL)
    return "kill -9"


async def restart_dovecot(scene: Scene) -> str:
    """The mail server goes and comes back."""
    scene.stack.restart("dovecot")
    return "restart"


async def restart_smtp(scene: Scene) -> str:
    """The outgoing mail server goes and comes back."""
    scene.stack.restart("front")
    return "restart"


async def half_open_imap(scene: Scene) -> str:
    """All connections to the mailbox go silent without an end."""
    return _befell(scene.imap.go_deaf())


async def silent_idle(scene: Scene) -> str:
    """IDLE is never answered any more on the connections that stand."""
    return _befell(scene.imap.ignore_idle())


async def bye_imap(scene: Scene) -> str:
    """BYE in IDLE, or wherever the daemons are, and a close."""
    return _befell(scene.imap.say_bye())


async def unwritable_blobs(scene: Scene) -> str:
    """The file store's folder is not there for a while."""
    folder = scene.stack.blobs
    aside = folder.with_name("blobs.aside")
    folder.rename(aside)
    folder.touch()
    try:
        await asyncio.sleep(DISK_S)
    finally:
        folder.unlink()
        aside.rename(folder)
    return f"{DISK_S:.0f} s"


async def full_disk(scene: Scene) -> str:
    """No process of the product can write a file for a while (EFBIG by RLIMIT_FSIZE)."""
    written_by = [
        pid
        for pid, words in scene.stack.product().items()
        if "daemon" in words[:5] and "up" not in words and len(words) > 3
    ]
    befell = [pid for pid in written_by if _limit_files(pid, SMALLEST_FILE_BYTES)]
    try:
        await asyncio.sleep(DISK_S)
    finally:
        for pid in befell:
            _limit_files(pid, resource.RLIM_INFINITY)
    return f"{len(befell)} processes, {DISK_S:.0f} s"


def _limit_files(pid: int, size_bytes: int) -> bool:
    try:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, hard))
    except (ProcessLookupError, PermissionError):
        return False
    return True


async def jump_clocks(scene: Scene) -> str:
    """The wall clock of one machine, or of both, jumps ahead or back, and returns after a while."""
    machines = scene.rng.choice((*[(name,) for name in MACHINES], MACHINES))
    least, most = JUMPS_S
    ahead_s = round(scene.rng.choice((1, -1)) * least * (most / least) ** scene.rng.random())
    wrong_for_s = scene.rng.uniform(*WRONG_FOR_S)
    try:
        for name in machines:
            set_clock(scene.stack.clocks[name], ahead_s)
        await asyncio.sleep(wrong_for_s)
    finally:
        for name in machines:
            set_clock(scene.stack.clocks[name])
    size = f"{'-' if ahead_s < 0 else '+'}{timedelta(seconds=abs(ahead_s))}"
    return f"{size} on {' and '.join(machines)} for {wrong_for_s:.0f} s"


def http_fault(base: str, path: str, **fault: Any) -> Callable[[Scene], Awaitable[str]]:
    """The next request to a stand-in goes wrong in this way."""

    async def befall(scene: Scene) -> str:
        url = scene.stack.openrouter_url if base == "openrouter" else scene.stack.twilio_url
        if (await scene.client.get(f"{url}/__sim__/faults")).json():
            return ""  # one at a time: else they pile up on whoever comes next
        rule = {"match": {"method": "POST", "path": path}, "fault": fault}
        answer = await scene.client.post(f"{url}/__sim__/faults", json=rule)
        answer.raise_for_status()
        return f"{fault['kind']} {fault.get('status', '')}".strip()

    return befall


async def doubled_webhooks(scene: Scene) -> str:
    """The newest tap comes twice more at the very same moment."""
    posted = await _posted(scene)
    if not posted:
        return ""
    await asyncio.gather(*[_repeat(scene, posted[-1]) for _ in range(2)])
    return "twice at once"


async def late_webhooks(scene: Scene) -> str:
    """Older taps come once more, in the wrong order and after a pause."""
    posted = await _posted(scene)
    await asyncio.sleep(LATE_S)
    for each in reversed(posted[-6:]):
        await _repeat(scene, each)
    return f"{min(6, len(posted))} again, reversed" if posted else ""


async def _posted(scene: Scene) -> list[dict[str, Any]]:
    answer = await scene.client.get(f"{scene.stack.twilio_url}/__sim__/webhooks")
    return [each for each in answer.json() if each["url"].endswith("/inbound")]


async def _repeat(scene: Scene, posted: dict[str, Any]) -> None:
    headers = {
        HEADER: posted["signature"],
        "I-Twilio-Idempotency-Token": posted["token"],
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
    }
    form = [(name, value) for name, value in posted["form"]]
    with suppress(httpx.HTTPError):  # the web process may just be dead; then the webhook is lost
        await scene.client.post(posted["url"], content=urlencode(form), headers=headers)


def _befell(count: int) -> str:
    return f"{count} connections" if count else ""


FAULTS: Final[Mapping[str, Callable[[Scene], Awaitable[str]]]] = {
    "Redis flushed": flush_redis,
    "Redis restarted": restart_redis,
    "PostgreSQL restarted": restart_postgres,
    "PostgreSQL killed": kill_postgres,
    "PostgreSQL sessions cut": end_sessions,
    "Chromium killed": kill_chromium,
    "Dovecot restarted": restart_dovecot,
    "SMTP restarted": restart_smtp,
    "IMAP half open": half_open_imap,
    "IDLE not answered": silent_idle,
    "BYE": bye_imap,
    "file store gone": unwritable_blobs,
    "disk full": full_disk,
    "clock jumps": jump_clocks,
    "OpenRouter 503": http_fault("openrouter", MODEL_PATH, kind="status", status=503),
    "OpenRouter hangs": http_fault("openrouter", MODEL_PATH, kind="hang", delay_s=HANG_S),
    "OpenRouter answer lost": http_fault("openrouter", MODEL_PATH, kind="ok_but_lost"),
    "OpenRouter half an answer": http_fault("openrouter", MODEL_PATH, kind="truncate_json"),
    "Twilio 503": http_fault("twilio", MESSAGES_PATH, kind="status", status=503),
    "Twilio hangs": http_fault("twilio", MESSAGES_PATH, kind="hang", delay_s=HANG_S),
    "Twilio answer lost": http_fault("twilio", MESSAGES_PATH, kind="ok_but_lost"),
    "webhook twice at once": doubled_webhooks,
    "webhooks late, reversed": late_webhooks,
}
"""Name in the table -> what happens; an empty answer means that there was nothing it could befall."""
