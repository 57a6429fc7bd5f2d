"""The payee as the street feels it: looked at again before the bank's form, the question, the intent and the click."""

from __future__ import annotations

from typing import Final

from handlers.world import World
from schema.errors import PausedError, PermanentError, TermsChangedError
from schema.ids import InvoiceId
from schema.states import Step

LOOKED_AT_BEFORE: Final = frozenset({Step.PREPARE, Step.ASK, Step.WAIT, Step.INTEND})
"""`check` has its rules, and `pay` looks by itself: what was sent must be found first."""

CHANGING: Final = "New bank details of {vendor} wait for a second person; until then nothing is paid to them."
CHANGED: Final = "The bank details of {vendor} are others than those this was prepared for; ask again."
BLOCKED: Final = "Payments to {vendor} are blocked."


async def refuse_other_payee(invoice: InvoiceId, step: Step, world: World) -> None:
    """PermanentError when what was prepared may not go on to this vendor; the invoice is held for a person."""
    if step not in LOOKED_AT_BEFORE:
        return
    concern = await world.store.bank_changes.concern(invoice)
    if concern is None:
        return
    if concern.changing:
        raise PermanentError(CHANGING.format(vendor=concern.vendor))
    if concern.changed:
        raise TermsChangedError(CHANGED.format(vendor=concern.vendor))
    if concern.blocked:
        raise PermanentError(BLOCKED.format(vendor=concern.vendor))


async def refuse_click_to_other_payee(invoice: InvoiceId, world: World) -> None:
    """The same before the click of what is intended already: it waits while details change, and is held when they did.

    A block stops it too; what the bank has booked by then is found before this is asked.
    """
    concern = await world.store.bank_changes.concern(invoice)
    if concern is None:
        return
    if concern.changing or concern.blocked:
        raise PausedError((CHANGING if concern.changing else BLOCKED).format(vendor=concern.vendor))
    if concern.changed:
        raise TermsChangedError(CHANGED.format(vendor=concern.vendor))
