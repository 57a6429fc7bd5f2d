"""What passes between the reading process and its parent, as plain data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, Final

from handlers.reading.calibration import calibrated
from handlers.reading.fields import Fields
from handlers.reading.identifiers import compact
from handlers.reading.marked import Found
from schema.document import MOST_CANDIDATES

MAX_TEXT: Final = 400_000
"""Characters of text handed on; a dense ten-page invoice has 60,000."""

MAX_PRINTED: Final = 300


class Unreadable(Exception):  # noqa: N818 - a verdict on the document, not an error of ours
    """The document cannot be read; the argument is a code of schema.errors.UNREADABLE."""


@dataclass(frozen=True)
class FileSlice:
    """One of several files on standard input: its length, and the pages wanted of it in order; None: all."""

    name: str
    size: int
    pages: list[int] | None


@dataclass(frozen=True)
class Order:
    """What the parent asks for; with `slices`, standard input is those files one after another, read as one."""

    name: str
    tesseract: str
    max_pages: int
    cpu_seconds: int
    slices: tuple[FileSlice, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Order:
        """The order of the command line."""
        members = json.loads(text)
        slices = tuple(FileSlice(**each) for each in members.pop("slices"))
        return cls(**members, slices=slices)


@dataclass(frozen=True)
class Picture:
    """A page as a PNG file."""

    number: int
    width: int
    height: int
    png: bytes


@dataclass(frozen=True)
class Made:
    """All that was read from one document."""

    fields: Fields
    kind: str
    text: str
    page_count: int
    pictures: tuple[Picture, ...] = ()
    ocr_pages: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def as_json(made: Made) -> dict[str, Any]:
    """The answer as JSON data: sums and dates as strings, pictures by their sizes only."""
    return {
        "ok": True,
        "kind": made.kind,
        "fields": {f.name: _field(f.name, getattr(made.fields, f.name)) for f in fields(Fields)},
        "candidates": {f.name: _candidates(f.name, getattr(made.fields, f.name)) for f in fields(Fields)},
        "text": made.text[:MAX_TEXT],
        "page_count": made.page_count,
        "pictures": [
            {"number": p.number, "width": p.width, "height": p.height, "size": len(p.png)}
            for p in made.pictures
        ],
        "ocr_pages": list(made.ocr_pages),
        "languages": list(made.languages),
        "warnings": list(made.warnings),
    }


def _candidates(name: str, found: Found[Any] | None) -> list[dict[str, Any]]:
    """The value taken and the surest of the others, each value once; nothing where there was no choice."""
    if found is None:
        return []
    known, kept = {_key(found)}, [found]
    for other in sorted(found.others, key=lambda item: -item.confidence):
        if _key(other) not in known and len(kept) < MOST_CANDIDATES and str(other.value).strip():
            known.add(_key(other))
            kept.append(other)
    return [
        _field(name, item)
        | {"value": str(item.value)[:MAX_PRINTED], "taken": item is found}
        | {"why": "only" if len(kept) == 1 and item.why == "best_labelled" else item.why}
        for item in kept
    ]


def _key(found: Found[Any]) -> str:
    return compact(str(found.value))


def _field(name: str, found: Found[Any] | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "value": found.value if isinstance(found.value, int) else str(found.value),
        "confidence": round(min(max(calibrated(name, found), 0.0), 1.0), 3),
        "text": found.text[:MAX_PRINTED] or None,
        "place": _place(found),
        "source": found.source,
    }


def _place(found: Found[Any]) -> dict[str, float] | None:
    words = [word for word in found.words if word.page == found.words[0].page]
    if not words:
        return None
    return {
        "page": words[0].page,
        "x0": round(min(word.x0 for word in words), 5),
        "y0": round(min(word.y0 for word in words), 5),
        "x1": round(max(word.x1 for word in words), 5),
        "y1": round(max(word.y1 for word in words), 5),
    }
