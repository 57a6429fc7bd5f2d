"""Dividing held invoices and putting them together: all in one transaction, by the versions a person has seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from schema.arrangement import divided, joined, told, told_sheets
from schema.audit import Entry, leaf_hash
from schema.document import Frozen
from schema.errors import ConflictError
from schema.ids import Address, InvoiceId
from schema.invoice import Invoice, Sheets
from schema.outcome import Outcome
from schema.people import Person
from schema.queries import load
from schema.states import State, Step
from schema.store.corrections import lock_held, move_held
from schema.store.invoices import Sum
from schema.store.mails import SQL as MAILS
from schema.store.pool import Connection, Database, clean, clean_json, like
from schema.store.street import SQL as STREET

SQL = load("arrangements")

OTHERS: Final = "They are neither of one mail nor of one vendor, so they are not one invoice."
HAS_PAYMENT: Final = "A payment of this invoice was intended; nothing can be rearranged any more."


class Relative(Frozen):
    """Another invoice; `relation`: it is a `part` of this one or this `part_of` it, `merged` or `merged_into`."""

    id: InvoiceId
    relation: str


class Candidate(Frozen):
    """A held invoice that may be a piece of another; `pictured` is the number of its first page with a picture."""

    id: InvoiceId
    version: int
    number: str | None
    document: str
    vendor: str | None
    total: Sum | None
    reason: str
    created_at: datetime
    same_mail: bool
    page_count: int
    pictured: int | None


class ArrangementStore:
    """Which pages belong to which invoice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def split(
        self, invoice: InvoiceId, version: int, parts: Sequence[Sequence[int]], *, by: Person, at: datetime
    ) -> tuple[int, tuple[InvoiceId, ...]]:
        """Divide a held invoice by its page numbers; its new version, and the parts.

        1. Lock it: held at this version, no payment intended. FieldFaultError for pages that do not come out even.
        2. It ends rejected, its planned payment void, its pages given on.
        3. Each part is a new invoice of the same mail and forwarder, to be read by its pages alone.
        """
        async with self._database.transaction() as connection:
            held = await lock_held(connection, invoice, version)
            sheets = divided(held, parts)
            ids = tuple(InvoiceId(uuid4()) for _ in sheets)
            outcome = Outcome(
                target=State.REJECTED,
                note=f"Split into {len(parts)} invoices by {by.name}: {'; '.join(map(told, parts))}.",
                facts={"split_into": [_fact(*each) for each in zip(ids, sheets, strict=True)]},
            )
            await _give_on(connection, held)
            moved = await move_held(connection, held, outcome, by, at)
            for part, pages in zip(ids, sheets, strict=True):
                await _open_part(connection, held, part, pages, by, at)
        return moved, ids

    async def merge(
        self, into: InvoiceId, pieces: Sequence[tuple[InvoiceId, int]], *, by: Person, at: datetime
    ) -> int:
        """Put held invoices together into one of them, in the order given; its new version.

        1. Lock all in the order of their ids, so that two people at once never wait for each other.
        2. All but one end rejected, payments that were planned void; their pages are given on.
        3. That one goes back to `received`, with all pages, and nothing that was read, judged or approved before.
        """
        async with self._database.transaction() as connection:
            locked = {piece: await lock_held(connection, piece, version) for piece, version in sorted(pieces)}
            held = [locked[piece] for piece, _ in pieces]
            survivor = locked[into]
            _belong_together(survivor, held)
            sheets = joined(held)
            for each in held:
                await _give_on(connection, each)
            merged = [each for each in held if each is not survivor]
            for each in merged:
                await _end_merged(connection, each, survivor, by, at)
            facts = {"merged": [str(each.id) for each in merged], "sheets": _told(sheets)}
            note = f"Merged by {by.name} from {len(held)} invoices: {told_sheets(sheets)}."
            outcome = Outcome(target=State.RECEIVED, note=note, facts=facts)
            moved = await move_held(connection, survivor, outcome, by, at)
            await connection.execute(SQL["forget_reading"], into)
            await _add_sheets(connection, into, moved, sheets, by, at)
        return moved

    async def relatives(self, invoice: InvoiceId) -> tuple[Relative, ...]:
        """The invoices it was divided into or from, merged with or into."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["relatives"], invoice)
        return tuple(Relative(**row) for row in rows)

    async def hands(self, invoice: InvoiceId) -> frozenset[Address]:
        """Who arranged its pages, and who forwarded what was merged into it."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["hands"], invoice)
        return frozenset(row["address"] for row in rows)

    async def letter_of_merged(self, invoice: InvoiceId) -> InvoiceId:
        """Of the pieces from one mail that were merged into one invoice, the one whose letter speaks for all."""
        async with self._database.transaction() as connection:
            speaker: InvoiceId = await connection.fetchval(SQL["letter_of_merged"], invoice)
        return speaker

    async def mergeable(self, invoice: InvoiceId, words: str | None, limit: int) -> tuple[Candidate, ...]:
        """Held invoices of the same mail, then of the same vendor, that fit the words."""
        pattern = like(words.casefold()) if words else None
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["mergeable"], invoice, pattern, limit)
        return tuple(_candidate(dict(row)) for row in rows)


