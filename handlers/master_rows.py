"""Rows of vendors and purchase orders, as forms and CSV files bring them: checked, in normal form, accounts sealed.

No message repeats a value: it may be an account number.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Generic, TypeVar

from pydantic import ValidationError
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from schema.errors import PermanentError
from schema.masking import holds_account
from schema.store.master import NewPurchaseOrder, NewVendor, name_key
from schema.vault import Vault, normal_account
from schema.vendors import BankDetails

T = TypeVar("T")

IFSC: Final = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
INDIAN_ACCOUNT: Final = re.compile(r"[0-9]{9,18}")
CURRENCY: Final = re.compile(r"[A-Z]{3}")
COUNTRY: Final = re.compile(r"[A-Z]{2}")
PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
STATUSES: Final = {"open": True, "closed": False, "": True}

VENDOR_COLUMNS: Final = (
    "name",
    "aliases",
    "tax_id",
    "beneficiary_name",
    "account_number",
    "routing",
    "currency",
    "country",
    "email",
)
ORDER_COLUMNS: Final = ("number", "vendor_tax_id", "currency", "total", "description", "status")

MOST_ROWS: Final = 5000
"""Rows of one file in the console: every one is looked up while a person waits."""

WRONG_ROW: Final = (ValueError, ValidationError, InvalidOperation, SchwiftyException)


class FieldError(ValueError):
    """A field is wrong; `field` is its name in the form and the file."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Row(Generic[T]):
    """One line of a file: what it says, or the sentence that is wrong with it."""

    line: int
    value: T | None
    error: str | None


def read_rows(
    text: str,
    columns: tuple[str, ...],
    parse: Callable[[dict[str, str]], T],
    *,
    optional: tuple[str, ...] = (),
) -> tuple[Row[T], ...]:
    """Every row of a CSV text as parsed, or what is wrong with it; PermanentError when it is no such file at all."""
    try:
        return tuple(_rows(text, columns, parse, optional))
    except csv.Error as error:
        raise PermanentError(f"The file cannot be read as CSV: {error}") from error


def _rows(
    text: str, columns: tuple[str, ...], parse: Callable[[dict[str, str]], T], optional: tuple[str, ...]
) -> Iterator[Row[T]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    if missing := set(columns) - set(reader.fieldnames or ()):
        raise PermanentError(f"The file lacks the column(s) {', '.join(sorted(missing))}.")
    line = reader.line_num + 1
    for count, row in enumerate(reader):
        if count >= MOST_ROWS:
            raise PermanentError(f"The file has more than {MOST_ROWS} rows; split it.")
        try:
            yield Row(
                line, parse({name: (row.get(name) or "").strip() for name in (*columns, *optional)}), None
            )
        except WRONG_ROW as error:
            yield Row(line, None, reason(error))
        line = reader.line_num + 1


def vendor_row(row: Mapping[str, str], vault: Vault) -> NewVendor:
    """A vendor of a file, in normal form; ValueError says what is wrong."""
    bank = bank_details(
        row["beneficiary_name"] or row["name"],
        row["account_number"],
        row["routing"],
        row["currency"],
        row["country"],
        vault,
    )
    if not row["tax_id"]:
        raise FieldError("tax_id", "is empty; vendors are recognised by it")
    if not row["name"]:
        raise FieldError("name", "is empty")
    return NewVendor(
        name=row["name"],
        aliases=tuple(alias.strip() for alias in row["aliases"].split(";") if alias.strip()),
        tax_id=normal_tax_id(row["tax_id"]),
        email=row["email"] or None,
        **bank.model_dump(),
    )


def bank_details(
    beneficiary: str, account_number: str, routing_code: str, currency: str, country: str, vault: Vault
) -> BankDetails:
    """Where money goes, checked by the country's own rules and sealed at once; ValueError says what is wrong."""
    account, routing = normal_account(account_number), routing_code.replace(" ", "").upper()
    if country.upper() == "IN":
        if not INDIAN_ACCOUNT.fullmatch(account):
            raise FieldError("account_number", "must have 9 to 18 digits")
        if not IFSC.fullmatch(routing):
            raise FieldError("routing", "must be an IFSC: four letters, a zero, six more")
    else:
        IBAN(account)
        if not BIC.fullmatch(routing):
            raise FieldError("routing", "must be a BIC")
    if not COUNTRY.fullmatch(country.upper()):
        raise FieldError("country", "must be two letters, e.g. IN")
    return BankDetails(
        beneficiary=beneficiary,
        account=vault.seal(account),
        routing=routing,
        currency=_currency(currency),
        country=country.upper(),
    )


def normal_tax_id(tax_id: str) -> str:
    """A GSTIN or VAT number without spaces, in upper case."""
    return tax_id.replace(" ", "").upper()


def normal_phone(phone: str) -> str | None:
    """A telephone number in E.164 without blanks and dashes; None for nothing, ValueError for anything else."""
    compact = re.sub(r"[\s()\-./]", "", phone)
    if compact and not PHONE.fullmatch(compact):
        raise FieldError("phone", "must begin with + and the country's code, e.g. +919800000001")
    return compact or None


def refuse_no_words_in(field: str, text: str) -> str:
    """The text itself; ValueError when nothing is left of it for look-up: it would be found by any such name."""
    if not name_key(text):
        raise FieldError(field, "has no word of its own besides a legal form")
    return text


def refuse_account_in(field: str, text: str) -> str:
    """The text itself; ValueError when it holds what could be a full account number."""
    if holds_account(text):
        raise FieldError(field, "holds what could be a full account number; leave it out")
    return text


def order_row(row: Mapping[str, str]) -> NewPurchaseOrder:
    """A purchase order of a file, in normal form; ValueError says what is wrong."""
    total = Decimal(row["total"].replace(",", ""))
    if not total.is_finite() or total <= 0:
        raise FieldError("total", "must be a sum above zero")
    if not row["number"]:
        raise FieldError("number", "is empty")
    if row["status"].lower() not in STATUSES:
        raise FieldError("status", "must be open or closed")
    return NewPurchaseOrder(
        number=row["number"],
        vendor_tax_id=normal_tax_id(row["vendor_tax_id"]),
        currency=_currency(row["currency"]),
        total=total,
        description=row["description"],
        open=STATUSES[row["status"].lower()],
    )


def _currency(currency: str) -> str:
    if not CURRENCY.fullmatch(currency.upper()):
        raise FieldError("currency", "must be three letters, e.g. INR")
    return currency.upper()


def reason(error: Exception) -> str:
    """What is wrong, without the value: it may be an account number."""
    if isinstance(error, InvalidOperation):
        return "total is not a number"
    if isinstance(error, SchwiftyException):
        return "account_number is not a valid IBAN"
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}" for each in error.errors())
    return str(error)
