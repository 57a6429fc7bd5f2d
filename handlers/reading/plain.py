"""Reads e-invoices that come as XML alone, and invoices that come as plain text."""

from __future__ import annotations

from handlers.reading.answer import Made, Order, Unreadable
from handlers.reading.fields import read_fields
from handlers.reading.sniff import sniff
from handlers.reading.words import page_of_text

MAX_TEXT_PAGES = 50


def read_plain(data: bytes, order: Order) -> Made:
    """Read XML or text; raises Unreadable."""
    return read_xml(data) if sniff(data, order.name) == "xml" else read_text(_decoded(data))


def read_xml(data: bytes) -> Made:
    """Read a CII or UBL invoice; other XML is not a document we know."""
    from handlers.reading.einvoice_xml import NotAnInvoiceError, parse_einvoice
    from handlers.reading.stated import made_of

    try:
        invoice = parse_einvoice(data)
    except NotAnInvoiceError as error:
        raise Unreadable("unsupported_type") from error
    return made_of(invoice, page_count=1)


def read_text(text: str) -> Made:
    """Read plain text; form feeds divide its pages."""
    parts = text.split("\f")[:MAX_TEXT_PAGES]
    pages = tuple(page_of_text(number, part) for number, part in enumerate(parts, 1))
    if not any(page.lines for page in pages):
        raise Unreadable("no_text")
    findings = read_fields(pages)
    return Made(findings.fields, findings.kind, text, len(parts), warnings=findings.warnings)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
