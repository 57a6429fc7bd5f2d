"""The record for auditors: search, CSV, the chain over it, verification, and one invoice's bundle."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict

from daemon.web.api.access import Reader, WorldDep, allowed
from daemon.web.api.audit_models import (
    AuditEntry,
    ChainStatus,
    CheckpointItem,
    InvoiceVerification,
    TableGuard,
    Verification,
)
from daemon.web.api.paging import After, Limit, Page, make_cursor, read_cursor
from daemon.web.api.problems import not_found, problems
from daemon.web.api.roles import Permission
from handlers.bundle import make_bundle
from handlers.guard import LeakGuard
from handlers.verification import verify_invoice
from handlers.world import World
from schema.checkpoint import CheckpointSigner
from schema.errors import ForgedError, PermanentError
from schema.ids import InvoiceId
from schema.people import Person
from schema.spreadsheet import BOM, csv_lines
from schema.states import State, Step
from schema.store.audit_log import EntryFilter

router = APIRouter(tags=["audit"])

Auditor = Annotated[Person, Depends(allowed(Permission.AUDIT_READ))]

AT_ONCE: Final = 1_000
"""Entries read at once for a CSV, which is sent while it is read."""

COLUMNS: Final = (
    "seq", "position", "at", "invoice_id", "version", "invoice_number", "vendor", "step", "source", "target",
    "actor", "note", "leaf_hash",
)  # fmt: skip


class EntryQuery(BaseModel):
    """Which entries; each condition holds only where it is given."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str | None, Query(max_length=200, description="Anywhere in note, person, number, vendor or facts.")
    ] = None
    person: Annotated[str | None, Query(max_length=320, description="Who did it: a mail address.")] = None
    invoice_id: UUID | None = None
    state: Annotated[State | None, Query(description="The state it went to.")] = None
    step: Step | None = None
    since: AwareDatetime | None = None
    until: Annotated[AwareDatetime | None, Query(description="Not included.")] = None

    def filter(self) -> EntryFilter:
        """The conditions, for the store."""
        return EntryFilter(
            text=self.text,
            person=self.person,
            invoice=InvoiceId(self.invoice_id) if self.invoice_id else None,
            state=self.state,
            step=self.step,
            since=self.since,
            until=self.until,
        )


class EntryPageQuery(EntryQuery):
    """Which entries, a page of them."""

    limit: Limit = 50
    after: After = None


@router.get(
    "/audit-log",
    operation_id="searchAuditLog",
    summary="Search the record, newest entries first",
    response_model=Page[AuditEntry],
    responses=problems(),
)
async def search(
    query: Annotated[EntryPageQuery, Query()], world: WorldDep, person: Auditor
) -> Page[AuditEntry]:
    """Entries of all invoices that fit every condition given."""
    before = _before(query.after)
    found = await world.store.audit_log.search(query.filter(), before=before, limit=query.limit + 1)
    items, more = found[: query.limit], len(found) > query.limit
    return Page(
        items=[AuditEntry.of(each) for each in items],
        next=make_cursor(items[-1].recorded.seq) if more else None,
    )


