"""The audit page of one invoice as HTML: a pure function of an `AuditCase`; opens nothing, reads no clock.

Every text that reaches the page passes `_on_the_page`: it is masked, its control and direction characters are made
visible, and it is cut when it is too long; Jinja then escapes it. Only values marked `Exact` (hashes, references,
addresses, times) skip the mask, since their digits are meant to be read. No script, no inline style: the strict
Content-Security-Policy of `daemon.web.app` stays as it is. The one stylesheet is `static/audit.css`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from schema.audit_case import AuditCase, FieldRow, ModelCard, PagePicture
from schema.document import Place
from schema.findings import Severity
from schema.masking import mask
from schema.states import State
from schema.visible import visible

LONGEST_TEXT: Final = 2_000
"""Characters of one text; longer ones are cut, and the cut says how long they were."""

LONGEST_REQUEST: Final = 30_000
"""Characters of the request to the model: prompt, schema and an excerpt of 4,000."""

FIELD_LABELS: Final[Mapping[str, str]] = {
    "invoice_number": "Invoice number",
    "issue_date": "Date",
    "due_date": "Due",
    "currency": "Currency",
    "total": "Total",
    "net": "Net",
    "tax": "Tax",
    "seller_name": "Vendor",
    "seller_tax_id": "Vendor's tax id",
    "account": "Account (masked)",
    "ifsc": "IFSC or BIC",
    "po_number": "Purchase order",
    "lines": "Line items",
}
EXACT_FIELDS: Final = frozenset({"invoice_number", "po_number", "seller_tax_id"})
"""Fields whose own values are long numbers and no accounts."""

SOURCE_WORDS: Final[Mapping[str, str]] = {
    "text": "text layer",
    "ocr": "OCR",
    "xml": "e-invoice XML",
    "person": "corrected by a person",
}
SURE, UNSURE = 0.9, 0.7
"""From here on a confidence is shown as high, and below this one as low."""

STATE_TONES: Final[Mapping[State, str]] = {
    State.PAID: "good",
    State.HELD: "warn",
    State.REJECTED: "bad",
    State.CLOSED: "calm",
}
SEVERITY_TONES: Final[Mapping[Severity, str]] = {
    Severity.INFO: "calm",
    Severity.WARN: "warn",
    Severity.HOLD: "warn",
    Severity.REJECT: "bad",
}
SEVERITY_WORDS: Final[Mapping[Severity, str]] = {
    Severity.INFO: "Note",
    Severity.WARN: "Warning",
    Severity.HOLD: "Holds the invoice",
    Severity.REJECT: "Ends the invoice",
}
MILESTONES: Final[tuple[tuple[State, str], ...]] = (
    (State.RECEIVED, "Received"),
    (State.EXTRACTED, "Read"),
    (State.ASSESSED, "Assessed"),
    (State.CLEARED, "Checked"),
    (State.PREPARED, "Prepared"),
    (State.ASKED, "Asked"),
    (State.APPROVED, "Approved"),
    (State.PAID, "Paid"),
)


class Exact(str):
    """A text whose digits are meant to be read: not masked; made visible and escaped like any other."""

    __slots__ = ()


def render_audit(case: AuditCase, *, stylesheet: str = "/static/audit.css") -> str:
    """The whole page; `stylesheet` is an address of our own origin."""
    return (
        _environment()
        .get_template("audit.html")
        .render(
            case=case,
            stylesheet=Exact(stylesheet),
            outcome=outcome_of(case),
            tone=STATE_TONES.get(outcome_of(case), "busy"),
            milestones=milestones(case),
            boxes=boxes_of(case),
            request=_request(case.model),
            labels=FIELD_LABELS,
            sources=SOURCE_WORDS,
            severity_tones=SEVERITY_TONES,
            severity_words=SEVERITY_WORDS,
            moment=lambda at: moment(at, case.zone),
            brief_day=lambda at: Exact(f"{at.astimezone(case.zone):%d %b}"),
            brief_time=lambda at: Exact(f"{at.astimezone(case.zone):%H:%M:%S}"),
        )
    )


def outcome_of(case: AuditCase) -> State:
    """The state people care about: for a closed invoice, what it was closed as."""
    if case.state is not State.CLOSED:
        return case.state
    ends = [entry.source for entry in case.timeline if entry.target == State.CLOSED]
    return State(ends[-1]) if ends and ends[-1] in (State.PAID, State.REJECTED) else State.CLOSED


def milestones(case: AuditCase) -> tuple[tuple[str, datetime | None], ...]:
    """The street in eight words, each with the time it was last reached, or None."""
    reached = {entry.target: entry.at for entry in case.timeline}
    return tuple((word, reached.get(state)) for state, word in MILESTONES)


def boxes_of(case: AuditCase) -> tuple[tuple[PagePicture, tuple[tuple[FieldRow, Place], ...]], ...]:
    """Every page with the fields that have a place on it."""
    if case.document is None:
        return ()
    placed = [(row, row.place) for row in case.document.fields if row.place is not None]
    return tuple(
        (page, tuple((row, place) for row, place in placed if place.page == page.number))
        for page in case.document.pages
    )


def moment(at: datetime | None, zone: ZoneInfo) -> Exact:
    """A time in the reader's zone, with the zone's name: `23 Nov 2026, 18:42:07 IST`."""
    return Exact("" if at is None else f"{at.astimezone(zone):%d %b %Y, %H:%M:%S %Z}")


def _on_the_page(value: object) -> object:
    """What Jinja prints for a value: nothing for None, marked texts as they are, all else masked and cut."""
    if value is None:
        return ""
    if isinstance(value, Markup):
        return value
    if isinstance(value, Exact):
        return visible(value)
    return visible(_cut(mask(str(value)), LONGEST_TEXT)) if isinstance(value, str) else value


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def _request(model: ModelCard | None) -> Exact | None:
    """The request's body, masked and indented; text that is no JSON is shown as it is."""
    if model is None or model.request_json is None:
        return None
    try:
        text = json.dumps(json.loads(model.request_json), indent=2, ensure_ascii=False)
    except ValueError:
        text = model.request_json
    return Exact(_cut(mask(text), LONGEST_REQUEST))


def _day(value: date) -> Exact:
    return Exact(f"{value:%d %b %Y}")


def _value(row: FieldRow) -> str:
    """A field's value: exact where long numbers are its nature, masked elsewhere."""
    text = row.value or ""
    return Exact(text) if row.name in EXACT_FIELDS else text


def _printed(row: FieldRow) -> str:
    text = row.printed or ""
    return Exact(text) if row.name in EXACT_FIELDS else text


def _certainty(confidence: float) -> str:
    return "high" if confidence >= SURE else "middling" if confidence >= UNSURE else "low"


def _slug(name: str) -> Exact:
    """A name as part of an element's id."""
    return Exact(re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"))


def _other_members(action: Mapping[str, Any]) -> str:
    """Members of an action that the vocabulary does not know, as JSON."""
    known = {"op", "target", "value_ref", "url", "approved"}
    return json.dumps({k: v for k, v in action.items() if k not in known}, ensure_ascii=False)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("daemon.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_on_the_page,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        exact=Exact,
        day=_day,
        value=_value,
        printed=_printed,
        certainty=_certainty,
        slug=_slug,
        other_members=_other_members,
    )
    return environment
