"""Signed links: good for one purpose, one subject and a time, and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.links import (
    AUDIT_FOR,
    MEDIA_FOR,
    asked_question,
    audit_url,
    audited_invoice,
    expiry_of,
    make_token,
    media_key,
    media_url,
    question_token,
    read_token,
)
from schema.errors import ForgedError
from schema.ids import BlobKey, InvoiceId, QuestionId
from schema.vault import Vault, new_master_key

VAULT = Vault(new_master_key())
NOW = datetime(2026, 11, 5, 9, 30, tzinfo=UTC)
INVOICE = InvoiceId(UUID(int=7))
KEY = BlobKey("ab" * 32)
PUBLIC = "https://pay.example"


def audit_token() -> str:
    return audit_url(VAULT, PUBLIC, INVOICE, NOW).removeprefix(f"{PUBLIC}/audit/")


def media_token() -> str:
    return media_url(VAULT, PUBLIC, KEY, NOW).removeprefix(f"{PUBLIC}/media/").removesuffix(".png")


def test_an_audit_link_opens_its_invoice() -> None:
    assert audited_invoice(VAULT, audit_token(), NOW) == INVOICE


def test_a_media_link_opens_its_picture() -> None:
    assert media_key(VAULT, media_token(), NOW) == KEY


def test_a_button_names_its_question() -> None:
    question = QuestionId(uuid4())
    assert asked_question(VAULT, question_token(VAULT, question)) == question


def test_a_buttons_token_fits_where_the_messenger_puts_it() -> None:
    assert len(f"A.{question_token(VAULT, QuestionId(uuid4()))}") <= 200


@pytest.mark.parametrize(
    ("lasts", "token"), [(AUDIT_FOR, audit_token()), (MEDIA_FOR, media_token())], ids=["audit", "media"]
)
def test_a_link_says_when_it_ends(lasts: timedelta, token: str) -> None:
    assert expiry_of(token) == NOW + lasts


def test_a_link_is_good_until_its_last_second_and_not_after() -> None:
    token = audit_token()
    assert audited_invoice(VAULT, token, NOW + AUDIT_FOR) == INVOICE
    with pytest.raises(ForgedError, match="expired"):
        audited_invoice(VAULT, token, NOW + AUDIT_FOR + timedelta(seconds=1))


def test_a_token_is_good_only_for_its_purpose() -> None:
    with pytest.raises(ForgedError):
        read_token(VAULT, "media", audit_token(), NOW)


def test_a_token_of_another_house_is_refused() -> None:
    with pytest.raises(ForgedError):
        audited_invoice(Vault(new_master_key()), audit_token(), NOW)


@given(st.integers(0, 200), st.characters())
def test_one_character_different_is_refused(place: int, character: str) -> None:
    token = audit_token()
    place %= len(token)
    assume(token[place] != character)
    with pytest.raises(ForgedError):
        audited_invoice(VAULT, token[:place] + character + token[place + 1 :], NOW)


@given(st.text(), st.text(), st.text())
def test_no_invented_token_opens_anything(subject: str, expiry: str, signature: str) -> None:
    for token in (subject, f"{subject}.{signature}", f"{subject}.{expiry}.{signature}"):
        with pytest.raises(ForgedError):
            audited_invoice(VAULT, token, NOW)
        with pytest.raises(ForgedError):
            media_key(VAULT, token, NOW)
        with pytest.raises(ForgedError):
            asked_question(VAULT, token)


@given(st.integers(0, 2**33))
def test_a_later_end_cannot_be_written_into_a_link(until: int) -> None:
    subject, expiry, signature = audit_token().split(".")
    later = f"{until:x}"
    assume(later != expiry)
    with pytest.raises(ForgedError):
        audited_invoice(VAULT, f"{subject}.{later}.{signature}", NOW)


@given(st.binary(min_size=16, max_size=16))
def test_every_token_is_safe_in_an_address(raw: bytes) -> None:
    token = make_token(VAULT, "audit", raw.hex(), NOW)
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
