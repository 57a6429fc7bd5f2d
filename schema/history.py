"""The history of what people keep by hand: who changed what, from what to what, with account numbers masked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from schema.document import Frozen

OPERATOR: Final = "operator"
"""Who acts at the command line, where nobody signs in."""


class Subject(StrEnum):
    """What has a history."""

    VENDOR = "vendor"
    PURCHASE_ORDER = "purchase_order"
    PERSON = "person"
    API_KEY = "api_key"
    POLICY = "policy"
    EXPORT = "export"


class Change(Frozen):
    """One field as it was and as it is, in words; None is nothing."""

    field: str
    before: str | None
    after: str | None


class NewHistory(Frozen):
    """An entry to write; `what` is a past participle in small letters, e.g. `changed`, `bank details proposed`."""

    at: datetime
    who: str
    subject: Subject
    subject_id: str
    what: str
    note: str = ""
    changes: tuple[Change, ...] = ()


class History(NewHistory):
    """An entry as it is on record; `seq` grows."""

    seq: int


class HistoryFilter(Frozen):
    """Which entries: each member only where it is given; `until` is not included."""

    text: str | None = None
    person: str | None = None
    subject: Subject | None = None
    since: datetime | None = None
    until: datetime | None = None


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Change, ...]:
    """What differs between two states of one thing, in the order of `after`."""
    pairs = ((field, _text(before.get(field)), _text(value)) for field, value in after.items())
    return tuple(Change(field=field, before=old, after=new) for field, old, new in pairs if old != new)


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value)) or None
    return str(value)
