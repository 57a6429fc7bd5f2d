"""What people do with held invoices: decide, correct, own, ask; each under a lock, by the version they have seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from schema.correction import Correction, told
from schema.document import Frozen, InvoiceFields, Read
from schema.errors import ConflictError, StaleError
from schema.ids import InvoiceId
from schema.invoice import Invoice
from schema.outcome import Outcome, Parsed
from schema.people import Person, PersonId
from schema.queries import load
from schema.states import State, Step
from schema.store.pool import Connection, Database, clean
from schema.store.rows import to_invoice
from schema.store.street import SQL as STREET
from schema.store.street import decide_held, move, save_parsed

SQL = load("corrections")
OWNER = load("invoices")["owner"]

Changes = Mapping[str, tuple[Read[Any], Read[Any]]]


class ForwarderQuestion(Frozen):
    """What the forwarder is to be asked."""

    id: UUID
    question: str
    person_name: str


class Answered(Frozen):
    """What the forwarder wrote back, masked, and how many documents came with it."""

    text: str
    documents: int
    at: datetime


class ForwarderAsked(Frozen):
    """A question to the forwarder, with what was answered."""

    id: UUID
    question: str
    person_name: str
    asked_at: datetime
    sent_at: datetime | None
    answers: tuple[Answered, ...] = ()


class CorrectionStore:
    """The door through which people of the console move what is held."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_invoice(self, invoice: InvoiceId) -> tuple[Correction, ...]:
        """All corrections of an invoice, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["corrections"], invoice)
        return tuple(Correction(**row) for row in rows)

    async def decide(
        self, invoice: InvoiceId, version: int, target: State, *, by: Person, note: str, at: datetime
    ) -> int:
        """Move a held invoice; its new version. StaleError when it is another by now, ConflictError when it may not."""
        async with self._database.transaction() as connection:
            held = await lock_held(connection, invoice, version)
            return await move_held(connection, held, Outcome(target=target, note=note), by, at)

    async def correct(
        self,
        invoice: InvoiceId,
        version: int,
        fields: InvoiceFields,
        changes: Changes,
        *,
        by: Person,
        at: datetime,
    ) -> int:
        """Put a person's values in the place of what was read and have it judged again; its new version.

        1. Lock the row; it is held, at the version they have seen, and may be judged again.
        2. Move it to `extracted` with its entry: whatever a worker is doing with it finds no row.
        3. Keep what the reader had, and write the fields; model and rules then see them as if read.
        """
        async with self._database.transaction() as connection:
            held = await lock_held(connection, invoice, version)
            assert held.reading is not None
            assert held.text_key is not None
            facts = {"corrected": sorted(changes)}
            note = f"{by.name} corrected {told(changes)}"
            outcome = Outcome(target=State.EXTRACTED, note=note, facts=facts)
            moved = await move_held(connection, held, outcome, by, at)
            for field, (before, after) in changes.items():
                values = (before.model_dump(mode="json"), after.model_dump(mode="json"))
                await connection.execute(
                    SQL["save_correction"], invoice, moved, field, *values, by.id, by.address, at
                )
            parsed = Parsed(
                reading=held.reading.model_copy(update={"fields": fields}),
                account_print=held.account_print,
                account_last4=held.account_last4,
                text_key=held.text_key,
            )
            await save_parsed(connection, invoice, parsed)
            if {"seller_name", "seller_tax_id"} & changes.keys():
                await connection.execute(SQL["forget_vendor"], invoice)
        return moved

    async def own(
        self,
        invoice: InvoiceId,
        version: int,
        owner: PersonId | None,
        *,
        by: Person,
        at: datetime,
        over: bool,
    ) -> None:
        """Give a held invoice to somebody, or back (None); what another one looks after is taken only `over` them."""
        async with self._database.transaction() as connection:
            await lock_held(connection, invoice, version)
            now = await connection.fetchrow(OWNER, invoice)
            if now is not None and now["id"] != by.id and not over:
                raise ConflictError(f"{now['name']} looks after this one; ask them, or have it assigned.")
            await connection.execute(SQL["own"], invoice, owner, by.id, at)

    async def ask(self, invoice: InvoiceId, version: int, question: str, *, by: Person, at: datetime) -> int:
        """Keep a question for the forwarder and have `tell` send it; the invoice's new version."""
        async with self._database.transaction() as connection:
            held = await lock_held(connection, invoice, version)
            facts = {"asked": held.thread.forwarder, "question": question}
            outcome = Outcome(target=State.HELD, note=held.reason, facts=facts, due_in=timedelta(0))
            await connection.execute(STREET["take_over"], invoice)
            moved = await move(connection, held, Step.TELL, outcome, actor=by.address, at=at, token=None)
            assert moved, "bug: a locked invoice was moved by someone else"
            await connection.execute(
                SQL["ask_forwarder"], uuid4(), invoice, clean(question), by.id, by.name, at
            )
        return held.version + 1

    async def unsent_questions(self, invoice: InvoiceId) -> tuple[ForwarderQuestion, ...]:
        """What the forwarder is to be asked still, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["unsent_questions"], invoice)
        return tuple(ForwarderQuestion(**row) for row in rows)

    async def asked_forwarder(self, invoice: InvoiceId) -> tuple[ForwarderAsked, ...]:
        """All questions about an invoice with their answers, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["asked_forwarder"], invoice)
        asked: dict[UUID, ForwarderAsked] = {}
        for row in rows:
            names = ("id", "question", "person_name", "asked_at", "sent_at")
            one = asked.get(row["id"]) or ForwarderAsked(**{name: row[name] for name in names})
            if row["answered_at"] is not None:
                answer = Answered(text=row["answer"], documents=row["documents"], at=row["answered_at"])
                one = one.model_copy(update={"answers": (*one.answers, answer)})
            asked[one.id] = one
        return tuple(asked.values())

    async def question_sent(self, question: UUID, at: datetime) -> None:
        """The mail server has taken it; safe to repeat."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["question_sent"], question, at)


async def lock_held(connection: Connection, invoice: InvoiceId, version: int) -> Invoice:
    """The invoice, locked and held at this version; that its forwarder was told meanwhile changes nothing."""
    row = await connection.fetchrow(STREET["lock_invoice"], invoice)
    if row is None or row["state"] != State.HELD:
        raise ConflictError("This invoice is not held (any more); look at it again.")
    told_since = row["came_by"] == Step.TELL and row["version"] == version + 1
    if row["version"] != version and not told_since:
        raise StaleError(row["version"])
    held = await connection.fetchrow(STREET["invoice"], invoice)
    assert held is not None
    return to_invoice(held)


async def move_held(connection: Connection, held: Invoice, outcome: Outcome, by: Person, at: datetime) -> int:
    """Move what `lock_held` has locked, whatever a worker is doing with it; its new version."""
    await decide_held(connection, held, outcome, actor=by.address, at=at)
    return held.version + 1
