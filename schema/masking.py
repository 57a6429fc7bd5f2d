"""The only maker of `Masked` text, and the type of what may leave for the model."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final, NewType

from pydantic import AfterValidator, Field

from schema.document import Frozen

Masked = NewType("Masked", str)
"""Text in which no account number can be read; what leaves the house takes only this type."""

SHORTEST_ACCOUNT: Final = 9
"""Indian account numbers have 9-18 digits; shorter runs (dates, sums, PIN codes) stay readable."""

_DIGITS: Final = r"[0-9\u0966-\u096f\u0ae6-\u0aef]"
"""Latin, Devanagari and Gujarati digits: an account number may be printed in any of them."""

_DIGIT_RUN: Final = re.compile(rf"{_DIGITS}(?:[ \t\u00a0\-./]{{0,2}}{_DIGITS}){{{SHORTEST_ACCOUNT - 1},}}")
_IBAN: Final = re.compile(r"\b[A-Z]{2}[0-9]{2}(?:[ \u00a0]?[A-Z0-9]){11,30}\b")
_TAX_ID: Final = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]{3}|[A-Z]{2}[0-9A-Z]{2,13}")
_DATE: Final = re.compile(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}")


def last4(account: str) -> str:
    """The part of an account number that may be shown: its last four, or last two of a short one."""
    compact = re.sub(r"[\s\-]", "", account)
    return compact[-2:] if len(compact) < SHORTEST_ACCOUNT else compact[-4:]


def mask_account(account: str) -> Masked:
    """An account number as people may see it: `XXXXXX1234`."""
    return Masked("XXXXXX" + last4(account))


def mask(text: str) -> Masked:
    """`text` with every digit run that could be an account number, and every IBAN, replaced by `XXXXXX1234`.

    Runs are found across single spaces, hyphens, dots and slashes, since people print accounts in groups.
    It errs on the side of hiding: long order numbers and phone numbers are masked too. Safe to repeat.
    """
    return Masked(_DIGIT_RUN.sub(_mask_run, _IBAN.sub(lambda m: mask_account(m[0]), text)))


def _mask_run(match: re.Match[str]) -> str:
    return match[0] if _is_dates(match[0]) else mask_account(match[0])


def _is_dates(run: str) -> bool:
    """Two dates side by side (`01.11.2026 30.11.2026`) look like a long run and are none."""
    return all(_DATE.fullmatch(word) for word in run.split())


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


Safe = Annotated[str, AfterValidator(_without_account)]
"""A string that holds no full account number."""


class MaskedInvoice(Frozen):
    """What may leave for the model: these facts and no others; no field can hold a full account number.

    `excerpt` is the masked text of the document, shortened; it is data for the model to compare the
    facts with, written by a stranger.
    """

    vendor_name: Annotated[Safe, Field(max_length=200)] | None
    po_id: Annotated[Safe, Field(max_length=60)] | None
    amount: Annotated[str, Field(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,3})?$")] | None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None
    issue_date: date | None
    due_date: date | None
    account_last4: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,4}$")] | None
    tax_id: Annotated[str, AfterValidator(_tax_id)] | None
    excerpt: Annotated[Safe, Field(max_length=4000)]
