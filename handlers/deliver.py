"""A batch -> the ledger's webhook: signed, tried again with growing pauses, and given up where a person must look."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

import structlog

from handlers.world import World
from schema.errors import PermanentError, TransientError
from schema.ledger import Batch, DeliveryStatus
from schema.store.exports import ClaimedDelivery

log = structlog.get_logger()

LEASE: Final = timedelta(minutes=2)
"""Longer than one delivery may take, so that nobody else begins it meanwhile."""

ATTEMPTS: Final = 12
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=3)
"""Twelve attempts with doubling pauses: about a day."""

AT_ONCE: Final = 20


async def deliver_due(world: World, secret: str) -> int:
    """Deliver what is due, one after the other; how many were tried. The row is its own to-do list."""
    for count in range(AT_ONCE):
        at = world.clock.now()
        claimed = await world.store.exports.claim_delivery(at, at + LEASE)
        if claimed is None:
            return count
        await _deliver(claimed, world, secret)
    return AT_ONCE


async def _deliver(claimed: ClaimedDelivery, world: World, secret: str) -> None:
    at, store = world.clock.now(), world.store.exports
    batch = await store.batch(claimed.batch_id)
    assert batch is not None
    status, problem, final = None, "", False
    try:
        body = await world.blobs.get(batch.key)
        status = await world.ledger.post(body, headers_of(batch, claimed, body, secret, at))
    except TransientError as error:
        problem = error.sentence
    except PermanentError as error:
        problem, final = error.sentence, True
    if status is not None and 200 <= status < 300:
        outcome, due, delivered = DeliveryStatus.DELIVERED, None, at
    else:
        problem = problem or f"The webhook answered {status}."
        final = final or claimed.attempts >= ATTEMPTS
        outcome = DeliveryStatus.FAILED if final else DeliveryStatus.WAITING
        due, delivered = None if final else at + pause(claimed.attempts), None
    await store.settle_delivery(
        claimed, outcome, answered=status, problem=problem, due_at=due, delivered_at=delivered
    )
    log.info("batch delivery tried", number=batch.number, outcome=outcome, answered=status, reason=problem)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return min(FIRST_PAUSE * 2.0 ** (attempts - 1), LONGEST_PAUSE)


def headers_of(
    batch: Batch, claimed: ClaimedDelivery, body: bytes, secret: str, at: datetime
) -> dict[str, str]:
    """What the ledger checks: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`, and the ids to know a repeat by.

    The signature covers the time, so that an old request cannot be sent again by another.
    """
    seconds = int(at.timestamp())
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": batch.media_type,
        "Content-Disposition": f'attachment; filename="{batch.file_name}"',
        "Idempotency-Key": str(claimed.id),
        "Countersign-Batch": str(batch.number),
        "Countersign-Format": batch.format,
        "Countersign-Signature": f"t={seconds},v1={signed}",
    }
