"""The reader as its callers see it: the real child process, the real Tesseract."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageFont

from handlers.reading.command import extract_files
from handlers.reading.document import ReadingSettings, read_document
from schema.document import Reading
from schema.errors import UnreadableDocumentError
from tests.integration.reading_paper import ACCOUNT, HINDI, INDIAN, image_bytes, picture, saved, text_pdf

SETTINGS = ReadingSettings(wall_seconds=240)  # A busy machine is no reason to fail.

needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")


@pytest.fixture(scope="module")
async def printed() -> Reading:
    return await read_document(text_pdf(INDIAN), "invoice.pdf", settings=SETTINGS)


@pytest.fixture(scope="module")
async def scanned() -> Reading:
    return await read_document(image_bytes(picture(INDIAN)), "scan.png", settings=SETTINGS)


def test_a_text_pdf_gives_every_field(printed: Reading) -> None:
    fields = printed.fields
    assert printed.kind == "invoice"
    assert fields.invoice_number.value == "SPP/2026-27/0184"
    assert (fields.issue_date.value, fields.due_date.value) == (date(2026, 11, 5), date(2026, 11, 20))
    assert (fields.net.value, fields.tax.value, fields.total.value) == (
        Decimal("100000.00"),
        Decimal("18000.00"),
        Decimal("118000.00"),
    )
    assert fields.currency.value == "INR"
    assert fields.seller_name.value == "Sunrise Paper Products Pvt Ltd"
    assert fields.seller_tax_id.value == "27AAPFU0939F1ZV"
    assert (fields.account.value, fields.ifsc.value) == (ACCOUNT, "HDFC0001234")
    assert fields.po_number.value == "PO-7741"
    assert fields.lines.value == 2


def test_what_adds_up_is_sure(printed: Reading) -> None:
    assert printed.fields.total.confidence >= 0.9
    assert printed.fields.account.confidence >= 0.9


def test_a_field_knows_where_it_stands(printed: Reading) -> None:
    place = printed.fields.total.place
    assert place is not None
    assert place.page == 1
    assert abs(place.x0 - 480 / 595) < 0.01
    assert abs(place.y1 - 364 / 842) < 0.02


def test_a_text_pdf_needs_no_ocr(printed: Reading) -> None:
    assert printed.ocr_pages == ()
    assert printed.fields.total.source == "text"


def test_the_page_picture_hides_all_but_four_digits_of_the_account(printed: Reading) -> None:
    page = printed.pages[0]
    image = Image.open(io.BytesIO(page.png))
    place = printed.fields.account.place
    assert place is not None
    middle = int((place.y0 + place.y1) / 2 * image.height)
    start, end = int(place.x0 * image.width), int(place.x1 * image.width)
    row = [image.getpixel((x, middle)) for x in range(start, end)]
    hidden = row[: int(len(row) * 9 / 14)]
    assert set(hidden) == {0}
    assert 255 in row[int(len(row) * 11 / 14) :]


@needs_tesseract
def test_a_scan_gives_the_same_values(scanned: Reading, printed: Reading) -> None:
    names = (
        "invoice_number",
        "issue_date",
        "due_date",
        "total",
        "net",
        "tax",
        "account",
        "ifsc",
        "seller_tax_id",
    )
    assert {n: getattr(scanned.fields, n).value for n in names} == {
        n: getattr(printed.fields, n).value for n in names
    }
    assert scanned.ocr_pages == (1,)
    assert scanned.languages == ("eng",)
    assert scanned.fields.total.source == "ocr"


@needs_tesseract
@pytest.mark.parametrize("degrees", [90, 180, 270])
async def test_a_page_that_lies_on_its_side_is_turned(degrees: int) -> None:
    turned = picture(INDIAN).rotate(degrees, expand=True)
    reading = await read_document(image_bytes(turned), "scan.png", settings=SETTINGS)
    assert reading.fields.total.value == Decimal("118000.00")


@needs_tesseract
async def test_a_photograph_is_turned_as_its_exif_says() -> None:
    turned = picture(INDIAN).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    turned.save(out, "JPEG", exif=exif)
    reading = await read_document(out.getvalue(), "photo.jpg", settings=SETTINGS)
    assert reading.fields.invoice_number.value == "SPP/2026-27/0184"


@needs_tesseract
async def test_every_frame_of_a_tiff_is_read() -> None:
    first, second = picture(INDIAN[:13]), picture(INDIAN[13:])
    out = io.BytesIO()
    first.save(out, "TIFF", save_all=True, append_images=[second])
    reading = await read_document(out.getvalue(), "scan.tiff", settings=SETTINGS)
    assert reading.page_count == 2
    assert reading.fields.invoice_number.value == "SPP/2026-27/0184"
    assert reading.fields.total.value == Decimal("118000.00")


@needs_tesseract
async def test_a_hindi_scan_is_read_with_its_numbers_intact() -> None:
    if ImageFont.Layout.RAQM not in set(ImageFont.Layout):
        pytest.skip("Pillow cannot shape Devanagari here")
    reading = await read_document(image_bytes(picture(HINDI)), "scan.png", settings=SETTINGS)
    assert reading.languages[0] == "eng"
    assert "hin" in reading.languages or "mar" in reading.languages
    assert reading.fields.total.value == Decimal("118000.00")
    assert reading.fields.issue_date.value == date(2026, 11, 5)
    assert reading.fields.account.value == ACCOUNT
    assert reading.fields.ifsc.value == "HDFC0001234"
    assert reading.fields.invoice_number.value == "SPP-184"


@needs_tesseract
async def test_a_total_that_the_text_layer_hides_is_read_from_the_page() -> None:
    """A font whose ToUnicode map is broken: people see digits, the text layer holds other characters."""
    shown = picture([item for item in INDIAN if item[3][:1].isdigit() and "," in item[3]])
    layered = text_pdf([item for item in INDIAN if "," not in item[3] or "Road" in item[3]])
    reading = await read_document(_over(layered, shown), "invoice.pdf", settings=SETTINGS)
    assert reading.fields.total.value == Decimal("118000.00")
    assert reading.fields.total.source == "ocr"
    assert reading.fields.invoice_number.source == "text"


def _over(pdf: bytes, image: Image.Image) -> bytes:
    """The PDF with a picture laid over its first page where the picture has ink."""
    document = pikepdf.open(io.BytesIO(pdf))
    mask = image.point(lambda value: 0 if value < 128 else 255).convert("1")
    stencil = document.make_stream(mask.tobytes())
    stencil.Type, stencil.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    stencil.Width, stencil.Height, stencil.BitsPerComponent, stencil.ImageMask = (*mask.size, 1, True)
    page = document.pages[0]
    page.Resources.XObject = pikepdf.Dictionary(Ink=stencil)
    page.contents_add(b"q 0 g 595 0 0 842 0 0 cm /Ink Do Q")
    return saved(document)


async def test_plain_text_is_read_when_its_name_says_so() -> None:
    text = "INVOICE\nInvoice No: A-17\nInvoice Date: 2026-11-05\nTotal: EUR 1.234,50\n"
    reading = await read_document(text.encode(), "invoice.txt", settings=SETTINGS)
    assert reading.fields.total.value == Decimal("1234.50")
    assert reading.pages == ()


async def test_ten_documents_at_once_do_not_mix() -> None:
    documents = [
        text_pdf([(x, y, s, t.replace("0184", f"{n:04d}")) for x, y, s, t in INDIAN]) for n in range(4)
    ]
    readings = await asyncio.gather(*(read_document(d, "i.pdf", settings=SETTINGS) for d in documents))
    assert [r.fields.invoice_number.value for r in readings] == [f"SPP/2026-27/{n:04d}" for n in range(4)]


async def test_a_cancelled_reading_leaves_no_process(tmp_path: Path) -> None:
    slow = tmp_path / "tesseract"
    marker = tmp_path / "started"
    slow.write_text(f"#!/bin/sh\necho $$ > {marker}\nexec sleep 60\n")
    slow.chmod(0o755)
    task = asyncio.create_task(
        read_document(
            image_bytes(picture(INDIAN)), "s.png", settings=ReadingSettings(tesseract_path=str(slow))
        )
    )
    await _until(lambda: marker.exists() and bool(marker.read_text().strip()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    pid = int(marker.read_text())
    await _until(lambda: not _alive(pid))


async def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Poll until it is so; fails when it is not in time."""
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it did not come to be in time")


