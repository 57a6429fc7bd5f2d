"""The mock bank's form rules, codes, amounts, tries and trouble, without a bank around them."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from mockbank import ifsc, money
from mockbank.faults import FAULTS, Fault, fault_of, tampered
from mockbank.otp import step_of
from mockbank.server import is_loopback
from mockbank.sessions import Sessions
from mockbank.settings import Settings
from mockbank.terms import RAILS, Problems, Terms, check_payee, check_terms
from mockbank.tries import Tries

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
SECRET = "SIMULATEDBANKSECRETFORDEMOUSEONL"
RUPEES = {
    "rail": "NEFT",
    "beneficiary_name": "Sahyadri Precision Tools Pvt. Ltd.",
    "account_number": "5010 0234 567890",
    "routing": "hdfc0001234",
    "amount": "118000.00",
    "currency": "INR",
    "reference": "CS/INV-2026-118",
    "date": "2026-11-23",
    "remark": "",
}
EURO = RUPEES | {
    "rail": "SEPA",
    "account_number": "DE89 3704 0044 0532 0130 00",
    "routing": "COBADEFFXXX",
    "currency": "EUR",
}


def problems_of(form: dict[str, str]) -> Problems:
    found = check_terms(form, TODAY)
    return found if isinstance(found, dict) else {}


def test_a_right_form_becomes_terms_with_compact_codes() -> None:
    assert check_terms(RUPEES, TODAY) == Terms(
        "NEFT",
        RUPEES["beneficiary_name"],
        "50100234567890",
        "HDFC0001234",
        118000_00,
        "INR",
        "CS/INV-2026-118",
        TODAY,
        "",
    )


def test_a_right_sepa_form_becomes_terms() -> None:
    terms = check_terms(EURO, TODAY)
    assert isinstance(terms, Terms)
    assert (terms.account_number, terms.currency) == ("DE89370400440532013000", "EUR")


@pytest.mark.parametrize(
    ("change", "field", "part"),
    [
        ({"rail": "SWIFT"}, "rail", "Choose a rail"),
        ({"currency": "EUR"}, "currency", "INR only"),
        ({"beneficiary_name": ""}, "beneficiary_name", "Enter"),
        ({"beneficiary_name": "x" * 71}, "beneficiary_name", "at most 70"),
        ({"beneficiary_name": "a\u202eb"}, "beneficiary_name", "cannot be printed"),
        ({"account_number": "12345678"}, "account_number", "9 to 18 digits"),
        ({"account_number": "५०१००२३४५६७८९०"}, "account_number", "9 to 18 digits"),
        ({"routing": "HDFCO001234"}, "routing", "a zero"),
        ({"routing": "ZZZZ0001234"}, "routing", "prefix ZZZZ"),
        ({"amount": "118000"}, "amount", "two decimal places"),
        ({"amount": "1,18,000.00"}, "amount", "two decimal places"),
        ({"amount": "0.00"}, "amount", "more than zero"),
        ({"amount": "-1.00"}, "amount", "two decimal places"),
        ({"rail": "RTGS", "amount": "199999.99"}, "amount", "₹ 2,00,000.00 or more"),
        ({"rail": "IMPS", "amount": "500000.01"}, "amount", "₹ 5,00,000.00 at most"),
        ({"reference": ""}, "reference", "1 to 35"),
        ({"reference": "x" * 36}, "reference", "1 to 35"),
        ({"reference": "CS 1"}, "reference", "1 to 35"),
        ({"date": "2026-11-22"}, "date", "between 2026-11-23 and 2026-12-23"),
        ({"date": "2026-12-24"}, "date", "between"),
        ({"date": "20261123"}, "date", "Choose"),
        ({"date": "2026-02-30"}, "date", "Choose"),
        ({"remark": "x" * 71}, "remark", "at most 70"),
    ],
)
def test_a_wrong_field_alone_is_named(change: dict[str, str], field: str, part: str) -> None:
    problems = problems_of(RUPEES | change)
    assert list(problems) == [field]
    assert part in problems[field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account_number": "DE89370400440532013001"}, "account_number"),
        ({"account_number": "BR1800360305000010009795493C1"}, "account_number"),
        ({"routing": "COBA"}, "routing"),
        ({"currency": "INR"}, "currency"),
    ],
)
def test_a_wrong_sepa_field_alone_is_named(change: dict[str, str], field: str) -> None:
    assert list(problems_of(EURO | change)) == [field]


@pytest.mark.parametrize(("rail", "amount"), [("RTGS", "200000.00"), ("IMPS", "500000.00"), ("NEFT", "0.01")])
def test_an_amount_at_the_limit_passes(rail: str, amount: str) -> None:
    assert problems_of(RUPEES | {"rail": rail, "amount": amount}) == {}


@pytest.mark.parametrize("day", ["2026-11-23", "2026-12-23"])
def test_a_date_at_the_limit_passes(day: str) -> None:
    assert problems_of(RUPEES | {"date": day}) == {}


def test_all_wrong_fields_are_named_at_once() -> None:
    assert set(problems_of(dict.fromkeys(RUPEES, "") | {"rail": "NEFT"})) == {
        "beneficiary_name", "account_number", "routing", "amount", "currency", "reference", "date",
    }  # fmt: skip


def test_an_indian_beneficiary_wants_an_ifsc_and_a_european_one_a_bic() -> None:
    assert check_payee(RUPEES) == check_payee(EURO) == {}
    assert list(check_payee(EURO | {"routing": "HDFC0001234"})) == ["routing"]


def test_each_rail_has_its_own_letter() -> None:
    assert len({rail.letter for rail in RAILS.values()}) == len(RAILS)


@given(st.integers(0, 10**14 - 1))
def test_an_amount_survives_being_written_and_read(minor: int) -> None:
    assert money.minor_of(money.plain(minor)) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (5, "INR", "₹ 0.05"),
        (999_00, "INR", "₹ 999.00"),
        (1_000_00, "INR", "₹ 1,000.00"),
        (118_000_00, "INR", "₹ 1,18,000.00"),
        (12_34_56_789_10, "INR", "₹ 12,34,56,789.10"),
        (118_000_00, "EUR", "118.000,00 €"),
        (7, "EUR", "0,07 €"),
    ],
)
def test_amounts_are_grouped_as_the_country_does(minor: int, currency: str, text: str) -> None:
    assert money.grouped(minor, currency) == text


@given(st.text(alphabet="0123456789", min_size=9, max_size=34))
def test_a_masked_number_shows_only_its_last_four(number: str) -> None:
    assert ifsc.masked(number) == "X" * (len(number) - 4) + number[-4:]


@pytest.mark.parametrize(("offset", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_right_within_one_step(offset: int, accepted: bool) -> None:
    code = pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=30 * offset))
    assert (step_of(SECRET, code, NOW) is not None) is accepted


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "१२३४५६"])
def test_what_is_not_six_digits_is_no_code(code: str) -> None:
    assert step_of(SECRET, code, NOW) is None


def test_the_fifth_wrong_answer_locks_for_a_quarter_of_an_hour() -> None:
    tries = Tries()
    for _ in range(5):
        assert tries.locked_until is None
        tries = tries.after_wrong(NOW)
    assert tries.locked_until == NOW + timedelta(minutes=15)
    assert tries.at(NOW + timedelta(minutes=15)) == Tries()


def test_only_the_magic_endings_are_trouble() -> None:
    assert {
        minor: fault_of(118_000_00 + minor) for minor in range(100) if fault_of(118_000_00 + minor)
    } == FAULTS


def test_the_manual_lists_each_trouble_under_its_ending() -> None:
    manual = (files("mockbank") / "README.md").read_text(encoding="utf-8")
    assert set(FAULTS.values()) == set(Fault)
    for ending, fault in FAULTS.items():
        assert f"| `.{ending:02d}` | {fault.value} |" in manual


@pytest.mark.parametrize(
    ("number", "other"), [("50100234567890", "50100234567891"), ("1239", "1230"), ("1A", "2A")]
)
def test_tampering_changes_the_last_digit_only(number: str, other: str) -> None:
    assert tampered(number) == other


def test_a_session_ends_when_it_was_idle_and_lives_while_it_is_used() -> None:
    sessions = Sessions(timedelta(minutes=10))
    token = sessions.open(NOW)
    assert sessions.touch(token, NOW + timedelta(minutes=9)) is True
    assert sessions.touch(token, NOW + timedelta(minutes=18)) is True
    assert sessions.touch(token, NOW + timedelta(minutes=28)) is False
    assert sessions.touch(token, NOW + timedelta(minutes=28)) is False


def test_a_form_token_is_good_for_its_own_session_only() -> None:
    sessions = Sessions(timedelta(minutes=10))
    mine, other = sessions.open(NOW), sessions.open(NOW)
    assert sessions.form_token_is_right(mine, sessions.form_token(mine)) is True
    assert sessions.form_token_is_right(mine, sessions.form_token(other)) is False


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.5", False), ("bank.example", False)],
)  # fmt: skip
def test_only_this_machine_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_secret_that_is_not_base32_is_refused() -> None:
    with pytest.raises(ValidationError, match="base32"):
        Settings(database=Path("x"), totp_secret=SecretStr("not base32 at all"))
