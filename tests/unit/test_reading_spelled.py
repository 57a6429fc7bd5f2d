"""Sums spelled out in words, and what they say about the digits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading.fields import read_fields
from handlers.reading.spelled import spelled_sums
from handlers.reading.words import page_of_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Rupees One Lakh Eighteen Thousand Only", "118000"),
        ("Amount in words: INR Forty-Three Thousand Six Hundred and Sixty Only", "43660"),
        ("Rs. Two Crore Five Lakhs Ten only", "20500010"),
        ("One Thousand One Hundred Eighty Rupees and Fifty Paise Only", "1180.50"),
        ("Rupees Nine Hundred Ninety Nine and paise Five only", "999.05"),
        ("Twelve Hundred Rupees only", "1200"),
        ("US Dollars One Million Two Hundred Thousand Only", "1200000"),
    ],
)
def test_a_spelled_sum_is_read(text: str, value: str) -> None:
    assert spelled_sums(text) == [Decimal(value)]


@pytest.mark.parametrize(
    "text", ["Page one of two", "for office use only", "Rupees", "one hundred percent cotton", ""]
)
def test_other_number_words_are_no_sum(text: str) -> None:
    assert spelled_sums(text) == []


def test_words_that_confirm_the_digits_make_them_sure() -> None:
    found = read_fields(
        (page_of_text(1, "Total Rs. 1,18,000.00\nRupees One Lakh Eighteen Thousand Only"),)
    ).fields.total
    assert found is not None
    assert found.confidence >= 0.95


def test_words_that_contradict_the_digits_are_told() -> None:
    findings = read_fields(
        (page_of_text(1, "Grand Total Rs. 1,81,000.00\nRupees One Lakh Eighteen Thousand Only"),)
    )
    assert findings.fields.total is not None
    assert findings.fields.total.confidence < 0.9
    assert "The amount in words differs from the total in digits." in findings.warnings


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert all(value >= 0 for value in spelled_sums(text))
