"""Words of a PDF's text layer, and whether they can be believed; opens the document once."""

from __future__ import annotations

import io
import logging
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pdfplumber
from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
from pdfminer.pdftypes import PDFStream, resolve1

from handlers.reading.words import Page, Word, page_of

MIN_CHARACTERS: Final = 40
"""A page with less text is a picture with a stamp."""

MAX_STRANGE: Final = 0.02
"""Share of control, private-use and replacement characters above which a layer is junk."""

MAX_CONTENT_BYTES: Final = 24 << 20
"""Unpacked drawing instructions of one page; an honest page has far below 5 MB."""

MAX_ATTACHMENT_BYTES: Final = 10 << 20
MAX_TREE_NODES: Final = 200
MAX_WORDS: Final = 20_000
XML_NAMES: Final = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "cii.xml", "ubl.xml")


class HeavyPageError(Exception):
    """A page's content unpacks to more than a page can honestly hold."""


class LockedPdfError(Exception):
    """The PDF wants a password."""


class BrokenPdfError(Exception):
    """The PDF cannot be parsed."""


@dataclass(frozen=True)
class PdfText:
    """What the text layer holds: pages, the number of pages, and the e-invoice XML inside, if any."""

    pages: tuple[Page, ...]
    page_count: int
    xml: bytes | None


def read_text_layer(data: bytes, *, max_pages: int) -> PdfText:
    """Words of the first pages; raises LockedPdfError, BrokenPdfError, HeavyPageError."""
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    try:
        pdf = pdfplumber.open(io.BytesIO(data))
    except Exception as error:
        # pdfplumber wraps pdfminer's errors and keeps the cause as its argument.
        causes = (error, *error.args, error.__cause__, error.__context__)
        if any(isinstance(cause, (PDFPasswordIncorrect, PDFEncryptionError)) for cause in causes):
            raise LockedPdfError from error
        raise BrokenPdfError(type(error).__name__) from error
    with pdf:
        count = len(pdf.pages)
        pages = tuple(_page(page) for page in pdf.pages[:max_pages])
        return PdfText(pages, count, _embedded_xml(pdf.doc.catalog))


def is_sane(page: Page) -> bool:
    """True if there is enough text on the page, made of ordinary characters."""
    text = "".join(word.text for line in page.lines for word in line.words)
    strange = sum(1 for char in text if char == "\ufffd" or unicodedata.category(char) in ("Cc", "Co", "Cn"))
    unmapped = text.count("(cid:")
    return len(text) >= MIN_CHARACTERS and strange + 5 * unmapped <= MAX_STRANGE * len(text)


def is_indic(page: Page) -> bool:
    """True if the page holds Devanagari or Gujarati, whose text layers lose conjuncts."""
    text = "".join(word.text for line in page.lines for word in line.words)
    return sum("\u0900" <= char <= "\u0aff" for char in text) >= MIN_CHARACTERS // 2


def _page(page: Any) -> Page:
    _refuse_heavy(page)
    width, height = float(page.width) or 1.0, float(page.height) or 1.0
    x_start, top = float(page.bbox[0]), float(page.bbox[1])
    words = []
    for item in page.extract_words(x_tolerance=1.5, y_tolerance=2, extra_attrs=["upright"])[:MAX_WORDS]:
        box = (
            _part(float(item["x0"]) - x_start, width),
            _part(float(item["top"]) - top, height),
            _part(float(item["x1"]) - x_start, width),
            _part(float(item["bottom"]) - top, height),
        )
        if item["upright"] and box[2] > box[0] and box[3] > box[1]:
            words.append(Word(unicodedata.normalize("NFC", item["text"]), page.page_number, *box))
    made = page_of(page.page_number, words, "text", aspect=width / height)
    page.close()
    return made


def _part(value: float, whole: float) -> float:
    return min(max(value / whole, 0.0), 1.0)


def _refuse_heavy(page: Any) -> None:
    """Unpack the page's content streams only up to the limit: parsers have no guard of their own."""
    size = 0
    contents: Sequence[Any] = page.page_obj.contents or []
    for item in contents:
        stream = resolve1(item)
        raw = stream.rawdata if isinstance(stream, PDFStream) else None
        if not raw:
            continue
        size += _unpacked_size(raw, MAX_CONTENT_BYTES - size)
        if size > MAX_CONTENT_BYTES:
            raise HeavyPageError


def _unpacked_size(raw: bytes, limit: int) -> int:
    unpacker = zlib.decompressobj()
    try:
        return len(unpacker.decompress(raw, max(limit, 0) + 1))
    except zlib.error:
        return len(raw)


def _embedded_xml(catalog: Any) -> bytes | None:
    """The e-invoice among the embedded files: by its usual name first, else any file that ends in .xml."""
    found: dict[str, bytes] = {}
    for name, stream in _files(catalog):
        if name.lower().endswith(".xml") and name.lower() not in found:
            raw = stream.rawdata or b""
            if _unpacked_size(raw, MAX_ATTACHMENT_BYTES) <= MAX_ATTACHMENT_BYTES:
                found[name.lower()] = stream.get_data()
    usual = [found[name] for name in XML_NAMES if name in found]
    return next(iter([*usual, *found.values()]), None)


def _files(catalog: Any) -> Iterator[tuple[str, PDFStream]]:
    """Embedded files from the name tree and from the list of associated files."""
    names = resolve1(catalog.get("Names"))
    waiting = [resolve1(names.get("EmbeddedFiles"))] if isinstance(names, dict) else []
    specs = list(_list(catalog.get("AF")))
    for _ in range(MAX_TREE_NODES):
        if not waiting:
            break
        node = waiting.pop()
        if isinstance(node, dict):
            specs += _list(node.get("Names"))[1::2]
            waiting += [resolve1(kid) for kid in _list(node.get("Kids"))]
    for spec in specs[:MAX_TREE_NODES]:
        entry = resolve1(spec)
        files = resolve1(entry.get("EF")) if isinstance(entry, dict) else None
        stream = resolve1(files.get("F") or files.get("UF")) if isinstance(files, dict) else None
        if isinstance(stream, PDFStream):
            yield _name(resolve1(entry.get("UF") or entry.get("F"))), stream


def _list(value: Any) -> list[Any]:
    resolved = resolve1(value)
    return list(resolved) if isinstance(resolved, list) else []


def _name(value: Any) -> str:
    if isinstance(value, bytes):
        encoding = "utf-16" if value[:2] in (b"\xfe\xff", b"\xff\xfe") else "latin-1"
        return value.decode(encoding, "replace")
    return str(value or "")
