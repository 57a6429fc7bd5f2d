"""What stops a payment on its last steps, looked at before the intent, before the browser, and before the click."""

from __future__ import annotations

from handlers.payee import refuse_click_to_other_payee
from handlers.world import World
from schema.errors import PausedError
from schema.ids import PaymentId
from schema.invoice import Payment
from schema.store import Store


async def refuse_when_stopped(payment: Payment, world: World) -> None:
    """PausedError or TermsChangedError when this payment may not go on now."""
    await refuse_when_paused(payment.transfer.payment_id, world.store)
    await refuse_click_to_other_payee(payment.transfer.invoice_id, world)


async def refuse_when_paused(payment: PaymentId, store: Store) -> None:
    """PausedError when this payment is paused now; a database that does not answer stops it just as well."""
    pause = await store.operations.pause_on(payment)
    if pause is not None:
        raise PausedError(pause.sentence)