def _alive(pid: int) -> bool:
    """True while the process runs; a zombie that waits for its reaper is dead."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_tesseract_that_is_not_there_is_no_verdict_on_the_document() -> None:
    settings = ReadingSettings(tesseract_path="/nonexistent/tesseract")
    with pytest.raises(UnreadableDocumentError) as caught:
        await read_document(image_bytes(picture(INDIAN)), "s.png", settings=settings)
    assert caught.value.code == "crashed"
    assert "tesseract" in caught.value.detail


async def test_extract_gives_an_object_per_file_and_errors_as_codes(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.pdf", tmp_path / "bad.pdf"
    good.write_bytes(text_pdf(INDIAN))
    bad.write_bytes(b"")
    missing = tmp_path / "missing.pdf"
    rows = {
        Path(row["file"]).name: row
        async for row in extract_files([good, bad, missing], jobs=2, settings=SETTINGS)
    }
    assert rows["good.pdf"]["fields"]["total"]["value"] == "118000.00"
    assert rows["good.pdf"]["fields"]["account"]["value"] == ACCOUNT
    assert rows["bad.pdf"]["error"]["code"] == "empty"
    assert rows["missing.pdf"]["error"]["code"] == "no_file"
    json.dumps(list(rows.values()))


CORPORA = os.environ.get("COUNTERSIGN_CORPORA")


@pytest.mark.skipif(not CORPORA, reason="COUNTERSIGN_CORPORA is not set")
async def test_no_sure_total_of_the_gst_corpus_is_wrong() -> None:
    folder = Path(str(CORPORA)) / "gst_ttm"
    truths = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines() if line.strip()]
    paths = [folder / "docs" / truth["file"] for truth in truths]
    rows = {
        Path(row["file"]).name: row["fields"]["total"]
        async for row in extract_files(paths, jobs=2, settings=SETTINGS)
    }
    sure = {t["file"]: t["total"] for t in truths if rows[t["file"]]["confidence"] >= 0.9}
    assert len(sure) >= 8
    assert all(Decimal(rows[name]["value"]) == Decimal(total) for name, total in sure.items())
