"""Whether a value read from a document is the true one, and the documents whose truth is known."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

SETS: Final = (
    ("xml_only", "docs"), ("zf_layouts", "docs"), ("zf_visual", "docs"),
    ("zf_layouts", "stripped"), ("zf_visual", "stripped"), ("invoice2data", "docs"), ("gst_ttm", "docs"),
    ("zf_layouts", "scan200"), ("zf_visual", "scan200"), ("invoice2data", "scan200"), ("gst_ttm", "scan200"),
    ("sroie", "docs"),
)  # fmt: skip
"""Folders of the corpora and their variants: structured, text layers, then pictures."""

FIELDS: Final = (
    "invoice_number", "issue_date", "due_date", "currency", "total", "net", "tax",
    "seller_name", "seller_tax_id", "account", "ifsc", "po_number", "lines",
)  # fmt: skip
SURE: Final = 0.9
_SUMS: Final = frozenset({"total", "net", "tax"})
_DATES: Final = frozenset({"issue_date", "due_date"})
_LEGAL = re.compile(
    r"\b(gmbh( & co kg| & co\. kg)?|ag|kg|ohg|ug|e\.?k\.?|ltd|limited|llp|llc|inc|corp|corporation|pvt|private|plc|"
    r"bv|b\.v\.|nv|sa|s\.a\.|sarl|sas|srl|spa|s\.p\.a\.|oy|ab|as|a/s|co|company|sdn|bhd)\b\.?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Truth:
    """What a document says; None is not on it, or not known."""

    sha256: str
    values: Mapping[str, str | None]


@dataclass
class Tally:
    """How often a field was asked for, right, left out, and wrong but sure."""

    asked: int = 0
    right: int = 0
    absent: int = 0
    wrong_and_sure: int = 0


@dataclass
class Score:
    """A set's tallies by field, and by tenth of confidence how many values there were and how many right."""

    fields: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in FIELDS})
    reliability: dict[int, list[int]] = field(default_factory=dict)

    def count(self, name: str, wanted: str, value: str | None, confidence: float) -> None:
        """Count one answer."""
        tally = self.fields[name]
        tally.asked += 1
        if value is None:
            tally.absent += 1
            return
        right = agrees(name, value, wanted)
        tally.right += right
        tally.wrong_and_sure += not right and confidence >= SURE
        tenth = self.reliability.setdefault(min(int(confidence * 10), 9), [0, 0])
        tenth[0] += 1
        tenth[1] += right


def truths_of(folder: Path, name: str, variant: str) -> Iterator[tuple[Path, Truth]]:
    """The documents of a set with their truth; none if the folder is missing."""
    told = folder / name / ("truth.jsonl" if variant == "docs" else f"truth_{variant}.jsonl")
    if not told.exists():
        return
    for line in told.read_text("utf-8").splitlines():
        row = json.loads(line) if line.strip() else {}
        path = folder / name / variant / str(row.get("file", ""))
        if row and path.is_file():
            yield (
                path,
                Truth(
                    str(row.get("sha256") or "f"),
                    {f: None if row.get(f) in (None, "") else str(row[f]) for f in FIELDS},
                ),
            )


def agrees(name: str, one: str, other: str) -> bool:
    """True if two values of a field are the same but for spelling: legal forms, punctuation, cents."""
    return plain(name, one) == plain(name, other)


def plain(name: str, value: str) -> str:
    """A value as it is compared."""
    if name in _SUMS:
        try:
            return str(Decimal(value.replace(",", "")).quantize(Decimal("0.01")))
        except InvalidOperation:
            return f"not a sum: {value}"
    text = unicodedata.normalize("NFKC", value).casefold().strip()
    if name in _DATES:
        return text[:10]
    if name == "seller_name":
        text = _LEGAL.sub(" ", text)
    return re.sub(r"[\W_]+", "", text)
