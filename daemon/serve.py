"""Run until told to stop: signals become cancellation, so that every process closes what it opened."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import uvicorn

from daemon.settings import Settings
from schema.errors import SettingsError, TransientError

T = TypeVar("T")

STOP_WITHIN_S: Final = 5
BEAT_S: Final = 5.0
"""How often a living process touches its HEARTBEAT_FILE; what is older than six of these is stuck."""


async def until_signalled(work: Coroutine[Any, Any, T]) -> T:
    """`work`, cancelled by SIGTERM or SIGINT; a stop on request exits with 0."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if stopped.is_set():
            raise SystemExit(0) from None
        raise


async def with_heartbeat(work: Coroutine[Any, Any, T], file: Path | None) -> T:
    """`work`, while `file` is touched for as long as the loop turns; SettingsError when it cannot be made."""
    if file is None:
        return await work
    try:
        _touch(file)
    except OSError as error:
        work.close()
        raise SettingsError(f"HEARTBEAT_FILE {file} cannot be made: {error.strerror}.") from error
    beating = asyncio.create_task(_beat(file))
    try:
        return await work
    finally:
        beating.cancel()


async def _beat(file: Path) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        with suppress(OSError):  # a missed beat is seen by whoever looks at the file
            _touch(file)


def _touch(file: Path) -> None:
    file.touch()


async def serve(settings: Settings) -> None:
    """Serve the web face until cancelled."""
    from daemon.web.app import create_app

    config = uvicorn.Config(
        create_app(settings),
        host=settings.web_host,
        port=settings.web_port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the public address is a setting; what a proxy says is not believed
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    server = uvicorn.Server(config)
    await server.serve()
    if not server.started:
        raise TransientError("The web face could not start; the line before says why.")
