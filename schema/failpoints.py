"""Places where a test may stop or kill a process: named marks at every step that must survive it; no-ops in use.

A process that was armed with a socket says `NAME PID INVOICE` there when it comes by, with `-` for no invoice, and
waits for any answer. That is all it can do: nothing else is read, and nobody on the other side means go on.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from contextvars import ContextVar
from typing import Final

import structlog

WAIT_S: Final = 150.0
"""Longer than any lease, so that a process held here surely loses it; then it goes on by itself."""

FAILPOINTS: Final[frozenset[str]] = frozenset(
    {
        "claim.before",
        "claim.after",
        "commit.before",
        "commit.inside",
        "commit.after",
        "mail.fetched",
        "mail.commit.before",
        "mail.commit.inside",
        "mail.commit.after",
        "mail.accepted",
        "mail.filed",
        "upload.commit.before",
        "upload.commit.inside",
        "upload.commit.after",
        "ring.before",
        "ring.after",
        "reader.before",
        "reader.after",
        "model.before",
        "model.after",
        "prepare.before",
        "prepare.after",
        "ask.before",
        "ask.after",
        "webhook.recorded",
        "answer.commit.inside",
        "webhook.answered",
        "webhook.settled",
        "find.before",
        "find.after",
        "submit.start.before",
        "submit.start.after",
        "submit.click.sent",
        "submit.click.answered",
        "submit.receipt.read",
        "submit.after",
        "letter.before",
        "letter.after",
        "note.before",
        "note.after",
    }
)
"""Every mark in the code, in the order of an invoice's walk; a test compares both."""

_SOCKET: ContextVar[str | None] = ContextVar("failpoints", default=None)


def arm(socket: str) -> None:
    """Make the marks of this process call at a UNIX socket; call it before the event loop starts."""
    _SOCKET.set(socket)


async def reach(name: str) -> None:
    """Come by a mark: nothing happens unless this process was armed."""
    socket = _SOCKET.get()
    if socket is None:
        return
    if name not in FAILPOINTS:
        raise ValueError(f"bug: {name} is no failpoint")
    with suppress(OSError, TimeoutError):  # nobody listens: go on
        async with asyncio.timeout(WAIT_S):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                invoice = structlog.contextvars.get_contextvars().get("invoice", "-")
                writer.write(f"{name} {os.getpid()} {invoice}\n".encode())
                await reader.read(1)
            finally:
                writer.close()
