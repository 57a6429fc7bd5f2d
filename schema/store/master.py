"""The vendor master and purchase orders, and what is known of an invoice's twins."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from uuid import uuid4

from schema.document import Frozen
from schema.errors import PermanentError
from schema.ids import InvoiceId, Sha256, VendorId
from schema.invoice import PurchaseOrder, Twin, Vendor
from schema.masking import latin_digits
from schema.queries import load
from schema.store.pool import Connection, Database
from schema.store.rows import to_purchase_order, to_twin, to_vendor
from schema.vault import SealedAccount

SQL = load("master")

_LEGAL_FORM: Final = re.compile(
    r"\b(pvt|private|ltd|limited|llp|llc|inc|corp|corporation|co|company|plc|gmbh|ag|kg|ohg|ug|ek|bv|nv|sa|sarl|sas"
    r"|srl|spa|oy|ab|as|mbh)\b"
)

_LOOKS_LATIN: Final = str.maketrans("АВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXIJSABEZHIKMNOPTYX")


class NewVendor(Frozen):
    """A vendor to add or to change."""

    name: str
    aliases: tuple[str, ...]
    tax_id: str
    beneficiary: str
    account: SealedAccount
    routing: str
    currency: str
    country: str
    email: str | None


class NewPurchaseOrder(Frozen):
    """A purchase order to add or to change; the vendor is named by tax id."""

    number: str
    vendor_tax_id: str
    currency: str
    total: Decimal
    description: str
    open: bool


class MasterStore:
    """Vendors, POs and twins."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def vendor_by_tax_id(self, tax_id: str) -> Vendor | None:
        """The vendor with this GSTIN or VAT number."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["vendor_by_tax_id"], tax_id)
        return to_vendor(row) if row else None

    async def vendor_by_name(self, name: str) -> Vendor | None:
        """The one vendor of this name or alias, legal form and punctuation aside; None when two share it."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["vendors_by_name"], name_key(name))
        return to_vendor(rows[0]) if len(rows) == 1 else None

    async def vendor(self, vendor: VendorId) -> Vendor | None:
        """The vendor with this id."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["vendor"], vendor)
        return to_vendor(row) if row else None

    async def purchase_order(self, number: str, *, besides: InvoiceId) -> PurchaseOrder | None:
        """A PO with what other invoices than `besides` use of it."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["purchase_order"], number, besides)
        return to_purchase_order(row) if row else None

    async def twins(
        self, invoice: InvoiceId, vendor: VendorId | None, number: str | None, document: Sha256
    ) -> tuple[Twin, ...]:
        """Earlier live invoices with the same vendor and number, or the same file."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["twins"], invoice, vendor, number_key(number or ""), document)
        return tuple(to_twin(row) for row in rows)

    async def account_prints(self) -> frozenset[str]:
        """The keyed prints of every account number known here."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["account_prints"])
        return frozenset(row["account_print"] for row in rows)

    async def put_vendors(self, vendors: Sequence[NewVendor]) -> list[bool]:
        """Add or change vendors, all of them or none; True for each that is new."""
        async with self._database.transaction() as connection:
            return [await _put_vendor(connection, vendor) for vendor in vendors]

    async def put_purchase_orders(self, orders: Sequence[NewPurchaseOrder]) -> list[bool]:
        """Add or change POs, all of them or none; True for each that is new, PermanentError for a strange vendor."""
        async with self._database.transaction() as connection:
            return [await _put_purchase_order(connection, order) for order in orders]


async def _put_vendor(connection: Connection, vendor: NewVendor) -> bool:
    row = await connection.fetchrow(
        SQL["put_vendor"],
        *(uuid4(), vendor.name, name_key(vendor.name), [name_key(alias) for alias in vendor.aliases]),
        *(vendor.tax_id, vendor.beneficiary),
        *(vendor.account.cipher, vendor.account.print, vendor.account.last4),
        *(vendor.routing, vendor.currency, vendor.country, vendor.email),
    )
    assert row is not None
    return bool(row["added"])


async def _put_purchase_order(connection: Connection, order: NewPurchaseOrder) -> bool:
    row = await connection.fetchrow(
        SQL["put_purchase_order"],
        *(uuid4(), order.number, order.vendor_tax_id, order.currency, order.total),
        *(order.description, order.open),
    )
    if row is None:
        raise PermanentError(f"No vendor has the tax id of purchase order {order.number}.")
    return bool(row["added"])


def name_key(name: str) -> str:
    """A name for look-up: no case, accents' forms unified, no punctuation, no legal form, no spaces."""
    text = unicodedata.normalize("NFKC", name).casefold()
    words = re.sub(r"[.]", "", text)
    return re.sub(r"[\W_]+", "", _LEGAL_FORM.sub(" ", re.sub(r"[\W_]+", " ", words)))


def number_key(number: str) -> str:
    """An invoice number for comparison: letters with their marks, and digits, in capitals, whatever was typed.

    Full-width forms, digits of all scripts, and Cyrillic and Greek letters that look Latin are what they look like.
    A number without any letter or digit is compared as it stands.
    """
    text = latin_digits(unicodedata.normalize("NFKC", number)).upper().translate(_LOOKS_LATIN)
    kept = "".join(character for character in text if unicodedata.category(character)[0] in "LMN")
    return kept or number.strip()
