"""Paid invoices as UBL 2.1 Invoice documents (OASIS, 2013), one file each in a zip.

Elements stand in the order of UBL-Invoice-2.1.xsd. What was paid is a PrepaidPayment, so nothing is payable any more.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from schema.ledger import LedgerFile, LedgerLine, LedgerNames
from schema.money import Money
from schema.visible import one_line

INVOICE: Final = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CAC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"

COMMERCIAL_INVOICE: Final = "380"  # UNCL 1001
CREDIT_TRANSFER: Final = "30"  # UNCL 4461
ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The same lines make the same bytes."""


def ubl_file(lines: Sequence[LedgerLine], names: LedgerNames) -> LedgerFile:
    """A zip with one Invoice for each line."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for line in lines:
            name = zipfile.ZipInfo(f"{line.reference}.xml", ZIP_TIME)
            archive.writestr(name, ubl_invoice(line, names), zipfile.ZIP_DEFLATED)
    return LedgerFile(suffix="zip", media_type="application/zip", data=target.getvalue())


def ubl_invoice(line: LedgerLine, names: LedgerNames) -> bytes:
    """One Invoice."""
    register_namespace("", INVOICE)
    register_namespace("cac", CAC)
    register_namespace("cbc", CBC)
    root = Element(f"{{{INVOICE}}}Invoice")
    _basic(root, "UBLVersionID", "2.1")
    _basic(root, "ID", line.invoice_number)
    _basic(root, "UUID", str(line.invoice_id))
    _basic(root, "IssueDate", (line.issue_date or line.paid_on).isoformat())
    if line.due_date:
        _basic(root, "DueDate", line.due_date.isoformat())
    _basic(root, "InvoiceTypeCode", COMMERCIAL_INVOICE)
    for note in _notes(line):
        _basic(root, "Note", note)
    _basic(root, "DocumentCurrencyCode", line.total.currency)
    if line.po_number:
        _basic(_group(root, "OrderReference"), "ID", line.po_number)
    _party(_group(root, "AccountingSupplierParty"), line.vendor, line.vendor_country, line.vendor_tax_id)
    _party(_group(root, "AccountingCustomerParty"), names.company, None, None)
    means = _group(root, "PaymentMeans")
    _basic(means, "PaymentMeansCode", CREDIT_TRANSFER)
    _basic(means, "PaymentID", line.reference)
    prepaid = _group(root, "PrepaidPayment")
    _basic(prepaid, "ID", line.bank_reference)
    _amount(prepaid, "PaidAmount", line.total.amount, line)
    _basic(prepaid, "PaidDate", line.paid_on.isoformat())
    _totals(root, line)
    content: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _totals(root: Element, line: LedgerLine) -> None:
    """Net and tax only where they were read and add up; otherwise the whole is one sum without tax told apart."""
    total = line.total.amount
    told = line.net is not None and line.tax is not None and line.net + line.tax == total
    net = line.net if told and line.net is not None else total
    if told and line.tax is not None:
        _amount(_group(root, "TaxTotal"), "TaxAmount", line.tax, line)
    sums = _group(root, "LegalMonetaryTotal")
    _amount(sums, "LineExtensionAmount", net, line)
    _amount(sums, "TaxExclusiveAmount", net, line)
    _amount(sums, "TaxInclusiveAmount", total, line)
    _amount(sums, "PrepaidAmount", total, line)
    _amount(sums, "PayableAmount", Decimal(0), line)
    item = _group(root, "InvoiceLine")
    _basic(item, "ID", "1")
    _amount(item, "LineExtensionAmount", net, line)
    _basic(_group(item, "Item"), "Name", f"Invoice {line.invoice_number}")


def _notes(line: LedgerLine) -> list[str]:
    notes = ["SIMULATED payment"] if line.simulated else []
    if line.issue_date is None:
        notes.append("No issue date was read; IssueDate is the day of payment.")
    return notes


def _party(parent: Element, name: str, country: str | None, tax_id: str | None) -> None:
    party = _group(parent, "Party")
    _basic(_group(party, "PartyName"), "Name", name)
    if country:
        _basic(_group(_group(party, "PostalAddress"), "Country"), "IdentificationCode", country)
    if tax_id:
        scheme = _group(party, "PartyTaxScheme")
        _basic(scheme, "CompanyID", tax_id)
        _basic(_group(scheme, "TaxScheme"), "ID", "GST" if country == "IN" else "VAT")
    _basic(_group(party, "PartyLegalEntity"), "RegistrationName", name)


def _group(parent: Element, name: str) -> Element:
    return SubElement(parent, f"{{{CAC}}}{name}")


def _basic(parent: Element, name: str, text: str) -> Element:
    element = SubElement(parent, f"{{{CBC}}}{name}")
    element.text = one_line(text)
    return element


def _amount(parent: Element, name: str, amount: Decimal, line: LedgerLine) -> None:
    money = Money(amount=amount, currency=line.total.currency)
    _basic(parent, name, money.plain()).set("currencyID", money.currency)
