"""A second reading of the lines that matter on pictures: what two readings agree on is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from handlers.reading.bank import iban_runs
from handlers.reading.confidence import SURE
from handlers.reading.fields import Fields, Findings, read_fields
from handlers.reading.identifiers import (
    compact,
    gstin_is_valid,
    iban_is_valid,
    ifsc_is_valid,
    looks_like_gstin,
    vat_is_wellformed,
)  # fmt: skip
from handlers.reading.marked import Found, Marked
from handlers.reading.ocr import OcrPage, Tesseract
from handlers.reading.raster import A4_INCHES
from handlers.reading.vocabulary import Role
from handlers.reading.words import Line, Page, Word, lines_of

IBAN_SCALES: Final = (1.3, 2.3, 3.0)
LATE_IBAN: Final = 0.88
"""Check digits hold, but it took several tries."""

MAX_STRIPS: Final = 14
PADDING: Final = 0.35
"""White above and below a strip, in line heights."""

AGREED: Final = 0.93
DISPUTED: Final = 0.6
LONELY: Final = 0.75
"""Both readings give the same; different ones; only the second gives one."""

_MATTER: Final = (
    Role.IBAN, Role.ACCOUNT, Role.IFSC, Role.BIC, Role.TAX_ID,
    Role.NUMBER, Role.ISSUE_DATE, Role.DUE_DATE, Role.TOTAL, Role.ORDER,
)  # fmt: skip
"""Labels whose lines are read again, most important first."""

_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "account": iban_is_valid,
    "seller_tax_id": lambda text: (
        gstin_is_valid(text) or (vat_is_wellformed(text) and not looks_like_gstin(text))
    ),
    "ifsc": ifsc_is_valid,
}
"""What can be told right from wrong by itself."""

_READ_TWICE: Final = (
    "invoice_number",
    "issue_date",
    "due_date",
    "total",
    "seller_tax_id",
    "account",
    "ifsc",
    "po_number",
)


def confirmed(
    first: Findings, pages: Sequence[Page], seen: Sequence[OcrPage], tesseract: Tesseract
) -> Findings:
    """The findings after the important lines of pictures were read again."""
    again = {page.page.number: _reread(page, first, tesseract) for page in seen}
    second = read_fields(tuple(again.get(page.number, page) for page in pages))
    changes = {
        name: settled(name, getattr(first.fields, name), getattr(second.fields, name))
        for name in (item.name for item in fields(Fields))
        if name in _READ_TWICE
    }
    if changes["account"] is None:
        changes["account"] = _iban_at_last(seen, tesseract)
    return replace(first, fields=replace(first.fields, **changes))


def _iban_at_last(seen: Sequence[OcrPage], tesseract: Tesseract) -> Found[str] | None:
    """An IBAN whose line two readings got wrong: other enlargements, until the check digits hold."""
    for page in seen:
        labelled = [label.line for label in Marked.mark((page.page,)).of(Role.IBAN)]
        lines = list({id(line): line for line in labelled}.values())[:MAX_STRIPS]
        for scale in IBAN_SCALES if lines else ():
            strips = [_strip(line) for line in lines]
            for words in tesseract.read_strips(page.picture, strips, page.page.number, _dpi(page), scale):
                for line in lines_of(words):
                    for text, run in iban_runs(line):
                        if iban_is_valid(text):
                            return Found(text, LATE_IBAN, run, "ocr")
    return None


def _strip(line: Line) -> tuple[float, float]:
    return max(0.0, line.y0 - PADDING * line.height), min(1.0, line.y1 + PADDING * line.height)


def _dpi(page: OcrPage) -> int:
    return int(page.picture.width / A4_INCHES)


def settled(name: str, one: Found[Any] | None, other: Found[Any] | None) -> Found[Any] | None:
    """One value of two readings.

    1. Equal: surer. 2. Only one of them passes its check: that one. 3. Only one exists: that one, not sure.
    4. Different: the first, disputed.
    """
    if one is not None and one.source != "ocr":
        return one
    if one is None or other is None:
        alone = one or other
        proven = alone is not None and _passes(name, alone)
        return (
            alone
            if alone is None or alone is one or proven
            else alone.with_confidence(min(alone.confidence, LONELY))
        )
    if compact(str(one.value)) == compact(str(other.value)):
        both = min(max(one.confidence, one.confidence + AGREED - 0.86), AGREED)
        return replace(
            one.with_confidence(max(one.confidence, both if one.confidence >= 0.7 else one.confidence + 0.1)),
            why="read_twice" if one.why == "best_labelled" else one.why,
        )
    if _passes(name, one) != _passes(name, other):
        right, wrong = (one, other) if _passes(name, one) else (other, one)
        return replace(right, why="check_holds").before([wrong], "check_fails")
    return one.with_confidence(
        min(one.confidence, DISPUTED) if one.confidence < SURE + 0.03 or name != "total" else one.confidence
    ).before([other], "other_reading")


def _passes(name: str, found: Found[Any]) -> bool:
    check = _CHECKS.get(name)
    return check is not None and check(str(found.value))


def _reread(page: OcrPage, first: Findings, tesseract: Tesseract) -> Page:
    """The page with its important lines as they are read the second time."""
    lines = _lines_that_matter(page.page, first)
    strips = [_strip(line) for line in lines]
    words = tesseract.read_strips(page.picture, strips, page.page.number, _dpi(page))
    replaced = {id(line): _line(line, found) for line, found in zip(lines, words, strict=True)}
    return Page(page.page.number, tuple(replaced.get(id(line), line) for line in page.page.lines), "ocr")


def _line(line: Line, words: Sequence[Word]) -> Line:
    """The words of a strip as a line; a strip in which nothing was read keeps its first reading."""
    placed = [replace(word, y0=line.y0, y1=line.y1) for word in words]
    made = lines_of(placed, line.aspect)
    return made[0] if made else line


def _lines_that_matter(page: Page, first: Findings) -> list[Line]:
    """Lines with an important label, the line below it when it is a header, and lines with values found."""
    marked = Marked.mark((page,))
    values = {
        (word.page, word.y0) for item in fields(Fields) if item.name in _READ_TWICE
        for found in [getattr(first.fields, item.name)] if found for word in found.words
    }  # fmt: skip
    chosen: dict[int, Line] = {}
    for line in page.lines:
        if any((word.page, word.y0) in values for word in line.words):
            chosen[id(line)] = line
    for role in _MATTER:
        for label in marked.of(role):
            if not label.weak:
                chosen.setdefault(id(label.line), label.line)
    return list(chosen.values())[:MAX_STRIPS]
