"""Purchase orders as people keep them in the console."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from schema.document import Frozen
from schema.ids import PurchaseOrderId, VendorId
from schema.money import Money


class OrderTerms(Frozen):
    """What may be changed of a purchase order; its number and its vendor stay."""

    total: Money
    description: str = ""
    open: bool = True


class OrderCard(Frozen):
    """A purchase order; `used` is the sum of its live invoices, in the order's currency."""

    id: PurchaseOrderId
    version: int
    number: str
    vendor_id: VendorId
    vendor_name: str
    vendor_tax_id: str | None
    terms: OrderTerms
    used: Decimal
    created_at: datetime
    updated_at: datetime


class OrderFilter(Frozen):
    """Which purchase orders to list; None does not ask."""

    text: str | None = None
    vendor: VendorId | None = None
    open: bool | None = None
