"""What the bank's form is called, what it is filled with, and how its pages are read back. No I/O, no browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeVar

from schema.ids import Reference
from schema.money import Money
from schema.transfer import REFERENCE_PATTERN, Rail, Receipt, Terms, Transfer
from schema.vault import Vault, normal_account
from schema.verdict import REFERENCES, FormField

LABELS: Final[Mapping[FormField, str]] = MappingProxyType(
    {
        FormField.RAIL: "Rail",
        FormField.BENEFICIARY_NAME: "Beneficiary name",
        FormField.ACCOUNT_NUMBER: "Account number or IBAN",
        FormField.ROUTING: "IFSC or BIC",
        FormField.AMOUNT: "Amount",
        FormField.CURRENCY: "Currency",
        FormField.REFERENCE: "Payment reference",
        FormField.PAYMENT_DATE: "Payment date",
    }
)
"""Form field -> its label on the bank's transfer form."""

BUTTONS: Final[Mapping[str, str]] = MappingProxyType({"continue": "Continue"})
"""Target of a click -> the button's name."""

ACCOUNT_REF: Final = REFERENCES[FormField.ACCOUNT_NUMBER][1]
"""The one value reference that is not in FACTS: the number is opened only where it is typed."""

FACTS: Final[Mapping[str, Callable[[Transfer], str]]] = MappingProxyType(
    {
        "payment.rail": lambda transfer: transfer.rail.value,
        "vendor.beneficiary_name": lambda transfer: transfer.beneficiary,
        "vendor.routing": lambda transfer: transfer.routing,
        "invoice.total": lambda transfer: transfer.amount.plain(),
        "invoice.currency": lambda transfer: transfer.amount.currency,
        "payment.reference": lambda transfer: transfer.reference,
        "payment.date": lambda transfer: transfer.pay_on.isoformat(),
    }
)
"""Value reference -> the server fact that is typed."""

BOOKED: Final = "Booked"
"""The status of a transfer whose money moved."""

_T = TypeVar("_T")
_FIELD_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "beneficiary": "beneficiary name",
        "account_print": "account number",
        "account_last4": "account number",
        "routing": "IFSC or BIC",
        "rail": "rail",
        "amount": "amount",
        "reference": "payment reference",
        "pay_on": "payment date",
    }
)


class UnreadableError(ValueError):
    """A page of the bank lacks a field, or shows one that makes no sense; the message names it, no value."""


@dataclass(frozen=True)
class Shown:
    """One value on a page: the text a person sees, and the plain form the page gives beside it."""

    text: str = field(repr=False)
    plain: str = field(repr=False)


@dataclass(frozen=True)
class BankPage:
    """One page of the bank, as read; `fields` may hold the full account number, so it is never printed."""

    path: str
    heading: str
    alert: str | None
    status_text: str
    simulated: bool
    fields: Mapping[str, Shown] = field(repr=False)
    rows: tuple[Mapping[str, Shown], ...] = field(default=(), repr=False)


def read_terms(fields: Mapping[str, Shown], vault: Vault, agreed: str = "") -> Terms:
    """The terms of a confirm page; UnreadableError names the first field that cannot be read.

    `agreed` is the print of the agreed account, which may be of a key that was changed since.
    """
    account = normal_account(_text(fields, "account_number"))
    return _terms(fields, print_=vault.print_like(account, agreed), last4=account[-4:])


def read_receipt(page: BankPage, transfer: Transfer) -> Receipt:
    """The receipt of a booked transfer, without a picture.

    The bank shows no more of the account than its last four characters: those are compared, and the
    print is the transfer's own if they agree. UnreadableError when the page is none or not of a booked transfer.
    """
    fields = page.fields
    if _text(fields, "status") != BOOKED:
        raise UnreadableError("status")
    last4 = normal_account(_text(fields, "account_number"))[-4:]
    print_ = transfer.account.print if last4 == transfer.account.last4 else ""
    return Receipt(
        bank_reference=_text(fields, "bank_reference"),
        booked_at=_parsed(fields, "booked_at", _moment),
        terms=_terms(fields, print_=print_, last4=last4),
        simulated=page.simulated,
    )


def differing(agreed: Terms, shown: Terms) -> tuple[str, ...]:
    """The names of the terms that differ, in the order of the form; empty when all agree."""
    names = [name for key, name in _FIELD_NAMES.items() if getattr(agreed, key) != getattr(shown, key)]
    return tuple(dict.fromkeys(names))


def _terms(fields: Mapping[str, Shown], *, print_: str, last4: str) -> Terms:
    # Field by field, so that what cannot be read is named without its value.
    return Terms(
        beneficiary=_text(fields, "beneficiary_name"),
        account_print=print_,
        account_last4=last4,
        routing=_text(fields, "routing"),
        rail=_parsed(fields, "rail", Rail),
        amount=_amount(fields),
        reference=_parsed(fields, "reference", _reference),
        pay_on=_parsed(fields, "date", date.fromisoformat),
    )


def _text(fields: Mapping[str, Shown], name: str) -> str:
    if name not in fields:
        raise UnreadableError(name)
    return fields[name].text


def _parsed(fields: Mapping[str, Shown], name: str, parse: Callable[[str], _T]) -> _T:
    """A value by the plain form that the page gives beside the text."""
    if name not in fields:
        raise UnreadableError(name)
    try:
        return parse(fields[name].plain)
    except (ValueError, ArithmeticError) as error:
        raise UnreadableError(name) from error


def _amount(fields: Mapping[str, Shown]) -> Money:
    """The sum; what a person reads and the plain form must be the same digits."""
    amount = _parsed(fields, "amount", Decimal)
    if _digits(fields["amount"].text) != _digits(fields["amount"].plain):
        raise UnreadableError("amount")
    currency = _text(fields, "currency")
    return _parsed(fields, "amount", lambda _: Money(amount=amount, currency=currency))


def _reference(text: str) -> Reference:
    if not re.fullmatch(REFERENCE_PATTERN, text):
        raise ValueError("not a reference of ours")
    return Reference(text)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)
