"""Sums of money on a line, with their currency and their words; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from handlers.reading.amounts import currency_in, currency_of, decimal_mark, parse_amount
from handlers.reading.marked import Marked
from handlers.reading.words import Word

TIGHT: Final = 0.45
"""Word gap, in heights, up to which `1 234,56` is one number."""

_NOISE: Final = "%<>*'\"`|&»«¥"
"""What OCR makes of a rupee sign or a table rule before a sum."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum as printed; `money` is False for a bare integer, which may be a count."""

    value: Decimal
    currency: str | None
    words: tuple[Word, ...]
    money: bool

    @property
    def x1(self) -> float:
        """Right edge, by which columns of sums align."""
        return self.words[-1].x1


def mark_of(marked: Marked) -> str | None:
    """The document's decimal mark."""
    return decimal_mark(word.text for _, _, line in marked.lines() for word in line.words)


def sums_in(words: Sequence[Word], mark: str | None) -> list[Sum]:
    """The sums among words of one line, from left to right; percentages and dates are not sums."""
    found: list[Sum] = []
    index = 0
    while index < len(words):
        taken = _number_at(words, index)
        value = None if _is_rate(words, index + len(taken)) else _value(taken, mark)
        if value is None:
            index += 1
            continue
        end = index + len(taken)
        currency = _currency(words, index, end)
        printed = "".join(word.text for word in taken)
        negative = (
            index > 0 and words[index - 1].text in "-−–" and _gap(words[index - 1], taken[0]) < 2 * TIGHT
        )
        money = currency is not None or bool(re.search(r"\d[.,]\d{2}(?!\d)|\d,\d{2,3}|\d\.\d{3}", printed))
        found.append(Sum(-value if negative else value, currency, tuple(taken), money))
        index = end
    return found


def _number_at(words: Sequence[Word], index: int) -> list[Word]:
    """The word at index, with the next one when a thousands space divides them."""
    taken = [words[index]]
    if re.fullmatch(r"[-−]?[1-9]\d{0,2}", words[index].text):
        for word in words[index + 1 : index + 4]:
            if _gap(taken[-1], word) > TIGHT or not re.fullmatch(r"\d{3}(?:[.,]\d{2})?", word.text):
                break
            taken.append(word)
        if not re.search(r"[.,]\d{2}$", taken[-1].text):
            taken = taken[:1]
    first, following = words[index], words[index + 1 : index + 2]
    if (
        first.source == "ocr"
        and following
        and re.search(r"\d[.,]$", first.text)
        and re.fullmatch(r"\d{2}", following[0].text)
    ):
        return [first, *following]
    return taken


def _value(taken: Sequence[Word], mark: str | None) -> Decimal | None:
    text = "".join(word.text for word in taken)
    if text.endswith("%") or re.search(r"\d[-/]\d|\d:\d|^\d{1,2}\.\d{1,2}\.$", text):
        return None
    if text.startswith("(") and ")" not in text:
        # The other bracket stands after the currency: `(35,13 €)`.
        text = text[1:]
    if taken[0].source == "ocr":
        text = text.lstrip(_NOISE).rstrip("|'`*~_")
    return parse_amount(text, mark) if any(char.isdigit() for char in text) else None


def _is_rate(words: Sequence[Word], after: int) -> bool:
    return after < len(words) and words[after].text[:1] == "%"


def _currency(words: Sequence[Word], start: int, end: int) -> str | None:
    attached = currency_in(words[start].text)
    if attached is not None:
        return attached
    beside = ([words[end]] if end < len(words) else []) + ([words[start - 1]] if start else [])
    for word in reversed(beside):
        code = currency_of(word.text)
        if code is not None and (
            word.text.casefold() not in ("try", "ft", "lei", "kr") or word.text.isupper()
        ):
            return code
    return None


def _gap(left: Word, right: Word) -> float:
    """Gap in word heights, for a page of usual shape."""
    return (right.x0 - left.x1) * 0.707 / max(left.height, 1e-6)
