"""`countersign pause` and `resume`: the operator's kill switch for all payments or one vendor's."""

from __future__ import annotations

from daemon.settings import Settings
from daemon.wiring import open_books


async def pause_payments(settings: Settings, vendor: str, *, by: str, note: str) -> str:
    """Stop payments from this moment on; a click that was made before is not taken back."""
    whom = f"to the vendor {vendor}" if vendor else "to everyone"
    async with open_books(settings) as (store, _):
        done = await store.operations.pause(vendor or None, by=by, note=note)
    return f"Payments {whom} are paused." if done else f"Payments {whom} were paused already."


async def resume_payments(settings: Settings, vendor: str, *, by: str, note: str) -> str:
    """End a pause; what waited for it goes on at once. The other pauses, if any, are named."""
    whom = f"to the vendor {vendor}" if vendor else "to everyone"
    async with open_books(settings) as (store, _):
        done = await store.operations.resume(vendor or None, by=by, note=note)
        left = await store.operations.pauses()
    sentence = f"Payments {whom} go on." if done else f"Payments {whom} were not paused."
    return " ".join([sentence, *(f"Still: {pause.sentence}." for pause in left)])