@router.get(
    "/audit-log.csv",
    operation_id="exportAuditLog",
    summary="The same search as a CSV file",
    response_class=StreamingResponse,
    responses={
        **problems(),
        200: {
            "description": "UTF-8 with a byte order mark; no cell is a formula.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
    },
)
async def export(query: Annotated[EntryQuery, Query()], world: WorldDep, person: Auditor) -> Response:
    """All entries that fit, newest first."""
    name = f"audit-log-{world.clock.now():%Y-%m-%dT%H%M%SZ}.csv"
    return StreamingResponse(
        _csv(world, query.filter()),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _csv(world: World, wanted: EntryFilter) -> AsyncIterator[str]:
    yield BOM + csv_lines([COLUMNS])
    before: int | None = None
    while True:
        found = await world.store.audit_log.search(wanted, before=before, limit=AT_ONCE)
        if not found:
            return
        entries = [AuditEntry.of(each).model_dump(mode="json") for each in found]
        yield csv_lines([entry[name] for name in COLUMNS] for entry in entries)
        before = found[-1].recorded.seq


@router.get(
    "/audit-log/chain",
    operation_id="getChainStatus",
    summary="How much of the record is sealed, and by which key",
    response_model=ChainStatus,
    responses=problems(),
)
async def chain(world: WorldDep, person: Auditor) -> ChainStatus:
    """The state of the log over the record."""
    signer = _signer(world)
    counts = await world.store.audit_log.counts()
    last = await world.store.record.last()
    guards = await world.store.record.guards()
    return ChainStatus(
        entries=counts.entries,
        sealed=counts.sealed,
        unsealed=counts.entries - counts.sealed,
        checkpoints=counts.checkpoints,
        origin=signer.origin,
        key=signer.verifier_key,
        last=CheckpointItem.of(last) if last else None,
        guards=[TableGuard(**each.model_dump()) for each in guards],
    )


@router.get(
    "/audit-log/checkpoints",
    operation_id="listCheckpoints",
    summary="The signed checkpoints, newest first",
    response_model=Page[CheckpointItem],
    responses=problems(),
)
async def checkpoints(
    world: WorldDep, person: Auditor, limit: Limit = 50, after: After = None
) -> Page[CheckpointItem]:
    """What was signed, and when."""
    found = await world.store.audit_log.checkpoints(before=_before(after), limit=limit + 1)
    items, more = found[:limit], len(found) > limit
    return Page(
        items=[CheckpointItem.of(each) for each in items], next=make_cursor(items[-1].size) if more else None
    )


@router.post(
    "/audit-log/verify",
    operation_id="verifyAuditLog",
    summary="Compare every entry with its leaf, and the log with every checkpoint",
    response_model=Verification,
    responses=problems(),
)
async def verify(world: WorldDep, person: Auditor) -> Verification:
    """Seal what is new, if the log is whole, and examine all of it; a false record is an answer, not an error."""
    began, signer = time.monotonic(), _signer(world)
    warnings = await _seal_if_whole(world, signer)
    result = await world.store.record.examine(signer)
    return Verification(
        ok=not result.findings,
        findings=result.findings,
        remarks=warnings + result.remarks,
        at=_now(world),
        seconds=round(time.monotonic() - began, 3),
    )


@router.get(
    "/invoices/{invoice_id}/verification",
    operation_id="verifyInvoice",
    summary="Verify the record of one invoice",
    response_model=InvoiceVerification,
    responses=problems(404),
)
async def verification(invoice_id: UUID, world: WorldDep, person: Reader) -> InvoiceVerification:
    """Each entry hashed anew, and its inclusion proof led to the last signed checkpoint."""
    found = await verify_invoice(InvoiceId(invoice_id), world.store, _signer(world), at=_now(world))
    if not found.entries:
        raise not_found("invoice")
    return InvoiceVerification.of(found)


@router.get(
    "/invoices/{invoice_id}/bundle",
    operation_id="downloadBundle",
    summary="One invoice's record as a bundle that is verified offline",
    response_class=Response,
    responses={
        **problems(404),
        200: {
            "description": "A zip with entries, proofs, masked evidence and the verifier.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def bundle(invoice_id: UUID, world: WorldDep, person: Auditor) -> Response:
    """Without the originals: those hold account numbers, and only `countersign audit export` encloses them."""
    invoice = await world.store.street.invoice(InvoiceId(invoice_id))
    if invoice is None:
        raise not_found("invoice")
    data = await make_bundle(
        invoice,
        world.store,
        world.blobs,
        LeakGuard(world.vault),
        _signer(world),
        at=_now(world),
        with_originals=False,
    )
    name = f"countersign-{str(invoice.id)[:8]}.zip"
    return Response(
        data,
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _seal_if_whole(world: World, signer: CheckpointSigner) -> list[str]:
    """A broken record is shown as it is, since that is what is to be seen."""
    try:
        await world.store.record.seal(signer, world.clock.now())
    except (ForgedError, PermanentError) as error:
        return [f"Not sealed: {error.sentence}"]
    return []


def _signer(world: World) -> CheckpointSigner:
    return CheckpointSigner.of(world.vault, world.mail_domain)


def _before(after: str | None) -> int | None:
    keys = read_cursor(after, int)
    return int(keys[0]) if keys else None


def _now(world: World) -> datetime:
    return world.clock.now().astimezone(UTC)
