"""What the rules judge: an invoice beside everything the house knows of it."""

from __future__ import annotations

from dataclasses import dataclass

from schema.document import InvoiceFields
from schema.invoice import Invoice, PurchaseOrder, Twin, Vendor
from schema.money import Money
from schema.policy import Policy


@dataclass(frozen=True)
class Facts:
    """All facts, gathered before any rule runs; rules read nothing else.

    `found_by` says how the vendor was found: by tax id, by name, or not at all.
    """

    invoice: Invoice
    vendor: Vendor | None
    found_by: str | None
    purchase_order: PurchaseOrder | None
    twins: tuple[Twin, ...]
    policy: Policy

    @property
    def fields(self) -> InvoiceFields:
        """The fields as read."""
        assert self.invoice.reading is not None
        return self.invoice.reading.fields

    @property
    def total(self) -> Money | None:
        """The grand total, if it was read and makes a sum of money."""
        return self.invoice.total
