"""Tally's XML for importing vouchers: each paid invoice as a purchase and the payment that settles it.

Tally Developer Reference, "Understanding Integration - Transactions": a debit has ISDEEMEDPOSITIVE Yes and a negative
AMOUNT, a credit No and a positive one; dates are yyyymmdd. REMOTEID names a voucher, so the same file imported again
makes no second one. The vendor's ledger is named like the vendor; ledgers must exist before vouchers are imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from schema.ledger import LedgerFile, LedgerLine, LedgerNames
from schema.visible import one_line

UDF: Final = "TallyUDF"
VIEW: Final = "Accounting Voucher View"


def tally_file(lines: Sequence[LedgerLine], names: LedgerNames) -> LedgerFile:
    """The request that TallyPrime imports."""
    envelope = Element("ENVELOPE")
    _text(SubElement(envelope, "HEADER"), "TALLYREQUEST", "Import Data")
    data = SubElement(SubElement(envelope, "BODY"), "IMPORTDATA")
    described = SubElement(data, "REQUESTDESC")
    _text(described, "REPORTNAME", "Vouchers")
    _text(SubElement(described, "STATICVARIABLES"), "SVCURRENTCOMPANY", names.company)
    messages = SubElement(data, "REQUESTDATA")
    for line in lines:
        _purchase(SubElement(messages, "TALLYMESSAGE", {"xmlns:UDF": UDF}), line, names)
        _payment(SubElement(messages, "TALLYMESSAGE", {"xmlns:UDF": UDF}), line, names)
    indent(envelope, " ")
    content: bytes = tostring(envelope, encoding="utf-8", xml_declaration=True)
    return LedgerFile(suffix="xml", media_type="application/xml", data=content)


def _purchase(message: Element, line: LedgerLine, names: LedgerNames) -> None:
    voucher = _voucher(message, "Purchase", line.issue_date or line.paid_on, line)
    _text(voucher, "NARRATION", f"Invoice {line.invoice_number}{_order(line)}")
    _entry(voucher, line.vendor, line.total.amount, bill=("New Ref", line.invoice_number))
    _entry(voucher, names.purchases, -line.total.amount)


def _payment(message: Element, line: LedgerLine, names: LedgerNames) -> None:
    voucher = _voucher(message, "Payment", line.paid_on, line)
    simulated = "SIMULATED payment" if line.simulated else "Paid"
    _text(voucher, "NARRATION", f"{simulated} by {line.rail}, bank reference {line.bank_reference}")
    _entry(voucher, line.vendor, -line.total.amount, bill=("Agst Ref", line.invoice_number))
    _entry(voucher, names.bank, line.total.amount)


def _voucher(message: Element, kind: str, on: date, line: LedgerLine) -> Element:
    identity = f"countersign-{line.payment_id}-{kind.lower()}"
    voucher = SubElement(
        message, "VOUCHER", {"REMOTEID": identity, "VCHTYPE": kind, "ACTION": "Create", "OBJVIEW": VIEW}
    )
    _text(voucher, "GUID", identity)
    _text(voucher, "DATE", f"{on:%Y%m%d}")
    _text(voucher, "EFFECTIVEDATE", f"{on:%Y%m%d}")
    _text(voucher, "VOUCHERTYPENAME", kind)
    _text(voucher, "VOUCHERNUMBER", line.reference)
    _text(voucher, "REFERENCE", line.invoice_number)
    _text(voucher, "PARTYLEDGERNAME", line.vendor)
    _text(voucher, "PERSISTEDVIEW", VIEW)
    _text(voucher, "ISINVOICE", "No")
    return voucher


def _entry(voucher: Element, ledger: str, amount: Decimal, bill: tuple[str, str] | None = None) -> None:
    """One side of a voucher; a debit is negative."""
    entry = SubElement(voucher, "ALLLEDGERENTRIES.LIST")
    _text(entry, "LEDGERNAME", ledger)
    _text(entry, "ISDEEMEDPOSITIVE", "Yes" if amount < 0 else "No")
    _text(entry, "ISPARTYLEDGER", "Yes" if bill else "No")
    _text(entry, "AMOUNT", f"{amount:.2f}")
    if bill is not None:
        allocation = SubElement(entry, "BILLALLOCATIONS.LIST")
        _text(allocation, "NAME", bill[1])
        _text(allocation, "BILLTYPE", bill[0])
        _text(allocation, "AMOUNT", f"{amount:.2f}")


def _order(line: LedgerLine) -> str:
    return f", order {line.po_number}" if line.po_number else ""


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = one_line(text)
