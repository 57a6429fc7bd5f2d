"""The console's pages as one table: where each is, what it must show, and who may see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from daemon.web.api.roles import Permission
from tests.console.console_rig import Console


@dataclass(frozen=True)
class Place:
    """A page: its address (with {asked}, {held}, {hostile} for invoices) and its title in the tab."""

    path: str
    title: str
    needs: Permission = Permission.READ

    def address(self, console: Console) -> str:
        """The address with the ids of this console's rows."""
        return self.path.format(**vars(console.rows))


PLACES: Final = (
    Place("/", "Today"),
    Place("/invoices", "Invoices"),
    Place("/invoices/{asked}", "AIS/8812"),
    Place("/invoices/{held}", "AIS/8813"),
    Place("/exceptions", "Exceptions"),
    Place("/upload", "Upload", Permission.UPLOAD),
    Place("/vendors", "Vendors"),
    Place("/vendors/{vendor}", "Acme Industrial Supplies Pvt Ltd"),
    Place("/vendors/new", "New vendor", Permission.VENDORS_EDIT),
    Place("/vendors/import", "Import vendors", Permission.VENDORS_EDIT),
    Place("/purchase-orders", "Purchase orders"),
    Place("/purchase-orders/{order}", "PO-2026-0141"),
    Place("/purchase-orders/new", "New purchase order", Permission.ORDERS_EDIT),
    Place("/purchase-orders/import", "Import purchase orders", Permission.ORDERS_EDIT),
    Place("/policy", "Policy"),
    Place("/people", "People"),
    Place("/audit-log", "Audit log", Permission.AUDIT_READ),
    Place("/audit-log/changes", "Changes", Permission.AUDIT_READ),
    Place("/insight", "Insight"),
    Place("/exports", "Exports", Permission.AUDIT_READ),
    Place("/settings", "Settings"),
)
"""A new page is one more line here; all tests of the console then walk it."""
