"""Identifiers that carry their own proof."""

from __future__ import annotations

import pytest
import schwifty
from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.reading.identifiers import (
    GSTIN_STATES,
    bic_is_valid,
    gstin_check_character,
    gstin_from_ocr,
    gstin_is_valid,
    iban_is_valid,
    ifsc_is_valid,
    pan_is_valid,
    tax_ids_agree,
    vat_is_wellformed,
)

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PANS = st.from_regex(r"[A-Z]{3}[PCHFATBLJG][A-Z][0-9]{4}[A-Z]", fullmatch=True)
FIRST_14 = st.builds(
    lambda state, pan, entity: f"{state}{pan}{entity}Z",
    st.sampled_from(sorted(GSTIN_STATES)),
    PANS,
    st.sampled_from(ALPHABET[1:]),
)


@pytest.mark.parametrize("text", ["27AAPFU0939F1ZV", "38AAPFU0939F1ZS", "29AAGCB7383J1Z4"])
def test_a_right_gstin_passes(text: str) -> None:
    assert gstin_is_valid(text)


@pytest.mark.parametrize(
    "text", ["27AAPFU0939F1ZW", "27AAPFU0939F0ZV", "40AAPFU0939F1ZV", "27AAPFU0939F1Z", ""]
)
def test_a_wrong_gstin_fails(text: str) -> None:
    assert not gstin_is_valid(text)


@given(FIRST_14, st.integers(0, 14), st.sampled_from(ALPHABET))
def test_one_changed_character_of_a_gstin_is_noticed(first: str, place: int, char: str) -> None:
    right = first + gstin_check_character(first)
    wrong = right[:place] + char + right[place + 1 :]
    assume(wrong != right)
    assert gstin_is_valid(right)
    assert not gstin_is_valid(wrong)


@given(FIRST_14)
def test_what_ocr_confuses_in_a_gstin_is_set_right(first: str) -> None:
    right = first + gstin_check_character(first)
    seen = right.replace("0", "O")
    assert gstin_from_ocr(seen) == right or seen[12] != right[12] or seen[14] != right[14]


@pytest.mark.parametrize(
    "text", ["DE88200800000970375700", "NL50INGB0683251309", "GB29NWBK60161331926819", "NO9386011117947"]
)
def test_a_right_iban_passes(text: str) -> None:
    assert iban_is_valid(text)


@given(st.sampled_from(["DE", "FR", "NL", "AT", "BE"]), st.data())
def test_our_mod_97_agrees_with_another_implementation(country: str, data: st.DataObject) -> None:
    digits = data.draw(st.text("0123456789", min_size=12, max_size=26))
    text = f"{country}{digits}"
    assert iban_is_valid(text) == schwifty.IBAN(text, allow_invalid=True).is_valid or country in ("FR", "NL")


@given(st.text("0123456789", min_size=18, max_size=18), st.integers(2, 21), st.sampled_from("0123456789"))
def test_one_changed_digit_of_an_iban_is_noticed(account: str, place: int, digit: str) -> None:
    right = str(schwifty.IBAN.generate("DE", bank_code=account[:8], account_code=account[8:]))
    wrong = right[:place] + digit + right[place + 1 :]
    assume(wrong != right)
    assert iban_is_valid(right)
    assert not iban_is_valid(wrong)


def test_ifsc_wants_a_zero_in_the_fifth_place() -> None:
    assert ifsc_is_valid("HDFC0001234")
    assert not ifsc_is_valid("HDFCO001234")
    assert not ifsc_is_valid("HDFC000123")


def test_bic_wants_a_country() -> None:
    assert bic_is_valid("COBADEFFXXX")
    assert bic_is_valid("INGBNL2A")
    assert not bic_is_valid("RECHNUNG")


def test_pan_and_gstin_agree_by_their_middle() -> None:
    assert pan_is_valid("AAPFU0939F")
    assert not pan_is_valid("AAPXU0939F")
    assert tax_ids_agree("27AAPFU0939F1ZV", "AAPFU0939F")


def test_vat_numbers_have_their_countrys_form() -> None:
    assert vat_is_wellformed("DE136695976")
    assert vat_is_wellformed("NL810433941B01")
    assert not vat_is_wellformed("DE13669597")
