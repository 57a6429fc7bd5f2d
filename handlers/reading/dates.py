"""Dates as printed, in the languages invoices come in; day before month unless the document says otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.reading.amounts import to_ascii_digits

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2099

MONTHS: Final[dict[int, str]] = {
    1: "january jan januar jän jänner janvier janv enero ene gennaio gen januari janeiro stycznia जनवरी जानेवारी जाने"
    " tammikuu tammikuuta ledna ianuarie ocak",
    2: "february feb februar fevrier fevr fev febrero febbraio februari fevereiro lutego फरवरी फेब्रुवारी फेब्रु"
    " helmikuu helmikuuta unora februarie subat",
    3: "march mar marz maerz mrz mars marzo maart mrt marco marca मार्च"
    " marts maaliskuu maaliskuuta brezna martie mart",
    4: "april apr avril avr abril abr aprile kwietnia अप्रैल एप्रिल"
    " huhtikuu huhtikuuta dubna aprilie nisan",
    5: "may mai mayo maggio mag mei maio maja मई मे"
    " toukokuu toukokuuta kvetna mayis",
    6: "june jun juni juin junio giugno giu junho czerwca जून"
    " kesakuu kesakuuta cervna iunie haziran",
    7: "july jul juli juillet juil julio luglio lug julho lipca जुलाई जुलै"
    " heinakuu heinakuuta cervence iulie temmuz",
    8: "august aug aout agosto ago augustus sierpnia अगस्त ऑगस्ट"
    " elokuu elokuuta srpna augusti agustos",
    9: "september sept sep septembre septiembre settembre set setembro wrzesnia सितंबर सितम्बर सप्टेंबर"
    " syyskuu syyskuuta zari septembrie eylul",
    10: "october oct oktober okt octobre octubre ottobre ott outubro out pazdziernika अक्टूबर अक्तूबर ऑक्टोबर"
    " lokakuu lokakuuta rijna octombrie ekim",
    11: "november nov novembre noviembre novembro listopada नवंबर नवम्बर नोव्हेंबर"
    " marraskuu marraskuuta listopadu noiembrie kasim",
    12: "december dec dezember dez decembre diciembre dic dicembre desember dezembro grudnia दिसंबर दिसम्बर डिसेंबर"
    " joulukuu joulukuuta prosince decembrie aralik",
}  # fmt: skip
"""Month names and their abbreviations, without accents, in en de fr es it nl pt pl da sv no fi cs ro tr hi mr."""


def fold(text: str) -> str:
    """Lower case without accents; combining vowel signs of Indic scripts stay."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if not 0x0300 <= ord(char) <= 0x036F)


_MONTH: Final = {fold(name): number for number, names in MONTHS.items() for name in names.split()}
_NAME = "|".join(sorted((re.escape(name) for name in _MONTH), key=len, reverse=True))
_EDGE = r"(?<![\w.,/\-])"
_END = r"(?![\w/]|[.,\-]\d)"
_ISO = re.compile(rf"{_EDGE}(\d{{4}})[-./](\d{{1,2}})[-./](\d{{1,2}})(?:T[\d:.+Z]*)?{_END}")
_NUMERIC = re.compile(rf"{_EDGE}(\d{{1,2}})\s?([-./])\s?(\d{{1,2}})\s?\2\s?(\d{{4}}|\d{{2}}){_END}")
_DAY_FIRST = re.compile(
    rf"{_EDGE}(\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s?[-./,]?\s?(?:de\s|of\s)?({_NAME})\.?,?\s?[-./']?\s?"
    rf"(?:de\s|of\s)?(\d{{4}}|'?\d{{2}}){_END}"
)
_MONTH_FIRST = re.compile(
    rf"(?<!\w)({_NAME})\.?\s?[-/]?\s?(\d{{1,2}})(?:st|nd|rd|th)?\s?[-,./]\s?(\d{{4}}){_END}"
)
_MONTH_FIRST_PLAIN = re.compile(rf"(?<!\w)({_NAME})\.?\s(\d{{1,2}})\s(\d{{4}}){_END}")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date and where it stands in the searched text; `sure` is False when day and month could be swapped."""

    value: date
    start: int
    end: int
    sure: bool


def find_dates(text: str, *, month_first: bool = False) -> list[FoundDate]:
    """All dates in a piece of text, from left to right; nothing is completed or guessed."""
    folded = _fold_same_length(text)
    found = [*_iso(folded), *_numeric(folded, month_first), *_named(folded)]
    found.sort(key=lambda item: (item.start, -item.end))
    kept: list[FoundDate] = []
    for item in found:
        if not kept or item.start >= kept[-1].end:
            kept.append(item)
    return kept


def month_comes_first(texts: Iterable[str]) -> bool:
    """True if the document's own dates prove month/day/year, and none of them day/month/year."""
    proofs = {"month": 0, "day": 0}
    for text in texts:
        for found in _NUMERIC.finditer(text):
            first, second = int(found[1]), int(found[3])
            if found[2] == "/" and first <= 12 < second <= 31:
                proofs["month"] += 1
            elif second <= 12 < first <= 31:
                proofs["day"] += 1
    return proofs["month"] > 0 and proofs["day"] == 0


def _fold_same_length(text: str) -> str:
    """Fold character by character, so that positions still point into the original."""
    return "".join(
        (fold(char) or " ")[0] if char.isascii() or len(fold(char)) == 1 else char
        for char in to_ascii_digits(text)
    )


def _iso(text: str) -> list[FoundDate]:
    return _kept((_day(m[1], m[2], m[3]), m, True) for m in _ISO.finditer(text))


def _numeric(text: str, month_first: bool) -> list[FoundDate]:
    found = []
    for match in _NUMERIC.finditer(text):
        first, second, year = int(match[1]), int(match[3]), match[4]
        if len(year) == 2 and match[2] == "." and match[0].count(" "):
            continue
        swapped = (month_first and match[2] != ".") or (second > 12 >= first and match[2] == "/")
        day, month = (second, first) if swapped else (first, second)
        sure = match[2] == "." or first > 12 or second > 12 or first == second
        found.append((_day(year, month, day), match, sure or month_first))
    return _kept(found)


def _named(text: str) -> list[FoundDate]:
    found = [(_day(m[3].strip("'"), _MONTH[m[2]], m[1]), m, True) for m in _DAY_FIRST.finditer(text)]
    for pattern in (_MONTH_FIRST, _MONTH_FIRST_PLAIN):
        found += [(_day(m[3], _MONTH[m[1]], m[2]), m, True) for m in pattern.finditer(text)]
    return _kept(found)


def _kept(found: Iterable[tuple[date | None, re.Match[str], bool]]) -> list[FoundDate]:
    return [FoundDate(value, match.start(), match.end(), sure) for value, match, sure in found if value]


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    """The calendar day, or None if there is no such day or no plausible year."""
    number = int(year)
    if number < 100:
        number += 2000
    try:
        value = date(number, int(month), int(day))
    except ValueError:
        return None
    return value if FIRST_YEAR <= value.year <= LAST_YEAR else None
