"""Invoices on paper for the reader's tests: the same page as a text PDF, as a picture, and in Hindi."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFont

A4_POINTS = (595, 842)
FONTS = Path("/usr/share/fonts/truetype")

Placed = tuple[float, float, float, str]
"""Left edge and baseline from the top in points, font size, text."""

ACCOUNT = "50100234567891"

INDIAN: Sequence[Placed] = (
    (50, 60, 18, "TAX INVOICE"),
    (50, 90, 12, "Sunrise Paper Products Pvt Ltd"),
    (50, 106, 10, "14 Link Road, Andheri, Mumbai 400053"),
    (50, 122, 10, "GSTIN: 27AAPFU0939F1ZV"),
    (350, 90, 10, "Invoice No: SPP/2026-27/0184"),
    (350, 106, 10, "Invoice Date: 05/11/2026"),
    (350, 122, 10, "Due Date: 20/11/2026"),
    (350, 138, 10, "PO No: PO-7741"),
    (50, 170, 10, "Bill To"),
    (50, 186, 10, "Harbour Office Supplies LLP"),
    (50, 202, 10, "GSTIN: 29AAGCB7383J1Z4"),
    (50, 240, 10, "Sr"), (80, 240, 10, "Description"), (330, 240, 10, "Qty"),
    (400, 240, 10, "Rate"), (480, 240, 10, "Amount"),
    (50, 258, 10, "1"), (80, 258, 10, "Copier paper A4"), (330, 258, 10, "200"),
    (400, 258, 10, "250.00"), (480, 258, 10, "50,000.00"),
    (50, 274, 10, "2"), (80, 274, 10, "Kraft envelopes"), (330, 274, 10, "1000"),
    (400, 274, 10, "50.00"), (480, 274, 10, "50,000.00"),
    (360, 310, 10, "Taxable Value"), (480, 310, 10, "1,00,000.00"),
    (360, 326, 10, "CGST 9%"), (480, 326, 10, "9,000.00"),
    (360, 342, 10, "SGST 9%"), (480, 342, 10, "9,000.00"),
    (360, 362, 12, "Grand Total Rs."), (480, 362, 12, "1,18,000.00"),
    (50, 420, 10, "Bank: HDFC Bank, Andheri Branch"),
    (50, 436, 10, f"Account No: {ACCOUNT}"),
    (50, 452, 10, "IFSC: HDFC0001234"),
    (350, 520, 10, "For Sunrise Paper Products Pvt Ltd"),
    (350, 560, 10, "Authorised Signatory"),
)  # fmt: skip

HINDI: Sequence[Placed] = (
    (50, 60, 18, "कर बीजक"),
    (50, 90, 12, "सूर्योदय पेपर प्राइवेट लिमिटेड"),
    (50, 122, 11, "जीएसटीआईएन: 27AAPFU0939F1ZV"),
    (320, 90, 11, "बीजक क्रमांक: SPP-184"),
    (320, 108, 11, "दिनांक: 05/11/2026"),
    (50, 200, 11, "विवरण"), (480, 200, 11, "राशि"),
    (50, 220, 11, "कॉपियर पेपर"), (460, 220, 11, "1,00,000.00"),
    (300, 300, 11, "कर योग्य मूल्य"), (460, 300, 11, "1,00,000.00"),
    (300, 318, 11, "आईजीएसटी"), (460, 318, 11, "18,000.00"),
    (300, 340, 12, "कुल राशि"), (460, 340, 12, "1,18,000.00"),
    (50, 420, 11, "बैंक का नाम: एचडीएफसी बैंक"),
    (50, 438, 11, f"खाता संख्या: {ACCOUNT}"),
    (50, 456, 11, "आईएफएससी कोड: HDFC0001234"),
)  # fmt: skip


def text_pdf(placed: Sequence[Placed]) -> bytes:
    """A PDF of one page with a text layer."""
    document = pikepdf.new()
    document.add_blank_page(page_size=A4_POINTS)
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type1,
        BaseFont=pikepdf.Name.Helvetica,
        Encoding=pikepdf.Name.WinAnsiEncoding,
    )
    page = document.pages[0]
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=document.make_indirect(font)))
    drawn = [
        f"BT /F1 {size} Tf {x} {A4_POINTS[1] - y} Td ({_escaped(text)}) Tj ET" for x, y, size, text in placed
    ]
    page.Contents = document.make_stream("\n".join(drawn).encode("cp1252"))
    return saved(document)


def picture(placed: Sequence[Placed], dpi: int = 200) -> Image.Image:
    """The page as a picture."""
    scale = dpi / 72
    paper = Image.new("L", (int(A4_POINTS[0] * scale), int(A4_POINTS[1] * scale)), 255)
    draw = ImageDraw.Draw(paper)
    for x, y, size, text in placed:
        at = x * scale
        for run in re.findall(r"[\u0900-\u097f ]+|[^\u0900-\u097f]+", text):
            font = _font(run, int(size * scale))
            draw.text((at, y * scale), run, font=font, fill=20, anchor="ls")
            at += font.getlength(run)
    return paper


def image_bytes(image: Image.Image, kind: str = "PNG") -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def saved(document: pikepdf.Pdf, encryption: pikepdf.Encryption | bool | None = None) -> bytes:
    """The document as a file."""
    out = io.BytesIO()
    document.save(out, encryption=encryption)
    return out.getvalue()


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _font(text: str, size: int) -> ImageFont.FreeTypeFont:
    indic = any("\u0900" <= char <= "\u097f" for char in text)
    path = FONTS / (
        "noto/NotoSansDevanagari-Regular.ttf" if indic else "liberation/LiberationSans-Regular.ttf"
    )
    if not path.exists():
        pytest.skip(f"the font {path.name} is not installed")
    return ImageFont.truetype(str(path), size)
