"""E-invoices as XML, and how they are compared with their page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from handlers.reading.answer import Unreadable
from handlers.reading.einvoice_xml import NotAnInvoiceError, parse_einvoice
from handlers.reading.fields import read_fields
from handlers.reading.plain import read_xml
from handlers.reading.stated import completed, contradictions, made_of
from handlers.reading.words import page_of_text

UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:ID>UBL-17</cbc:ID><cbc:IssueDate>2026-11-05</cbc:IssueDate><cbc:DueDate>2026-12-05</cbc:DueDate>
 <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cac:OrderReference><cbc:ID>PO-9</cbc:ID></cac:OrderReference>
 <cac:AccountingSupplierParty><cac:Party>
  <cac:PartyTaxScheme><cbc:CompanyID>DE136695976</cbc:CompanyID>
   <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
  <cac:PartyLegalEntity><cbc:RegistrationName>Bei  Spiel GmbH</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingSupplierParty>
 <cac:PaymentMeans><cbc:PaymentMeansCode>{means}</cbc:PaymentMeansCode>{account}</cac:PaymentMeans>
 <cac:TaxTotal><cbc:TaxAmount currencyID="SEK">99.00</cbc:TaxAmount></cac:TaxTotal>
 <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">19.00</cbc:TaxAmount></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount>100.00</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount>{total}</cbc:TaxInclusiveAmount><cbc:PayableAmount>69.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
 <cac:InvoiceLine/><cac:InvoiceLine/>
</Invoice>"""

ACCOUNT = (
    "<cac:PayeeFinancialAccount><cbc:ID>DE88 2008 0000 0970 3757 00</cbc:ID></cac:PayeeFinancialAccount>"
)

CII = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:r" xmlns:ram="urn:a" xmlns:udt="urn:u">
 <rsm:ExchangedDocument><ram:ID>CII-3</ram:ID><ram:TypeCode>381</ram:TypeCode>
  <ram:IssueDateTime><udt:DateTimeString format="102">20261105</udt:DateTimeString></ram:IssueDateTime>
 </rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction>
  <ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>Lieferant GmbH</ram:Name>
   <ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">201/113/40209</ram:ID></ram:SpecifiedTaxRegistration>
   <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE123456789</ram:ID></ram:SpecifiedTaxRegistration>
  </ram:SellerTradeParty></ram:ApplicableHeaderTradeAgreement>
  <ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:TaxBasisTotalAmount>473.00</ram:TaxBasisTotalAmount>
    <ram:TaxTotalAmount currencyID="EUR">56.87</ram:TaxTotalAmount><ram:GrandTotalAmount>529.87</ram:GrandTotalAmount>
   </ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
 </rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"""


def ubl(means: str = "58", account: str = ACCOUNT, total: str = "119.00") -> bytes:
    return UBL.format(means=means, account=account, total=total).encode()


def test_a_ubl_invoice_is_read_whole() -> None:
    invoice = parse_einvoice(ubl())
    assert (invoice.number, invoice.issue_date, invoice.due_date) == (
        "UBL-17",
        date(2026, 11, 5),
        date(2026, 12, 5),
    )
    assert (invoice.net, invoice.tax, invoice.total) == (
        Decimal("100.00"),
        Decimal("19.00"),
        Decimal("119.00"),
    )
    assert (invoice.seller_name, invoice.seller_tax_id) == ("Bei Spiel GmbH", "DE136695976")
    assert (invoice.accounts, invoice.order, invoice.lines) == (("DE88200800000970375700",), "PO-9", 2)


def test_a_cii_credit_note_is_read_whole() -> None:
    invoice = parse_einvoice(CII.encode())
    assert (invoice.number, invoice.issue_date, invoice.total) == (
        "CII-3",
        date(2026, 11, 5),
        Decimal("529.87"),
    )
    assert invoice.seller_tax_id == "DE123456789"
    assert read_xml(CII.encode()).kind == "credit_note"


def test_xml_alone_is_a_whole_reading() -> None:
    made = read_xml(ubl())
    assert made.fields.total is not None
    assert made.fields.total.source == "xml"
    assert "Amount due: 69.00" in made.text
    assert "The amount due 69.00 differs from the total." in made.warnings


def test_sums_of_the_xml_that_do_not_add_up_are_not_sure() -> None:
    made = read_xml(ubl(total="500.00"))
    assert made.fields.total is not None
    assert made.fields.total.confidence < 0.9


def test_an_iban_that_fails_its_check_is_never_sure() -> None:
    made = read_xml(ubl(account=ACCOUNT.replace("3757 00", "3757 01")))
    assert made.fields.account is not None
    assert made.fields.account.confidence < 0.5


@pytest.mark.parametrize(
    "data",
    [
        b"<note/>",
        b"<Invoice>",
        b"",
        b'<!DOCTYPE x [<!ENTITY a "b">]><Invoice><ID>&a;</ID></Invoice>',
        b"\xff\xfe\x00",
    ],
)
def test_other_xml_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnInvoiceError):
        parse_einvoice(data)
    with pytest.raises(Unreadable):
        read_xml(data)


def test_a_page_that_shows_another_total_or_account_is_told() -> None:
    page = page_of_text(
        1, "Net total 900.00\nVAT total 100.00\nGrand Total 1,000.00\nIBAN NL50INGB0683251309"
    )
    told = contradictions(parse_einvoice(ubl()), read_fields((page,)).fields)
    assert "The page shows the total 1000.00, the e-invoice inside states 119.00." in told
    assert "The page shows another account than the e-invoice inside." in told


def test_a_page_that_agrees_is_silent() -> None:
    page = page_of_text(
        1, "Net total 100.00\nVAT total 19.00\nGrand Total 119.00\nIBAN DE88 2008 0000 0970 3757 00"
    )
    assert contradictions(parse_einvoice(ubl()), read_fields((page,)).fields) == []


@pytest.mark.parametrize(("means", "filled"), [("30", True), ("59", False)])
def test_an_account_on_the_page_alone_is_taken_unsurely_but_not_for_a_direct_debit(
    means: str, filled: bool
) -> None:
    invoice = parse_einvoice(ubl(means=means, account=""))
    shown = read_fields((page_of_text(1, "IBAN NL50INGB0683251309"),)).fields
    account = completed(made_of(invoice, page_count=1), invoice, shown).fields.account
    assert (account is not None) is filled
    assert account is None or account.confidence < 0.9
