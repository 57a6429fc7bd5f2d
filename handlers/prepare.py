"""cleared -> prepared: the bank's form filled up to its confirm page, a screenshot, and the fingerprint of it all."""

from __future__ import annotations

from handlers.world import World
from schema.errors import TermsChangedError
from schema.failpoints import reach
from schema.invoice import Invoice
from schema.outcome import Outcome, Prepared
from schema.states import State
from schema.transfer import fingerprint
from schema.vault import sha256


async def prepare(invoice: Invoice, world: World) -> Outcome:
    """Fill the form, read back what the bank would do, leave; nothing is submitted here."""
    payment = await world.store.street.payment(invoice.id)
    assert payment is not None
    if invoice.policy_version != world.policy.version:
        # How many people must approve was reckoned by the other policy; the fingerprint would name this one.
        raise TermsChangedError("The policy changed after the check; check it again.")
    assert invoice.plan is not None
    await reach("prepare.before")
    draft = await world.bank.prepare(payment.transfer, invoice.plan)
    await reach("prepare.after")
    if draft.shown != payment.transfer.terms:
        raise TermsChangedError
    picture = sha256(draft.screenshot)
    mark = fingerprint(
        invoice.id, draft.shown, policy_version=world.policy.version, screenshot_sha256=picture
    )
    prepared = Prepared(
        screenshot_key=await world.blobs.put(draft.screenshot),
        screenshot_sha256=picture,
        fingerprint=mark,
        taken_at=draft.taken_at,
    )
    return Outcome(
        target=State.PREPARED,
        note="Filled the bank's form up to its confirm page",
        facts={"fingerprint": mark, "screenshot_sha256": picture, "reference": payment.transfer.reference},
        prepared=prepared,
    )
