"""Where a held invoice goes on when a person says no more than that it shall."""

from __future__ import annotations

from typing import Final

from handlers.pay import is_over
from handlers.world import World
from schema.invoice import Invoice
from schema.states import State

AGAIN: Final = frozenset({State.PAYING, State.RECEIVED})
"""Where the same step is done again; what was held elsewhere is judged again."""


async def resume_target(invoice: Invoice, world: World) -> State:
    """To the bank's own answer, to the reader, or to model and rules; what can not be paid as it is, is asked anew."""
    if invoice.held_from not in AGAIN:
        return State.EXTRACTED
    payment = await world.store.street.payment(invoice.id) if invoice.held_from is State.PAYING else None
    if payment is not None and not payment.clicks:
        concern = await world.store.bank_changes.concern(invoice.id)
        if is_over(payment.transfer.terms, world) or (concern is not None and concern.changed):
            return State.EXTRACTED
    return invoice.held_from
