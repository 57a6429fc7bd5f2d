"""What stops a payment on its last steps, looked at before the intent, before the browser, and before the click."""

from __future__ import annotations

from handlers.world import World
from schema.errors import PausedError, TermsChangedError
from schema.ids import PaymentId
from schema.invoice import Payment
from schema.store import Store


async def refuse_when_stopped(payment: Payment, world: World) -> None:
    """PausedError or TermsChangedError when this payment may not go on now."""
    await refuse_when_paused(payment.transfer.payment_id, world.store)
    await refuse_when_vendor_changed(payment, world)


async def refuse_when_paused(payment: PaymentId, store: Store) -> None:
    """PausedError when this payment is paused now; a database that does not answer stops it just as well."""
    pause = await store.operations.pause_on(payment)
    if pause is not None:
        raise PausedError(pause.sentence)


async def refuse_when_vendor_changed(payment: Payment, world: World) -> None:
    """TermsChangedError when the vendor master says by now that this vendor is paid otherwise, or not at all."""
    vendor, t = await world.store.master.vendor(payment.vendor_id), payment.transfer
    assert vendor is not None  # a foreign key
    if vendor.blocked:
        raise TermsChangedError(f"Payments to {vendor.name} were blocked after the check.")
    agreed = (t.beneficiary, t.routing, t.amount.currency)
    same = (vendor.beneficiary, vendor.routing, vendor.currency) == agreed
    if not same or not world.vault.same_account(vendor.account, t.account.print):
        raise TermsChangedError("The vendor master was changed after the check; it would be paid as before.")
