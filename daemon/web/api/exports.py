"""Ledger exports: numbered batches of paid invoices, each payment once in each format, and their delivery."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from daemon.settings import Settings
from daemon.web.api.access import SettingsDep, WorldDep, allowed
from daemon.web.api.paging import After, Limit, Page, make_cursor, read_cursor
from daemon.web.api.problems import Problem, not_found, problems
from daemon.web.api.roles import Permission
from daemon.web.api.shown import shown
from handlers.ledger.render import render, totals_of
from handlers.world import World
from schema.ledger import Batch, BatchId, DeliveryStatus, LedgerFormat, LedgerLine, LedgerNames, NewBatch
from schema.money import Money
from schema.people import Person
from schema.store.exports import BatchItem
from schema.vault import sha256

router = APIRouter(tags=["exports"])

Reader = Annotated[Person, Depends(allowed(Permission.AUDIT_READ))]
Exporter = Annotated[Person, Depends(allowed(Permission.EXPORT))]

BATCH_LIMIT: Final = 5_000
"""Payments in one batch; what is left goes into the next one."""


class MoneyItem(BaseModel):
    """A sum of money; the amount is text."""

    amount: str
    currency: str

    @classmethod
    def of(cls, money: Money) -> MoneyItem:
        """The sum with all its decimal places."""
        return cls(amount=money.plain(), currency=money.currency)


class ExportWish(BaseModel):
    """Which payments: all that are in no batch of this format yet, or those booked on these days, both included."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"format": "tally", "booked_from": "2026-11-01", "booked_to": "2026-11-30"}
        },
    )

    format: LedgerFormat
    booked_from: date | None = None
    booked_to: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ExportWish:
        if self.booked_from and self.booked_to and self.booked_to < self.booked_from:
            raise ValueError("booked_to lies before booked_from")
        if any(day and not 2000 <= day.year < 9999 for day in (self.booked_from, self.booked_to)):
            raise ValueError("a day lies out of all bounds")
        return self


class ExportPreview(BaseModel):
    """What a batch would hold now."""

    payments: int
    totals: list[MoneyItem]
    more: bool = Field(description="Whether more payments wait than one batch holds.")


class DeliveryItem(BaseModel):
    """A batch on its way to the webhook; `answered` is the last HTTP status."""

    status: DeliveryStatus
    attempts: int
    due_at: datetime | None
    asked_at: datetime
    asked_by: str
    answered: int | None
    problem: str
    delivered_at: datetime | None


class ExportBatch(BaseModel):
    """A numbered file of payments; `sha256` is of its bytes, which never change."""

    id: UUID
    number: int
    format: LedgerFormat
    made_at: datetime
    made_by: str
    booked_from: date | None
    booked_to: date | None
    payments: int
    totals: list[MoneyItem]
    file_name: str
    sha256: str
    size_bytes: int
    delivery: DeliveryItem | None

    @classmethod
    def of(cls, batch: Batch) -> ExportBatch:
        """The batch as people may see it."""
        delivery = batch.delivery
        return cls(
            made_by=batch.made_by_address,
            made_at=batch.made_at.astimezone(UTC),
            totals=[MoneyItem.of(each) for each in batch.totals],
            delivery=DeliveryItem.model_validate(delivery.model_dump(exclude={"id"})) if delivery else None,
            **batch.model_dump(
                include={
                    "id",
                    "number",
                    "format",
                    "booked_from",
                    "booked_to",
                    "payments",
                    "file_name",
                    "sha256",
                    "size_bytes",
                }
            ),
        )


class ExportItem(BaseModel):
    """One payment of a batch."""

    invoice_id: UUID
    payment_id: UUID
    invoice_number: str | None
    vendor: str
    total: MoneyItem
    simulated: bool

    @classmethod
    def of(cls, item: BatchItem) -> ExportItem:
        """The payment as people may see it."""
        return cls(
            invoice_id=item.invoice_id,
            payment_id=item.payment_id,
            invoice_number=item.invoice_number and shown(item.invoice_number),
            vendor=shown(item.vendor),
            total=MoneyItem.of(item.total),
            simulated=item.simulated,
        )


class ExportDetail(ExportBatch):
    """A batch and its payments, in the order of its file."""

    items: list[ExportItem]


class ExportSettings(BaseModel):
    """What the settings say about the ledger; the webhook by its host alone."""

    company: str
    tally_company: str
    tally_purchase_ledger: str
    tally_bank_ledger: str
    webhook_host: str | None
    batch_limit: int


@router.get(
    "/exports/settings",
    operation_id="getExportSettings",
    summary="What the settings say about the ledger",
    response_model=ExportSettings,
    responses=problems(),
)
async def export_settings(settings: SettingsDep, person: Reader) -> ExportSettings:
    """Names in the ledger, and whether batches can be delivered."""
    return ExportSettings(
        company=_names(settings, LedgerFormat.UBL).company,
        tally_company=settings.tally_company,
        tally_purchase_ledger=settings.tally_purchase_ledger,
        tally_bank_ledger=settings.tally_bank_ledger,
        webhook_host=urlsplit(settings.ledger_webhook_url).hostname,
        batch_limit=BATCH_LIMIT,
    )


