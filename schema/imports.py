"""A CSV file of the console: what each of its rows would do, fixed when it was checked and done only if still true."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from schema.document import Frozen
from schema.ids import PurchaseOrderId, VendorId
from schema.orders import OrderTerms
from schema.vendors import BankDetails, VendorProfile

GOOD_FOR: Final = timedelta(hours=1)
"""How long a checked file may be written; the master moves on."""


class Kind(StrEnum):
    """What a file holds."""

    VENDORS = "vendors"
    PURCHASE_ORDERS = "purchase_orders"


class Does(StrEnum):
    """What a row does; bank details are never changed by a file, only proposed."""

    ADD = "add"
    CHANGE = "change"
    PROPOSE = "propose_bank_details"


class VendorPlan(Frozen):
    """What a row does to the vendor at the version that was looked at; nothing when it says what is so already."""

    line: int
    does: tuple[Does, ...]
    tax_id: str
    profile: VendorProfile
    bank: BankDetails
    vendor_id: VendorId | None = None
    version: int | None = None


class OrderPlan(Frozen):
    """What a row does to the purchase order at the version that was looked at."""

    line: int
    does: tuple[Does, ...]
    number: str
    vendor_id: VendorId
    terms: OrderTerms
    order_id: PurchaseOrderId | None = None
    version: int | None = None
