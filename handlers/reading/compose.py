"""Puts chosen pages of several files together as one PDF, which is then read like any other; runs in the child only.

A page of a PDF is taken as it is; a picture becomes a page at the resolution at which pages are rendered, so that OCR
sees its own pixels again. An e-invoice travels as an embedded file, and one that is embedded only with all pages of its
file: of some of them it would say too much.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from typing import Final

import pikepdf
from PIL import Image

from handlers.reading.answer import FileSlice, Unreadable
from handlers.reading.raster import (
    OCR_DPI,
    BrokenImageError,
    TooManyPixelsError,
    chosen_frames,
    open_image,
)
from handlers.reading.sniff import sniff
from handlers.reading.text_layer import BrokenPdfError, HeavyPageError, LockedPdfError, read_text_layer

EMBEDDED: Final = "factur-x.xml"
SEVERAL: Final = "Several e-invoices lie in these files, and they differ; only the first was read."

_BROKEN: Final = (
    pikepdf.PdfError,
    ValueError,
    RuntimeError,
    AttributeError,
    TypeError,
    KeyError,
    IndexError,
    BrokenPdfError,
    HeavyPageError,
)


def composed(data: bytes, slices: Sequence[FileSlice]) -> tuple[bytes, tuple[str, ...]]:
    """One PDF of the wanted pages in order, and warnings; raises Unreadable."""
    target, xml, at = pikepdf.new(), list[bytes](), 0
    for each in slices:
        file, at = data[at : at + each.size], at + each.size
        kind = sniff(file, each.name)
        if kind == "xml":
            xml.append(file)
        elif kind == "pdf":
            xml += _add_pdf(target, file[file.index(b"%PDF-") :], each.pages)
        elif kind == "image":
            _add_pictures(target, file, each.pages)
        else:
            raise Unreadable("empty" if kind == "empty" else "unsupported_type")
    if len(target.pages) == 0:
        raise Unreadable("no_pages")
    if xml:
        target.attachments[EMBEDDED] = pikepdf.AttachedFileSpec(target, xml[0], filename=EMBEDDED)
    out = io.BytesIO()
    target.save(out)
    return out.getvalue(), (SEVERAL,) if len(set(xml)) > 1 else ()


def _add_pdf(target: pikepdf.Pdf, file: bytes, pages: list[int] | None) -> list[bytes]:
    """Add pages of a PDF; the e-invoice in it, when all of them were wanted."""
    try:
        with pikepdf.open(io.BytesIO(file)) as source:
            every = list(range(1, len(source.pages) + 1))
            wanted = every if pages is None else pages
            for number in wanted:
                target.pages.append(source.pages[number - 1])
        found = read_text_layer(file, max_pages=0).xml if sorted(wanted) == every else None
    except (pikepdf.PasswordError, LockedPdfError) as error:
        raise Unreadable("encrypted") from error
    except _BROKEN as error:
        raise Unreadable("corrupt") from error
    return [found] if found else []


def _add_pictures(target: pikepdf.Pdf, file: bytes, pages: list[int] | None) -> None:
    try:
        image = open_image(file)
        wanted = range(getattr(image, "n_frames", 1)) if pages is None else [page - 1 for page in pages]
        for frame in chosen_frames(image, wanted):
            _add_picture(target, frame)
    except TooManyPixelsError as error:
        raise Unreadable("too_many_pixels") from error
    except BrokenImageError as error:
        raise Unreadable("corrupt") from error


def _add_picture(target: pikepdf.Pdf, picture: Image.Image) -> None:
    """A page that shows a grey picture, loss-free."""
    width, height = picture.width * 72 / OCR_DPI, picture.height * 72 / OCR_DPI
    page = target.add_blank_page(page_size=(width, height))
    ink = pikepdf.Stream(target, zlib.compress(picture.tobytes(), 1))
    ink.Type, ink.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    ink.Width, ink.Height, ink.BitsPerComponent = picture.width, picture.height, 8
    ink.ColorSpace, ink.Filter = pikepdf.Name.DeviceGray, pikepdf.Name.FlateDecode
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Ink=ink))
    page.Contents = pikepdf.Stream(target, f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Ink Do Q".encode())
