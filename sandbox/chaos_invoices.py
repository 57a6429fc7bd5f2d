"""Invoices by the hundred for the chaos run: small PDFs with a text layer, each with a number of its own."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid
from typing import Final

from sandbox.invoice_catalogue import ACME, BLUELEAF, BUYER_ADDRESS, BUYER_NAME, BUYER_TAX_ID, DECCAN, SHARMA
from sandbox.invoice_model import Vendor
from sandbox.mails import PRIYA, RAHUL

VENDORS: Final = (ACME, SHARMA, DECCAN, BLUELEAF)
TAX: Final = Decimal("0.18")
LARGE: Final = Decimal(240_000)
"""Above the limit from which two people must approve."""

LOST_ANSWER: Final = Decimal("0.13")
CLOSED_BANK: Final = Decimal("0.19")
"""Paise by which the bank chooses its trouble (mockbank/README.md)."""

Line = tuple[float, float, float, str]
"""x and y in points from the lower left corner, size, text."""


@dataclass(frozen=True)
class Order:
    """One mail to send: what it asks for, and what the approvers will say."""

    number: str
    vendor: Vendor
    total: Decimal
    rejected: bool
    forwarder: str

    @property
    def refused_by_the_bank(self) -> bool:
        """The bank never books this sum, so the invoice ends held."""
        return self.total % 1 == CLOSED_BANK


def plan_order(rng: random.Random, serial: int) -> Order:
    """The next order: most are plain, some are rejected, large, or of a sum that troubles the bank."""
    kind = rng.random()
    rupees = Decimal(rng.randrange(1_000, 9_000))
    if kind < 0.06:
        rupees += LARGE
    paise = LOST_ANSWER if 0.06 <= kind < 0.16 else CLOSED_BANK if 0.16 <= kind < 0.18 else Decimal("0.00")
    return Order(
        number=f"CH/{rng.randrange(10_000, 99_999)}/{serial:05}",
        vendor=rng.choice(VENDORS),
        total=rupees + paise,
        rejected=0.18 <= kind < 0.28,
        forwarder=rng.choice((PRIYA, RAHUL)),
    )


def mail_of(order: Order, to: str) -> EmailMessage:
    """The mail that forwards the order's invoice."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = order.forwarder, to
    message["Subject"] = f"Fwd: Invoice {order.number}"
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain="meridian.example")
    message.set_content("Please process.\n")
    name = f"{order.number.replace('/', '-')}.pdf"
    message.add_attachment(invoice_pdf(order), "application", "pdf", filename=name)
    return message


def invoice_pdf(order: Order) -> bytes:
    """The invoice as a PDF of one page."""
    return pdf_of_lines(_lines(order))


def _lines(order: Order) -> list[Line]:
    vendor, today = order.vendor, datetime.now(UTC).date()
    net = (order.total / (1 + TAX)).quantize(Decimal("0.01"))
    rows = (
        ("Invoice No.", order.number),
        ("Invoice Date", f"{today:%d-%b-%Y}"),
        ("Due Date", f"{today + timedelta(days=30):%d-%b-%Y}"),
    )
    sums = (("Taxable value", net), ("IGST @ 18%", order.total - net), ("Grand Total (INR)", order.total))
    bank = (
        ("Beneficiary", vendor.name),
        ("A/c No.", vendor.account.number),
        ("IFSC", vendor.account.routing),
    )
    lines: list[Line] = [(240, 800, 14, "TAX INVOICE"), (50, 770, 12, vendor.name)]
    lines += [(50, 754 - 14 * i, 9, text) for i, text in enumerate(vendor.address)]
    lines += [(50, 722, 9, f"GSTIN: {vendor.tax_id}"), (50, 690, 9, "BILLED TO"), (50, 676, 9, BUYER_NAME)]
    lines += [(50, 662 - 14 * i, 9, text) for i, text in enumerate(BUYER_ADDRESS)]
    lines += [(50, 634, 9, f"GSTIN: {BUYER_TAX_ID}")]
    for i, (label, value) in enumerate(rows):
        lines += [(340, 690 - 16 * i, 9, label), (440, 690 - 16 * i, 9, value)]
    lines += [(50, 590, 9, "Description"), (480, 590, 9, "Amount")]
    lines += [(50, 574, 9, "Goods as ordered"), (480, 574, 9, f"{net:,.2f}")]
    for i, (label, amount) in enumerate(sums):
        lines += [(340, 530 - 16 * i, 9, label), (480, 530 - 16 * i, 9, f"{amount:,.2f}")]
    lines += [(50, 450, 9, "BANK DETAILS")]
    for i, (label, value) in enumerate(bank):
        lines += [(50, 434 - 14 * i, 9, label), (150, 434 - 14 * i, 9, value)]
    return lines


def pdf_of_lines(lines: Sequence[Line]) -> bytes:
    """A PDF of one A4 page with these lines in Helvetica (ISO 32000-1, 7.5); Latin-1 only."""
    content = b"".join(
        b"BT /F1 %g Tf %g %g Td (%s) Tj ET\n" % (size, x, y, _escaped(text)) for x, y, size, text in lines
    )
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        b"/Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%sendstream" % (len(content), content),
    )
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(body))
    )


def _escaped(text: str) -> bytes:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("latin-1")
