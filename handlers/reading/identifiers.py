"""Identifiers with a grammar or a checksum: GSTIN, PAN, IFSC, BIC, IBAN, European VAT numbers; pure."""

from __future__ import annotations

import re
from typing import Final

GSTIN_STATES: Final = frozenset({*(f"{n:02d}" for n in range(1, 39)), "96", "97", "99"})
"""State codes of a GSTIN; 97 is other territory, 96 and 99 are foreign and central jurisdictions."""

GSTIN_LENGTH: Final = 15
_GSTIN_PATTERN: Final = "99AAAAA9999A?A?"
_TO_DIGIT: Final = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "B": "8", "G": "6"}
_TWINS: Final = {
    "1": "I",
    "I": "1",
    "0": "O",
    "O": "0",
    "5": "S",
    "S": "5",
    "8": "B",
    "B": "8",
    "2": "Z",
    "Z": "2",
}
_TO_LETTER: Final = {"0": "O", "1": "I", "2": "Z", "5": "S", "8": "B", "6": "G"}

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_GSTIN = re.compile(r"\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z][A-Z][0-9A-Z]")
_GSTIN_LIKE = re.compile(r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]{3}|\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]{2}")
_PAN = re.compile(r"[A-Z]{3}[PCHFATBLJG][A-Z]\d{4}[A-Z]")
_IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
_BIC = re.compile(r"[A-Z]{4}(?P<country>[A-Z]{2})[A-Z0-9]{2}(?:[A-Z0-9]{3})?")

IBAN_LENGTH: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
    "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26,
    "IT": 27, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26,
    "UA": 29, "VG": 24, "XK": 20,
}  # fmt: skip
"""IBAN length by country, from the SWIFT IBAN registry."""

_VAT: Final = {
    "AT": r"U\d{8}", "BE": r"[01]\d{9}", "BG": r"\d{9,10}", "CY": r"\d{8}[A-Z]", "CZ": r"\d{8,10}",
    "DE": r"\d{9}", "DK": r"\d{8}", "EE": r"\d{9}", "EL": r"\d{9}", "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}", "FR": r"[A-Z0-9]{2}\d{9}", "GB": r"(?:\d{9}|\d{12})", "HR": r"\d{11}", "HU": r"\d{8}",
    "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}", "IT": r"\d{11}", "LT": r"(?:\d{9}|\d{12})", "LU": r"\d{8}",
    "LV": r"\d{11}", "MT": r"\d{8}", "NL": r"\d{9}B\d{2}", "NO": r"\d{9}(?:MVA)?", "PL": r"\d{10}",
    "PT": r"\d{9}", "RO": r"\d{2,10}", "SE": r"\d{12}", "SI": r"\d{8}", "SK": r"\d{10}",
    "CHE": r"\d{9}(?:MWST|TVA|IVA)?",
}  # fmt: skip
_VAT_EXACT = re.compile("|".join(f"{country}{body}" for country, body in _VAT.items()))


def compact(text: str) -> str:
    """Upper case without the spaces and dots people print inside identifiers."""
    return re.sub(r"[\s.\-–/]", "", text).upper()


def gstin_is_valid(text: str) -> bool:
    """Grammar, known state and check character (Luhn mod 36 over 0-9A-Z) of a GSTIN."""
    return (
        bool(_GSTIN.fullmatch(text))
        and text[:2] in GSTIN_STATES
        and gstin_check_character(text[:14]) == text[14]
    )


def gstin_check_character(first14: str) -> str:
    """The 15th character for the first 14: weights 1 and 2 in turn, quotient plus remainder by 36."""
    total = 0
    for position, char in enumerate(first14):
        product = _ALPHABET.index(char) * (position % 2 + 1)
        total += product // 36 + product % 36
    return _ALPHABET[-total % 36]


def gstin_from_ocr(text: str) -> str:
    """The text with letters and digits that OCR confuses set right by position: digits at 1-2, 8-11 and so on.

    Only look-alikes are exchanged, and only in 15 characters; the check character then judges the result.
    """
    if len(text) != GSTIN_LENGTH:
        return text
    fixed = [
        _TO_DIGIT.get(char, char) if kind == "9" else _TO_LETTER.get(char, char) if kind == "A" else char
        for char, kind in zip(text, _GSTIN_PATTERN, strict=True)
    ]
    text = "".join(fixed)
    if gstin_is_valid(text):
        return text
    # The 13th and 15th place may hold either; the check character knows which.
    for place in (14, 12):
        for twin in _TWINS.get(text[place], ""):
            other = text[:place] + twin + text[place + 1 :]
            if gstin_is_valid(other):
                return other
    return text


def looks_like_gstin(text: str) -> bool:
    """True if the text has the shape of a GSTIN, whatever its check character says."""
    return len(text) == 15 and bool(_GSTIN_LIKE.match(text))


def pan_is_valid(text: str) -> bool:
    """Grammar and holder type of a PAN; it has no public check character."""
    return bool(_PAN.fullmatch(text))


def ifsc_is_valid(text: str) -> bool:
    """Grammar of an IFSC: four letters of the bank, a zero, six of the branch."""
    return bool(_IFSC.fullmatch(text))


def bic_is_valid(text: str) -> bool:
    """Grammar of a BIC (ISO 9362) with a country that exists in the IBAN or VAT tables or is a large trader."""
    found = _BIC.fullmatch(text)
    return bool(found) and found is not None and found["country"] in _BIC_COUNTRIES


_ALSO_BIC: Final = "US CA AU NZ JP CN HK SG MY IN ID TH PH VN KR TW ZA KE NG EG MA MX AR CL CO PE LK BD NP"
_BIC_COUNTRIES: Final = frozenset(IBAN_LENGTH) | frozenset(_ALSO_BIC.split())


def iban_is_valid(text: str) -> bool:
    """Country, length and mod 97 (ISO 13616) of an IBAN without spaces."""
    if not iban_shape(text) or len(text) != IBAN_LENGTH[text[:2]]:
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(_ALPHABET.index(char)) for char in moved)) % 97 == 1


def iban_shape(text: str) -> bool:
    """True if the text begins like an IBAN of a known country and holds only letters and digits."""
    return bool(re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", text)) and text[:2] in IBAN_LENGTH


def vat_is_wellformed(text: str) -> bool:
    """Country prefix and length of a European VAT number without spaces."""
    return bool(_VAT_EXACT.fullmatch(text))


def tax_ids_agree(gstin: str, pan: str) -> bool:
    """True if the PAN is the one inside the GSTIN."""
    return gstin[2:12] == pan
