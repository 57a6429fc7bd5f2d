"""The last guard: it refuses every account it knows the print of, however it is written, and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.guard import LeakGuard
from schema.errors import LeakError
from schema.vault import Vault, new_master_key

VAULT = Vault(new_master_key())
ACCOUNT = "50200012345678"
IBAN = "DE89370400440532013000"
GUARD = LeakGuard(VAULT, frozenset({VAULT.print(ACCOUNT), VAULT.print(IBAN)}))


@pytest.mark.parametrize(
    "text",
    [
        ACCOUNT,
        f"Pay to {ACCOUNT} today",
        "5020 0012 3456 78",
        "5020-0012-3456-78",
        "5020\n0012\n3456\n78",
        "५०२०००१२३४५६७८",
        f"ref9{ACCOUNT}9",
        IBAN,
        "de89 3704 0044 0532 0130 00",
        json.dumps({"text": "5020\u00a00012\u00a03456\u00a078"}),
    ],
)
def test_a_known_account_is_found_in(text: str) -> None:
    with pytest.raises(LeakError):
        GUARD.text(text)


@pytest.mark.parametrize("text", ["XXXXXX5678", "5678", "INR 84,960.00", "50200012345679", "", "DE89"])
def test_what_is_no_account_of_ours_passes(text: str) -> None:
    GUARD.text(text)


@given(st.text("0123456789", min_size=9, max_size=18), st.text(), st.text())
def test_every_account_it_knows_is_found_between_any_words(account: str, before: str, after: str) -> None:
    guard = LeakGuard(VAULT, frozenset({VAULT.print(account)}))
    with pytest.raises(LeakError):
        guard.text(f"{before} {account} {after}")


def test_bytes_are_checked_as_they_go_out() -> None:
    with pytest.raises(LeakError):
        GUARD.body(f'{{"account": "{ACCOUNT}"}}'.encode())


def test_bytes_that_are_no_text_are_checked_all_the_same() -> None:
    with pytest.raises(LeakError):
        GUARD.body(b"\xff\xfe" + ACCOUNT.encode() + b"\x00")


def test_clean_bytes_tell_how_many_accounts_they_were_checked_against() -> None:
    assert GUARD.body(b"{}") == 2


def test_the_error_does_not_repeat_what_it_refuses() -> None:
    with pytest.raises(LeakError) as refused:
        GUARD.text(f"Pay to {ACCOUNT}")
    assert ACCOUNT not in str(refused.value)


def test_a_guard_cannot_say_what_it_knows() -> None:
    assert ACCOUNT not in repr(GUARD)
