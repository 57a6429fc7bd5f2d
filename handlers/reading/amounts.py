"""Sums of money as printed, in Indian, European and English notation; exact, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

MAX_DIGITS: Final = 15
"""Longer digit runs are numbers of something else, not sums."""

SYMBOLS: Final = {
    "₹": "INR", "rs": "INR", "rs.": "INR", "inr": "INR", "रु": "INR", "रु.": "INR", "रू": "INR", "रू.": "INR",
    "रुपये": "INR", "रूपये": "INR", "रुपए": "INR", "₨": "INR", "€": "EUR", "eur": "EUR", "euro": "EUR",
    "$": "USD", "us$": "USD", "usd": "USD", "£": "GBP", "gbp": "GBP", "chf": "CHF", "sfr.": "CHF",
    "fr.": "CHF", "pln": "PLN", "zł": "PLN", "nok": "NOK", "sek": "SEK", "dkk": "DKK", "kr": "", "kr.": "",
    "czk": "CZK", "kč": "CZK", "huf": "HUF", "ft": "HUF", "ron": "RON", "lei": "RON", "rm": "MYR",
    "myr": "MYR", "sgd": "SGD", "s$": "SGD", "aud": "AUD", "a$": "AUD", "cad": "CAD", "c$": "CAD",
    "nzd": "NZD", "hkd": "HKD", "hk$": "HKD", "jpy": "JPY", "¥": "JPY", "cny": "CNY", "rmb": "CNY",
    "aed": "AED", "sar": "SAR", "thb": "THB", "php": "PHP", "₱": "PHP", "idr": "IDR", "zar": "ZAR",
    "try": "TRY", "₺": "TRY", "brl": "BRL", "r$": "BRL", "mxn": "MXN", "lkr": "LKR", "npr": "NPR",
    "bdt": "BDT", "pkr": "PKR",
}  # fmt: skip
"""Currency signs and words, folded, to ISO 4217; "" is money whose country the sign does not tell."""

_SIGNS = sorted(SYMBOLS, key=len, reverse=True)
_HEAD = re.compile(
    "^(?:" + "|".join(re.escape(s) for s in _SIGNS) + r")[.:]?(?=[\s\d(+\-−–.,]|$)", re.IGNORECASE
)
_TAIL = re.compile(r"(?<=[\d).,\s\-])(?:" + "|".join(re.escape(s) for s in _SIGNS) + ")$", re.IGNORECASE)
_ENDING = re.compile(r"(?:/-|/=|,-|\.-|\*+|\s*only)$", re.IGNORECASE)
_NUMBER = re.compile(r"\d[\d.,'’\u00a0\u202f ]*")
_DASHES = str.maketrans({"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-"})


def to_ascii_digits(text: str) -> str:
    """Replace the digits of any script, such as Devanagari १, by 0-9."""
    return "".join(str(int(char)) if char.isdecimal() and not char.isascii() else char for char in text)


def currency_of(text: str) -> str | None:
    """ISO code of a currency sign or word, "" for money of unknown country, None for anything else."""
    return SYMBOLS.get(text.strip("()[]:;,").casefold())


def decimal_mark(tokens: Iterable[str]) -> str | None:
    """Which mark divides cents in this document, by majority of the sums that show it; None if none does."""
    votes = {".": 0, ",": 0}
    for token in tokens:
        found = re.search(r"\d([.,])\d{2}(?!\d)[^\d]*$", token)
        if found and re.search(r"\d[.,]\d{2}[.,]", token) is None:
            votes[found[1]] += 1
    if votes["."] == votes[","]:
        return None
    return "." if votes["."] > votes[","] else ","


def parse_amount(printed: str, mark: str | None = None) -> Decimal | None:
    """Read one printed sum, or None if the text is not exactly one well-formed sum.

    `mark` is the document's decimal mark, which settles `1.234` and `1,234`. A sum in parentheses, with a
    trailing minus or marked CR is negative.
    """
    text, negative = _strip(printed)
    if not text or not _NUMBER.fullmatch(text) or sum(char.isdigit() for char in text) > MAX_DIGITS:
        return None
    number = _plain(re.sub(r"(?<=\d)['’\u00a0\u202f ](?=\d{3}(?!\d))", "", text), mark)
    if number is None:
        return None
    if not re.fullmatch(r"\d+(?:\.\d*)?", number):
        return None
    value = Decimal(number)
    return -value if negative else value


def currency_in(printed: str) -> str | None:
    """ISO code of the currency sign attached to a printed sum, if any."""
    text = printed.translate(_DASHES).strip().lstrip("(+-")
    head, tail = _HEAD.match(text), _TAIL.search(text.rstrip(")"))
    found = head or tail
    return (
        SYMBOLS.get(found[0].rstrip(":").casefold(), SYMBOLS.get(found[0].rstrip(".:").casefold()))
        if found
        else None
    )


def _strip(printed: str) -> tuple[str, bool]:
    """Take off signs, currency and ornaments; say whether the sum is negative."""
    text = to_ascii_digits(printed).translate(_DASHES).strip().strip("|:;")
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    if text[-2:].casefold() == "cr" and text[:-2].rstrip()[-1:].isdigit():
        text, negative = text[:-2].rstrip(), True
    for _ in range(3):
        bare = _HEAD.sub("", _TAIL.sub("", text)).strip()
        bare = _ENDING.sub("", bare).strip()
        if bare.startswith("-") or (bare.endswith("-") and bare[:-1].rstrip()[-1:].isdigit()):
            bare, negative = bare.strip("- "), not negative
        bare = bare.removeprefix("+").strip()
        if bare == text:
            break
        text = bare
    return text, negative


def _plain(text: str, mark: str | None) -> str | None:
    """The number with a decimal point and no grouping, or None when its grouping makes no sense."""
    text = text.rstrip(".,")
    if " " in text or not text:
        return None
    point, comma = text.count("."), text.count(",")
    if point and comma:
        last = "." if text.rfind(".") > text.rfind(",") else ","
        return _split(text, last) if text.count(last) == 1 else None
    if not point and not comma:
        return text
    only = "." if point else ","
    if point + comma > 1:
        return _ungroup(text.replace(".", ","))
    whole, _, rest = text.partition(only)
    if len(rest) == 3 and mark != only and (only == "," or mark == ",") and whole != "0":
        return _ungroup(f"{whole},{rest}")
    return f"{whole}.{rest}"


def _split(text: str, mark: str) -> str | None:
    whole, _, cents = text.partition(mark)
    grouped = _ungroup(whole.replace("." if mark == "," else ",", ","))
    return f"{grouped}.{cents}" if grouped and cents.isdigit() else None


def _ungroup(whole: str) -> str | None:
    """Join thousands (1,234,567) or lakh and crore (12,34,567) groups; None when a group has a wrong size."""
    parts = whole.split(",")
    if not all(part.isdigit() for part in parts) or len(parts[-1]) != 3 or not 1 <= len(parts[0]) <= 3:
        return None
    inner = {len(part) for part in parts[1:-1]}
    if inner <= {3} or (inner == {2} and len(parts[0]) <= 2):
        return "".join(parts)
    return None
