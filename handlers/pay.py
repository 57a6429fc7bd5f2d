"""approved -> paying -> paid: the intent is on record before anything is sent; the bank is asked before it is told."""

from __future__ import annotations

from handlers.brake import refuse_when_stopped
from handlers.world import World
from schema.approval import Verdict, is_among
from schema.errors import (
    ConflictError,
    OutcomeUnknownError,
    PermanentError,
    TermsChangedError,
    TransientError,
)
from schema.failpoints import reach
from schema.ids import BlobKey, InvoiceId, Sha256
from schema.invoice import Invoice, Payment
from schema.outcome import Intent, Outcome
from schema.states import State
from schema.store.answers import Asked
from schema.transfer import Permit, Receipt, Terms, fingerprint


async def intend(invoice: Invoice, world: World) -> Outcome:
    """First half: mint the permit from the approvals of this very fingerprint; nothing is sent."""
    payment = await world.store.street.payment(invoice.id)
    assert payment is not None
    await refuse_when_stopped(payment, world)
    assert invoice.fingerprint is not None
    assert invoice.screenshot_sha256 is not None
    terms = payment.transfer.terms
    mark = fingerprint(
        invoice.id, terms, policy_version=world.policy.version, screenshot_sha256=invoice.screenshot_sha256
    )
    if mark != invoice.fingerprint:
        raise TermsChangedError("The terms or the policy changed after the approval; ask again.")
    if is_over(terms, world):
        raise TermsChangedError(f"It was approved for {terms.pay_on:%d %b %Y}, which is over; ask again.")
    chosen = await _approvals(invoice.id, mark, payment.people_needed, world)
    permit = Permit(payment_id=payment.transfer.payment_id, fingerprint=mark, terms=terms)
    return Outcome(
        target=State.PAYING,
        note=f"Going to pay {terms.amount} with reference {terms.reference}",
        facts={"reference": terms.reference, "fingerprint": mark},
        intent=Intent(
            permit=permit,
            approvals=tuple(each.approval_id for each in chosen if each.approval_id),
            approvers=tuple(each.question.person.address for each in chosen),
        ),
    )


def is_over(terms: Terms, world: World) -> bool:
    """Whether the day it was approved for has passed where the bank is."""
    return terms.pay_on < world.clock.now().astimezone(world.zone).date()


async def _approvals(invoice: InvoiceId, mark: Sha256, needed: int, world: World) -> tuple[Asked, ...]:
    """As many approvals of these terms as are needed, all of people who are approvers now."""
    asked = await world.store.answers.questions(invoice, mark)
    said_yes = [each for each in asked if each.verdict is Verdict.APPROVE and each.approval_id is not None]
    chosen = tuple(each for each in said_yes if is_among(each.question.person, world.approvers))[:needed]
    if len(chosen) < needed:
        raise PermanentError("Who approved it is no approver any more; ask again.")
    return chosen


async def pay(invoice: Invoice, world: World) -> Outcome:
    """Second half, at most once: look for our reference in the bank's statement, submit only where it is not.

    After an interruption the same step runs again and so begins with the statement: what was booked is
    recorded, never sent twice. START is on record before the click, and no other click may follow before the first
    one's one-time password is worthless. The bank refuses a reference it has seen, as a last lock.
    """
    payment = await world.store.street.payment(invoice.id)
    assert payment is not None
    assert payment.fingerprint is not None
    assert invoice.plan is not None
    permit = Permit(
        payment_id=payment.transfer.payment_id,
        fingerprint=payment.fingerprint,
        terms=payment.transfer.terms,
    )
    await reach("find.before")
    receipt = await world.bank.find(payment.transfer)
    await reach("find.after")
    found = receipt is not None
    if receipt is None:
        await _refuse_while_under_way(invoice, world)
        _refuse_when_over(payment, world)
        receipt = await _submit(invoice, payment, permit, world)
        await reach("submit.after")
    return await _paid(payment.transfer.terms.reference, receipt, found, world)


async def _refuse_while_under_way(invoice: Invoice, world: World) -> None:
    """The statement may be read a moment too early: a click that was started gets the time it can take."""
    seconds = await world.store.street.submit_wait_s(invoice.id)
    if seconds > 0:
        raise TransientError("An earlier submit may still be under way.", retry_after_s=seconds)


def _refuse_when_over(payment: Payment, world: World) -> None:
    """What waited over midnight ends here: the bank would refuse the date, and another one wants other approvals."""
    terms = payment.transfer.terms
    if not is_over(terms, world):
        return
    then = "have it judged and approved again, or reject it"
    if payment.clicks:
        then = "it was submitted before, so settle it with the bank by hand"
    day = f"{terms.pay_on:%d %b %Y}"
    raise TermsChangedError(
        f"It was approved for {day}, which is over, and the bank does not have it; {then}."
    )


async def _submit(invoice: Invoice, payment: Payment, permit: Permit, world: World) -> Receipt:
    """Click at most once: START is committed before it, by whoever holds the lease at that moment."""
    assert invoice.plan is not None

    async def start() -> None:
        await refuse_when_stopped(payment, world)
        await reach("submit.start.before")
        if not await world.store.street.start_submit(invoice, permit.fingerprint):
            raise ConflictError("Another try has this payment in hand.")
        await reach("submit.start.after")

    await refuse_when_stopped(payment, world)
    try:
        return await world.bank.pay(payment.transfer, invoice.plan, permit, start)
    except OutcomeUnknownError:
        raise
    except TransientError:
        await world.store.street.withdraw_submit(invoice)  # the bank surely booked nothing
        raise


async def _paid(reference: str, receipt: Receipt, found: bool, world: World) -> Outcome:
    key: BlobKey | None = None
    if receipt.screenshot is not None:
        key = await world.blobs.put(receipt.screenshot)
    how = "Found in the bank's statement" if found else "Paid"
    return Outcome(
        target=State.PAID,
        note=f"{how}: {receipt.terms.amount}, bank reference {receipt.bank_reference}",
        facts={
            "reference": reference,
            "bank_reference": receipt.bank_reference,
            "booked_at": receipt.booked_at.isoformat(),
            "simulated": receipt.simulated,
            "found_by_statement": found,
            "receipt_sha256": key,
        },
        receipt=receipt.model_copy(update={"screenshot": None}),
        receipt_screenshot_key=key,
    )
