"""What each row of a CSV file would do to the master: decided when it is checked, done when it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from handlers.master_rows import Row
from schema.imports import Does, OrderPlan, VendorPlan
from schema.money import Money
from schema.orders import OrderTerms
from schema.store.master import BANK_FIELDS, NewPurchaseOrder, NewVendor
from schema.vendors import BankDetails, VendorProfile

T = TypeVar("T")
P = TypeVar("P")

Columns = Mapping[str, Any]


class NewVendorRow(NewVendor):
    """A vendor of a file in the console, which may also have a column `phone`."""

    phone: str | None = None


def plan_rows(
    rows: Sequence[Row[T]], key: Callable[[T], str], plan: Callable[[int, T], P]
) -> tuple[Row[P], ...]:
    """The plan of each row, or what is wrong with it: also that a line before names the same thing."""
    first: dict[str, int] = {}
    planned = []
    for row in rows:
        if row.value is None:
            planned.append(Row[P](row.line, None, row.error))
            continue
        before = first.setdefault(key(row.value), row.line)
        try:
            if before != row.line:
                raise ValueError(f"the same as line {before} again")
            planned.append(Row[P](row.line, plan(row.line, row.value), None))
        except ValueError as error:
            planned.append(Row[P](row.line, None, str(error)))
    return tuple(planned)


def plan_vendor(line: int, row: NewVendorRow, now: Columns | None) -> VendorPlan:
    """What a row does to the vendor as it is now; bank details that are others are only proposed."""
    bank = BankDetails.model_validate({name: getattr(row, name) for name in (*BANK_FIELDS, "account")})
    phone = row.phone or (now["phone"] if now else None)
    profile = VendorProfile(name=row.name, aliases=row.aliases, email=row.email, phone=phone)
    if now is None:
        return VendorPlan(line=line, does=(Does.ADD,), tax_id=row.tax_id, profile=profile, bank=bank)
    known = VendorProfile(
        name=now["name"], aliases=tuple(now["aliases"]), email=now["email"], phone=now["phone"]
    )
    does = [Does.CHANGE] if profile != known else []
    if _bank(bank, bank.account.print) != (*(now[name] for name in BANK_FIELDS), now["account_print"]):
        if now["open_change"]:
            raise ValueError("new bank details of this vendor wait already; confirm or reject those first")
        does.append(Does.PROPOSE)
    return VendorPlan(
        line=line,
        does=tuple(does),
        tax_id=row.tax_id,
        profile=profile,
        bank=bank,
        vendor_id=now["id"],
        version=now["version"],
    )


def plan_order(
    line: int, row: NewPurchaseOrder, now: Columns | None, vendors: Mapping[str, Columns]
) -> OrderPlan:
    """What a row does to the purchase order as it is now; the vendor of an order does not change."""
    vendor = vendors.get(row.vendor_tax_id)
    if vendor is None:
        raise ValueError("no vendor has this vendor_tax_id; import the vendors first")
    total = Money(amount=row.total, currency=row.currency)
    terms = OrderTerms(total=total, description=row.description, open=row.open)
    if now is None:
        return OrderPlan(line=line, does=(Does.ADD,), number=row.number, vendor_id=vendor["id"], terms=terms)
    if now["vendor_id"] != vendor["id"]:
        raise ValueError("this purchase order belongs to another vendor")
    before = OrderTerms(
        total=Money(amount=now["total"], currency=now["currency"]),
        description=now["description"],
        open=now["open"],
    )
    return OrderPlan(
        line=line,
        does=(Does.CHANGE,) if before != terms else (),
        number=row.number,
        vendor_id=vendor["id"],
        terms=terms,
        order_id=now["id"],
        version=now["version"],
    )


def _bank(bank: BankDetails, account_print: str) -> tuple[Any, ...]:
    return (*(getattr(bank, name) for name in BANK_FIELDS), account_print)