def _belong_together(survivor: Invoice, held: Sequence[Invoice]) -> None:
    vendor = survivor.vendor_id
    for each in held:
        same_mail = each.thread.mail_id == survivor.thread.mail_id
        if not same_mail and (vendor is None or each.vendor_id != vendor):
            raise ConflictError(OTHERS)


async def _give_on(connection: Connection, held: Invoice) -> None:
    """End what depends on the pages as they were: a planned payment is void, so no approval of it can ever count."""
    await connection.execute(STREET["void_planned"], held.id)
    if await connection.fetchrow(STREET["payment"], held.id) is not None:
        raise ConflictError(HAS_PAYMENT)
    await connection.execute(SQL["give_on"], held.id)


async def _end_merged(
    connection: Connection, held: Invoice, survivor: Invoice, by: Person, at: datetime
) -> None:
    note = f"Merged by {by.name} into {survivor.number}, with which it is one invoice."
    outcome = Outcome(target=State.REJECTED, note=note, facts={"merged_into": str(survivor.id)})
    await move_held(connection, held, outcome, by, at)
    await connection.execute(SQL["merged_into"], held.id, survivor.id)


async def _open_part(
    connection: Connection,
    whole: Invoice,
    part: InvoiceId,
    sheets: tuple[Sheets, ...],
    by: Person,
    at: datetime,
) -> None:
    await connection.execute(SQL["open_part"], part, whole.id, sheets[0].document_id)
    entry = Entry(
        invoice_id=part,
        version=0,
        step=Step.RECEIVE,
        source="",
        target=State.RECEIVED,
        actor=by.address,
        at=at,
        note=clean(f"Split off by {by.name}: {told_sheets(sheets)}"),
        facts=clean_json({"split_from": str(whole.id), "sheets": _told(sheets)}),
    )
    await connection.execute(
        MAILS["open_record"], part, entry.actor, at, entry.note, entry.facts, leaf_hash(entry)
    )
    await _add_sheets(connection, part, 0, sheets, by, at)


async def _add_sheets(
    connection: Connection, invoice: InvoiceId, since: int, sheets: Sequence[Sheets], by: Person, at: datetime
) -> None:
    for position, each in enumerate(sheets, 1):
        pages = None if each.pages is None else list(each.pages)
        await connection.execute(
            SQL["add_sheets"], invoice, since, position, each.document_id, pages, by.id, by.address, at
        )


def _fact(part: InvoiceId, sheets: Sequence[Sheets]) -> dict[str, Any]:
    return {"invoice": str(part), "sheets": _told(sheets)}


def _told(sheets: Sequence[Sheets]) -> list[dict[str, Any]]:
    """Files by their SHA-256 and pages, as the record keeps them; no pages: the whole file."""
    return [
        {"sha256": each.document.sha256, "pages": None if each.pages is None else list(each.pages)}
        for each in sheets
    ]


def _candidate(row: dict[str, Any]) -> Candidate:
    total, currency = row.pop("total"), row.pop("currency")
    known = total is not None and currency is not None
    return Candidate(
        number=row.pop("invoice_number"),
        document=row.pop("document_name"),
        total=Sum(amount=total, currency=currency) if known else None,
        **row,
    )
