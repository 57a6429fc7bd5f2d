"""The tax id of the seller, never the buyer's: GSTINs and VAT numbers by their shape, others by their label; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from handlers.reading.confidence import CHECKSUM, with_print
from handlers.reading.identifiers import (
    GSTIN_LENGTH,
    compact,
    gstin_from_ocr,
    gstin_is_valid,
    looks_like_gstin,
    vat_is_wellformed,
)
from handlers.reading.labels import words_right_of
from handlers.reading.marked import Found, Marked
from handlers.reading.seller import in_buyer_block
from handlers.reading.vocabulary import Role
from handlers.reading.words import Line, Word

RIVALLED: Final = 0.69
"""A VAT number when another tax number of the seller stands before it."""

_YOURS: Final = re.compile(r"\b(your|ihre|uw|votre|su|customer|kunden|client)\b", re.IGNORECASE)


def read_seller_tax_id(marked: Marked) -> Found[str] | None:
    """The first GSTIN or VAT number that is not the buyer's, else the first labelled tax number."""
    labelled = list(_labelled_tax_ids(marked))
    found = list(_checked_tax_ids(marked)) or labelled
    if not found:
        return None
    best = max(found, key=lambda item: item.confidence)
    earlier = [item for item in labelled if compact(item.value) != best.value and _before(item, best)]
    sure = best.with_confidence(min(best.confidence, RIVALLED)) if earlier else best
    valid = gstin_is_valid(best.value)
    sure = replace(sure, why="check_holds") if valid else sure
    others = [item for item in (*found, *labelled) if compact(item.value) != compact(best.value)]
    failed = [item for item in others if looks_like_gstin(item.value) and not gstin_is_valid(item.value)]
    return sure.before(failed, "check_fails").before(
        (item for item in others if item not in failed), "weaker"
    )


def _before(one: Found[str], other: Found[str]) -> bool:
    """True if one stands before the other in the document."""
    return (one.words[0].page, one.words[0].y0) < (other.words[0].page, other.words[0].y0)


def _checked_tax_ids(marked: Marked) -> Iterator[Found[str]]:
    """GSTINs and VAT numbers by their own shape; the buyer's are left out."""
    order = 0
    for page, index, line in marked.lines():
        for value, words, valid in _shapes(line):
            at = line.words.index(words[0])
            before = line.words[max(0, at - 4) : at]
            if _YOURS.search(" ".join(word.text for word in before)) or in_buyer_block(
                marked, page, index, words
            ):
                continue
            base = (CHECKSUM if looks_like_gstin(value) else 0.92) if valid else 0.45
            yield Found(
                value,
                with_print(base - 0.03 * min(order, 8), words, proven=valid and looks_like_gstin(value)),
                words,
                words[0].source,
            )
            order += 1


def _shapes(line: Line) -> Iterator[tuple[str, tuple[Word, ...], bool]]:
    for start, word in enumerate(line.words):
        text = compact(word.text.split(":")[-1].strip(",;()"))
        gstin = _gstin_at(line, start)
        if gstin is not None:
            yield gstin[0], gstin[1], gstin_is_valid(gstin[0])
            continue
        head = re.match(r"(?:[A-Z]{2}|CHE)", text)
        if head is None:
            continue
        for count in range(1, 6):
            words = line.words[start : start + count]
            if any(":" in w.text for w in words[1:]):
                break
            joined = compact("".join(w.text for w in words).split(":")[-1].strip(",;()"))
            following = line.words[start + count].text if start + count < len(line.words) else ""
            if vat_is_wellformed(joined) and not following.isdigit():
                yield joined, tuple(words), True
                break


def _gstin_at(line: Line, start: int) -> tuple[str, tuple[Word, ...]] | None:
    """A GSTIN that begins at a word and may go on in the next two; OCR's O and 0 are told apart by its grammar."""
    for count in range(1, 4):
        words = line.words[start : start + count]
        text = compact("".join(word.text for word in words).split(":")[-1].strip(",;()"))
        if len(text) > GSTIN_LENGTH or len(words) < count:
            return None
        read = gstin_from_ocr(text) if words[0].source == "ocr" else text
        if looks_like_gstin(read):
            return read, tuple(words)
    return None


def _labelled_tax_ids(marked: Marked) -> Iterator[Found[str]]:
    for label in marked.of(Role.TAX_ID):
        before = label.line.words[max(0, label.first - 2) : label.first]
        if _YOURS.search(" ".join(word.text for word in before)):
            continue
        words = words_right_of(label, marked.on(label.line))[:2]
        for word in words:
            text = word.text.strip(":,;")
            if sum(char.isdigit() for char in text) >= 7 and re.fullmatch(r"[\w/.\- ]+", text):
                if not in_buyer_block(marked, marked.page_of(label), label.line_index, [label.words[0]]):
                    yield Found(text, with_print(0.8, [word]), (word,), word.source)
                break
