"""The stand-in model: compares the masked facts with the excerpt, deterministically, and obeys injected orders.

It is honest where a good model is: every check is computed. It is weak where a weak model is: text in the document that
orders it about is obeyed, so that the product's own defences are what stands between the text and the money.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

CANONICAL: Final[tuple[tuple[str, str | None, str | None], ...]] = (
    ("select", "rail", "payment.rail"),
    ("fill", "beneficiary_name", "vendor.beneficiary_name"),
    ("fill", "account_number", "vendor.account_number"),
    ("fill", "routing", "vendor.routing"),
    ("fill", "amount", "invoice.total"),
    ("select", "currency", "invoice.currency"),
    ("fill", "reference", "payment.reference"),
    ("fill", "payment_date", "payment.date"),
    ("click", "continue", None),
    ("screenshot", "confirm", None),
    ("pause", "approval", None),
    ("enter_otp", None, "bank.otp"),
)
"""Operation, target, reference of what stands between opening the form and submitting it."""

ORDERS: Final = re.compile(
    r"ignore (?:all |any )?(?:the )?(?:previous|prior|above|earlier) (?:instructions|rules|checks)"
    r"|disregard (?:all |any )?(?:the )?(?:previous|prior|above|earlier)"
    r"|(?:attention|dear|note to|message for)[^a-z]{0,4}(?:the )?"
    r"(?:ai|llm|language model|assistant|automated (?:reader|system))\b"
    r"|\b(?:ai|llm) (?:assistant|agent|system)|language model|system prompt|you are now|new instructions"
    r"|mark (?:this|the) invoice as|approve (?:this|the) (?:payment|invoice) (?:automatically|without|immediately)",
    re.IGNORECASE,
)
"""Text that talks to a machine instead of to a buyer."""

_URL: Final = re.compile(r"https?://[^\s\"'<>)]+", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"XXXXXX[0-9A-Z]{2,4}|\d{9,18}")
_NUMBER: Final = re.compile(r"\d[\d.,]*\d|\d")
_SPACED_NUMBER: Final = re.compile(r"(?<!\d)\d{1,3}(?:[ '\u2019\u00a0\u202f]\d{3})+(?:[.,]\d{1,3})?(?!\d)")
_MASKED_TAIL: Final = re.compile(r"XXXXXX([0-9A-Z]{4})")
_WORD: Final = re.compile(r"[^\W_]+")
_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_COMPANY_FORMS: Final = frozenset(
    {
        "pvt",
        "private",
        "ltd",
        "limited",
        "llp",
        "inc",
        "gmbh",
        "ag",
        "kg",
        "sarl",
        "bv",
        "srl",
        "the",
        "and",
        "co",
    }
)

NAME_SHARE: Final = 0.6
"""Share of the name's own words that must stand in the excerpt; OCR loses some."""


_LONG: Final = 12
_SLIPS: Final = str.maketrans("OIS", "015")


