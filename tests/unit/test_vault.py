"""Accounts and blobs at rest cannot be read or altered, and a known account is found in any disguise."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import ForgedError, SettingsError
from schema.vault import Vault, new_master_key, normal_account, sha256

VAULT = Vault(new_master_key())
ACCOUNTS = st.text("0123456789", min_size=9, max_size=18)
IBAN = "DE89370400440532013000"


def finds(account: str, text: str) -> bool:
    return VAULT.finds(text, frozenset({VAULT.print(account)}))


@given(ACCOUNTS)
def test_a_sealed_account_opens_to_itself(account: str) -> None:
    assert VAULT.open(VAULT.seal(account)) == account


def test_a_sealed_account_shows_neither_number_nor_length() -> None:
    sealed = VAULT.seal("50210012341234")
    assert "5021001234" not in sealed.model_dump_json()
    assert sealed.masked == "XXXXXX1234"


def test_the_same_account_is_never_sealed_alike() -> None:
    assert VAULT.seal("50210012341234").cipher != VAULT.seal("50210012341234").cipher


def test_prints_are_equal_whatever_the_grouping() -> None:
    assert VAULT.print("5021 0012-3412.34") == VAULT.print("50210012341234")


@given(ACCOUNTS, ACCOUNTS)
def test_prints_differ_when_the_numbers_differ(one: str, other: str) -> None:
    assert (VAULT.print(one) == VAULT.print(other)) == (one == other)


def test_prints_of_another_key_are_different() -> None:
    assert Vault(new_master_key()).print("50210012341234") != VAULT.print("50210012341234")


@given(st.data())
def test_an_altered_account_is_noticed(data: st.DataObject) -> None:
    sealed = VAULT.seal("50210012341234")
    cipher = bytearray(base64.b64decode(sealed.cipher))
    cipher[data.draw(st.integers(0, len(cipher) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ForgedError):
        VAULT.open(sealed.model_copy(update={"cipher": base64.b64encode(bytes(cipher)).decode()}))


def test_another_master_key_opens_nothing() -> None:
    with pytest.raises(ForgedError):
        Vault(new_master_key()).open(VAULT.seal("50210012341234"))


@pytest.mark.parametrize("cipher", ["", "AAAA", "not base64!", "é"])
def test_a_damaged_account_is_forged_not_a_crash(cipher: str) -> None:
    with pytest.raises(ForgedError):
        VAULT.open(VAULT.seal("50210012341234").model_copy(update={"cipher": cipher}))


@given(st.binary(max_size=200))
def test_a_blob_decrypts_to_itself(data: bytes) -> None:
    assert VAULT.decrypt(VAULT.encrypt(data, name="a"), name="a") == data


def test_a_blob_under_another_name_is_refused() -> None:
    with pytest.raises(ForgedError):
        VAULT.decrypt(VAULT.encrypt(b"data", name="a"), name="b")


@pytest.mark.parametrize("data", [b"", b"short", bytes(12), bytes(40)])
def test_a_damaged_blob_is_forged_not_a_crash(data: bytes) -> None:
    with pytest.raises(ForgedError):
        VAULT.decrypt(data, name="a")


@pytest.mark.parametrize("key", ["", "abc", "not base64!", base64.b64encode(bytes(31)).decode()])
def test_a_bad_master_key_is_refused(key: str) -> None:
    with pytest.raises(SettingsError, match="MASTER_KEY"):
        Vault(key)


def test_signatures_of_different_purposes_differ() -> None:
    assert VAULT.sign("audit", "x") != VAULT.sign("media", "x")


def test_the_hash_is_lower_case_hex() -> None:
    assert sha256(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_devanagari_digits_are_the_same_number() -> None:
    assert normal_account("५०२१ ००१२") == "50210012"


@given(
    ACCOUNTS, st.sampled_from(["", " ", "-", ".", "\u00a0", "\n", "\r\n", " - ", "\u2009"]), st.integers(2, 5)
)
def test_a_known_account_is_found_in_groups(account: str, separator: str, size: int) -> None:
    printed = separator.join(account[start : start + size] for start in range(0, len(account), size))
    assert finds(account, f"pay to {printed} today")


@given(ACCOUNTS, st.text("0123456789 ", max_size=90), st.text("0123456789 ", max_size=90))
def test_a_known_account_is_found_inside_a_longer_run(account: str, before: str, after: str) -> None:
    assert finds(account, before + account + after)


@given(ACCOUNTS, st.sampled_from(["\n", "\t", "\u00a0", "\r\n"]))
def test_a_known_account_is_found_in_json(account: str, separator: str) -> None:
    assert finds(account, json.dumps({"text": separator.join([account[:4], account[4:8], account[8:]])}))


@pytest.mark.parametrize(
    "text",
    [
        "IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF",
        "IBAN:de89370400440532013000x",
        "XDE89370400440532013000",
    ],
)
def test_a_known_iban_is_found_whatever_follows(text: str) -> None:
    assert finds(IBAN, text)


UNSEEN = ["\u2060", "\u200c", "\u200d", "\ufeff", "\u200e", "\u00ad", "\u034f", "\ufe0f"]


@pytest.mark.parametrize("escape", [str, json.dumps])
@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_a_known_account_is_found_with_what_is_not_seen_in_it(
    unseen: str, escape: Callable[[str], str]
) -> None:
    assert finds("50210012341234", escape(f"5021{unseen}0012{unseen}3412{unseen}34"))


@pytest.mark.parametrize("escape", [str, json.dumps])
@pytest.mark.parametrize(
    ("account", "text"),
    [
        ("50210012341234", "५०२१००१२३४१२३४"),
        ("50210012341234", "⑤⓪②①⓪⓪①②③④①②③④"),
        (IBAN, "ｄｅ８９３７０４００４４０５３２０１３０００"),
        ("50210012341234", "5021\u20120012\u20123412\u201234"),
    ],
    ids=["Devanagari", "circled", "full-width", "figure dashes"],
)
def test_a_known_account_is_found_in_other_characters(
    account: str, text: str, escape: Callable[[str], str]
) -> None:
    assert finds(account, escape(text))


@pytest.mark.parametrize("text", ["", "XXXXXX1234", "5021 0012 3412 35", "502100123412", "DE89 3704"])
def test_what_is_not_the_account_is_not_found(text: str) -> None:
    assert not finds("50210012341234", text)


def test_nothing_is_found_when_nothing_is_known() -> None:
    assert not VAULT.finds("50210012341234", frozenset())
