"""What a sample invoice is made of: vendor, account, lines, tax, and the sums that follow from them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Tax(StrEnum):
    """How the tax is split on the paper."""

    CGST_SGST = "cgst+sgst"  # seller and buyer in one Indian state
    IGST = "igst"  # two Indian states
    MWST = "mwst"  # German value added tax


class Medium(StrEnum):
    """What the forwarder's file is."""

    TEXT = "text"
    SCAN = "scan"
    PHOTO = "photo"
    LOCKED = "locked"


@dataclass(frozen=True)
class Account:
    """Where a vendor is paid; `routing` is an IFSC in India, a BIC elsewhere."""

    number: str
    routing: str
    bank: str


@dataclass(frozen=True)
class Vendor:
    """A seller as its letterhead and the vendor master know it."""

    name: str
    aliases: tuple[str, ...]
    address: tuple[str, ...]
    tax_id: str
    account: Account
    email: str
    phone: str
    currency: str = "INR"
    country: str = "IN"

    @property
    def pan(self) -> str:
        """Permanent Account Number, the ten characters inside an Indian tax number."""
        return self.tax_id[2:12]


@dataclass(frozen=True)
class Line:
    """One line of goods or services; `code` is its HSN or SAC."""

    text: str
    code: str
    quantity: Decimal
    unit: str
    rate: Decimal

    @property
    def amount(self) -> Decimal:
        """Quantity times rate, before tax."""
        return (self.quantity * self.rate).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class Invoice:
    """One sample invoice; `file` is its name below sandbox/samples."""

    file: str
    vendor: Vendor
    number: str
    issued: date
    due: date
    lines: tuple[Line, ...]
    tax: Tax
    percent: Decimal
    words: str
    template: str
    accent: str = "#1d3557"
    purchase_order: str | None = None
    medium: Medium = Medium.TEXT
    paid_to: Account | None = None  # printed instead of the vendor's own account
    note: str = ""
    small_print: str = ""

    @property
    def account(self) -> Account:
        """The bank details that stand on the paper."""
        return self.paid_to or self.vendor.account

    @property
    def net(self) -> Decimal:
        """Sum before tax."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def tax_sum(self) -> Decimal:
        """Tax on the net sum."""
        return (self.net * self.percent / 100).quantize(Decimal("0.01"))

    @property
    def total(self) -> Decimal:
        """What is to be paid."""
        return self.net + self.tax_sum


@dataclass(frozen=True)
class PurchaseOrder:
    """An order of the buyer; `total` includes tax."""

    number: str
    vendor: Vendor
    total: Decimal
    description: str
    status: str
