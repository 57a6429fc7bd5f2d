"""Reads a PDF: embedded e-invoice first, then the text layer, then the rendered page where the layer fails."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from handlers.reading.answer import Made, Order, Picture, Unreadable
from handlers.reading.fields import Findings, filled, missing, read_fields
from handlers.reading.text_layer import (
    BrokenPdfError,
    HeavyPageError,
    LockedPdfError,
    PdfText,
    is_indic,
    is_sane,
    read_text_layer,
)  # fmt: skip
from handlers.reading.words import Page

if TYPE_CHECKING:
    from handlers.reading.ocr import OcrPage, Tesseract
    from handlers.reading.raster import PdfPictures

MAX_PAGES: Final = 200
"""Beyond it the document is refused; below, its first pages and its last are read."""

SECOND_LOOK: Final = ("total", "issue_date", "seller_name")
"""A text layer may lie about one font only: when one of these is missing, the rendered page is read too."""

SECOND_LOOK_PAGES: Final = 3


@dataclass
class _Ocr:
    """Reads rendered pages, each once; the picture is kept for the people who look at it."""

    pictures: PdfPictures
    tesseract: Tesseract
    done: dict[int, OcrPage] = field(default_factory=dict)

    def page(self, number: int) -> OcrPage:
        """Page `number` as read from its picture."""
        from handlers.reading.raster import OCR_DPI

        if number not in self.done:
            picture = self.pictures.render(number, OCR_DPI)
            dpi = max(70, int(OCR_DPI * picture.width / max(picture.width, 1)))
            self.done[number] = self.tesseract.read_page(picture, number, dpi)
        return self.done[number]


def read_pdf(data: bytes, order: Order) -> Made:
    """Read a PDF; raises Unreadable.

    1. Words of the text layer; a page without a sane layer is rendered and read by OCR.
    2. Fields from the embedded e-invoice if there is one, compared with those of the pages.
    3. Else fields from the words; if total or date is missing, OCR fills what the layer does not give.
    """
    data = data[data.index(b"%PDF-") :]
    data, text = _text_layer(data, order.max_pages)
    if text.page_count == 0:
        raise Unreadable("no_pages")
    if text.page_count > MAX_PAGES:
        raise Unreadable("too_many_pages")
    from handlers.reading.ocr import Tesseract
    from handlers.reading.raster import PdfPictures

    pictures = PdfPictures(data)
    ocr = _Ocr(pictures, Tesseract(order.tesseract))
    pages = tuple(page if is_sane(page) else ocr.page(page.number).page for page in text.pages)
    findings = read_fields(pages)
    made = _from_xml(text, findings) if text.xml else None
    if made is None:
        if not any(page.lines for page in pages):
            raise Unreadable("no_text")
        findings = _second_look(findings, pages, ocr)
        findings = _confirmed(findings, pages, ocr)
        made = Made(findings.fields, findings.kind, "", text.page_count, warnings=findings.warnings)
    return _finished(made, text, pages, ocr)


def _text_layer(data: bytes, max_pages: int) -> tuple[bytes, PdfText]:
    """The text layer, after one attempt to repair a broken file."""
    try:
        return data, read_text_layer(data, max_pages=max_pages)
    except LockedPdfError as error:
        raise Unreadable("encrypted") from error
    except HeavyPageError as error:
        raise Unreadable("too_large") from error
    except BrokenPdfError:
        repaired = _repaired(data)
    try:
        return repaired, read_text_layer(repaired, max_pages=max_pages)
    except HeavyPageError as error:
        raise Unreadable("too_large") from error
    except (LockedPdfError, BrokenPdfError) as error:
        raise Unreadable("corrupt") from error


def _repaired(data: bytes) -> bytes:
    import pikepdf

    out = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            if len(document.pages) == 0:
                raise Unreadable("corrupt")
            document.save(out)
    except pikepdf.PasswordError as error:
        raise Unreadable("encrypted") from error
    except (pikepdf.PdfError, ValueError, RuntimeError, AttributeError, TypeError, KeyError) as error:
        raise Unreadable("corrupt") from error
    return out.getvalue()


def _from_xml(text: PdfText, shown: Findings) -> Made | None:
    from handlers.reading.einvoice_xml import NotAnInvoiceError, parse_einvoice
    from handlers.reading.stated import completed, contradictions, made_of

    try:
        invoice = parse_einvoice(text.xml or b"")
    except NotAnInvoiceError:
        return None
    made = made_of(invoice, page_count=text.page_count, also=contradictions(invoice, shown.fields))
    return completed(made, invoice, shown.fields)


def _second_look(findings: Findings, pages: Sequence[Page], ocr: _Ocr) -> Findings:
    """Fill what the text layer does not give from the rendered pages."""
    layered = [page for page in pages if page.source == "text"]
    if not layered or not any(missing(findings.fields, name) for name in SECOND_LOOK):
        return findings
    wanted = {page.number for page in (*layered[: SECOND_LOOK_PAGES - 1], layered[-1])}
    seen = read_fields(tuple(ocr.page(page.number).page if page.number in wanted else page for page in pages))
    kind = findings.kind if findings.kind != "unknown" or any(map(is_indic, layered)) else seen.kind
    notes = tuple(dict.fromkeys((*findings.warnings, *seen.warnings)))
    return Findings(
        filled(findings.fields, seen.fields),
        seen.kind if kind == "unknown" else kind,
        notes,
        findings.payable,
    )


def _confirmed(findings: Findings, pages: Sequence[Page], ocr: _Ocr) -> Findings:
    """Read the important lines of pages that are pictures a second time."""
    seen = [ocr.done[page.number] for page in pages if page.source == "ocr"]
    if not seen:
        return findings
    from handlers.reading.second_reading import confirmed

    return confirmed(findings, pages, seen, ocr.tesseract)


def _finished(made: Made, text: PdfText, pages: Sequence[Page], ocr: _Ocr) -> Made:
    """Add text, page pictures with hidden accounts, and what was read how."""
    from dataclasses import replace

    warnings = list(made.warnings)
    if len(pages) < text.page_count:
        warnings.append(f"Only {len(pages)} of {text.page_count} pages were read.")
    languages = {language for page in ocr.done.values() for language in page.languages}
    return replace(
        made,
        text="\f".join(page.text for page in pages),
        pictures=_pictures(made, text, pages, ocr),
        ocr_pages=tuple(sorted(ocr.done)),
        languages=tuple(sorted(languages)),
        warnings=tuple(warnings),
    )


def _pictures(made: Made, text: PdfText, pages: Sequence[Page], ocr: _Ocr) -> tuple[Picture, ...]:
    """Every read page as a picture; both the layer's and the picture's account numbers are covered."""
    from handlers.reading.raster import VIEW_DPI
    from handlers.reading.shown import picture_of

    layers = {page.number: page for page in text.pages}
    shown = []
    for page in pages:
        seen = ocr.done.get(page.number)
        picture = seen.picture if seen else ocr.pictures.render(page.number, VIEW_DPI)
        known = [seen.page] if seen else []
        known += [layers[page.number]] if page.source == "text" else []
        shown.append(picture_of(picture, page.number, known, made.fields))
    return tuple(shown)
