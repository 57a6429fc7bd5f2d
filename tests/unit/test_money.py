"""Sums are exact, never rounded on the way in, and grouped as their country writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schema.money import Money

SUMS = st.decimals(-(10**14), 10**14, places=2, allow_nan=False, allow_infinity=False)


def money(amount: str, currency: str = "INR") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("0", "INR", "INR 0.00"),
        ("999.5", "INR", "INR 999.50"),
        ("1000", "INR", "INR 1,000.00"),
        ("118000", "INR", "INR 1,18,000.00"),
        ("12345678.9", "INR", "INR 1,23,45,678.90"),
        ("-118000", "INR", "INR -1,18,000.00"),
        ("1E+5", "INR", "INR 1,00,000.00"),
        ("1190", "EUR", "EUR 1,190.00"),
        ("1234567.89", "USD", "USD 1,234,567.89"),
        ("5000", "JPY", "JPY 5,000"),
        ("1.234", "KWD", "KWD 1.234"),
    ],
)
def test_a_sum_is_shown_as_its_country_groups_it(amount: str, currency: str, shown: str) -> None:
    assert str(money(amount, currency)) == shown


@given(SUMS)
def test_grouping_changes_no_digit(amount: Decimal) -> None:
    shown = str(Money(amount=amount, currency="INR"))
    assert Decimal(shown.removeprefix("INR ").replace(",", "")) == amount


@given(SUMS)
def test_a_bank_form_gets_the_exact_sum(amount: Decimal) -> None:
    assert Decimal(Money(amount=amount, currency="EUR").plain()) == amount


@given(SUMS)
def test_a_sum_survives_being_stored(amount: Decimal) -> None:
    given_sum = Money(amount=amount, currency="INR")
    assert Money.model_validate_json(given_sum.model_dump_json()) == given_sum


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1.001", "INR"),
        ("1.5", "JPY"),
        ("1.2345", "KWD"),
        ("NaN", "INR"),
        ("Infinity", "INR"),
        ("1E+19", "INR"),
    ],
)
def test_a_sum_the_currency_does_not_have_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValidationError):
        money(amount, currency)


@pytest.mark.parametrize("amount", [0.1, True])
def test_a_float_is_refused(amount: float) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": amount, "currency": "INR"})


@pytest.mark.parametrize("currency", ["inr", "₹", "INRS", ""])
def test_a_currency_has_three_capitals(currency: str) -> None:
    with pytest.raises(ValidationError):
        money("1", currency)
