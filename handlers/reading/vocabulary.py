"""What invoices call their fields: the tables of vocabulary.toml, by role."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class Role(StrEnum):
    """What the value beside a label is."""

    NUMBER = "invoice number"
    ISSUE_DATE = "issue date"
    DUE_DATE = "due date"
    OTHER_DATE = "other date"
    TOTAL = "total"
    PAYABLE = "amount due"
    NET = "net"
    TAX = "tax"
    OTHER_SUM = "other sum"
    SELLER = "seller"
    BUYER = "buyer"
    TAX_ID = "tax id"
    ACCOUNT = "account"
    IBAN = "iban"
    IFSC = "ifsc"
    BIC = "bic"
    HOLDER = "account holder"
    ORDER = "purchase order"
    OTHER = "other number"


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((files("handlers.reading") / "vocabulary.toml").read_text("utf-8"))


def labels() -> Iterator[tuple[Role, str, bool]]:
    """Every label with its role and whether it is weak, in the order of the file."""
    for name, languages in _tables()["labels"].items():
        for label in (label for listed in languages.values() for label in listed):
            yield Role[name], label.removeprefix("~"), label.startswith("~")


def titles() -> dict[str, list[str]]:
    """Titles of documents by kind, in the order in which they are believed."""
    found: dict[str, list[str]] = _tables()["kinds"]
    return found


def legal_forms() -> list[str]:
    """Words at the end of a company's name."""
    found: list[str] = _tables()["legal_forms"]["words"]
    return found
