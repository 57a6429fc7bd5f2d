"""The vendor master and purchase orders, and what is known of an invoice's twins."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import uuid4

from schema.document import Frozen
from schema.errors import PermanentError
from schema.history import OPERATOR, Change, NewHistory, Subject, differences
from schema.ids import InvoiceId, VendorId
from schema.invoice import PurchaseOrder, Twin, Vendor, masked_account
from schema.masking import latin_digits, mask
from schema.money import Money
from schema.queries import load
from schema.store.history import record
from schema.store.pool import Columns, Connection, Database
from schema.store.rows import to_purchase_order, to_twin, to_vendor
from schema.vault import SealedAccount

SQL = load("master")

_LEGAL_FORM: Final = re.compile(
    r"\b(pvt|private|ltd|limited|llp|llc|inc|corp|corporation|co|company|plc|gmbh|ag|kg|ohg|ug|ek|bv|nv|sa|sarl|sas"
    r"|srl|spa|oy|ab|as|mbh)\b"
)

_LOOKS_LATIN: Final = str.maketrans("АВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXIJSABEZHIKMNOPTYX")


BANK_FIELDS: Final = ("beneficiary", "routing", "currency", "country")
"""With the account number: what two people must agree on before it is changed in the console."""


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
        self, invoice: InvoiceId, vendor: VendorId | None, number: str | None
    ) -> tuple[Twin, ...]:
        """Earlier live invoices with the same vendor and number, or a page of the same file."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["twins"], invoice, vendor, number_key(number or ""))
        return tuple(to_twin(row) for row in rows)

    async def account_prints(self) -> frozenset[str]:
        """The keyed prints of every account number known here."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["account_prints"])
        return frozenset(row["account_print"] for row in rows)

    async def put_vendors(self, vendors: Sequence[NewVendor]) -> list[bool]:
        """The operator adds or changes vendors, all of them or none; True for each that is new."""
        async with self._database.transaction() as connection:
            return [await _put_vendor(connection, vendor) for vendor in vendors]

    async def put_purchase_orders(self, orders: Sequence[NewPurchaseOrder]) -> list[bool]:
        """The operator adds or changes POs, all or none; True for each new one, PermanentError for a strange vendor."""
        async with self._database.transaction() as connection:
            return [await _put_purchase_order(connection, order) for order in orders]


async def _put_vendor(connection: Connection, vendor: NewVendor) -> bool:
    before = await connection.fetchrow(SQL["lock_vendor_by_tax_id"], vendor.tax_id)
    row = await connection.fetchrow(
        SQL["put_vendor"],
        *(uuid4(), vendor.name, name_key(vendor.name), [name_key(alias) for alias in vendor.aliases]),
        *(vendor.tax_id, vendor.beneficiary),
        *(vendor.account.cipher, vendor.account.print, vendor.account.last4),
        *(vendor.routing, vendor.currency, vendor.country, vendor.email, list(vendor.aliases)),
    )
    assert row is not None
    after = await connection.fetchrow(SQL["lock_vendor_by_tax_id"], vendor.tax_id)
    assert after is not None
    await _tell(connection, Subject.VENDOR, row, vendor_changes(before, after))
    return bool(row["added"])


async def _put_purchase_order(connection: Connection, order: NewPurchaseOrder) -> bool:
    before = await connection.fetchrow(SQL["lock_purchase_order_by_number"], order.number)
    row = await connection.fetchrow(
        SQL["put_purchase_order"],
        *(uuid4(), order.number, order.vendor_tax_id, order.currency, order.total),
        *(order.description, order.open),
    )
    if row is None:
        raise PermanentError(f"No vendor has the tax id of purchase order {order.number}.")
    after = await connection.fetchrow(SQL["lock_purchase_order_by_number"], order.number)
    assert after is not None
    changes = differences(order_facts(before) if before else {}, order_facts(after))
    await _tell(connection, Subject.PURCHASE_ORDER, row, changes)
    return bool(row["added"])


async def _tell(connection: Connection, subject: Subject, put: Columns, changes: tuple[Change, ...]) -> None:
    """Put the operator's import on the history; a line that changes nothing says nothing."""
    if changes:
        what = "imported" if put["added"] else "imported again"
        entry = NewHistory(
            at=datetime.now(UTC),
            who=OPERATOR,
            subject=subject,
            subject_id=str(put["id"]),
            what=what,
            changes=changes,
        )
        await record(connection, entry)


def vendor_changes(before: Columns | None, after: Columns) -> tuple[Change, ...]:
    """What differs between two rows of a vendor; two numbers that end alike are still told apart."""
    told = ("name", "aliases", "tax_id", "email", "phone", *BANK_FIELDS)
    was = {name: before[name] for name in told} if before else {}
    changes = differences(was, {name: after[name] for name in told})
    if before and before["account_print"] == after["account_print"]:
        return changes
    old = masked_account(before["account_last4"]) if before else None
    return (*changes, Change(field="account", before=old, after=masked_account(after["account_last4"])))


def order_facts(row: Columns) -> dict[str, object]:
    """What the history tells of a purchase order."""
    total = Money(amount=row["total"], currency=row["currency"])
    return {
        "number": row["number"],
        "vendor": row["vendor_name"],
        "total": str(total),
        "description": str(mask(row["description"])),
        "open": row["open"],
    }


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
