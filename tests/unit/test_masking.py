"""No account number can be read in masked text, whatever its script, grouping or surroundings; other facts stay."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from schwifty import IBAN
from schwifty.registry import get_countries, get_iban_spec

from schema.masking import IBAN_LENGTHS, MaskedInvoice, holds_account, latin_digits, mask, mask_account

SEPARATORS = st.sampled_from(
    ["", " ", "  ", "-", " - ", ".", "/", "\u00a0", "\u202f", "\u2009", "\u2011", "–", "_"]
)
SCRIPTS = st.sampled_from(["0", "०", "૦", "০", "௦", "٠", "0"])
PROSE = st.text(st.sampled_from("abcXYZ ,;:()\n₹कखगDEGB"), max_size=30)
ACCOUNTS = st.text("0123456789", min_size=9, max_size=18)
IBANS = [
    "DE89370400440532013000",
    "GB29NWBK60161331926819",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "AE070331234567890123456",
    "CH9300762011623852957",
    "IT60X0542811101000000123456",
]


def in_script(number: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(each)) if each.isdigit() else each for each in number)


def grouped(number: str, sizes: list[int], separator: str) -> str:
    groups, rest = [], number
    for size in sizes:
        if rest:
            groups.append(rest[:size])
            rest = rest[size:]
    return separator.join([*groups, rest] if rest else groups)


def readable_digits(text: str) -> str:
    return "".join(character for character in latin_digits(text) if character.isdigit())


@given(ACCOUNTS, st.lists(st.integers(3, 6), min_size=1, max_size=6), SEPARATORS, SCRIPTS, PROSE, PROSE)
def test_an_account_in_any_grouping_and_script_is_not_left(
    account: str, sizes: list[int], separator: str, zero: str, before: str, after: str
) -> None:
    printed = in_script(grouped(account, sizes, separator), zero)
    masked = mask(f"{before} {printed} {after}")
    assert len(readable_digits(masked)) <= 4


@given(ACCOUNTS, PROSE, PROSE)
def test_the_last_four_stay(account: str, before: str, after: str) -> None:
    assert f"XXXXXX{account[-4:]}" in mask(f"{before}:{account};{after}")


@pytest.mark.parametrize("iban", IBANS)
@pytest.mark.parametrize("separator", ["", " ", "-", "\u00a0", "\u202f"])
@pytest.mark.parametrize("change", [str.upper, str.lower], ids=["upper", "lower"])
def test_an_iban_in_groups_of_four_is_not_left(iban: str, separator: str, change: Any) -> None:
    printed = separator.join(iban[start : start + 4] for start in range(0, len(iban), 4))
    assert mask(f"IBAN: {change(printed)} BIC: COBADEFF") == f"IBAN: XXXXXX{iban[-4:]} BIC: COBADEFF"


@pytest.mark.parametrize(
    "unseen", ["\u2060", "\u200c", "\u200d", "\ufeff", "\u200e", "\u034f", "\ufe0f"], ids=ascii
)
def test_a_number_with_what_is_not_seen_in_it_is_not_left(unseen: str) -> None:
    assert mask(f"pay 5021{unseen}0012{unseen}3412{unseen}34") == "pay XXXXXX1234"


@given(st.sampled_from(sorted(set(get_countries()) & set(IBAN_LENGTHS))), st.data())
def test_a_random_iban_of_every_country_is_not_left(country: str, data: st.DataObject) -> None:
    bban = data.draw(
        st.text("0123456789", min_size=IBAN_LENGTHS[country] - 4, max_size=IBAN_LENGTHS[country] - 4)
    )
    assert mask(f"{country}21{bban}") == f"XXXXXX{bban[-4:]}"


def test_the_lengths_of_ibans_are_the_registrys() -> None:
    registry = {country: get_iban_spec(country).iban_length for country in get_countries()}
    assert {country: IBAN_LENGTHS.get(country) for country in registry} == registry


def test_the_ibans_of_these_tests_are_real() -> None:
    assert all(IBAN(iban).is_valid for iban in IBANS)


@given(st.text(st.sampled_from("0123456789०१२३ -./\n\tXADEGB89,:₹"), max_size=120))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.text(max_size=200))
def test_masked_text_holds_no_account(text: str) -> None:
    assert not holds_account(mask(text))


@given(st.text(st.sampled_from("0123456789०१२ -./"), max_size=80))
def test_no_nine_digits_in_a_row_are_left(text: str) -> None:
    assert not re.search(r"\d{9}", mask(text))


@pytest.mark.parametrize(
    "text",
    [
        "27AAPFU0939F1ZV",
        "GSTIN 27AAPFU0939F1Z5 12/08/2024",
        "GSTIN 27AAEFR1234A1ZB Invoice no 123456",
        "1,18,000.00",
        "₹ 1,18,000.00 12/08/2024 2,000.00",
        "12/08/2024",
        "01.11.2026 30.11.2026",
        "2026-11-01 to 2026-11-30",
        "1.190,00 EUR",
        "118000.00 21240.00 139240.00",
        "1234567.00",
        "HSN 998314 10 1000.00 10000.00",
        "10\n20\n30\n40\n50",
        "118000\n118000",
        "No12 of the month of May",
        "HDFC0001234",
        "PO-2026-0117",
        "१,१८,०००.००",
        "XXXXXX1234",
    ],
)
def test_other_facts_stay_readable(text: str) -> None:
    assert mask(text) == text


def test_a_number_broken_over_two_lines_is_not_left() -> None:
    assert mask("A/c 5021 0012\n3412 3412") == "A/c XXXXXX3412"


def test_an_account_between_date_and_sum_is_masked_alone() -> None:
    assert mask("12/08/2024 502100123412 118000.00") == "12/08/2024 XXXXXX3412 118000.00"


def test_a_sort_code_is_no_date() -> None:
    assert mask("20-45-45 55779911") == "XXXXXX9911"


def test_a_short_account_shows_only_two() -> None:
    assert mask_account("12345678") == "XXXXXX78"


FACTS: dict[str, Any] = {
    "vendor_name": "Asha Traders",
    "po_id": "PO-2026-0117",
    "amount": "118000.00",
    "currency": "INR",
    "issue_date": "2026-11-01",
    "due_date": None,
    "account_last4": "1234",
    "tax_id": "27AAPFU0939F1ZV",
    "excerpt": "Total 1,18,000.00",
}


def test_an_ordinary_invoice_may_leave() -> None:
    assert MaskedInvoice(**FACTS).amount == "118000.00"


@pytest.mark.parametrize("field", sorted(FACTS))
@given(account=ACCOUNTS)
def test_no_field_takes_a_full_number(field: str, account: str) -> None:
    with pytest.raises(ValidationError):
        MaskedInvoice(**FACTS | {field: account})


@pytest.mark.parametrize("field", sorted(FACTS))
@pytest.mark.parametrize("iban", IBANS)
def test_no_field_takes_an_iban(field: str, iban: str) -> None:
    with pytest.raises(ValidationError):
        MaskedInvoice(**FACTS | {field: iban})


@pytest.mark.parametrize("tax_id", ["27AAPFU0939F1ZV", "DE123456789", "FRXX123456789", "NO123456789MVA"])
def test_a_tax_number_is_taken(tax_id: str) -> None:
    assert MaskedInvoice(**FACTS | {"tax_id": tax_id}).tax_id == tax_id


@pytest.mark.parametrize("tax_id", ["IN50210012341", "XX123456789", "502100123412", "hello"])
def test_what_is_no_tax_number_is_refused(tax_id: str) -> None:
    with pytest.raises(ValidationError):
        MaskedInvoice(**FACTS | {"tax_id": tax_id})


@pytest.mark.parametrize("amount", ["118000", "99999999.99", "123456789.00", "-500.00"])
def test_a_sum_is_taken(amount: str) -> None:
    assert MaskedInvoice(**FACTS | {"amount": amount}).amount == amount


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        MaskedInvoice(**FACTS | {"account": "1234"})
