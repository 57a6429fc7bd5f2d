"""Confidence that means what it says: the line through the knots, its fitting, and the scoring it is fitted to."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading.calibration import _curves, along, calibrated
from handlers.reading.fields import Fields
from handlers.reading.marked import Found
from sandbox.reading_score import Score, agrees
from tests.fit_confidence import MOST, fitted

KNOTS = ((0.5, 0.3), (0.8, 0.9), (0.9, 0.96))


@pytest.mark.parametrize(
    ("confidence", "share"), [(0.2, 0.2), (0.4, 0.3), (0.5, 0.3), (0.65, 0.6), (0.8, 0.9), (0.99, 0.96)]
)
def test_a_confidence_is_read_off_the_line(confidence: float, share: float) -> None:
    assert along(KNOTS, confidence) == pytest.approx(share)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(0.1, 9)), min_size=1, max_size=80))
def test_a_fitted_line_never_falls_and_never_says_certain(values: list[tuple[float, bool, float]]) -> None:
    knots = fitted(values)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(knots))
    assert all(0 <= height <= MOST for _, height in knots)


def test_many_wrong_values_lower_the_line_and_a_few_right_ones_do_not_raise_it_to_one() -> None:
    assert along(fitted([(0.93, False, 1)] * 40 + [(0.93, True, 1)] * 40), 0.93) < 0.6
    assert along(fitted([(0.8, True, 1)] * 4), 0.8) < 0.9


def test_the_table_in_force_rises_and_names_only_fields() -> None:
    names = {*Fields.__dataclass_fields__, "any"}
    for lines in _curves().values():
        assert set(lines) <= names
        for knots in lines.values():
            assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(knots))


def test_what_an_e_invoice_states_is_not_judged() -> None:
    assert calibrated("total", Found("1", 0.99, (), "xml")) == 0.99


@pytest.mark.parametrize(
    ("name", "one", "other", "same"),
    [
        ("invoice_number", "RE-2024/15", "re 2024 15", True),
        ("seller_name", "Kaveri Mills Pvt Ltd", "KAVERI MILLS", True),
        ("total", "1,250", "1250.00", True),
        ("total", "1250.10", "1250.00", False),
        ("issue_date", "2024-06-01", "2024-06-01T00:00", True),
        ("total", "about ten", "10.00", False),
    ],
)
def test_values_are_compared_but_for_spelling(name: str, one: str, other: str, same: bool) -> None:
    assert agrees(name, one, other) is same


def test_wrong_and_sure_is_counted_apart_from_wrong_and_from_absent() -> None:
    score = Score()
    score.count("total", "10.00", "10.00", 0.95)
    score.count("total", "10.00", "11.00", 0.95)
    score.count("total", "10.00", "11.00", 0.5)
    score.count("total", "10.00", None, 0.0)
    tally = score.fields["total"]
    assert (tally.asked, tally.right, tally.absent, tally.wrong_and_sure) == (4, 1, 1, 1)
    assert score.reliability == {9: [2, 1], 5: [1, 0]}
