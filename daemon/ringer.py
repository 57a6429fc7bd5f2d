"""The bell-ringer: rings when PostgreSQL notifies, and sweeps in case a ring was lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog

from daemon.queue import Bell
from schema.errors import TransientError
from schema.failpoints import reach
from schema.ids import InvoiceId
from schema.store import Store

log = structlog.get_logger()

SWEEP_S: Final = 2.0
"""A lost NOTIFY, an emptied Redis or a dead worker delays an invoice by at most this (and the lease)."""

SWEEP_LIMIT: Final = 500
RECONNECT_S: Final = 1.0


async def ring_bells(store: Store, bell: Bell) -> None:
    """Ring for ever: on each notification for its invoice, and for all that is due every few seconds."""
    while True:
        try:
            await _listen(store, bell)
        except TransientError as error:
            log.warning("bell-ringer lost the database", reason=error.sentence)
            await asyncio.sleep(RECONNECT_S)


async def sweep(store: Store, bell: Bell) -> int:
    """Ring for everything that is due; how many."""
    due = await store.street.due(SWEEP_LIMIT)
    for each in due:
        await bell.ring(*each)
    return len(due)


async def _listen(store: Store, bell: Bell) -> None:
    rung: asyncio.Queue[str] = asyncio.Queue()
    async with store.database.listening("bell", rung.put_nowait) as stands:
        while stands():
            await sweep(store, bell)
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_S):
                    while True:
                        await _ring_one(store, bell, await rung.get())


async def _ring_one(store: Store, bell: Bell, payload: str) -> None:
    try:
        invoice = InvoiceId(UUID(payload))
    except ValueError:
        return
    due = await store.street.due_one(invoice)
    if due is not None:
        await reach("ring.before")
        await bell.ring(*due)
        await reach("ring.after")
