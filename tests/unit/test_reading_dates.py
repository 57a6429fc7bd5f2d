"""Dates as printed: day first, strict, never invented."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading.dates import find_dates, month_comes_first

DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2098, 12, 31))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12/08/2024", date(2024, 8, 12)),
        ("Date: 25/12/2018 8:13:39 PM", date(2018, 12, 25)),
        ("03/20/2023", date(2023, 3, 20)),
        ("2019-06-10", date(2019, 6, 10)),
        ("vom 05.03.2018", date(2018, 3, 5)),
        ("21.05.14", date(2014, 5, 21)),
        ("August 3 , 2014", date(2014, 8, 3)),
        ("Jan 1, 2022", date(2022, 1, 1)),
        ("7. Mai 2014", date(2014, 5, 7)),
        ("24. März 2014", date(2014, 3, 24)),
        ("du 02 Juillet 2015", date(2015, 7, 2)),
        ("19 april 2014", date(2014, 4, 19)),
        ("3 de marzo de 2021", date(2021, 3, 3)),
        ("05-Nov-2026", date(2026, 11, 5)),
        ("15 अगस्त 2024", date(2024, 8, 15)),
        ("०५/११/२०२६", date(2026, 11, 5)),
        ("1st April 2026", date(2026, 4, 1)),
    ],
)
def test_a_printed_date_is_found(text: str, value: date) -> None:
    assert [found.value for found in find_dates(text)] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "24-25", "1104", "Aug 12", "31/02/2024", "2014", "KW 38/2013", "201/113/40209", "192.168.10.1", "1.2.3.4",
        "99.99.2024", "BC-2026-0117", "INV/2026/0042", "12/2024", "00/00/0000", "(555) 23 78 -51", "01.23456.7",
    ],
)  # fmt: skip
def test_what_is_no_whole_date_is_not_completed(text: str) -> None:
    assert find_dates(text) == []


def test_two_dates_are_found_in_order() -> None:
    text = "Zahlbar bis 04.04.2018, 3% Skonto bis 15.03.2018"
    assert [found.value for found in find_dates(text)] == [date(2018, 4, 4), date(2018, 3, 15)]


def test_a_date_that_could_be_swapped_says_so() -> None:
    assert not find_dates("03/04/2026")[0].sure
    assert find_dates("13/04/2026")[0].sure
    assert find_dates("03.04.2026")[0].sure


def test_month_first_must_be_proven_by_the_document() -> None:
    assert month_comes_first(["03/20/2023", "04/04/2023"])
    assert not month_comes_first(["04/04/2023"])
    assert not month_comes_first(["03/20/2023", "20/03/2023"])


@given(
    DAYS,
    st.sampled_from(["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%d", "%d %B %Y", "%d-%b-%Y", "%B %d, %Y"]),
)
def test_every_day_reads_back_in_every_form(day: date, form: str) -> None:
    assert [found.value for found in find_dates(f"Invoice date: {day.strftime(form)}")] == [day]


@given(st.text(max_size=60))
def test_no_text_breaks_the_search_and_places_are_inside(text: str) -> None:
    for found in find_dates(text):
        assert 0 <= found.start < found.end <= len(text)
        assert any(char.isdigit() for char in text[found.start : found.end])
