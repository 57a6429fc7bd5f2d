"""Amounts as the bank keeps them: integers of paise or cents, written and grouped as each country does."""

import re
from decimal import Decimal

MINOR_PER_MAJOR = 100
AMOUNT = re.compile(r"[0-9]{1,12}\.[0-9]{2}", re.ASCII)
"""Plain decimal with two places; twelve digits are more than any account here holds."""


def minor_of(text: str) -> int | None:
    """Read `118000.00` as 11800000; None when the text is anything but a plain decimal with two places."""
    if not AMOUNT.fullmatch(text):
        return None
    whole, _, fraction = text.partition(".")
    return int(whole) * MINOR_PER_MAJOR + int(fraction)


def minor_of_decimal(amount: Decimal) -> int:
    """Turn an exact amount of at most two places into paise or cents."""
    scaled = amount * MINOR_PER_MAJOR
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more than two decimal places")
    return int(scaled)


def plain(minor: int) -> str:
    """Write paise or cents as a plain decimal: 11800000 is `118000.00`."""
    whole, fraction = divmod(minor, MINOR_PER_MAJOR)
    return f"{whole}.{fraction:02d}"


def grouped(minor: int, currency: str) -> str:
    """Write paise as `₹ 1,18,000.00` (lakh grouping) and cents as `118.000,00 €`."""
    whole, fraction = divmod(minor, MINOR_PER_MAJOR)
    if currency == "EUR":
        return f"{whole:,}".replace(",", ".") + f",{fraction:02d} €"
    return f"₹ {_in_lakhs(str(whole))}.{fraction:02d}"


def _in_lakhs(digits: str) -> str:
    head, tail = digits[:-3], digits[-3:]
    if not head:
        return tail
    pairs = re.findall(r"\d{1,2}", head[::-1])
    return ",".join(pairs)[::-1] + "," + tail
