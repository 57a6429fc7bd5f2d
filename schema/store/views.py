"""What people look at: lists, counts, and the whole case of one invoice."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from schema.audit import Entry
from schema.document import Frozen
from schema.ids import InvoiceId, MailId, Sha256
from schema.money import Money, as_money
from schema.queries import load
from schema.states import State
from schema.store.pool import Database

SQL = load("views")


class Recorded(Frozen):
    """An entry of the record with its leaf hash and, once it is sealed, its position in the log."""

    seq: int
    position: int | None
    entry: Entry
    leaf_hash: Sha256


class InvoiceLine(Frozen):
    """An invoice in a list."""

    id: InvoiceId
    state: State
    came_from: State | None
    held_from: State | None
    reason: str
    number: str | None
    total: Money | None
    vendor: str | None
    document: str | None
    subject: str
    forwarder: str
    payment_status: str | None
    bank_reference: str | None
    last_error: str | None
    created_at: datetime
    updated_at: datetime


class MailLine(Frozen):
    """A mail in a list."""

    id: MailId
    sender: str | None
    subject: str
    disposition: str
    reason: str
    stored_at: datetime


class MailRecord(Frozen):
    """A stored mail's door verdict and hash."""

    raw_sha256: Sha256
    sender: str | None
    sender_name: str
    subject: str
    disposition: str
    reason: str
    stored_at: datetime
    evidence: dict[str, Any]


class Exchange(Frozen):
    """Where the model's exchange lies and who served it."""

    requested_model: str
    served_model: str
    provider: str
    request_key: str
    response_key: str
    accounts_checked: int
    cost_usd: str | None
    request_sha256: Sha256
    response_sha256: Sha256
    actions_raw: list[dict[str, Any]]


class ViewStore:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, invoice: InvoiceId) -> tuple[Recorded, ...]:
        """The record of an invoice, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["entries"], invoice)
        return tuple(recorded(dict(row)) for row in rows)

    async def exchange(self, invoice: InvoiceId) -> Exchange | None:
        """The model's exchange about an invoice."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["exchange"], invoice)
        if row is None or row["groq_exchange"] is None:
            return None
        return Exchange(
            **row["groq_exchange"],
            request_sha256=row["groq_request_hash"],
            response_sha256=row["groq_response_hash"],
            actions_raw=row["groq_action_list_raw"],
        )

    async def mail_sha256(self, invoice: InvoiceId) -> str:
        """The SHA-256 of the raw bytes of the mail or upload that an invoice came in."""
        async with self._database.transaction() as connection:
            found: str = await connection.fetchval(SQL["mail_sha256"], invoice)
        return found

    async def counts(self) -> dict[State, int]:
        """How many invoices stand in each state."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["counts"])
        return {State(row["state"]): row["invoices"] for row in rows}

    async def invoices(self, limit: int = 1000, *, prefix: str = "") -> tuple[InvoiceLine, ...]:
        """The newest invoices whose ids begin with `prefix`, oldest of them first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["invoices"], limit, prefix)
        return tuple(_line(dict(row)) for row in reversed(rows))

    async def mails(self, limit: int = 1000) -> tuple[MailLine, ...]:
        """Mails, newest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["mails"], limit)
        return tuple(MailLine(**row) for row in rows)

    async def mail(self, mail: UUID) -> MailRecord | None:
        """One stored mail."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["mail"], mail)
        return None if row is None else MailRecord(**{name: row[name] for name in MailRecord.model_fields})

    async def ready(self) -> None:
        """Ask the database anything; TransientError when it does not answer."""
        async with self._database.transaction() as connection:
            await connection.fetchval(SQL["ready"])


def recorded(row: dict[str, Any]) -> Recorded:
    """An entry of the query `entries`."""
    seq, leaf, position = row.pop("seq"), row.pop("leaf_hash"), row.pop("position")
    entry = Entry(**row | {"source": row["source"] or ""})
    return Recorded(seq=seq, position=position, entry=entry, leaf_hash=leaf)


def _line(row: dict[str, Any]) -> InvoiceLine:
    total = as_money(row.pop("total"), row.pop("currency"))
    names = {"invoice_number": "number", "vendor_name": "vendor", "document_name": "document"}
    return InvoiceLine(**{names.get(name, name): value for name, value in row.items()}, total=total)
