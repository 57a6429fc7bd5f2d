"""What a reader had to choose from: kept beside what it took, with the reason, and never an account in clear."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from handlers.extract import masked_reading
from handlers.reading.answer import Made, as_json
from handlers.reading.einvoice_xml import parse_einvoice
from handlers.reading.fields import filled, read_fields
from handlers.reading.stated import completed, made_of
from handlers.reading.words import page_of_text
from schema.document import MOST_CANDIDATES, Candidate, InvoiceFields, Reading, StoredReading
from tests.unit.test_reading_einvoice_xml import ubl


def made(text: str) -> Made:
    findings = read_fields((page_of_text(1, text),))
    return Made(findings.fields, findings.kind, text, 1)


def seen(text: str, name: str) -> list[tuple[str, bool, str]]:
    return rows(made(text), name)


def rows(one: Made, name: str) -> list[tuple[str, bool, str]]:
    return [(each["value"], each["taken"], each["why"]) for each in as_json(one)["candidates"][name]]


def stored(text: str) -> StoredReading:
    answer: dict[str, Any] = as_json(made(text))
    reading = Reading.model_validate(
        {name: answer[name] for name in ("kind", "fields", "candidates", "text", "page_count")}
    )
    return masked_reading(reading, ())


def test_a_value_without_rivals_says_so() -> None:
    assert seen("Invoice No: A-17\nTotal 10.00", "invoice_number") == [("A-17", True, "only")]


def test_two_numbers_under_equal_labels_are_both_kept() -> None:
    found = seen("Invoice No: A-17\nInvoice No: B-18\nTotal 10.00", "invoice_number")
    assert {(value, why) for value, taken, why in found if not taken} == {("B-18", "rival")}
    assert found[0] == ("A-17", True, "best_labelled")


def test_a_total_that_does_not_add_up_is_kept_beside_the_one_that_does() -> None:
    text = "Net amount 100.00\nVAT 18.00\nTotal 118.00\nTotal 150.00\n"
    assert seen(text, "total") == [("118.00", True, "adds_up"), ("150.00", False, "sums_disagree")]


def test_a_date_under_another_label_is_the_last_resort() -> None:
    found = seen("Invoice date: 2026-11-05\nDue date: 2026-12-05\nTotal 10.00", "issue_date")
    assert found == [("2026-11-05", True, "best_labelled"), ("2026-12-05", False, "labelled_otherwise")]


def test_a_sum_in_words_stands_beside_the_digits_it_contradicts() -> None:
    text = "Total Rs. 450.00\nAmount in words: Rupees Five Hundred Forty Only"
    assert ("540", False, "in_words") in seen(text, "total")


def test_another_reading_of_the_page_is_kept() -> None:
    first = read_fields((page_of_text(1, "Invoice No: A-17\nTotal 10.00"),))
    second = read_fields((page_of_text(1, "Invoice No: A-I7\nTotal 10.00"),))
    both = Made(filled(first.fields, second.fields), "invoice", "", 1)
    assert rows(both, "invoice_number")[1:] == [("A-I7", False, "other_reading")]


def test_what_the_page_shows_stands_beside_what_the_e_invoice_states() -> None:
    invoice = parse_einvoice(ubl())
    shown = read_fields((page_of_text(1, "Invoice No: R-2\nTotal 10.00"),)).fields
    found = rows(completed(made_of(invoice, page_count=1), invoice, shown), "invoice_number")
    assert found == [(invoice.number, True, "stated"), ("R-2", False, "on_page")]


def test_no_more_than_five_are_kept_and_each_value_once() -> None:
    numbers = [f"Invoice No: A-{n}" for n in (11, 12, 13, 14, 15, 16, 17, 11, 12)]
    found = seen("\n".join([*numbers, "Total 10.00"]), "invoice_number")
    assert len(found) == len({value for value, _, _ in found}) == MOST_CANDIDATES


def test_accounts_are_masked_among_the_candidates() -> None:
    text = (
        "Bank: HDFC\nAccount No: 50100012345678\nAccount No: 50100087654321\nIFSC: HDFC0001234\n"
        "Invoice No: A-17\nInvoice No: 50100087654321\nTotal 10.00"
    )
    kept = stored(text)
    accounts = kept.candidates["account"]
    assert {each.value for each in accounts} == {"XXXXXX5678", "XXXXXX4321"}
    told = kept.model_dump_json()
    assert "50100012345678" not in told
    assert "50100087654321" not in told


def test_what_was_stored_before_candidates_were_kept_is_read_still() -> None:
    old = stored("Invoice No: A-17\nTotal 10.00").model_dump(mode="json")
    del old["candidates"]
    assert StoredReading.model_validate(old).candidates == {}


@pytest.mark.parametrize(
    "candidates",
    [
        {"password": []},
        {"total": [{"value": "1", "confidence": 0.5, "why": "because"}]},
        {"total": [{"value": "1", "confidence": 0.5, "why": "weaker"}] * (MOST_CANDIDATES + 1)},
    ],
)
def test_a_child_that_answers_nonsense_is_not_believed(candidates: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Reading(kind="invoice", fields=InvoiceFields(), candidates=candidates, text="", page_count=1)


def test_a_candidate_is_a_value_in_normal_form() -> None:
    candidates = as_json(made("Invoice date: 5 November 2026\nTotal Rs. 1,180.00"))["candidates"]
    assert candidates["issue_date"][0]["value"] == "2026-11-05"
    assert Candidate.model_validate(candidates["total"][0]).value == "1180.00"
