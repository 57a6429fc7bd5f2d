"""Fields as an e-invoice's XML states them, and how they differ from what the page shows; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Final, TypeVar

from handlers.reading.answer import Made
from handlers.reading.confidence import SURE, XML
from handlers.reading.einvoice_xml import XmlInvoice
from handlers.reading.fields import Fields
from handlers.reading.identifiers import compact, iban_is_valid, iban_shape
from handlers.reading.marked import Found

T = TypeVar("T")

BAD_IBAN: Final = 0.3
"""Stated with wrong check digits: shown as it is, never sure."""

UNSURE: Final = 0.8
_FROM_PAGE: Final = ("due_date", "seller_tax_id", "account", "ifsc", "po_number")


def made_of(invoice: XmlInvoice, *, page_count: int, also: Sequence[str] = ()) -> Made:
    """The answer for an e-invoice; sums that do not add up make it less sure."""
    adds_up = _adds_up(invoice)
    sure = XML if adds_up is not False else UNSURE
    warnings = list(also)
    if adds_up is False:
        warnings.append("Net and tax of the e-invoice do not add up to its total.")
    if invoice.payable is not None and invoice.total is not None and invoice.payable != invoice.total:
        warnings.append(f"The amount due {invoice.payable} differs from the total.")
    account = _account(invoice)
    if account is not None and account.confidence == BAD_IBAN:
        warnings.append("The IBAN of the e-invoice fails its check digits.")
    if len(invoice.accounts) > 1:
        warnings.append("The e-invoice names more than one account.")
    fields = Fields(
        invoice_number=_found(invoice.number),
        issue_date=_found(invoice.issue_date),
        due_date=_found(invoice.due_date),
        currency=_found(invoice.currency),
        total=_found(invoice.total, sure),
        net=_found(invoice.net, sure),
        tax=_found(invoice.tax, sure),
        seller_name=_found(invoice.seller_name),
        seller_tax_id=_found(invoice.seller_tax_id),
        account=account,
        ifsc=_found(invoice.bic),
        po_number=_found(invoice.order),
        lines=_found(invoice.lines),
    )
    negative = invoice.total is not None and invoice.total < 0
    kind = "credit_note" if invoice.is_credit_note or negative else "invoice"
    return Made(fields, kind, as_text(invoice), page_count, warnings=tuple(warnings))


def completed(made: Made, invoice: XmlInvoice, shown: Fields) -> Made:
    """What the XML leaves out, as the page shows it, never sure; a direct debit has no account to pay to.

    Where both speak, the page's value stands beside the e-invoice's as one that was not taken.
    """
    names = [name for name in _FROM_PAGE if getattr(made.fields, name) is None]
    if invoice.direct_debit or invoice.accounts:
        names = [name for name in names if name not in ("account", "ifsc")]
    taken = {name: getattr(shown, name) for name in names if getattr(shown, name) is not None}
    lowered = {name: found.with_confidence(min(found.confidence, UNSURE)) for name, found in taken.items()}
    for name in (item.name for item in fields(Fields)):
        one, other = getattr(made.fields, name), getattr(shown, name)
        if one is not None and other is not None:
            lowered[name] = one.before([other], "on_page")
    return replace(made, fields=replace(made.fields, **lowered))


def contradictions(invoice: XmlInvoice, shown: Fields) -> list[str]:
    """Where the page surely shows another total or account than the XML states."""
    found = []
    sums = {invoice.total, invoice.payable} - {None}
    if sums and shown.total and shown.total.confidence >= SURE and shown.total.value not in sums:
        found.append(
            f"The page shows the total {shown.total.value}, the e-invoice inside states {invoice.total}."
        )
    on_page = shown.account.value if shown.account else None
    if on_page and iban_is_valid(on_page) and invoice.accounts and on_page not in invoice.accounts:
        found.append("The page shows another account than the e-invoice inside.")
    number = shown.invoice_number
    if (
        number
        and number.confidence >= SURE
        and invoice.number
        and compact(number.value) != compact(invoice.number)
    ):
        found.append("The page shows another invoice number than the e-invoice inside.")
    return found


def as_text(invoice: XmlInvoice) -> str:
    """An e-invoice without a page, as lines a person or a model can read."""
    named = (
        ("Invoice number", invoice.number), ("Issue date", invoice.issue_date), ("Due date", invoice.due_date),
        ("Seller", invoice.seller_name), ("Seller tax id", invoice.seller_tax_id), ("Order", invoice.order),
        ("Currency", invoice.currency), ("Net", invoice.net), ("Tax", invoice.tax), ("Total", invoice.total),
        ("Amount due", invoice.payable), ("Account", ", ".join(invoice.accounts) or None), ("BIC", invoice.bic),
        ("Line items", invoice.lines),
    )  # fmt: skip
    lines = [f"{name}: {value}" for name, value in named if value is not None]
    return "\n".join([*lines, *invoice.notes])


def _adds_up(invoice: XmlInvoice) -> bool | None:
    if invoice.net is None or invoice.total is None:
        return None
    return abs(invoice.net + (invoice.tax or 0) - invoice.total) < 1


def _account(invoice: XmlInvoice) -> Found[str] | None:
    if not invoice.accounts:
        return None
    first = invoice.accounts[0]
    bad = iban_shape(first) and not iban_is_valid(first)
    others = [Found(each, XML, (), "xml") for each in invoice.accounts[1:]]
    return Found(first, BAD_IBAN if bad else XML, (), "xml", "stated").before(others, "rival")


def _found(value: T | None, sure: float = XML) -> Found[T] | None:
    return None if value is None else Found(value, sure, (), "xml", "stated")