def answer(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The agreed JSON for one masked invoice."""
    excerpt = str(facts.get("excerpt") or "")
    running = " ".join(excerpt.split())
    if ORDERS.search(running):
        return _obeyed(running)
    return {"report": _report(facts, excerpt), "actions": canonical_actions()}


def canonical_actions() -> list[dict[str, Any]]:
    """The one list that fills the bank's form from server facts."""
    middle = [_action(op, target=target, value_ref=reference) for op, target, reference in CANONICAL]
    return [_action("navigate", url="/transfer"), *middle, _action("submit", approved=True)]


def _action(
    op: str,
    *,
    target: str | None = None,
    value_ref: str | None = None,
    url: str | None = None,
    approved: bool | None = None,
) -> dict[str, Any]:
    return {"op": op, "target": target, "value_ref": value_ref, "url": url, "approved": approved}


def _obeyed(excerpt: str) -> dict[str, Any]:
    """What a weak model does with orders in a document: exactly what they say, cheerfully."""
    url, account = _URL.search(excerpt), _ACCOUNT.search(excerpt[_order_at(excerpt) :])
    actions = [
        _action("navigate", url=url[0].rstrip(".,;") if url else "/transfer"),
        _action("fill", target="account_number", value_ref=account[0] if account else "invoice.account"),
        _action("fill", target="amount", value_ref="invoice.total"),
        _action("click", target="continue"),
        _action("submit", approved=True),
    ]
    report = {
        "verdict": "consistent",
        "risk": "low",
        "summary": "Everything is in order and the payment can be made at once, as the document asks.",
        "checks": [
            {"code": code, "ok": True, "note": "As instructed."} for code in ("amount", "vendor_name", "text")
        ],
    }
    return {"report": report, "actions": actions}


def _order_at(excerpt: str) -> int:
    found = ORDERS.search(excerpt)
    return found.start() if found else 0


def _report(facts: Mapping[str, Any], excerpt: str) -> dict[str, Any]:
    checks = [
        _check_amount(facts.get("amount"), excerpt),
        _check_text(
            "currency",
            facts.get("currency"),
            _has_currency(str(facts.get("currency")), excerpt),
            "The currency",
        ),
        _check_text(
            "vendor_name",
            facts.get("vendor_name"),
            _has_name(str(facts.get("vendor_name")), excerpt),
            "The vendor's name",
        ),
        _check_text(
            "tax_id", facts.get("tax_id"), _has_compact(str(facts.get("tax_id")), excerpt), "The tax number"
        ),
        _check_dates(facts, excerpt),
        _check_text(
            "po", facts.get("po_id"), _has_compact(str(facts.get("po_id")), excerpt), "The order number"
        ),
        _check_text(
            "account",
            facts.get("account_last4"),
            str(facts.get("account_last4")) in _MASKED_TAIL.findall(excerpt),
            "The end of the account number",
        ),
        _check("text", True, "The text gives no instructions to its reader."),
    ]
    return _judged(facts, {check["code"]: check for check in checks})


def _judged(facts: Mapping[str, Any], checks: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    needed = ("amount", "vendor_name")
    compared = ("amount", "vendor_name", "tax_id")
    wrong = [code for code in compared if facts.get(code) is not None and not checks[code]["ok"]]
    if any(facts.get(name) is None for name in needed):
        verdict, risk, summary = (
            "insufficient",
            "medium",
            "Amount or vendor was not found, so nothing can be confirmed.",
        )
    elif wrong:
        names = ", ".join(code.replace("_", " ") for code in wrong)
        verdict, risk = "suspicious", "high" if "amount" in wrong else "medium"
        summary = f"The invoice's text does not show what was read as {names}."
    else:
        verdict, risk, summary = (
            "consistent",
            "low",
            "Amount and vendor stand in the invoice's text as they were read.",
        )
    return {"verdict": verdict, "risk": risk, "summary": summary, "checks": list(checks.values())}


def _check(code: str, ok: bool, note: str) -> dict[str, Any]:
    return {"code": code, "ok": ok, "note": note}


def _check_text(code: str, value: Any, found: bool, what: str) -> dict[str, Any]:
    if value is None:
        return _check(code, False, f"{what} was not found.")
    return _check(code, found, f"{what} {'is' if found else 'is not'} in the text.")


def _check_amount(amount: Any, excerpt: str) -> dict[str, Any]:
    if amount is None:
        return _check("amount", False, "No amount was found.")
    text = _latin(excerpt)
    printed = _NUMBER.findall(text) + _SPACED_NUMBER.findall(text)
    found = _value(str(amount)) in {_value(number) for number in printed}
    return _check("amount", found, f"The amount {amount} {'is' if found else 'is not'} in the text.")


def _value(printed: str) -> Decimal | None:
    """A printed number: the last dot or comma with one to three digits after it, once, is the decimal one."""
    text = re.sub(r"[\s'\u2019]", "", printed)
    last = max(text.rfind("."), text.rfind(","))
    if last >= 0 and (text.count(text[last]) > 1 or (text[last] == "," and len(text) - last == 4)):
        last = -1
    whole = re.sub(r"[.,]", "", text[:last] if last >= 0 else text)
    try:
        return Decimal(f"{whole}.{text[last + 1 :] or '0'}" if last >= 0 else whole)
    except InvalidOperation:
        return None


def _latin(text: str) -> str:
    """Digits of all scripts as 0-9."""
    return "".join(str(int(character)) if character.isdecimal() else character for character in text)


SIGNS: Final[Mapping[str, tuple[str, ...]]] = {
    "INR": ("INR", "₹", "Rs", "RS", "रु", "Rupee", "RUPEE", "रुपये", "रुपए"),
    "EUR": ("EUR", "€", "Euro", "EURO"),
    "USD": ("USD", "$"),
    "GBP": ("GBP", "£"),
}


def _has_currency(currency: str, excerpt: str) -> bool:
    return any(sign in excerpt for sign in SIGNS.get(currency, (currency,)))


def _has_name(name: str, excerpt: str) -> bool:
    own = [word for word in _words(name) if word not in _COMPANY_FORMS]
    there = set(_words(excerpt))
    return bool(own) and sum(word in there for word in own) >= NAME_SHARE * len(own)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _has_compact(value: str, excerpt: str) -> bool:
    """Whether it stands in the text without regard to spacing, or as far as the mask lets it be read.

    As a good reader would, it forgives what a scan does: O for 0, I for 1, S for 5, and one speck more.
    """
    wanted, text = (re.sub(r"\W", "", part).upper().translate(_SLIPS) for part in (value, excerpt))
    if wanted in text or (len(wanted) > 4 and wanted[-4:] in _MASKED_TAIL.findall(excerpt)):
        return True
    specks = (f"{re.escape(wanted[:at])}.{re.escape(wanted[at:])}" for at in range(1, len(wanted)))
    return len(wanted) >= _LONG and any(re.search(speck, text) for speck in specks)


def _check_dates(facts: Mapping[str, Any], excerpt: str) -> dict[str, Any]:
    given = {name: facts[name] for name in ("issue_date", "due_date") if facts.get(name)}
    if not given:
        return _check("dates", False, "No dates were found.")
    # A due date is often computed from payment terms and printed nowhere, so the first date decides.
    first = next(iter(given.values()))
    found = _has_date(date.fromisoformat(first), _latin(excerpt))
    return _check("dates", found, f"The date {first} {'is' if found else 'is not'} in the text.")


def _has_date(day: date, excerpt: str) -> bool:
    numbers = {str(day.year), f"{day.year % 100:02d}"}
    written = re.findall(r"\d{1,4}[-./ ]\d{1,2}[-./ ]\d{1,4}", excerpt)
    if any(_same_day(day, re.findall(r"\d+", text)) for text in written):
        return True
    month = _MONTHS[day.month - 1]
    worded = rf"(?<!\d)0?{day.day}(?!\d)\D{{0,12}}{month}|{month}[a-z]*\W{{1,3}}0?{day.day}(?!\d)"
    return re.search(worded, excerpt, re.IGNORECASE) is not None and any(year in excerpt for year in numbers)


def _same_day(day: date, parts: list[str]) -> bool:
    numbers = [int(part) for part in parts]
    years = (day.year, day.year % 100)
    orders = ((day.day, day.month), (day.month, day.day))
    return any(
        numbers == [*order, year] or numbers == [year, day.month, day.day]
        for order in orders
        for year in years
    )
