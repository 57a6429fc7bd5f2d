"""The mock bank's books: whatever is submitted, a reference is booked once and no account is overdrawn."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockbank.ledger import Booked, Door, Ledger, Locked, Refused, WrongCode
from mockbank.terms import Terms

SECRET = "SIMULATEDBANKSECRETFORDEMOUSEONL"
NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
OPENING = {"INR": 1_000_00, "EUR": 500_00}
TERMS = Terms(
    rail="NEFT",
    beneficiary_name="Sahyadri Precision Tools",
    account_number="50100234567890",
    routing="HDFC0001234",
    amount_minor=100_00,
    currency="INR",
    reference="CS-1",
    value_date=date(2026, 11, 23),
    remark="",
)


def code_at(moment: datetime) -> str:
    return pyotp.TOTP(SECRET).at(moment)


def wrong_code_at(moment: datetime) -> str:
    near = {pyotp.TOTP(SECRET).at(moment + timedelta(seconds=30 * offset)) for offset in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    books = Ledger(tmp_path / "bank.sqlite3", OPENING, SECRET)
    yield books
    books.close()


def pay(ledger: Ledger, terms: Terms) -> object:
    return ledger.confirm(ledger.save_draft(terms), code_at(NOON), NOON)


def test_a_confirmed_draft_moves_the_money_once(ledger: Ledger) -> None:
    draft_id = ledger.save_draft(TERMS)
    first = ledger.confirm(draft_id, code_at(NOON), NOON)
    again = ledger.confirm(draft_id, "000000", NOON)
    assert first == again == Booked(1)
    assert ledger.account("INR").balance_minor == 900_00


def test_a_bank_reference_names_rail_and_day_and_counts(ledger: Ledger) -> None:
    pay(ledger, TERMS)
    pay(ledger, replace(TERMS, rail="IMPS", reference="CS-2"))
    assert [transfer.bank_reference for transfer in ledger.transfers()] == [
        "SIMI52026112300002",
        "SIMN52026112300001",
    ]


def test_the_serial_number_begins_anew_each_day(ledger: Ledger) -> None:
    pay(ledger, TERMS)
    tomorrow = NOON + timedelta(days=1)
    draft_id = ledger.save_draft(replace(TERMS, reference="CS-2", value_date=date(2026, 11, 24)))
    ledger.confirm(draft_id, code_at(tomorrow), tomorrow)
    assert ledger.transfers("CS-2")[0].bank_reference == "SIMN52026112400001"


def test_a_used_reference_is_refused(ledger: Ledger) -> None:
    pay(ledger, TERMS)
    assert pay(ledger, replace(TERMS, amount_minor=1)) == Refused("Reference already used")


def test_a_reference_is_found_only_exactly(ledger: Ledger) -> None:
    pay(ledger, TERMS)
    assert [ledger.transfers(reference) for reference in ("cs-1", "CS", "CS-1 ", "CS-%")] == [[], [], [], []]
    assert ledger.transfers("CS-1")[0].terms == TERMS


def test_the_last_paisa_may_be_spent_and_no_more(ledger: Ledger) -> None:
    assert isinstance(pay(ledger, replace(TERMS, amount_minor=1_000_00)), Booked)
    assert pay(ledger, replace(TERMS, amount_minor=1, reference="CS-2")) == Refused(
        "The balance is too low for this amount"
    )


def test_a_payment_date_that_has_passed_is_refused(ledger: Ledger) -> None:
    assert pay(ledger, replace(TERMS, value_date=date(2026, 11, 22))) == Refused(
        "The payment date has passed"
    )


def test_a_cancelled_draft_is_refused(ledger: Ledger) -> None:
    draft_id = ledger.save_draft(TERMS)
    ledger.cancel_draft(draft_id)
    assert ledger.confirm(draft_id, code_at(NOON), NOON) == Refused("This transfer was cancelled")


def test_a_booked_draft_cannot_be_cancelled(ledger: Ledger) -> None:
    draft_id = ledger.save_draft(TERMS)
    ledger.confirm(draft_id, code_at(NOON), NOON)
    ledger.cancel_draft(draft_id)
    assert ledger.confirm(draft_id, "", NOON) == Booked(1)


def test_a_wrong_code_is_counted_and_books_nothing(ledger: Ledger) -> None:
    draft_id = ledger.save_draft(TERMS)
    answers = [ledger.confirm(draft_id, wrong_code_at(NOON), NOON) for _ in range(5)]
    assert answers == [
        WrongCode(4),
        WrongCode(3),
        WrongCode(2),
        WrongCode(1),
        Locked(NOON + timedelta(minutes=15)),
    ]
    assert ledger.transfers() == []


def test_a_locked_otp_refuses_even_the_right_code_until_time_runs_out(ledger: Ledger) -> None:
    draft_id = ledger.save_draft(TERMS)
    for _ in range(5):
        ledger.confirm(draft_id, wrong_code_at(NOON), NOON)
    almost, after = NOON + timedelta(minutes=14, seconds=59), NOON + timedelta(minutes=15)
    assert isinstance(ledger.confirm(draft_id, code_at(almost), almost), Locked)
    assert isinstance(ledger.confirm(draft_id, code_at(after), after), Booked)


def test_a_right_code_clears_the_count(ledger: Ledger) -> None:
    ledger.confirm(ledger.save_draft(TERMS), wrong_code_at(NOON), NOON)
    pay(ledger, TERMS)
    assert ledger.tries(Door.OTP, NOON).wrong == 0


def test_a_code_is_good_once_per_transfer(ledger: Ledger) -> None:
    draft_id = ledger.save_draft(replace(TERMS, amount_minor=2_000_00))
    assert isinstance(ledger.confirm(draft_id, code_at(NOON), NOON), Refused)
    assert ledger.confirm(draft_id, code_at(NOON), NOON) == WrongCode(4)


def test_the_same_code_serves_two_transfers(ledger: Ledger) -> None:
    assert isinstance(pay(ledger, TERMS), Booked)
    assert isinstance(pay(ledger, replace(TERMS, reference="CS-2")), Booked)


def test_the_database_itself_refuses_a_second_row_for_a_reference(ledger: Ledger, tmp_path: Path) -> None:
    pay(ledger, TERMS)
    second = ledger.save_draft(TERMS)
    raw = sqlite3.connect(tmp_path / "bank.sqlite3")
    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE constraint failed: transfer\.reference"):
        raw.execute("INSERT INTO transfer VALUES (9, ?, 'CS-1', 'SIM9', 'now', 'today')", (second,))
    raw.close()


@pytest.mark.parametrize("statement", ["DELETE FROM transfer", "UPDATE transfer SET reference = 'CS-9'"])
def test_the_database_itself_keeps_a_booked_transfer(ledger: Ledger, tmp_path: Path, statement: str) -> None:
    pay(ledger, TERMS)
    raw = sqlite3.connect(tmp_path / "bank.sqlite3")
    with pytest.raises(sqlite3.IntegrityError, match="a booked transfer"):
        raw.execute(statement)
    raw.close()


def test_the_books_survive_being_closed_and_opened(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "bank.sqlite3", OPENING, SECRET)
    pay(first, TERMS)
    first.close()
    second = Ledger(tmp_path / "bank.sqlite3", {"INR": 9_999_00, "EUR": 0}, SECRET)
    assert (second.account("INR").balance_minor, second.transfers("CS-1")[0].terms) == (900_00, TERMS)
    second.close()


def test_the_file_is_its_owners_alone(ledger: Ledger, tmp_path: Path) -> None:
    assert (tmp_path / "bank.sqlite3").stat().st_mode & 0o077 == 0


def test_two_open_ledgers_on_one_file_book_a_reference_once(tmp_path: Path) -> None:
    branches = [Ledger(tmp_path / "bank.sqlite3", OPENING, SECRET) for _ in range(2)]
    drafts = [branches[0].save_draft(TERMS) for _ in range(20)]
    with ThreadPoolExecutor(20) as crowd:
        answers = list(
            crowd.map(lambda n: branches[n % 2].confirm(drafts[n], code_at(NOON), NOON), range(len(drafts)))
        )
    assert sum(isinstance(answer, Booked) for answer in answers) == 1
    assert branches[1].account("INR").balance_minor == 900_00
    for branch in branches:
        branch.close()


def test_a_beneficiary_is_kept_once_and_can_be_removed(ledger: Ledger) -> None:
    assert ledger.add_beneficiary("A", "50100234567890", "HDFC0001234") is True
    assert ledger.add_beneficiary("B", "50100234567890", "HDFC0001234") is False
    ledger.remove_beneficiary(ledger.beneficiaries()[0].id)
    assert ledger.beneficiaries() == []


SUBMITS = st.lists(
    st.tuples(
        st.integers(0, 9),  # which draft of the pool
        st.booleans(),  # with the right code
        st.integers(0, 40),  # minutes that pass before
    ),
    max_size=40,
)
DRAFTS = st.lists(
    st.tuples(
        st.sampled_from(["CS-1", "CS-2", "CS-3", "CS-4"]),
        st.integers(1, 700_00),
        st.sampled_from(["INR", "EUR"]),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=40, deadline=None)
@given(DRAFTS, SUBMITS)
def test_no_sequence_of_submits_books_a_reference_twice_or_overdraws(
    drafts: list[tuple[str, int, str]], submits: list[tuple[int, bool, int]]
) -> None:
    with TemporaryDirectory() as folder:
        books = Ledger(Path(folder) / "bank.sqlite3", OPENING, SECRET)
        ids = [
            books.save_draft(replace(TERMS, reference=ref, amount_minor=amount, currency=currency))
            for ref, amount, currency in drafts
        ]
        now = NOON
        for pick, right, minutes in submits:
            now = min(now + timedelta(minutes=minutes), NOON + timedelta(hours=11))
            books.confirm(ids[pick % len(ids)], code_at(now) if right else wrong_code_at(now), now)
        booked = [transfer.terms for transfer in books.transfers()]
        accounts = {account.currency: account.balance_minor for account in books.accounts()}
        books.close()
    assert len({terms.reference for terms in booked}) == len(booked)
    for currency, opening in OPENING.items():
        spent = sum(terms.amount_minor for terms in booked if terms.currency == currency)
        assert accounts[currency] == opening - spent >= 0
