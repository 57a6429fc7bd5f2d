"""Vendors and purchase orders from CSV: every row is checked, and one bad row changes nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from schema.errors import PermanentError
from schema.store import Store
from schema.store.master import NewPurchaseOrder, NewVendor
from schema.vault import Vault, normal_account

T = TypeVar("T")

IFSC: Final = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
INDIAN_ACCOUNT: Final = re.compile(r"[0-9]{9,18}")
CURRENCY: Final = re.compile(r"[A-Z]{3}")
COUNTRY: Final = re.compile(r"[A-Z]{2}")
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


async def import_vendors(path: Path, store: Store, vault: Vault) -> tuple[int, int]:
    """(added, changed) vendors of a CSV file; PermanentError names the line that is wrong."""
    lines = list(_rows(path, VENDOR_COLUMNS, lambda row: _vendor(row, vault)))
    _refuse_repeated(path, [(line, vendor.tax_id) for line, vendor in lines], "tax_id")
    added = await store.master.put_vendors([vendor for _, vendor in lines])
    return sum(added), len(added) - sum(added)


async def import_purchase_orders(path: Path, store: Store) -> tuple[int, int]:
    """(added, changed) purchase orders of a CSV file; PermanentError names the line that is wrong."""
    lines = list(_rows(path, ORDER_COLUMNS, _purchase_order))
    _refuse_repeated(path, [(line, order.number) for line, order in lines], "number")
    for line, order in lines:
        if await store.master.vendor_by_tax_id(order.vendor_tax_id) is None:
            raise PermanentError(
                f"{path.name}, line {line}: no vendor has tax id {order.vendor_tax_id}; import the vendors first."
            )
    added = await store.master.put_purchase_orders([order for _, order in lines])
    return sum(added), len(added) - sum(added)


def _rows(
    path: Path, columns: tuple[str, ...], parse: Callable[[dict[str, str]], T]
) -> Iterator[tuple[int, T]]:
    """Each row as parsed, with the line it begins on: a quoted field may hold line ends."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := set(columns) - set(reader.fieldnames or ()):
                raise PermanentError(f"{path.name} lacks the column(s) {', '.join(sorted(missing))}.")
            line = reader.line_num + 1
            for row in reader:
                try:
                    yield line, parse({name: (row[name] or "").strip() for name in columns})
                except (ValueError, ValidationError, InvalidOperation, SchwiftyException) as error:
                    raise PermanentError(f"{path.name}, line {line}: {_reason(error)}") from error
                line = reader.line_num + 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PermanentError(f"{path} cannot be read as CSV: {error}") from error


def _refuse_repeated(path: Path, lines: list[tuple[int, str]], column: str) -> None:
    """The last of two lines would win in silence, and with a vendor's bank details that is how money goes astray."""
    first: dict[str, int] = {}
    for line, key in lines:
        if first.setdefault(key, line) != line:
            raise PermanentError(f"{path.name}, line {line}: the {column} of line {first[key]} again.")


def _vendor(row: dict[str, str], vault: Vault) -> NewVendor:
    account = normal_account(row["account_number"])
    routing = row["routing"].replace(" ", "").upper()
    if row["country"].upper() == "IN":
        if not INDIAN_ACCOUNT.fullmatch(account):
            raise ValueError("account_number must have 9 to 18 digits")
        if not IFSC.fullmatch(routing):
            raise ValueError("routing must be an IFSC: four letters, a zero, six more")
    else:
        IBAN(account)
        if not BIC.fullmatch(routing):
            raise ValueError("routing must be a BIC")
    if not row["tax_id"]:
        raise ValueError("tax_id is empty; vendors are recognised by it")
    if not row["name"]:
        raise ValueError("name is empty")
    if not COUNTRY.fullmatch(row["country"].upper()):
        raise ValueError("country must be two letters, e.g. IN")
    return NewVendor(
        name=row["name"],
        aliases=tuple(alias.strip() for alias in row["aliases"].split(";") if alias.strip()),
        tax_id=row["tax_id"].replace(" ", "").upper(),
        beneficiary=row["beneficiary_name"] or row["name"],
        account=vault.seal(account),
        routing=routing,
        currency=_currency(row),
        country=row["country"].upper(),
        email=row["email"] or None,
    )


def _purchase_order(row: dict[str, str]) -> NewPurchaseOrder:
    total = Decimal(row["total"].replace(",", ""))
    if not total.is_finite() or total <= 0:
        raise ValueError("total must be a sum above zero")
    if not row["number"]:
        raise ValueError("number is empty")
    if row["status"].lower() not in STATUSES:
        raise ValueError("status must be open or closed")
    return NewPurchaseOrder(
        number=row["number"],
        vendor_tax_id=row["vendor_tax_id"].replace(" ", "").upper(),
        currency=_currency(row),
        total=total,
        description=row["description"],
        open=STATUSES[row["status"].lower()],
    )


def _currency(row: dict[str, str]) -> str:
    if not CURRENCY.fullmatch(row["currency"].upper()):
        raise ValueError("currency must be three letters, e.g. INR")
    return row["currency"].upper()


def _reason(error: Exception) -> str:
    """What is wrong, without the value: it may be an account number."""
    if isinstance(error, InvalidOperation):
        return "total is not a number"
    if isinstance(error, SchwiftyException):
        return "account_number is not a valid IBAN"
    return str(error)
