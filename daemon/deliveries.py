"""Batches on their way to the ledger's webhook, looked for every few seconds."""

from __future__ import annotations

import asyncio
from typing import Final, NoReturn

import structlog

from daemon.settings import Settings
from handlers.deliver import deliver_due
from handlers.world import World
from schema.errors import TransientError

log = structlog.get_logger()

LOOK_EVERY_S: Final = 10.0


async def deliver_batches(settings: Settings, world: World) -> NoReturn:
    """Deliver what is due until cancelled; two daemons share the work by the rows' leases."""
    secret = settings.ledger_webhook_secret.get_secret_value()
    while True:
        try:
            await deliver_due(world, secret)
        except TransientError as error:
            log.warning("batches not delivered", reason=error.sentence)
        await asyncio.sleep(LOOK_EVERY_S)
