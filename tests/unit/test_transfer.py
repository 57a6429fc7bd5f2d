"""The fingerprint: any one term different is another; how a number or a zero was written is not."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from schema.ids import InvoiceId, PaymentId, Reference, Sha256
from schema.money import Money
from schema.transfer import Rail, Terms, Transfer, canonical, fingerprint, reference_of
from schema.vault import Vault, new_master_key

INVOICE = InvoiceId(UUID(int=1))
SHOT = Sha256("0" * 64)
TERMS = Terms(
    beneficiary="Acme Industrial Supplies Pvt Ltd",
    account_print="f" * 64,
    account_last4="5678",
    routing="HDFC0000485",
    rail=Rail.NEFT,
    amount=Money(amount=Decimal("84960.00"), currency="INR"),
    reference=Reference("CS" + "A" * 20),
    pay_on=date(2026, 11, 5),
)

OTHERS: dict[str, st.SearchStrategy[Any]] = {
    "beneficiary": st.text(),
    "account_print": st.text("0123456789abcdef", min_size=64, max_size=64),
    "account_last4": st.text("0123456789", min_size=4, max_size=4),
    "routing": st.text("ABCDEFGHIJ0123456789", min_size=8, max_size=11),
    "rail": st.sampled_from(Rail),
    "amount": st.builds(
        Money,
        amount=st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10**9), places=2),
        currency=st.sampled_from(["INR", "EUR", "USD"]),
    ),
    "reference": st.from_regex(r"\ACS[A-Z2-7]{20}\Z").map(Reference),
    "pay_on": st.dates(),
}


def mark(terms: Terms = TERMS, **changed: Any) -> Sha256:
    usual: dict[str, Any] = {
        "invoice": INVOICE,
        "policy_version": "2f47",
        "screenshot_sha256": SHOT,
    } | changed
    return fingerprint(usual.pop("invoice"), terms, **usual)


def test_every_term_is_tried() -> None:
    assert set(OTHERS) == set(Terms.model_fields)


@pytest.mark.parametrize("term", OTHERS)
@given(data=st.data())
def test_another_term_is_another_fingerprint(term: str, data: st.DataObject) -> None:
    value = data.draw(OTHERS[term])
    assume(value != getattr(TERMS, term))
    assert mark(TERMS.model_copy(update={term: value})) != mark()


@pytest.mark.parametrize("name", ["invoice", "policy_version", "screenshot_sha256"])
@given(seed=st.uuids())
def test_another_invoice_policy_or_picture_is_another_fingerprint(name: str, seed: UUID) -> None:
    assume(seed != INVOICE)
    other: dict[str, Any] = {name: seed if name == "invoice" else seed.hex}
    assert mark(**other) != mark()


@pytest.mark.parametrize("written", ["84960", "84960.0", "84960.000", "8496E+1"])
def test_zeros_that_a_database_or_a_page_adds_change_nothing(written: str) -> None:
    amount = Money(amount=Decimal(written), currency="INR")
    assert mark(TERMS.model_copy(update={"amount": amount})) == mark()


def test_a_fingerprint_outlives_a_trip_through_json() -> None:
    assert mark(Terms.model_validate_json(TERMS.model_dump_json())) == mark()


def test_no_text_can_pass_from_one_term_into_the_next() -> None:
    one = TERMS.model_copy(update={"beneficiary": 'A","rail":"SEPA', "routing": "B"})
    two = TERMS.model_copy(update={"beneficiary": "A", "routing": '","rail":"SEPAB'})
    assert mark(one) != mark(two)


def test_the_fingerprint_of_known_terms_never_changes() -> None:
    assert mark() == "eed4a9fb7a2de1948313d68370faf7505d49650f4fa8a42890cc9e39ad2b3e3a"


@given(st.uuids(), st.uuids())
def test_each_payment_has_a_reference_of_its_own(one: UUID, two: UUID) -> None:
    assume(one != two)
    assert reference_of(PaymentId(one)) != reference_of(PaymentId(two))


@given(st.uuids())
def test_a_reference_is_derived_and_has_its_form(payment: UUID) -> None:
    reference = reference_of(PaymentId(payment))
    assert reference == reference_of(PaymentId(payment))
    assert TERMS.model_copy(update={"reference": reference}).reference == reference
    Terms.model_validate(TERMS.model_dump() | {"reference": reference})


@pytest.mark.parametrize("reference", ["CS" + "A" * 19, "CS" + "1" * 20, "XX" + "A" * 20, "CS" + "a" * 20])
def test_a_reference_of_another_form_is_refused(reference: str) -> None:
    with pytest.raises(ValidationError):
        Terms.model_validate(TERMS.model_dump() | {"reference": reference})


def test_the_terms_of_a_transfer_hold_no_full_account_number() -> None:
    vault, payment = Vault(new_master_key()), PaymentId(uuid4())
    transfer = Transfer(
        payment_id=payment,
        invoice_id=INVOICE,
        beneficiary=TERMS.beneficiary,
        account=vault.seal("50200012345678"),
        routing=TERMS.routing,
        rail=TERMS.rail,
        amount=TERMS.amount,
        reference=reference_of(payment),
        pay_on=TERMS.pay_on,
    )
    assert "50200012345678" not in transfer.terms.model_dump_json()
    assert "50200012345678" not in repr(transfer)
    assert transfer.terms.account_print == vault.print("5020 0012 3456 78")


def test_canonical_bytes_have_one_form_whatever_the_order() -> None:
    assert canonical({"b": 1, "a": "नया"}) == canonical({"a": "नया", "b": 1}) == '{"a":"नया","b":1}'.encode()


@given(st.integers(1, 400))
def test_another_day_is_another_fingerprint(days: int) -> None:
    assert mark(TERMS.model_copy(update={"pay_on": TERMS.pay_on + timedelta(days)})) != mark()
