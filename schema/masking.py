"""The only maker of `Masked` text, and the type of what may leave for the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, NewType

from pydantic import AfterValidator, BeforeValidator, Field

from schema.document import Frozen

Masked = NewType("Masked", str)
"""Text in which no account number can be read; what leaves the house takes only this type."""

SHORTEST_ACCOUNT: Final = 9
"""Indian account numbers have 9-18 digits; shorter runs (dates, sums, PIN codes) stay readable."""

SEPARATOR: Final = (
    r"[ \t\u00a0\u2000-\u200f\u202a-\u202f\u2060-\u206f\u3000\u00ad\u034f\ufe00-\ufe0f\ufeff"
    r"\-\u2010-\u2015\u2212./_]"
)
"""What people and typesetters put between the groups of a number: blanks, dashes, dots, slashes, things unseen."""

_LINE_END: Final = r"(?<=(?<!\d)\d{4})[ \t]*\r?\n[ \t]*(?=\d{4}(?!\d))"
"""A line end between two groups of four, as a long number is broken; other columns of numbers stay apart."""

_DIGIT_RUN: Final = re.compile(rf"\d(?:(?:{SEPARATOR}{{0,3}}|{_LINE_END})\d){{{SHORTEST_ACCOUNT - 1},}}")
"""Digits of any script (the class is Unicode's): an account number may be printed in Devanagari too."""

_DAY: Final = "(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH: Final = "(?:0?[1-9]|1[0-2])"
_YEAR: Final = "(?:19|20)[0-9]{2}"
_PLAIN_WORD: Final = re.compile(
    rf"(?<![^\s])(?:{_DAY}([-./]){_MONTH}\1(?:{_YEAR}|[0-9]{{2}})|{_MONTH}([-./]){_DAY}\2{_YEAR}"
    rf"|{_YEAR}([-./]){_MONTH}\3{_DAY}|[0-9]{{1,8}}\.[0-9]{{2}})(?![^\s])"
)
"""A word that surely is a date or a sum with two decimal places: no part of an account number."""

IBAN_LENGTHS: Final[Mapping[str, int]] = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
"""Characters of an IBAN by country (ISO 13616, SWIFT's registry)."""

_IBAN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(
        rf"{country}[0-9]{{2}}(?:{SEPARATOR}{{0,2}}[A-Z0-9]){{{length - 4}}}"
        for country, length in sorted(IBAN_LENGTHS.items())
    )
    + ")",
    re.IGNORECASE,
)
LEAST_IBAN_DIGITS: Final = 8
"""Digits of an IBAN after its check digits; with fewer it is prose that begins like one (`No12 of the...`)."""

_VAT_COUNTRIES: Final = (
    "AT|BE|BG|CHE|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|NO|PL|PT|RO|SE|SI|SK|XI"
)
_TAX_ID: Final = re.compile(
    rf"[0-9]{{2}}[A-Z]{{5}}[0-9]{{4}}[A-Z][0-9A-Z]{{3}}|(?:{_VAT_COUNTRIES})[0-9A-Z]{{2,12}}"
)
"""A GSTIN, or a VAT number with its country: never as long as an IBAN of that country."""

_SUM: Final = r"^-?(?:[0-9]{1,8}(?:\.[0-9]{1,3})?|[0-9]{9,12}\.[0-9]{2,3})$"
"""A sum as text; one as long as an account number must show its decimal places, as no account number does."""


def last4(account: str) -> str:
    """The part of an account number that may be shown: its last four, or last two of a short one."""
    compact = latin_digits(re.sub(SEPARATOR, "", account))
    return compact[-2:] if len(compact) < SHORTEST_ACCOUNT else compact[-4:]


def latin_digits(text: str) -> str:
    """`text` with the decimal digits of all scripts as 0-9."""
    return "".join(str(int(character)) if character.isdecimal() else character for character in text)


def mask_account(account: str) -> Masked:
    """An account number as people may see it: `XXXXXX1234`."""
    return Masked("XXXXXX" + last4(account))


def mask(text: str) -> Masked:
    """`text` with every digit run that could be an account number, and every IBAN, replaced by `XXXXXX1234`.

    Runs are found across up to three blanks, dashes, dots and slashes, since people print accounts in groups,
    and across line ends between groups of four. Dates and sums with two decimal places divide runs and stay.
    Else it errs on the side of hiding: long order numbers and phone numbers are masked too. Safe to repeat.
    """
    return Masked(_DIGIT_RUN.sub(_mask_run, _IBAN.sub(_mask_iban, text)))


def _mask_iban(match: re.Match[str]) -> str:
    digits = sum(character.isdecimal() for character in match[0][4:])
    return mask_account(match[0].upper()) if digits >= LEAST_IBAN_DIGITS else match[0]


def _mask_run(match: re.Match[str]) -> str:
    """The run with what lies between its dates and sums masked, where that is long enough."""
    run, start, parts = match[0], 0, []
    for plain in _PLAIN_WORD.finditer(run):
        parts += [_mask_part(run[start : plain.start()]), plain[0]]
        start = plain.end()
    return "".join([*parts, _mask_part(run[start:])])


def _mask_part(part: str) -> str:
    digits = "".join(character for character in part if character.isdecimal())
    if len(digits) < SHORTEST_ACCOUNT:
        return part
    first, last = part.index(digits[0]), part.rindex(digits[-1])
    return part[:first] + mask_account(digits) + part[last + 1 :]


def holds_account(text: str) -> bool:
    """Whether `text` has anything that `mask` would hide."""
    return mask(text) != text


def _without_account(text: str) -> str:
    if holds_account(text):
        raise ValueError("holds what could be a full account number")
    return text


def _tax_id(text: str) -> str:
    if not _TAX_ID.fullmatch(text):
        raise ValueError("is no GSTIN and no VAT number")
    return text


def _iso_date(value: Any) -> Any:
    """Only a date or its ISO form: a run of digits would be taken for a Unix time."""
    return date.fromisoformat(value) if isinstance(value, str) and "-" in value else value


Day = Annotated[date, BeforeValidator(_iso_date), Field(strict=True)]
"""A date, given as such or as `2026-11-01`."""

Safe = Annotated[str, AfterValidator(_without_account)]
"""A string that holds no full account number."""


class MaskedInvoice(Frozen):
    """What may leave for the model: these facts and no others; no field can hold a full account number.

    `excerpt` is the masked text of the document, shortened; it is data for the model to compare the
    facts with, written by a stranger.
    """

    vendor_name: Annotated[Safe, Field(max_length=200)] | None
    po_id: Annotated[Safe, Field(max_length=60)] | None
    amount: Annotated[str, Field(pattern=_SUM)] | None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None
    issue_date: Day | None
    due_date: Day | None
    account_last4: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,4}$")] | None
    tax_id: Annotated[str, AfterValidator(_tax_id)] | None
    excerpt: Annotated[Safe, Field(max_length=4000)]
