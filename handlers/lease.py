"""Holding an invoice while its step runs: a short lease that is renewed, so that a dead worker is soon replaced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from handlers.world import World
from schema.errors import ConflictError, TransientError
from schema.invoice import Claim
from schema.states import LEASE_S

T = TypeVar("T")

RENEW_S: Final = LEASE_S / 4
"""Three renewals may fail before the lease is lost."""

LOST: Final = "The lease was lost while the step ran."


async def hold(claim: Claim, world: World, step: Coroutine[Any, Any, T], *, every_s: float = RENEW_S) -> T:
    """Run the step while its lease is renewed; ConflictError, and the step is cancelled, once it is lost.

    A worker that was paused past its lease learns so at its first breath; the commit's token is the last word.
    """
    working = asyncio.ensure_future(step)
    renewing = asyncio.create_task(_until_lost(claim, world, every_s))
    try:
        await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await renewing
            raise ConflictError(LOST)
        if working.cancelled():
            raise TransientError("The step was broken off from within.")  # a client whose own process died
        return await working
    finally:
        working.cancel()
        renewing.cancel()
        await asyncio.gather(working, renewing, return_exceptions=True)


async def _until_lost(claim: Claim, world: World, every_s: float) -> None:
    """Renew until another has the invoice, or nobody could tell us otherwise for a whole lease."""
    renewed = time.monotonic()
    while time.monotonic() - renewed < LEASE_S:
        await asyncio.sleep(every_s)
        asked = time.monotonic()
        try:
            if not await world.store.street.renew(claim, LEASE_S):
                return
        except TransientError:
            continue  # a database that is away gives the invoice to nobody else either
        renewed = asked
