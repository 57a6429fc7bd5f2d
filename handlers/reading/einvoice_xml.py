"""E-invoices as XML: UN/CEFACT CII (ZUGFeRD, Factur-X) and UBL, read without entities, network or DTD."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from lxml import etree

from handlers.reading.identifiers import compact

MAX_ELEMENTS: Final = 200_000

CREDIT_TYPES: Final = frozenset({"381", "261", "262", "296", "308", "396", "420", "458", "532", "83"})
"""UNTDID 1001 codes of credit notes; 384 is a correction, which may have either sign."""


DIRECT_DEBIT: Final = frozenset({"49", "59"})


class NotAnInvoiceError(ValueError):
    """The XML is no CII or UBL invoice."""


@dataclass(frozen=True)
class XmlInvoice:
    """The fields of an e-invoice as its sender states them; `payable` is what is left to pay (BT-115)."""

    number: str | None
    issue_date: date | None
    due_date: date | None
    currency: str | None
    total: Decimal | None
    net: Decimal | None
    tax: Decimal | None
    payable: Decimal | None
    seller_name: str | None
    seller_tax_id: str | None
    accounts: tuple[str, ...]
    bic: str | None
    order: str | None
    lines: int | None
    type_code: str | None
    notes: tuple[str, ...] = field(default=())
    direct_debit: bool = False
    """The seller collects the money (UNTDID 4461 codes 49 and 59), so no account is named on purpose."""

    @property
    def is_credit_note(self) -> bool:
        """True if the document gives money back."""
        return self.type_code in CREDIT_TYPES


def parse_einvoice(data: bytes) -> XmlInvoice:
    """Read a CII or UBL invoice; raises NotAnInvoiceError for any other XML."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data.lstrip(), parser)
    except etree.XMLSyntaxError as error:
        raise NotAnInvoiceError(str(error)[:200]) from error
    if root.getroottree().docinfo.internalDTD is not None or sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        message = "a document type declaration or too many elements"
        raise NotAnInvoiceError(message)
    name = etree.QName(root).localname
    if name in ("CrossIndustryInvoice", "CrossIndustryDocument"):
        return _cii(root)
    if name in ("Invoice", "CreditNote"):
        return _ubl(root, credit=name == "CreditNote")
    message = f"root element {name[:60]}"
    raise NotAnInvoiceError(message)


def _all(node: etree._Element, path: str) -> list[etree._Element]:
    """Elements by local names: `A/B` is a child, `//A` any descendant."""
    steps = re.sub(r"(\w+)", r"*[local-name()='\1']", path)
    found = node.xpath(("." if steps.startswith("//") else "./") + steps)
    return [item for item in found if isinstance(item, etree._Element)] if isinstance(found, list) else []


def _text(node: etree._Element, *paths: str) -> str | None:
    """The first text that is not blank under any of the paths, inner white space made single."""
    for path in paths:
        for found in _all(node, path):
            text = " ".join((found.text or "").split())
            if text:
                return text
    return None


def _decimal(text: str | None) -> Decimal | None:
    try:
        value = Decimal(text) if text else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() else None


def _date(text: str | None) -> date | None:
    """ISO dates, and the yyyymmdd of format code 102; a time after them is dropped."""
    found = re.match(r"(\d{4})-?(\d{2})-?(\d{2})", text or "")
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _cii(root: etree._Element) -> XmlInvoice:
    settlement = _first(root, "//ApplicableHeaderTradeSettlement", "//ApplicableSupplyChainTradeSettlement")
    sums = _first(
        root,
        "//SpecifiedTradeSettlementHeaderMonetarySummation",
        "//SpecifiedTradeSettlementMonetarySummation",
    )
    seller = next(iter(_all(root, "//SellerTradeParty")), None)
    document = _first(root, "ExchangedDocument", "HeaderExchangedDocument")
    currency = _text(settlement, "InvoiceCurrencyCode")
    return XmlInvoice(
        number=_text(document, "ID"),
        issue_date=_date(_text(document, "IssueDateTime/DateTimeString", "IssueDateTime/DateTime")),
        due_date=_cii_due_date(settlement),
        currency=currency,
        total=_decimal(_text(sums, "GrandTotalAmount")),
        net=_decimal(_text(sums, "TaxBasisTotalAmount")),
        tax=_tax(_all(sums, "TaxTotalAmount"), currency),
        payable=_decimal(_text(sums, "DuePayableAmount")),
        seller_name=_text(seller, "Name", "SpecifiedLegalOrganization/TradingBusinessName")
        if seller is not None
        else None,
        seller_tax_id=_cii_tax_id(seller),
        accounts=_accounts(settlement, "//PayeePartyCreditorFinancialAccount", "IBANID", "ProprietaryID"),
        bic=_text(settlement, "//PayeeSpecifiedCreditorFinancialInstitution/BICID"),
        order=_text(
            root, "//BuyerOrderReferencedDocument/IssuerAssignedID", "//BuyerOrderReferencedDocument/ID"
        ),
        lines=len(_all(root, "//IncludedSupplyChainTradeLineItem")) or None,
        type_code=_text(document, "TypeCode"),
        direct_debit=_debits(settlement, "//SpecifiedTradeSettlementPaymentMeans/TypeCode"),
        notes=_notes(document, "IncludedNote/Content"),
    )


