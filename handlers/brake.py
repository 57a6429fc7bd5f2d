"""The kill switch as the street feels it: looked at before the intent, before the browser, and before the click."""

from __future__ import annotations

from schema.errors import PausedError
from schema.ids import PaymentId
from schema.store import Store


async def refuse_when_paused(payment: PaymentId, store: Store) -> None:
    """PausedError when this payment is paused now; a database that does not answer stops it just as well."""
    pause = await store.operations.pause_on(payment)
    if pause is not None:
        raise PausedError(pause.sentence)
