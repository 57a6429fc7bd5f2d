"""An entry of the record: one byte form, one leaf hash, and no member that the hash does not cover."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schema.audit import LEAF_PREFIX, Entry, entry_bytes, leaf_hash
from schema.ids import InvoiceId

ENTRY = Entry(
    invoice_id=InvoiceId(UUID(int=1)),
    version=3,
    step="check",
    source="assessed",
    target="held",
    actor="countersign",
    at=datetime(2026, 11, 5, 9, 30, 0, 123456, tzinfo=UTC),
    note="Die Prüfung: नया",
    facts={"findings": ["hold: other_bank_account"], "nested": {"b": 1, "a": None}},
)

OTHERS: dict[str, st.SearchStrategy[Any]] = {
    "invoice_id": st.uuids(),
    "version": st.integers(0, 10**6),
    "step": st.text(),
    "source": st.text(),
    "target": st.text(),
    "actor": st.text(),
    "at": st.datetimes(timezones=st.just(UTC)),
    "note": st.text(),
    "facts": st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()),
}


def test_every_member_is_tried() -> None:
    assert set(OTHERS) == set(Entry.model_fields)


@pytest.mark.parametrize("member", OTHERS)
@given(data=st.data())
def test_another_member_is_another_leaf(member: str, data: st.DataObject) -> None:
    value = data.draw(OTHERS[member])
    assume(value != getattr(ENTRY, member))
    assume(not isinstance(value, str) or value.isprintable())
    assert leaf_hash(ENTRY.model_copy(update={member: value})) != leaf_hash(ENTRY)


def test_the_leaf_hash_is_that_of_rfc_6962() -> None:
    assert leaf_hash(ENTRY) == hashlib.sha256(b"\x00" + entry_bytes(ENTRY)).hexdigest()
    assert LEAF_PREFIX == b"\x00"


def test_the_bytes_are_sorted_compact_utf_8() -> None:
    text = entry_bytes(ENTRY).decode()
    assert json.loads(text) == ENTRY.model_dump(mode="json")
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert "नया" in text


def test_the_order_of_facts_changes_nothing() -> None:
    turned = ENTRY.model_copy(update={"facts": dict(reversed(ENTRY.facts.items()))})
    assert leaf_hash(turned) == leaf_hash(ENTRY)


def test_the_hash_of_a_known_entry_never_changes() -> None:
    assert leaf_hash(ENTRY) == "7ec7cbcd900171af677db33f380a20ce7935c0015a5b3f8c3cb201aaf4d4f984"


def test_an_entry_outlives_a_trip_through_json() -> None:
    assert leaf_hash(Entry.model_validate_json(entry_bytes(ENTRY))) == leaf_hash(ENTRY)


def test_the_same_moment_in_another_zone_is_another_text_so_entries_are_written_in_utc() -> None:
    elsewhere = ENTRY.at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert b"09:30:00.123456Z" in entry_bytes(ENTRY)
    assert leaf_hash(ENTRY.model_copy(update={"at": elsewhere})) != leaf_hash(ENTRY)
