"""What a person wrote in a reply, above what their program quotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading.said import LONGEST_SAID, said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("For PO-1.\n\nOn Tue, 24 Nov 2026, Countersign <p@c.example> wrote:\n> Which?", "For PO-1."),
        ("For PO-1.\nOn Tue, 24 Nov 2026 at 10:00, Countersign <p@c.example>\nwrote:\n> Which?", "For PO-1."),
        ("Für PO-1.\n\nAm 24.11.2026 um 10:00 schrieb Countersign:\n> Welche?", "Für PO-1."),
        ("PO-1\n\n-----Original Message-----\nFrom: Countersign\nWhich?", "PO-1"),
        ("PO-1\n\nFrom: Countersign <p@c.example>\nSent: Tuesday", "PO-1"),
        ("PO-1\n-- \nPriya Nair\nMeridian", "PO-1"),
        ("> Which order?\nPO-1", ""),
        ("one\n\n\n\n\ntwo", "one\n\ntwo"),
        (
            "From here on it is PO-1.\nOn the other hand, PO-2.",
            "From here on it is PO-1.\nOn the other hand, PO-2.",
        ),
        ("", ""),
    ],
)
def test_the_answer_ends_where_the_quote_begins(text: str, found: str) -> None:
    assert said(text) == found


@given(st.text(max_size=3000))
def test_any_text_gives_a_short_one(text: str) -> None:
    assert len(said(text)) <= LONGEST_SAID
