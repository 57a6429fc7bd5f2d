"""How the bank's pages are read back, and what is compared."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from daemon.adapters.bank_terms import (
    ACCOUNT_REF,
    FACTS,
    LABELS,
    BankPage,
    Shown,
    UnreadableError,
    differing,
    read_receipt,
    read_terms,
)
from schema.ids import InvoiceId, PaymentId
from schema.money import Money
from schema.transfer import Rail, Transfer, reference_of
from schema.vault import Vault, new_master_key
from schema.verdict import REFERENCES, FormField

VAULT = Vault(new_master_key())
ACCOUNT = "50100234567891"
PAYMENT = PaymentId(uuid.UUID(int=7))
TRANSFER = Transfer(
    payment_id=PAYMENT,
    invoice_id=InvoiceId(uuid.UUID(int=8)),
    beneficiary="Deccan Steel Works",
    account=VAULT.seal(ACCOUNT),
    routing="HDFC0000123",
    rail=Rail.NEFT,
    amount=Money(amount=Decimal("118000.00"), currency="INR"),
    reference=reference_of(PAYMENT),
    pay_on=date(2026, 11, 24),
)
CONFIRM = {
    "rail": Shown("NEFT", "NEFT"),
    "beneficiary_name": Shown("Deccan Steel Works", "Deccan Steel Works"),
    "account_number": Shown("5010 0234 5678 91", ACCOUNT),
    "routing": Shown("HDFC0000123", "HDFC0000123"),
    "amount": Shown("₹ 1,18,000.00", "118000.00"),
    "currency": Shown("INR", "INR"),
    "reference": Shown(TRANSFER.reference, TRANSFER.reference),
    "date": Shown("24 Nov 2026", "2026-11-24"),
}
RECEIPT = CONFIRM | {
    "account_number": Shown("XXXXXXXXXX7891", "XXXXXXXXXX7891"),
    "bank_reference": Shown("SIMN52026112300001", "SIMN52026112300001"),
    "status": Shown("Booked", "Booked"),
    "booked_at": Shown("23 Nov 2026, 19:30 IST", "2026-11-23T19:30:00+05:30"),
}


def page_of(fields: dict[str, Shown]) -> BankPage:
    return BankPage("/receipt/1", "Payment receipt", None, "", simulated=True, fields=fields)


def test_every_form_field_has_a_label_and_every_reference_a_fact() -> None:
    assert set(LABELS) == set(FormField)
    assert set(FACTS) | {ACCOUNT_REF} == {reference for _, reference in REFERENCES.values()}


def test_a_confirm_page_reads_back_as_the_terms() -> None:
    assert read_terms(CONFIRM, VAULT) == TRANSFER.terms


@pytest.mark.parametrize("name", CONFIRM)
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(UnreadableError, match=name):
        read_terms({key: value for key, value in CONFIRM.items() if key != name}, VAULT)


@pytest.mark.parametrize(
    ("name", "value", "term"),
    [
        ("rail", Shown("RTGS", "RTGS"), "rail"),
        ("beneficiary_name", Shown("Deccan Steel Work", "Deccan Steel Works"), "beneficiary name"),
        ("account_number", Shown("50100234567892", ACCOUNT), "account number"),
        ("routing", Shown("HDFC0000124", "HDFC0000123"), "IFSC or BIC"),
        ("amount", Shown("₹ 1,18,000.01", "118000.01"), "amount"),
        ("currency", Shown("EUR", "EUR"), "amount"),
        ("date", Shown("25 Nov 2026", "2026-11-25"), "payment date"),
    ],
)
def test_each_changed_term_is_named(name: str, value: Shown, term: str) -> None:
    shown = read_terms(CONFIRM | {name: value}, VAULT)
    assert differing(TRANSFER.terms, shown) == (term,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", Shown("₹ 9,18,000.00", "118000.00")),
        ("amount", Shown("a lot", "a lot")),
        ("amount", Shown("₹ 1,18,000.001", "118000.001")),
        ("rail", Shown("CASH", "CASH")),
        ("reference", Shown("INV-1", "INV-1")),
        ("date", Shown("tomorrow", "tomorrow")),
    ],
)
def test_a_value_that_makes_no_sense_is_named(name: str, value: Shown) -> None:
    with pytest.raises(UnreadableError, match=f"^{name}$"):
        read_terms(CONFIRM | {name: value}, VAULT)


def test_a_receipt_is_read_in_utc() -> None:
    receipt = read_receipt(page_of(RECEIPT), TRANSFER)
    assert receipt.terms == TRANSFER.terms
    assert receipt.booked_at == datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_a_receipt_for_another_account_differs() -> None:
    other = RECEIPT | {"account_number": Shown("XXXXXXXXXX7892", "XXXXXXXXXX7892")}
    assert differing(TRANSFER.terms, read_receipt(page_of(other), TRANSFER).terms) == ("account number",)


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", Shown("Pending", "Pending")), ("booked_at", Shown("noon", "2026-11-23T12:00:00"))],
)
def test_a_receipt_without_status_or_zone_is_none(name: str, value: Shown) -> None:
    with pytest.raises(UnreadableError, match=name):
        read_receipt(page_of(RECEIPT | {name: value}), TRANSFER)


def test_what_was_read_is_not_printed() -> None:
    assert ACCOUNT not in repr(page_of(CONFIRM))
    assert ACCOUNT not in repr(CONFIRM["account_number"])
