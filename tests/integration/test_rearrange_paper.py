"""Real files divided and put together: each invoice is read by its own pages, in the shut-in reader."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from daemon.wiring import SandboxedReader
from handlers.extract import extract
from handlers.reading.document import ReadingSettings, read_together
from handlers.receive import receive
from schema.document import PagesOf
from schema.errors import UnreadableDocumentError
from schema.ids import Address, InvoiceId
from schema.invoice import Invoice
from schema.mail import Disposition, MailPlace
from schema.people import Person, Role
from schema.states import State
from tests.integration.reading_paper import INDIAN, image_bytes, picture, saved, text_pdf
from tests.integration.test_receive import forwarded
from tests.unit.test_reading_einvoice_xml import ubl
from tests.world import Town, walk

SAMPLES = Path("sandbox/samples")
SETTINGS = ReadingSettings(wall_seconds=200)
"""The machine may be shared with other tests; what is slow there is not what is tested here."""

TERMS = (
    (50, 60, 12, "Terms and conditions"),
    (50, 90, 10, "Goods once sold are not taken back or exchanged."),
)


@pytest.fixture
async def paper(town: Town) -> Town:
    """The street with the real reader."""
    town.world = replace(town.world, reader=SandboxedReader(SETTINGS))
    return town


def bundle() -> bytes:
    """Two invoices of the sandbox in three pages: the second has a page of terms."""
    made = pikepdf.new()
    for source in (SAMPLES / "acme-8812.pdf", SAMPLES / "blueleaf-071.pdf", io.BytesIO(text_pdf(TERMS))):
        made.pages.extend(pikepdf.open(source).pages)
    return saved(made)


async def take(town: Town, *files: bytes, uid: int = 1) -> list[Invoice]:
    """The invoices of a mail with these files, as far as they get."""
    place = MailPlace(account="pay@countersign.example", folder="INBOX", uidvalidity=1, uid=uid)
    before = {line.id for line in await town.world.store.views.invoices()}
    assert await receive(place, forwarded(*files, number=uid), town.world) is Disposition.ACCEPTED
    await walk(town)
    lines = await town.world.store.views.invoices()
    return [await stored(town, line.id) for line in reversed(lines) if line.id not in before]


async def stored(town: Town, invoice: InvoiceId) -> Invoice:
    found = await town.world.store.street.invoice(invoice)
    assert found is not None
    return found


async def clerk(town: Town) -> Person:
    return await town.world.store.people.add(
        Address("chitra@meridian.example"), "Chitra", Role.CLERK, at=town.world.clock.now()
    )


def number(invoice: Invoice) -> str | None:
    assert invoice.reading is not None
    return invoice.reading.fields.invoice_number.value


async def test_a_file_with_two_invoices_becomes_two_with_their_own_numbers(paper: Town) -> None:
    file = bundle()
    (whole,) = await take(paper, file)
    assert (whole.state, whole.reading and whole.reading.page_count) == (State.HELD, 3)
    _, ids = await paper.world.store.arrangements.split(
        whole.id, whole.version, [[1], [2, 3]], by=await clerk(paper), at=paper.world.clock.now()
    )
    await walk(paper)
    first, second = [await stored(paper, part) for part in ids]
    assert [number(part) for part in (first, second)] == ["AIS/26-27/8812", "BLF-2026-071"]
    assert [str(part.total) for part in (first, second)] == ["INR 84,960.00", "INR 12,390.00"]
    assert first.reading is not None
    assert second.reading is not None
    assert [[page.number for page in part.pages] for part in (first.reading, second.reading)] == [[1], [1, 2]]
    assert {page.key for page in first.reading.pages}.isdisjoint(page.key for page in second.reading.pages)
    for part, absent in ((first, b"BLF-2026-071"), (second, b"8812")):
        assert part.text_key is not None
        assert absent not in await paper.world.blobs.get(part.text_key)
    assert (await take(paper, file, uid=2))[0].findings[0].rule == "duplicate_file"


async def test_two_photos_of_one_invoice_become_one(paper: Town) -> None:
    top, bottom = halves()
    first, second = await take(paper, top, bottom)
    assert [each.state for each in (first, second)] == [State.HELD, State.HELD]
    first, second = sorted((first, second), key=lambda each: each.document.name if each.document else "")
    await paper.world.store.arrangements.merge(
        first.id,
        [(first.id, first.version), (second.id, second.version)],
        by=await clerk(paper),
        at=paper.world.clock.now(),
    )
    outcome = await extract(await stored(paper, first.id), paper.world)
    assert outcome.parsed is not None
    read = outcome.parsed.reading
    assert (read.fields.invoice_number.value, str(read.fields.total.value)) == (
        "SPP/2026-27/0184",
        "118000.00",
    )
    assert ([page.number for page in read.pages], read.ocr_pages) == ([1, 2], (1, 2))
    assert (read.fields.invoice_number.place and read.fields.invoice_number.place.page) == 1
    assert (read.fields.total.place and read.fields.total.place.page) == 2


def halves() -> tuple[bytes, bytes]:
    """A photographed invoice cut in two: its number above, its total below."""
    whole = picture(INDIAN, 200)
    cut = int(whole.height * 225 / 842)
    boxes = ((0, 0, whole.width, cut), (0, cut, whole.width, int(whole.height * 0.75)))
    return photo(whole.crop(boxes[0])), photo(whole.crop(boxes[1]))


def photo(paper: Image.Image) -> bytes:
    """As a camera keeps it: larger than any logo."""
    out = io.BytesIO()
    paper.convert("RGB").save(out, "JPEG", quality=98, subsampling=0)
    return out.getvalue()


def e_invoice(named: str) -> bytes:
    return ubl().replace(b"UBL-17", named.encode())


async def test_pages_of_a_picture_with_several_are_taken_one_by_one() -> None:
    frames = [picture(INDIAN, 100), picture(TERMS, 100)]
    out = io.BytesIO()
    frames[1].save(out, "TIFF", save_all=True, append_images=[frames[0]])
    read = await read_together(
        [PagesOf(name="scan.tiff", data=out.getvalue(), pages=(2,))], settings=SETTINGS
    )
    assert (read.page_count, read.fields.invoice_number.value) == (1, "SPP/2026-27/0184")


async def test_a_pdf_and_the_e_invoice_of_it_are_read_as_one_and_must_agree() -> None:
    xml = e_invoice("SPP/2026-27/0184")
    pdf = PagesOf(name="a.pdf", data=text_pdf(INDIAN), pages=(1,))
    read = await read_together([pdf, PagesOf(name="a.xml", data=xml, pages=None)], settings=SETTINGS)
    assert (read.page_count, read.fields.invoice_number.source) == (1, "xml")
    two = [
        pdf,
        *(PagesOf(name=f"{n}.xml", data=e_invoice(n), pages=None) for n in ("SPP/2026-27/0184", "X-2")),
    ]
    assert any(
        "Several e-invoices" in said for said in (await read_together(two, settings=SETTINGS)).warnings
    )


async def test_an_e_invoice_inside_stays_only_with_all_pages_of_its_file() -> None:
    hybrid = pikepdf.open(io.BytesIO(text_pdf(INDIAN)))
    hybrid.pages.extend(pikepdf.open(io.BytesIO(text_pdf(TERMS))).pages)
    xml = e_invoice("OTHER-1")
    hybrid.attachments["factur-x.xml"] = pikepdf.AttachedFileSpec(hybrid, xml, filename="factur-x.xml")
    data = saved(hybrid)
    numbers = {}
    for pages in ((1, 2), (1,)):
        read = await read_together([PagesOf(name="a.pdf", data=data, pages=pages)], settings=SETTINGS)
        numbers[pages] = read.fields.invoice_number.value
    assert numbers == {(1, 2): "OTHER-1", (1,): "SPP/2026-27/0184"}


@pytest.mark.parametrize(
    ("data", "pages", "code"),
    [
        (text_pdf(INDIAN), (2,), "corrupt"),
        (b"%PDF-1.7\nnothing more", (1,), "corrupt"),
        (b"GIF89a nothing we read", (1,), "unsupported_type"),
        (b"<?xml version='1.0'?><Invoice/>", None, "no_pages"),
        (image_bytes(Image.new("L", (200, 200), "white")), (3,), "corrupt"),
    ],
    ids=["no such page", "a broken file", "a foreign kind", "no pages", "no such frame"],
)
async def test_what_cannot_be_put_together_says_why(
    data: bytes, pages: tuple[int, ...] | None, code: str
) -> None:
    with pytest.raises(UnreadableDocumentError) as failed:
        await read_together([PagesOf(name="a", data=data, pages=pages)], settings=SETTINGS)
    assert failed.value.code == code
