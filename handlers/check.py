"""assessed -> cleared, held or rejected: look up what the house knows, run the rules, fix the transfer."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from handlers.facts import Facts
from handlers.rules import judge
from handlers.world import World
from schema.findings import Severity
from schema.ids import PaymentId
from schema.invoice import Invoice, PurchaseOrder, Vendor
from schema.money import Money
from schema.outcome import Cleared, Outcome
from schema.policy import Policy
from schema.states import State
from schema.store.master import number_key
from schema.transfer import Rail, Transfer, reference_of

HEAVY: Final = {Severity.REJECT: State.REJECTED, Severity.HOLD: State.HELD}


async def check(invoice: Invoice, world: World) -> Outcome:
    """Judge the invoice; only vendor master and PO decide who is paid and where."""
    facts = await gather(invoice, world)
    findings = judge(facts)
    vendor_id = facts.vendor.id if facts.vendor else None
    told = {"findings": [f"{finding.severity}: {finding.rule}" for finding in findings]}
    if findings and findings[0].severity in HEAVY:
        return Outcome(
            target=HEAVY[findings[0].severity],
            note=" ".join(f.sentence for f in findings if f.severity is findings[0].severity),
            facts=told,
            findings=findings,
            vendor_id=vendor_id,
        )
    assert facts.vendor is not None
    assert facts.total is not None
    transfer = _transfer(invoice, facts.vendor, facts.total, world)
    cleared = Cleared(
        transfer=transfer,
        vendor_id=facts.vendor.id,
        purchase_order=facts.purchase_order,
        duplicate_key=f"{facts.vendor.id}:{number_key(facts.fields.invoice_number.value or '')}",
        people_needed=await _people_needed(invoice, facts.total, world),
    )
    terms = transfer.terms.model_dump(mode="json")
    return Outcome(
        target=State.CLEARED,
        note=f"Cleared to pay {transfer.amount} to {transfer.beneficiary} by {transfer.rail}",
        facts=told | {"terms": terms, "policy": world.policy.version},
        findings=findings,
        vendor_id=vendor_id,
        cleared=cleared,
    )


async def gather(invoice: Invoice, world: World) -> Facts:
    """Everything the rules may know, looked up by exact keys; nothing is guessed."""
    assert invoice.reading is not None
    fields, master = invoice.reading.fields, world.store.master
    vendor, found_by = await _vendor(invoice, world)
    po: PurchaseOrder | None = None
    if fields.po_number.value:
        po = await master.purchase_order(fields.po_number.value, besides=invoice.id)
    return Facts(
        invoice=_with_comparable_print(invoice, vendor, world),
        vendor=vendor,
        found_by=found_by,
        purchase_order=po,
        twins=await master.twins(
            invoice.id,
            vendor.id if vendor else None,
            fields.invoice_number.value,
        ),
        policy=world.policy,
    )


def _with_comparable_print(invoice: Invoice, vendor: Vendor | None, world: World) -> Invoice:
    """While master keys change, vendor and document may carry prints of two keys: equal numbers get equal prints."""
    if vendor is None or invoice.account_print is None:
        return invoice
    if not world.vault.same_account(vendor.account, invoice.account_print):
        return invoice
    return invoice.model_copy(update={"account_print": vendor.account.print})


async def _vendor(invoice: Invoice, world: World) -> tuple[Vendor | None, str | None]:
    assert invoice.reading is not None
    fields = invoice.reading.fields
    if fields.seller_tax_id.value:
        vendor = await world.store.master.vendor_by_tax_id(fields.seller_tax_id.value)
        if vendor:
            return vendor, "tax id"
    if fields.seller_name.value:
        vendor = await world.store.master.vendor_by_name(fields.seller_name.value)
        if vendor:
            return vendor, "name"
    return None, None


async def _people_needed(invoice: Invoice, total: Money, world: World) -> int:
    """As the policy says; and two where an approver has a hand in it, so that nobody approves their own words.

    A hand in it has who corrected the invoice, chose its pages, or forwarded pages that were merged into it.
    """
    needed = world.policy.people_needed(total)
    approvers = {person.address for person in world.approvers}
    corrections = await world.store.corrections.of_invoice(invoice.id)
    hands = await world.store.arrangements.hands(invoice.id) | {each.address for each in corrections}
    return max(needed, 2) if hands & approvers else needed


def _transfer(invoice: Invoice, vendor: Vendor, total: Money, world: World) -> Transfer:
    """The transfer: payee, account and routing from the vendor master, the sum from the invoice."""
    payment_id = PaymentId(uuid4())
    return Transfer(
        payment_id=payment_id,
        invoice_id=invoice.id,
        beneficiary=vendor.beneficiary,
        account=vendor.account,
        routing=vendor.routing,
        rail=rail_for(total, world.policy),
        amount=total,
        reference=reference_of(payment_id),
        pay_on=world.clock.now().astimezone(world.zone).date(),
    )


def rail_for(total: Money, policy: Policy) -> Rail:
    """The rail a sum travels on: SEPA for euro, RTGS from its minimum, else NEFT (RBI)."""
    if total.currency == "EUR":
        return Rail.SEPA
    return Rail.RTGS if total.amount >= policy.rails.rtgs_from else Rail.NEFT