def _cii_due_date(settlement: etree._Element) -> date | None:
    """The latest day of the terms that grant no discount: a discount's day comes earlier and is optional."""
    dated: dict[bool, list[date]] = {True: [], False: []}
    for term in _all(settlement, "SpecifiedTradePaymentTerms"):
        day = _date(_text(term, "DueDateDateTime/DateTimeString", "DueDateDateTime/DateTime"))
        if day is not None:
            dated[bool(_all(term, "ApplicableTradePaymentDiscountTerms"))].append(day)
    return max(dated[False] or dated[True], default=None)


def _first(root: etree._Element, *paths: str) -> etree._Element:
    """The first element under any of the paths, else the root itself."""
    return next((found for path in paths for found in _all(root, path)), root)


def _notes(node: etree._Element, path: str) -> tuple[str, ...]:
    texts = (" ".join((found.text or "").split()) for found in _all(node, path))
    return tuple(text for text in texts if text)


def _tax(amounts: list[etree._Element], currency: str | None) -> Decimal | None:
    """The tax total in the document's currency; a second one may be in the accounting currency."""
    chosen = next(
        (a for a in amounts if a.get("currencyID") in (None, currency)), amounts[0] if amounts else None
    )
    return _decimal((chosen.text or "").strip() if chosen is not None else None)


def _cii_tax_id(seller: etree._Element | None) -> str | None:
    """The VAT number (scheme VA), else the local tax number (scheme FC)."""
    ids = _all(seller, "SpecifiedTaxRegistration/ID") if seller is not None else []
    by_scheme = {node.get("schemeID"): " ".join((node.text or "").split()) for node in reversed(ids)}
    return (
        by_scheme.get("VA")
        or by_scheme.get("FC")
        or next((text for text in by_scheme.values() if text), None)
    )


def _accounts(node: etree._Element, path: str, *names: str) -> tuple[str, ...]:
    found = (_text(account, *names) for account in _all(node, path))
    return tuple(dict.fromkeys(compact(text) for text in found if text))


def _debits(node: etree._Element, path: str) -> bool:
    codes = {(code.text or "").strip() for code in _all(node, path)}
    return bool(codes) and codes <= DIRECT_DEBIT


def _ubl(root: etree._Element, *, credit: bool) -> XmlInvoice:
    party = next(iter(_all(root, "AccountingSupplierParty/Party")), root)
    sums = next(iter(_all(root, "LegalMonetaryTotal")), root)
    currency = _text(root, "DocumentCurrencyCode")
    order = _text(root, "OrderReference/ID")
    return XmlInvoice(
        number=_text(root, "ID"),
        issue_date=_date(_text(root, "IssueDate")),
        due_date=_date(_text(root, "DueDate", "PaymentMeans/PaymentDueDate", "PaymentTerms/PaymentDueDate")),
        currency=currency,
        total=_decimal(_text(sums, "TaxInclusiveAmount")),
        net=_decimal(_text(sums, "TaxExclusiveAmount")),
        tax=_tax(_all(root, "TaxTotal/TaxAmount"), currency),
        payable=_decimal(_text(sums, "PayableAmount")),
        seller_name=_text(party, "PartyLegalEntity/RegistrationName", "PartyName/Name"),
        seller_tax_id=_ubl_tax_id(party),
        accounts=_accounts(root, "PaymentMeans/PayeeFinancialAccount", "ID"),
        bic=_text(root, "//PayeeFinancialAccount/FinancialInstitutionBranch/ID", "//FinancialInstitution/ID"),
        order=None if order in (None, "NA") else order,
        lines=len(_all(root, "InvoiceLine")) + len(_all(root, "CreditNoteLine")) or None,
        type_code=_text(root, "InvoiceTypeCode", "CreditNoteTypeCode") or ("381" if credit else None),
        direct_debit=_debits(root, "PaymentMeans/PaymentMeansCode"),
        notes=_notes(root, "Note"),
    )


def _ubl_tax_id(party: etree._Element) -> str | None:
    """The company id of the scheme VAT, else of any other."""
    schemes = _all(party, "PartyTaxScheme")
    ranked: Iterable[etree._Element] = sorted(schemes, key=lambda node: _text(node, "TaxScheme/ID") != "VAT")
    return next((text for node in ranked if (text := _text(node, "CompanyID"))), None)
