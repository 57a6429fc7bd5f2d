"""A sum spelled out in English words, such as "Rupees One Lakh Eighteen Thousand Only"; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

MAX_WORDS: Final = 30

_ONES: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_SCALES: Final = {
    "thousand": 10**3, "lakh": 10**5, "lakhs": 10**5, "lac": 10**5, "lacs": 10**5,
    "crore": 10**7, "crores": 10**7, "million": 10**6, "billion": 10**9,
}  # fmt: skip
_NUMERALS: Final = frozenset([*_ONES, *_TENS, *_SCALES, "hundred"])
_WHOLE: Final = frozenset(
    [
        "rupees",
        "rupee",
        "inr",
        "rs",
        "euro",
        "euros",
        "eur",
        "dollar",
        "dollars",
        "usd",
        "pounds",
        "pound",
        "ringgit",
    ]
)
_PART: Final = frozenset(["paise", "paisa", "ps", "cents", "cent", "pence", "sen"])
_FILLERS: Final = frozenset({"and", "of", "no"})
_ENDS: Final = frozenset({"only", "onl"})


def spelled_sums(text: str) -> list[Decimal]:
    """The sums spelled out in a text: runs of number words that end with `only` or name a currency."""
    tokens = re.findall(r"[a-z]+|[^\sa-z]+", re.sub(r"[-–.,:;()*]", " ", text.casefold()))
    found: list[Decimal] = []
    index = 0
    while index < len(tokens):
        run = _run(tokens[index : index + MAX_WORDS])
        value = _value(run) if any(token in _NUMERALS for token in run) else None
        if value is not None:
            found.append(value)
        index += max(len(run), 1)
    return found


def _run(tokens: Sequence[str]) -> Sequence[str]:
    """Tokens from the first that all belong to a spelled sum; `only` ends it."""
    for count, token in enumerate(tokens):
        if token in _ENDS:
            return tokens[: count + 1]
        if token not in _NUMERALS and token not in _WHOLE and token not in _PART and token not in _FILLERS:
            return tokens[:count]
    return tokens


def _value(run: Sequence[str]) -> Decimal | None:
    """The sum of a run, or None when it is a phrase such as `one of two` and not money."""
    money = any(token in _WHOLE or token in _ENDS for token in run)
    numerals = [token for token in run if token in _NUMERALS]
    if not money or not any(token in _SCALES or token == "hundred" or token in _WHOLE for token in run):  # noqa: S105
        return None
    part_at = next((index for index, token in enumerate(run) if token in _PART), None)
    if part_at is None:
        return Decimal(_number(numerals))
    return _with_part(run, part_at)


def _with_part(run: Sequence[str], part_at: int) -> Decimal | None:
    """Rupees and paise: `paise fifty` and `fifty paise` both occur."""
    after = [token for token in run[part_at + 1 :] if token in _NUMERALS]
    before = run[:part_at]
    if after:
        whole, part = [token for token in before if token in _NUMERALS], after
    else:
        # The paise are the number words after the last `and` or currency word.
        cut = max((i for i, token in enumerate(before) if token == "and" or token in _WHOLE), default=-1)  # noqa: S105
        whole = [token for token in before[: cut + 1] if token in _NUMERALS]
        part = [token for token in before[cut + 1 :] if token in _NUMERALS]
    cents = _number(part)
    return Decimal(_number(whole)) + Decimal(cents) / 100 if cents < 100 else None


def _number(words: Sequence[str]) -> int:
    """The integer of number words; a scale multiplies what stands before it since the last larger scale."""
    total = group = 0
    for word in words:
        if word in _ONES:
            group += _ONES[word]
        elif word in _TENS:
            group += _TENS[word]
        elif word == "hundred":
            group = max(group, 1) * 100
        else:
            total += max(group, 1) * _SCALES[word]
            group = 0
    return total + group
