"""The rows that the console's tests look at: a usual day, and a mail that tries to run script in every field."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from PIL import Image

from schema.document import Candidate, InvoiceFields, PageImage, Place, Read, Reading
from schema.ids import BlobKey, InvoiceId, VendorId
from schema.mail import Disposition, MailPlace
from schema.store.mails import NewDocument, NewMail
from schema.vault import sha256
from tests.world import OTHER_ACCOUNT, PRIYA, TAX_ID, FakeReader, Town, answer, fields, walk

TEXTS = ("invoice_number", "seller_name", "seller_tax_id", "account", "ifsc", "po_number")
MANY_FILES, MANY_MAILS = 50, 5
LONGEST = 300
PLACE = Place(page=1, x0=0.1, y0=0.1, x1=0.4, y1=0.15)
PDF = "application/pdf"
SEEN = (
    Candidate(value="84960.00", confidence=0.97, place=PLACE, source="text", taken=True, why="adds_up"),
    Candidate(
        value="94960.00",
        confidence=0.61,
        text="94,960.00",
        place=Place(page=1, x0=0.5, y0=0.5, x1=0.7, y1=0.55),
        source="text",
        why="sums_disagree",
    ),
)
ALARM = "No proof for four minutes that mail is heard of. " * 4
"""As long as alarms are: the page of the day has to wrap it."""


@dataclass(frozen=True)
class Rows:
    """Ids of what was brought in."""

    asked: InvoiceId
    held: InvoiceId
    hostile: InvoiceId
    vendor: VendorId
    order: UUID


@dataclass
class PagedReader(FakeReader):
    """Reads what it was told to, from pages of which there are pictures."""

    warnings: tuple[str, ...] = ()

    async def read(self, data: bytes, name: str) -> Reading:
        reading, picture = await super().read(data, name), io.BytesIO()
        Image.new("RGB", (620, 877), "white").save(picture, "PNG")
        pages = tuple(
            PageImage(number=number, width=620, height=877, png=picture.getvalue())
            for number in range(1, self.page_count + 1)
        )
        return reading.model_copy(update={"pages": pages, "warnings": self.warnings})


async def fill(town: Town) -> Rows:
    """An invoice that waits for approval, one that is held, a hostile one, and many that only came in."""
    reader = PagedReader(fields())
    town.world = replace(town.world, reader=reader)
    asked = await walked(town, 1)
    reader.fields = fields(invoice_number="AIS/8813", account=OTHER_ACCOUNT)
    reader.candidates = {"total": SEEN}
    held = await walked(town, 2)
    reader.fields, reader.warnings = hostile_fields(), (payload("warning"),)
    reader.candidates = {"seller_name": _hostile_candidates()}
    town.model.content = _hostile_answer()
    hostile = await walked(town, 3, hostile=True)
    for uid in range(4, 4 + MANY_MAILS):
        await _take_in(town, uid, files=MANY_FILES)
    await town.world.store.operations.raise_alarm(
        "mailbox pay@countersign.example", ALARM, again_after_s=3600
    )
    vendor = await town.world.store.master.vendor_by_tax_id(TAX_ID)
    assert vendor is not None
    async with town.world.store.database.transaction() as connection:
        order = await connection.fetchval("select id from purchase_orders")
    return Rows(asked, held, hostile, vendor.id, order)


def payload(name: str) -> str:
    """Script, event handlers and a script address at once; what runs leaves the field's name in `window.ran`."""
    run = f"(window.ran=window.ran||[]).push('{name}')"
    return (
        f'javascript:{run}//"\'><img src=x onerror="{run}"><svg/onload="{run}"><script>{run}</script>'
        f'<a href="javascript:{run}">{name}</a>'
    )


def hostile_fields() -> InvoiceFields:
    """Each text of an invoice, also as it is printed, tries to run script."""
    changed: dict[str, object] = {
        name: Read[str](value=payload(name), confidence=0.9, text=payload(f"{name} printed"), place=PLACE)
        for name in TEXTS
    }
    changed["total"] = Read[Decimal](
        value=Decimal("84960.00"), confidence=0.4, text=payload("total printed"), place=PLACE
    )
    changed["due_date"] = Read[date](
        value=date(2026, 12, 1), confidence=0.9, text=payload("due date printed"), place=PLACE
    )
    return fields(**changed)


def _hostile_candidates() -> tuple[Candidate, ...]:
    """What was passed over tries it, too."""
    return tuple(
        Candidate(
            value=payload(name)[:LONGEST],
            confidence=0.5,
            text=payload(name)[:LONGEST],
            taken=taken,
            why="weaker",
        )
        for name, taken in (("seller_name", True), ("candidate", False))
    )


def _hostile_answer() -> str:
    """What a model says whom the document has talked into repeating it."""
    told = json.loads(answer())
    told["report"] |= {
        "summary": payload("summary"),
        "checks": [{"code": "text", "ok": False, "note": payload("note")}],
    }
    return json.dumps(told)


async def walked(town: Town, uid: int, *, hostile: bool = False) -> InvoiceId:
    """The one invoice of a mail, as far along the street as it gets by itself."""
    new = await came_in(town, uid, hostile=hostile)
    await walk(town)
    return new


async def came_in(town: Town, uid: int, *, hostile: bool = False) -> InvoiceId:
    """The one invoice of a new mail."""
    before = {line.id for line in await town.world.store.views.invoices()}
    await _take_in(town, uid, files=1, hostile=hostile)
    (new,) = {line.id for line in await town.world.store.views.invoices()} - before
    return new


async def _take_in(town: Town, uid: int, *, files: int, hostile: bool = False) -> None:
    """A mail of Priya's; a hostile one has script wherever its sender could write."""
    raw = f"mail {uid}".encode()
    mail = NewMail(
        raw_sha256=sha256(raw),
        raw_key=BlobKey(await town.world.blobs.put(raw)),
        size_bytes=len(raw),
        message_id=payload("message id") if hostile else f"<m{uid}@meridian.example>",
        references=(payload("reference"),) if hostile else (),
        sender=PRIYA,
        sender_name=payload("sender name") if hostile else "Priya Nair",
        subject=payload("subject") if hostile else "Fwd: Invoice",
        dated=None,
        disposition=Disposition.ACCEPTED,
        reason=payload("reason") if hostile else "",
        evidence={payload("evidence name"): payload("evidence")} if hostile else {},
        documents=tuple([await _document(town, uid, file, hostile=hostile) for file in range(files)]),
    )
    place = MailPlace(account="pay@countersign.example", folder="INBOX", uidvalidity=1, uid=uid)
    await town.world.store.mails.take_in(place, mail, at=town.world.clock.now())


async def _document(town: Town, uid: int, file: int, *, hostile: bool) -> NewDocument:
    data = f"document {uid}.{file}".encode()
    return NewDocument(
        path=f"1.{file}",
        name=payload("file name") if hostile else f"invoice-{file}.pdf",
        declared_type=payload("declared type") if hostile else PDF,
        sniffed="pdf",
        sha256=sha256(data),
        size_bytes=len(data),
        key=await town.world.blobs.put(data),
    )
