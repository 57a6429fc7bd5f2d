"""Every rule in both directions: what makes it speak, and the nearest thing that does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.facts import Facts
from handlers.rules import RULES, judge
from schema.document import Read, StoredReading
from schema.findings import Finding, Severity
from schema.ids import Address, BlobKey, DocumentId, InvoiceId, MailId, PurchaseOrderId, Sha256, VendorId
from schema.invoice import Invoice, PurchaseOrder, Sheets, SourceDocument, Thread, Twin, Vendor
from schema.masking import holds_account
from schema.money import Money
from schema.policy import load_policy
from schema.states import State
from schema.trace import trace_of
from schema.vault import SealedAccount
from schema.verdict import ActionPlan, ValidationReport
from tests.world import ACCOUNT, OTHER_ACCOUNT, TAX_ID, fields

POLICY: Final = load_policy(Path("deploy/policy.toml"))
AT: Final = datetime(2026, 11, 5, 9, 30, tzinfo=UTC)
OURS: Final = SealedAccount(cipher="", print="print-of-ours", last4="5678")
VENDOR: Final = Vendor(
    id=VendorId(UUID(int=1)),
    name="Acme Industrial Supplies Pvt Ltd",
    tax_id=TAX_ID,
    beneficiary="Acme Industrial Supplies Pvt Ltd",
    account=OURS,
    routing="HDFC0000485",
    currency="INR",
    blocked=False,
)
ORDER: Final = PurchaseOrder(
    id=PurchaseOrderId(UUID(int=2)),
    number="PO-2026-0141",
    vendor_id=VENDOR.id,
    total=Money(amount=Decimal("100000.00"), currency="INR"),
    used=Decimal("0.00"),
    open=True,
)
TWIN: Final = Twin(
    id=InvoiceId(UUID(int=3)),
    invoice_number="AIS/8812",
    total=Money(amount=Decimal("84960.00"), currency="INR"),
    state=State.CLOSED,
    same_file=False,
    at=AT,
)

THREAD = Thread(
    mail_id=MailId(UUID(int=5)),
    forwarder=Address("priya@meridian.example"),
    forwarder_name="Priya Nair",
    subject="Fwd: Invoice",
    message_id=None,
    references=(),
    reason="",
    trace=trace_of("a" * 64),
)


def opinion(verdict: str) -> ValidationReport:
    return ValidationReport.model_validate(
        {"verdict": verdict, "risk": "low", "summary": "Compared text and facts.", "checks": ()}
    )


def invoice(
    reads: dict[str, object] | None = None, reading: dict[str, object] | None = None, **changed: Any
) -> Invoice:
    """The clean invoice; `reads` changes fields as read, `reading` the document, the rest the row."""
    read = StoredReading(
        kind="invoice",
        fields=fields(**(reads or {})),
        pages=(),
        page_count=1,
        ocr_pages=(),
        languages=(),
        warnings=(),
    )
    clean = Invoice(
        id=InvoiceId(UUID(int=4)),
        state=State.ASSESSED,
        version=2,
        attempts=1,
        held_from=None,
        reason="",
        thread=THREAD,
        document=SourceDocument(
            name="invoice.pdf", sha256=Sha256("0" * 64), key=BlobKey("0" * 64), type="pdf"
        ),
        reading=read.model_copy(update=reading or {}),
        text_key=None,
        account_print=OURS.print,
        account_last4=OURS.last4,
        report=opinion("consistent"),
        plan=ActionPlan(actions=()),
        refusal=None,
        findings=(),
        vendor_id=None,
        people_needed=None,
        policy_version=None,
        screenshot_key=None,
        screenshot_sha256=None,
        fingerprint=None,
        created_at=AT,
        last_error=None,
    )
    return clean.model_copy(update=changed)


SHEETS: Final = (
    Sheets(
        document_id=DocumentId(UUID(int=6)),
        document=SourceDocument(
            name="bundle.pdf", sha256=Sha256("0" * 64), key=BlobKey("0" * 64), type="pdf"
        ),
        pages=(2, 3),
    ),
)
CLEAN: Final = Facts(
    invoice=invoice(), vendor=VENDOR, found_by="tax id", purchase_order=ORDER, twins=(), policy=POLICY
)


def read(**reads: object) -> Facts:
    """The clean case with some fields read otherwise."""
    return replace(CLEAN, invoice=invoice(reads))


def row(**changed: Any) -> Facts:
    """The clean case with other members of the row."""
    return replace(CLEAN, invoice=invoice(**changed))


def document(**changed: object) -> Facts:
    """The clean case with another document."""
    return replace(CLEAN, invoice=invoice(reading=changed))


def vendor(**changed: object) -> Facts:
    """The clean case with another vendor."""
    return replace(CLEAN, vendor=VENDOR.model_copy(update=changed))


def order(**changed: object) -> Facts:
    """The clean case with another purchase order."""
    return replace(CLEAN, purchase_order=ORDER.model_copy(update=changed))


def money(amount: str, currency: str = "INR") -> dict[str, object]:
    """Fields of a total with no parts to compare it with."""
    return {"total": Decimal(amount), "currency": currency, "net": None, "tax": None}


def sure(value: object, confidence: float) -> Read[Any]:
    return Read(value=value, confidence=confidence, text=str(value))


@dataclass(frozen=True)
class Case:
    """What makes a rule speak, a word its sentence must hold, and the nearest facts on which it is silent."""

    fires: Facts
    says: str
    silent: Facts


WIDE_ORDER: Final = ORDER.model_copy(update={"total": Money(amount=Decimal(90_000_000), currency="INR")})

CASES: Final[dict[str, Case]] = {
    "duplicate_file": Case(
        replace(CLEAN, twins=(TWIN.model_copy(update={"same_file": True}),)),
        "05 Nov 2026 09:30 UTC, and is closed",
        replace(CLEAN, twins=(TWIN,)),
    ),
    "duplicate_number": Case(
        replace(CLEAN, twins=(TWIN,)),
        "AIS/8812",
        replace(CLEAN, twins=(TWIN.model_copy(update={"same_file": True}),)),
    ),
    "not_an_invoice": Case(document(kind="credit_note"), "credit note", document(kind="unknown")),
    "missing_field": Case(read(invoice_number=None), "invoice number", read(due_date=None)),
    "not_a_sum": Case(read(**money("84960.005")), "84960.005", read(**money("84960.5"))),
    "low_confidence": Case(
        read(total=sure(Decimal("84960.00"), 0.69)), "total (69%)", read(total=sure(Decimal("84960.00"), 0.7))
    ),
    "totals_disagree": Case(read(total=Decimal("84961.01")), "72000.00", read(total=Decimal("84961.00"))),
    "readings_disagree": Case(document(warnings=("Two totals.",)), "Two totals.", document(warnings=())),
    "unknown_beneficiary": Case(replace(CLEAN, vendor=None, found_by=None), TAX_ID, CLEAN),
    "blocked_vendor": Case(vendor(blocked=True), "blocked", vendor(blocked=False)),
    "bank_details_changing": Case(vendor(changing=True), "wait for a second person", vendor(changing=False)),
    "other_name": Case(
        read(seller_name="Mallory Traders"), "Mallory Traders", read(seller_name="ACME INDUSTRIAL SUPPLIES")
    ),
    "other_bank_account": Case(
        row(account_print="print-of-another", account_last4="5544"), "XXXXXX5544", row(account_print=None)
    ),
    "ifsc_mismatch": Case(read(ifsc="ICIC0000001"), "ICIC0000001", read(ifsc="hdfc 0000485")),
    "malformed_ifsc": Case(read(ifsc="HDFCO000485"), "HDFCO000485", read(ifsc=None)),
    "other_currency": Case(read(currency="USD"), "USD", CLEAN),
    "no_limit": Case(read(currency="USD"), "USD", CLEAN),
    "above_limit": Case(
        replace(read(**money("50000000.01")), purchase_order=WIDE_ORDER),
        "limit of INR",
        replace(read(**money("1.00")), purchase_order=WIDE_ORDER),
    ),
    "unknown_po": Case(
        replace(CLEAN, purchase_order=None),
        "PO-2026-0141",
        replace(read(po_number=None), purchase_order=None),
    ),
    "foreign_po": Case(order(vendor_id=VendorId(UUID(int=9))), "another vendor", CLEAN),
    "closed_po": Case(order(open=False), "closed", CLEAN),
    "over_po": Case(order(used=Decimal("15041.01")), "INR 84,958.99 left", order(used=Decimal("15041.00"))),
    "actions_refused": Case(row(plan=None, refusal="An unknown operation."), "An unknown operation.", CLEAN),
    "model_suspicious": Case(row(report=opinion("suspicious")), "suspicious", row(report=None)),
    "model_insufficient": Case(row(report=opinion("insufficient")), "could not judge", row(report=None)),
    "corrected": Case(
        read(total=sure(Decimal("84960.00"), 1.0).model_copy(update={"source": "person"})),
        "total is 84960.00",
        read(total=sure(Decimal("84960.00"), 1.0)),
    ),
    "rearranged": Case(
        row(sheets=SHEETS, arranged_by=Address("chitra@meridian.example")),
        "chosen by chitra@meridian.example: bundle.pdf, pages 2 to 3",
        row(sheets=()),
    ),
    "due_before_issue": Case(
        read(due_date=date(2026, 10, 31)), "2026-10-31", read(due_date=date(2026, 11, 1))
    ),
    "found_by_name": Case(replace(CLEAN, found_by="name"), "found by name", CLEAN),
    "no_po": Case(replace(read(po_number=None), purchase_order=None), "no purchase order", CLEAN),
    "two_people": Case(
        replace(read(**money("200000.01")), purchase_order=WIDE_ORDER),
        "two people",
        replace(read(**money("1.00")), purchase_order=WIDE_ORDER),
    ),
}


def said(facts: Facts) -> dict[str, Finding]:
    return {finding.rule: finding for finding in judge(facts)}


def test_every_rule_has_a_case() -> None:
    assert sorted(CASES) == sorted(rule.id for rule in RULES)


def test_a_clean_invoice_has_nothing_to_say() -> None:
    assert judge(CLEAN) == ()


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_speaks_with_its_weight_and_its_words(rule: str) -> None:
    finding = said(CASES[rule].fires)[rule]
    (declared,) = (each for each in RULES if each.id == rule)
    assert finding.severity is declared.severity
    assert CASES[rule].says in finding.sentence


@pytest.mark.parametrize("rule", CASES)
def test_the_rule_is_silent_on_the_nearest_other_case(rule: str) -> None:
    assert rule not in said(CASES[rule].silent)


@pytest.mark.parametrize("limit", ["refuse_above", "two_people_above"])
def test_a_sum_at_the_limit_itself_is_below_it(limit: str) -> None:
    amount: Decimal = getattr(POLICY.limits, limit)["INR"]
    rule = {"refuse_above": "above_limit", "two_people_above": "two_people"}[limit]
    assert rule not in said(replace(read(**money(str(amount))), purchase_order=WIDE_ORDER))
    assert rule in said(replace(read(**money(str(amount + Decimal("0.01")))), purchase_order=WIDE_ORDER))


@pytest.mark.parametrize("amount", ["0.00", "-84960.00"])
def test_nothing_and_less_are_no_sum_to_pay(amount: str) -> None:
    assert "not_a_sum" in said(read(**money(amount)))


def test_a_tax_that_makes_the_total_smaller_is_not_made_good_by_the_tolerance() -> None:
    assert "totals_disagree" in said(read(net=Decimal("84960.00"), tax=Decimal("12960.00")))


def test_a_bic_of_the_head_office_is_the_same_with_and_without_its_branch() -> None:
    facts = replace(
        read(ifsc="COBADEFFXXX", currency="EUR"),
        vendor=VENDOR.model_copy(update={"routing": "COBADEFF", "currency": "EUR"}),
    )
    assert "ifsc_mismatch" not in said(facts)


def test_a_purchase_order_in_another_currency_is_not_enough() -> None:
    assert "over_po" in said(order(total=Money(amount=Decimal(999_999), currency="USD")))


def test_the_name_is_not_compared_where_it_is_what_the_vendor_was_found_by() -> None:
    facts = replace(read(seller_name="Mallory Traders"), found_by="name")
    assert "other_name" not in said(facts)


def test_a_short_name_that_is_part_of_any_name_does_not_pass_for_the_vendor() -> None:
    assert "other_name" in said(read(seller_name="a"))


def test_a_name_of_nothing_but_a_legal_form_does_not_pass_for_the_vendor() -> None:
    assert "other_name" in said(read(seller_name="Pvt. Ltd."))


def test_the_heaviest_finding_comes_first() -> None:
    facts = replace(
        read(**money("9999999999.00"), po_number=None, due_date=date(2020, 1, 1)),
        twins=(TWIN,),
        purchase_order=None,
    )
    weights = [list(Severity).index(finding.severity) for finding in judge(facts)]
    assert weights == sorted(weights, reverse=True)
    assert {finding.severity for finding in judge(facts)} == set(Severity)


def test_findings_of_one_weight_keep_their_telling_order() -> None:
    told = [
        finding.rule for finding in judge(replace(CLEAN, vendor=None, found_by=None, purchase_order=None))
    ]
    assert told == ["unknown_beneficiary", "unknown_po"]


@pytest.mark.parametrize("field", ["seller_name", "seller_tax_id", "ifsc", "po_number", "invoice_number"])
@given(account=st.sampled_from([ACCOUNT, OTHER_ACCOUNT, "DE89370400440532013000", "5020 0012 3456 78"]))
def test_an_account_number_in_any_field_is_masked_in_what_is_said(field: str, account: str) -> None:
    facts = replace(read(**{field: f"No {account}"}), vendor=None, found_by=None, purchase_order=None)
    for finding in judge(facts):
        assert not holds_account(finding.sentence)
        assert not any(holds_account(value) for value in finding.evidence.values())


def test_an_account_number_in_the_models_summary_is_masked() -> None:
    report = opinion("suspicious").model_copy(update={"summary": f"It names {ACCOUNT}."})
    assert said(row(report=report))["model_suspicious"].evidence == {"summary": "It names XXXXXX5678."}


def test_braces_in_a_strangers_text_are_only_text() -> None:
    finding = said(document(warnings=("{first} {0.__class__}",)))["readings_disagree"]
    assert "{0.__class__}" in finding.sentence
