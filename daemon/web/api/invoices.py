"""Invoices: the list, one with everything about it, and its pictures."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response

from daemon.web.api.access import Reader, WorldDep
from daemon.web.api.invoice_case import load_case, picture_of
from daemon.web.api.invoice_models import InvoiceCase
from daemon.web.api.invoice_row import InvoiceRow, row_of
from daemon.web.api.paging import After, Limit, Page, make_cursor, read_cursor
from daemon.web.api.problems import invalid, not_found, problems
from daemon.web.media import PNG
from handlers.world import World
from schema.errors import ForgedError, PermanentError
from schema.ids import BlobKey, InvoiceId
from schema.invoice import Invoice
from schema.states import State
from schema.store.invoices import Filters

router = APIRouter(tags=["invoices"])

Identity = Annotated[UUID, Path(description="The invoice's id.")]
Words = Annotated[
    str | None,
    Query(max_length=100, description="Part of the number, the vendor, the order or the forwarder."),
]
States = Annotated[
    list[State] | None,
    Query(max_length=12, description="Where it stands; `paid` and `rejected` find closed ones too."),
]
From = Annotated[date | None, Query(alias="from", description="Came in on this day or later.")]
Until = Annotated[date | None, Query(description="Came in on this day or earlier.")]

PICTURES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/png": {}}, "description": "The picture"}
}


@router.get(
    "/invoices",
    operation_id="listInvoices",
    summary="Invoices, the newest first",
    response_model=Page[InvoiceRow],
    responses=problems(),
)
async def list_invoices(
    _: Reader,
    world: WorldDep,
    q: Words = None,
    state: States = None,
    vendor: UUID | None = None,
    order: Annotated[UUID | None, Query(description="Of this purchase order.")] = None,
    from_: From = None,
    until: Until = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[InvoiceRow]:
    """One page of the invoices that fit all filters."""
    filters = Filters(
        words=q,
        standing=tuple(state or ()),
        vendor=vendor,
        order=order,
        since=_midnight(from_, world.zone) if from_ else None,
        until=_midnight(_next_day(until), world.zone) if until else None,
    )
    lines = await world.store.invoices.page(filters, after=read_key(after), limit=limit + 1)
    return Page(
        items=[row_of(each) for each in lines[:limit]],
        next=make_key(lines[limit - 1].created_at, lines[limit - 1].id) if len(lines) > limit else None,
    )


@router.get(
    "/invoices/{invoice_id}",
    operation_id="getInvoice",
    summary="One invoice with everything about it",
    response_model=InvoiceCase,
    responses=problems(404),
)
async def get_invoice(invoice_id: Identity, _: Reader, world: WorldDep) -> InvoiceCase:
    """Fields, findings, model, street, questions, payment, pictures and entries."""
    case = await load_case(world, InvoiceId(invoice_id))
    if case is None:
        raise not_found("invoice")
    return case


@router.get(
    "/invoices/{invoice_id}/pages/{number}.png",
    operation_id="getInvoicePage",
    summary="A page of the document, account numbers blacked out",
    response_class=Response,
    responses=problems(404) | PICTURES,
)
async def get_page(
    invoice_id: Identity, number: Annotated[int, Path(ge=1, le=10_000)], _: Reader, world: WorldDep
) -> Response:
    """The redacted picture that the reader made."""
    invoice = await the_invoice(invoice_id, world)
    return await _picture(picture_of(invoice, number), world)


@router.get(
    "/invoices/{invoice_id}/screenshots/{which}.png",
    operation_id="getInvoiceScreenshot",
    summary="The bank's page, the account masked before it was taken",
    response_class=Response,
    responses=problems(404) | PICTURES,
)
async def get_screenshot(
    invoice_id: Identity, which: Literal["confirm", "receipt"], _: Reader, world: WorldDep
) -> Response:
    """What the approvers saw, or the receipt."""
    invoice = await the_invoice(invoice_id, world)
    if which == "confirm":
        return await _picture(invoice.screenshot_key, world)
    payment = await world.store.street.payment(invoice.id)
    return await _picture(payment.receipt_key if payment else None, world)


async def the_invoice(identity: UUID, world: World) -> Invoice:
    """The invoice of this id, or a 404 problem."""
    invoice = await world.store.street.invoice(InvoiceId(identity))
    if invoice is None:
        raise not_found("invoice")
    return invoice


def make_key(at: datetime, identity: UUID) -> str:
    """A cursor by time and id."""
    return make_cursor(at.isoformat(), str(identity))


def read_key(after: str | None) -> tuple[datetime, UUID] | None:
    """The time and id of a cursor; a 422 problem for what is none of ours."""
    keys = read_cursor(after, str, str)
    if keys is None:
        return None
    try:
        at, identity = datetime.fromisoformat(str(keys[0])), UUID(str(keys[1]))
    except ValueError as error:
        raise invalid("after", "not a cursor of this list") from error
    if at.tzinfo is None:
        raise invalid("after", "not a cursor of this list")
    return at, identity


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a day as people here count it."""
    return datetime.combine(day, time.min, zone)


def _next_day(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError as error:
        raise invalid("until", "no day follows this one") from error


async def _picture(key: BlobKey | None, world: World) -> Response:
    if key is None:
        raise not_found("picture")
    try:
        data = await world.blobs.get(key)
    except (ForgedError, PermanentError) as error:
        raise not_found("picture") from error
    if not data.startswith(PNG):
        raise not_found("picture")
    return Response(data, media_type="image/png")
