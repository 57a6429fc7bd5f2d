"""No cell of a CSV is a formula, whatever a stranger wrote."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.spreadsheet import csv_lines, safe_cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", "\uff20x", "|x", "%x"]
)
def test_what_could_be_calculated_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Acme", "1234.50", "a=b", "(1)", "INV-1"])
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


def test_none_is_an_empty_cell() -> None:
    assert safe_cell(None) == ""


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=4))
def test_no_cell_begins_like_a_formula_and_none_breaks_out(cells: list[str]) -> None:
    (read,) = csv.reader(io.StringIO(csv_lines([cells]), newline=""))
    assert len(read) == len(cells)
    assert not any(unicodedata.normalize("NFKC", cell)[:1] in set("=+-@\t\r") for cell in read if cell)
