"""Sums of money as printed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading.amounts import currency_in, decimal_mark, parse_amount, to_ascii_digits

CENTS = st.integers(min_value=0, max_value=10**11)


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("1,18,000.00", "118000.00"),
        ("₹1,18,000.00", "118000.00"),
        ("Rs.500/-", "500"),
        ("Rs. 1,180.00", "1180.00"),
        ("INR 12,34,56,789", "123456789"),
        ("1.234,56", "1234.56"),
        ("1.234.567,89 €", "1234567.89"),
        ("1 234,56", "1234.56"),
        ("1'234.50", "1234.50"),
        ("$4.11", "4.11"),
        ("RM9.00", "9.00"),
        ("-8,79", "-8.79"),
        ("(35,13", None),
        ("(35.13)", "-35.13"),
        ("1,250.00-", "-1250.00"),
        ("1,250.00 CR", "-1250.00"),
        ("१,१८,०००.००", "118000.00"),
        ("0,00", "0.00"),
    ],
)
def test_a_printed_sum_is_read(printed: str, value: str | None) -> None:
    assert parse_amount(printed) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "abc",
        "12/08/2024",
        "1,2,3",
        "1,23,45.00.1",
        "12-34",
        "99,99,99",
        "INV-100",
        "1234567890123456",
        "19%",
        ".",
    ],
)
def test_what_is_not_one_sum_is_nothing(printed: str) -> None:
    assert parse_amount(printed) is None


@pytest.mark.parametrize(
    ("mark", "value"), [(".", Decimal("1.234")), (",", Decimal("1234")), (None, Decimal("1.234"))]
)
def test_the_document_decides_what_a_single_mark_means(mark: str | None, value: Decimal) -> None:
    assert parse_amount("1.234", mark) == value


def test_the_decimal_mark_is_that_of_most_sums() -> None:
    assert decimal_mark(["1.234,56", "10,00", "7.00"]) == ","
    assert decimal_mark(["no", "sums"]) is None


def test_the_currency_of_a_sum_is_its_sign() -> None:
    assert currency_in("₹1,180.00") == "INR"
    assert currency_in("1.180,00 €") == "EUR"
    assert currency_in("1180") is None


@given(CENTS, st.sampled_from(["", "-"]))
def test_english_grouping_reads_back(cents: int, sign: str) -> None:
    assert parse_amount(f"{sign}{cents // 100:,}.{cents % 100:02d}") == Decimal(f"{sign}{cents}").scaleb(-2)


@given(CENTS)
def test_european_grouping_reads_back(cents: int) -> None:
    printed = f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d}"
    assert parse_amount(printed, ",") == Decimal(cents).scaleb(-2)


@given(CENTS)
def test_indian_grouping_reads_back(cents: int) -> None:
    whole = str(cents // 100)
    head, tail = whole[:-3], whole[-3:]
    groups = [head[max(0, i - 2) : i] for i in range(len(head), 0, -2)][::-1]
    printed = ",".join([*groups, tail]) + f".{cents % 100:02d}"
    assert parse_amount(printed) == Decimal(cents).scaleb(-2)


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser_and_a_value_has_the_digits_printed(text: str) -> None:
    value = parse_amount(text)
    if value is not None:
        printed = [char for char in to_ascii_digits(text) if char in "0123456789"]
        shown = [char for char in f"{abs(value):f}" if char.isdigit()]
        assert "".join(shown).strip("0") == "".join(printed).strip("0")