@router.get(
    "/exports/preview",
    operation_id="previewExport",
    summary="What a batch would hold now",
    response_model=ExportPreview,
    responses=problems(),
)
async def preview_export(
    wish: Annotated[ExportWish, Query()], world: WorldDep, person: Reader
) -> ExportPreview:
    """Booked payments that are in no batch of this format."""
    lines = await _pending(wish, world, BATCH_LIMIT + 1)
    return ExportPreview(
        payments=len(lines[:BATCH_LIMIT]),
        totals=[MoneyItem.of(each) for each in totals_of(lines[:BATCH_LIMIT])],
        more=len(lines) > BATCH_LIMIT,
    )


@router.post(
    "/exports",
    operation_id="makeExport",
    summary="Make a batch of what is in none of this format yet",
    status_code=201,
    response_model=ExportBatch,
    responses=problems(409),
)
async def make_export(
    wish: ExportWish, world: WorldDep, settings: SettingsDep, person: Exporter
) -> ExportBatch:
    """Asked for twice, it makes one batch: the second finds nothing new, which is a 409 problem."""
    lines = await _pending(wish, world, BATCH_LIMIT)
    if not lines:
        raise Problem(
            409,
            "nothing-to-export",
            "Nothing to export",
            "Every payment of that time is in a batch of this format.",
        )
    file = render(wish.format, lines, _names(settings, wish.format))
    batch = NewBatch(
        id=BatchId(uuid4()),
        format=wish.format,
        made_at=world.clock.now(),
        made_by=person.id,
        made_by_address=person.address,
        booked_from=wish.booked_from,
        booked_to=wish.booked_to,
        payments=tuple(line.payment_id for line in lines),
        totals=totals_of(lines),
        suffix=file.suffix,
        media_type=file.media_type,
        sha256=sha256(file.data),
        size_bytes=len(file.data),
        key=await world.blobs.put(file.data),
    )
    return ExportBatch.of(await world.store.exports.add(batch))


@router.get(
    "/exports",
    operation_id="listExports",
    summary="The batches, newest first",
    response_model=Page[ExportBatch],
    responses=problems(),
)
async def list_exports(
    world: WorldDep, person: Reader, limit: Limit = 50, after: After = None
) -> Page[ExportBatch]:
    """Every batch that was made, with its latest delivery."""
    keys = read_cursor(after, int)
    before = min(int(keys[0]), 2**31 - 1) if keys else None
    found = await world.store.exports.batches(before=before, limit=limit + 1)
    items, more = found[:limit], len(found) > limit
    return Page(
        items=[ExportBatch.of(each) for each in items], next=make_cursor(items[-1].number) if more else None
    )


@router.get(
    "/exports/{batch_id}",
    operation_id="getExport",
    summary="One batch and its payments",
    response_model=ExportDetail,
    responses=problems(404),
)
async def get_export(batch_id: UUID, world: WorldDep, person: Reader) -> ExportDetail:
    """What is in a batch, and where its delivery stands."""
    batch = await _batch(batch_id, world)
    items = await world.store.exports.items(batch.id)
    return ExportDetail(**ExportBatch.of(batch).model_dump(), items=[ExportItem.of(each) for each in items])


@router.get(
    "/exports/{batch_id}/file",
    operation_id="downloadExport",
    summary="The file of a batch",
    response_class=Response,
    responses={
        **problems(404),
        200: {
            "description": "CSV, Tally's XML, or a zip of UBL documents.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def download_export(batch_id: UUID, world: WorldDep, person: Reader) -> Response:
    """The very bytes that were made, whose SHA-256 the batch names."""
    batch = await _batch(batch_id, world)
    return Response(
        await world.blobs.get(batch.key),
        media_type=batch.media_type,
        headers={"Content-Disposition": f'attachment; filename="{batch.file_name}"'},
    )


@router.post(
    "/exports/{batch_id}/deliver",
    operation_id="deliverExport",
    summary="Put a batch on its way to the ledger's webhook",
    status_code=202,
    response_model=ExportBatch,
    responses=problems(404, 409),
)
async def deliver_export(
    batch_id: UUID, world: WorldDep, settings: SettingsDep, person: Exporter
) -> ExportBatch:
    """It is tried until the ledger takes it, with growing pauses, at most for a day."""
    batch = await _batch(batch_id, world)
    if not settings.ledger_webhook_url:
        raise Problem(
            409, "no-webhook", "No webhook", "Set LEDGER_WEBHOOK_URL and LEDGER_WEBHOOK_SECRET first."
        )
    await world.store.exports.ask_delivery(batch.id, by=person.address, at=world.clock.now())
    return ExportBatch.of(await _batch(batch_id, world))


async def _pending(wish: ExportWish, world: World, limit: int) -> tuple[LedgerLine, ...]:
    """The days are days of our own zone."""
    since = datetime.combine(wish.booked_from, time(), world.zone) if wish.booked_from else None
    until = (
        datetime.combine(wish.booked_to + timedelta(days=1), time(), world.zone) if wish.booked_to else None
    )
    return await world.store.exports.pending(wish.format, since=since, until=until, limit=limit)


async def _batch(batch_id: UUID, world: World) -> Batch:
    batch = await world.store.exports.batch(BatchId(batch_id))
    if batch is None:
        raise not_found("export")
    return batch


def _names(settings: Settings, form: LedgerFormat) -> LedgerNames:
    company = settings.company_name or settings.mail_from.rpartition("@")[2]
    return LedgerNames(
        company=(settings.tally_company or company) if form is LedgerFormat.TALLY else company,
        purchases=settings.tally_purchase_ledger,
        bank=settings.tally_bank_ledger,
    )
