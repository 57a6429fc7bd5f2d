"""Divide a held invoice by its pages, or put several together into one; and what could be put together."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field, model_validator

from daemon.web.api.access import Reader, WorldDep
from daemon.web.api.decisions import Decider, Moved, Request, Version
from daemon.web.api.invoice_row import Answer, Sum, line, name, sum_of
from daemon.web.api.invoices import Identity, the_invoice
from daemon.web.api.problems import FieldError, Problem, invalid, problems
from schema.arrangement import LONGEST_PART, MOST_MERGED, MOST_PARTS
from schema.correction import FieldFaultError
from schema.ids import InvoiceId
from schema.states import State
from schema.store.arrangements import Candidate

router = APIRouter(tags=["invoices"])

MOST_CANDIDATES = 50

PageNumber = Annotated[int, Field(ge=1, le=10_000)]
Words = Annotated[
    str | None,
    Query(max_length=100, description="Part of the number, the vendor, the order or the file's name."),
]


class PartGiven(Request):
    """The pages of one part, numbered as the invoice shows them, in the order in which they are to be read."""

    pages: Annotated[list[PageNumber], Field(min_length=1, max_length=LONGEST_PART)]


class Split(Request):
    """How an invoice is divided: each of its pages in exactly one part."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"example": {"version": 4, "parts": [{"pages": [1]}, {"pages": [2, 3]}]}},
    )

    version: Version
    parts: Annotated[list[PartGiven], Field(min_length=2, max_length=MOST_PARTS)]


class Divided(Moved):
    """How the divided invoice stands now, and its parts, each an invoice of its own."""

    parts: list[UUID]


class Piece(Request):
    """One invoice as it was seen."""

    id: UUID
    version: Version


class Merge(Request):
    """The invoices that are one, in the order of their pages; the one of the address is among them and stays."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "example": {
                "pieces": [
                    {"id": "0b7e6a52-6f1c-4a53-9d9f-1f3e0c8f7a11", "version": 4},
                    {"id": "5f2d8c1e-93b4-4c0d-8a57-7f6a1f0e2b44", "version": 2},
                ]
            }
        },
    )

    pieces: Annotated[list[Piece], Field(min_length=2, max_length=MOST_MERGED)]

    @model_validator(mode="after")
    def _each_once(self) -> Merge:
        if len({piece.id for piece in self.pieces}) < len(self.pieces):
            raise ValueError("each invoice once")
        return self


class Mergeable(Answer):
    """A held invoice that may be a piece of the same one; `picture` is the address of its first page's picture."""

    id: UUID
    version: int
    number: str | None
    document: str
    vendor: str | None
    total: Sum | None
    reason: str
    received_at: datetime
    same_mail: bool
    pages: int
    picture: str | None


class MergeableList(Answer):
    """Of the same mail first, then of the same vendor."""

    items: list[Mergeable]


@router.post(
    "/invoices/{invoice_id}/split",
    operation_id="splitInvoice",
    summary="Divide a held invoice whose pages are several invoices",
    response_model=Divided,
    responses=problems(404, 409),
)
async def split(invoice_id: Identity, body: Split, person: Decider, world: WorldDep) -> Divided:
    """Each part is a new invoice, read by its pages alone; the divided one ends, and its forwarder is told."""
    await the_invoice(invoice_id, world)
    parts = [part.pages for part in body.parts]
    try:
        version, ids = await world.store.arrangements.split(
            InvoiceId(invoice_id), body.version, parts, by=person, at=world.clock.now()
        )
    except FieldFaultError as error:
        faults = [FieldError(field=error.field, message=error.message)]
        detail = f"{error.message.capitalize()}."
        raise Problem(422, "invalid", "Not valid", detail, errors=faults) from error
    return Divided(version=version, state=State.REJECTED, parts=list(ids))


@router.post(
    "/invoices/{invoice_id}/merge",
    operation_id="mergeInvoices",
    summary="Put held invoices together that are one",
    response_model=Moved,
    responses=problems(404, 409),
)
async def merge(invoice_id: Identity, body: Merge, person: Decider, world: WorldDep) -> Moved:
    """The invoice of the address gets the pages of all and is read anew; the others end, their forwarder is told."""
    if invoice_id not in {piece.id for piece in body.pieces}:
        raise invalid("pieces", "the invoice of the address is one of them")
    for piece in body.pieces:
        await the_invoice(piece.id, world)
    pieces = [(InvoiceId(piece.id), piece.version) for piece in body.pieces]
    version = await world.store.arrangements.merge(
        InvoiceId(invoice_id), pieces, by=person, at=world.clock.now()
    )
    return Moved(version=version, state=State.RECEIVED)


@router.get(
    "/invoices/{invoice_id}/mergeable",
    operation_id="listMergeable",
    summary="Held invoices that may be pieces of this one",
    response_model=MergeableList,
    responses=problems(404),
)
async def mergeable(invoice_id: Identity, _: Reader, world: WorldDep, q: Words = None) -> MergeableList:
    """Those of the same mail first, then those of the same vendor."""
    await the_invoice(invoice_id, world)
    found = await world.store.arrangements.mergeable(InvoiceId(invoice_id), q, MOST_CANDIDATES)
    return MergeableList(items=[_shown(each) for each in found])


def _shown(each: Candidate) -> Mergeable:
    return Mergeable(
        id=each.id,
        version=each.version,
        number=name(each.number),
        document=line(each.document),
        vendor=name(each.vendor),
        total=sum_of(each.total),
        reason=line(each.reason),
        received_at=each.created_at,
        same_mail=each.same_mail,
        pages=each.page_count,
        picture=f"/api/v1/invoices/{each.id}/pages/{each.pictured}.png" if each.pictured else None,
    )
