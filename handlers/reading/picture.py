"""Reads an image file: JPEG, PNG or TIFF with several pages."""

from __future__ import annotations

from handlers.reading.answer import Made, Order, Unreadable
from handlers.reading.fields import read_fields
from handlers.reading.ocr import OcrPage, Tesseract
from handlers.reading.raster import BrokenImageError, TooManyPixelsError, frames, guessed_dpi, open_image
from handlers.reading.second_reading import confirmed
from handlers.reading.shown import picture_of


def read_picture(data: bytes, order: Order) -> Made:
    """Read every frame by OCR; raises Unreadable."""
    tesseract = Tesseract(order.tesseract)
    try:
        image = open_image(data)
        read = [
            tesseract.read_page(frame, n, guessed_dpi(frame))
            for n, frame in enumerate(frames(image, order.max_pages), 1)
        ]
    except TooManyPixelsError as error:
        raise Unreadable("too_many_pixels") from error
    except BrokenImageError as error:
        raise Unreadable("corrupt") from error
    if not any(seen.page.lines for seen in read):
        raise Unreadable("no_text")
    return _made(read, int(getattr(image, "n_frames", 1)), tesseract)


def _made(read: list[OcrPage], page_count: int, tesseract: Tesseract) -> Made:
    pages = tuple(seen.page for seen in read)
    findings = confirmed(read_fields(pages), pages, read, tesseract)
    warnings = list(findings.warnings)
    if len(read) < page_count:
        warnings.append(f"Only {len(read)} of {page_count} pages were read.")
    return Made(
        findings.fields,
        findings.kind,
        "\f".join(page.text for page in pages),
        page_count,
        pictures=tuple(
            picture_of(seen.picture, seen.page.number, [seen.page], findings.fields) for seen in read
        ),
        ocr_pages=tuple(page.number for page in pages),
        languages=tuple(sorted({language for seen in read for language in seen.languages})),
        warnings=tuple(warnings),
    )
