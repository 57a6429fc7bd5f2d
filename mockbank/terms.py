"""The terms of a transfer: what the form says, what the rails demand, and one sentence for each thing wrong. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from mockbank.ifsc import account_problem, bic_problem, compact, iban_problem, ifsc_problem, looks_like_iban
from mockbank.money import grouped, minor_of

REFERENCE = re.compile(r"[A-Za-z0-9/-]{1,35}", re.ASCII)
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
NAME_LONGEST = 70
REMARK_LONGEST = 70
DAYS_AHEAD = 30
CURRENCIES = ("INR", "EUR")


@dataclass(frozen=True)
class Rail:
    """One way money travels; limits in paise or cents, None where there is none."""

    currency: str
    letter: str
    """Marks the rail in a bank reference, as N marks NEFT."""
    least_minor: int | None = None
    most_minor: int | None = None


RAILS: dict[str, Rail] = {
    "NEFT": Rail("INR", "N"),
    "RTGS": Rail("INR", "R", least_minor=2_00_000_00),
    "IMPS": Rail("INR", "I", most_minor=5_00_000_00),
    "SEPA": Rail("EUR", "S"),
}
"""Limits as the Reserve Bank and most Indian banks set them; NEFT and SEPA have none here."""


@dataclass(frozen=True)
class Terms:
    """A transfer that may be asked for: every field is checked and in the form in which it is shown."""

    rail: str
    beneficiary_name: str
    account_number: str
    routing: str
    """IFSC for India, BIC for SEPA."""
    amount_minor: int
    currency: str
    reference: str
    value_date: date
    remark: str


Problems = dict[str, str]
"""Form field to the sentence that says what is wrong with it; empty when nothing is."""


def check_terms(form: Mapping[str, str], today: date) -> Terms | Problems:
    """Read a transfer form; give terms, or every problem at once. Balance and reference are the ledger's to check."""
    rail = RAILS.get(form["rail"])
    if rail is None:
        return {"rail": "Choose a rail"}
    currency, amount = form["currency"], minor_of(form["amount"])
    problems = (
        _payee_problems(form, european=rail.currency == "EUR")
        | _currency_problem(form["rail"], rail, currency)
        | _amount_problem(form["rail"], rail, amount)
        | _reference_problem(form["reference"])
        | _date_problem(form["date"], today)
        | _text_problem("remark", form["remark"], "Remark", REMARK_LONGEST)
    )
    if problems or amount is None:
        return problems
    return Terms(
        rail=form["rail"],
        beneficiary_name=form["beneficiary_name"],
        account_number=compact(form["account_number"]),
        routing=compact(form["routing"]),
        amount_minor=amount,
        currency=currency,
        reference=form["reference"],
        value_date=date.fromisoformat(form["date"]),
        remark=form["remark"],
    )


def check_payee(form: Mapping[str, str]) -> Problems:
    """Say what is wrong with a new beneficiary; an IBAN wants a BIC, any other number an IFSC."""
    return _payee_problems(form, european=looks_like_iban(compact(form["account_number"])))


def _payee_problems(form: Mapping[str, str], *, european: bool) -> Problems:
    number, routing = compact(form["account_number"]), compact(form["routing"])
    found = {
        "account_number": iban_problem(number) if european else account_problem(number),
        "routing": bic_problem(routing) if european else ifsc_problem(routing),
    }
    name = form["beneficiary_name"]
    if not name:
        found["beneficiary_name"] = "Enter the beneficiary's name"
    problems = {field: problem for field, problem in found.items() if problem}
    return problems | _text_problem("beneficiary_name", name, "Beneficiary name", NAME_LONGEST)


def _currency_problem(name: str, rail: Rail, currency: str) -> Problems:
    if currency == rail.currency:
        return {}
    return {"currency": f"{name} pays in {rail.currency} only"}


def _amount_problem(name: str, rail: Rail, amount: int | None) -> Problems:
    if amount is None:
        return {"amount": "Write the amount with two decimal places, such as 118000.00"}
    if amount == 0:
        return {"amount": "Amount must be more than zero"}
    if rail.least_minor is not None and amount < rail.least_minor:
        return {"amount": f"{name} takes {grouped(rail.least_minor, rail.currency)} or more"}
    if rail.most_minor is not None and amount > rail.most_minor:
        return {"amount": f"{name} takes {grouped(rail.most_minor, rail.currency)} at most"}
    return {}


def _reference_problem(reference: str) -> Problems:
    if REFERENCE.fullmatch(reference):
        return {}
    return {"reference": "Payment reference takes 1 to 35 letters, digits, slashes and hyphens"}


def _date_problem(text: str, today: date) -> Problems:
    day = _day_of(text)
    if day is None:
        return {"date": "Choose a payment date"}
    latest = today + timedelta(days=DAYS_AHEAD)
    if today <= day <= latest:
        return {}
    return {"date": f"Payment date must lie between {today.isoformat()} and {latest.isoformat()}"}


def _day_of(text: str) -> date | None:
    if not ISO_DAY.fullmatch(text):  # fromisoformat alone would take 20261123 and 2026-W48-1 as well
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _text_problem(field: str, text: str, label: str, longest: int) -> Problems:
    if len(text) > longest:
        return {field: f"{label} takes at most {longest} characters"}
    return {} if text.isprintable() else {field: f"{label} holds a character that cannot be printed"}
