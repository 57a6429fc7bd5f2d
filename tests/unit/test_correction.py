"""What a person writes becomes a value, or a fault that says what to write instead."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.correction import CORRECTABLE, FieldFaultError, corrected, told
from schema.document import InvoiceFields
from tests.world import fields


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("total", " 84960.5 ", Decimal("84960.5")),
        ("due_date", "2026-12-31", date(2026, 12, 31)),
        ("currency", "eur", "EUR"),
        ("seller_tax_id", "27 AAPFU 0939 F1ZW", "27AAPFU0939F1ZW"),
        ("po_number", "PO-2", "PO-2"),
        ("due_date", "", None),
        ("due_date", None, None),
    ],
)
def test_a_text_becomes_its_value(field: str, text: str | None, value: object) -> None:
    made, changes = corrected(fields(), {field: text})
    assert getattr(made, field).value == value
    assert (list(changes), getattr(made, field).source) == ([field], "person")


def test_what_is_the_same_is_no_change() -> None:
    assert corrected(fields(), {"total": "84960.000"})[1] == {}


def test_every_correctable_field_is_one_of_an_invoice_and_none_says_where_money_goes() -> None:
    assert InvoiceFields.model_fields.keys() - CORRECTABLE.keys() == {"account", "ifsc", "lines"}


@given(text=st.text(max_size=80), field=st.sampled_from(sorted(CORRECTABLE)))
def test_no_text_makes_anything_but_a_value_or_a_fault(text: str, field: str) -> None:
    made = fields()
    with suppress(FieldFaultError):
        made, _ = corrected(made, {field: text})
    InvoiceFields.model_validate(made.model_dump(mode="json"))


def test_the_record_is_told_without_account_numbers() -> None:
    changes = corrected(fields(), {"invoice_number": "50200012345678"})[1]
    assert told(changes) == "invoice number from AIS/8812 to XXXXXX5678"
