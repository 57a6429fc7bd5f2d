"""What the demo sees of the product from outside: its database, read only."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

TRAVELLERS: Final = """
select i.id::text as id, coalesce(d.name, '') as document, m.message_id, i.state::text as state,
       coalesce(i.came_from::text, '') as came_from, i.reason, i.due_at is null as settled,
       coalesce(i.last_error, '') as last_error, i.invoice_number, i.total::text as total, i.currency,
       m.stored_at,
       (select min(at) from audits a
         where a.invoice_id = i.id and a.source = 'prepared' and a.target = 'asked') as asked_at,
       (select max(at) from audits a where a.invoice_id = i.id) as moved_at,
       (select count(*) from approvals p where p.invoice_id = i.id and p.verdict = 'approve') as approvals,
       (select bank_reference from payments y where y.invoice_id = i.id and y.status = 'booked') as bank_reference
  from invoices i join mails m on m.id = i.mail_id left join documents d on d.id = i.document_id
 order by i.created_at, d.path
"""

MAILS: Final = "select message_id, disposition, reason, stored_at from mails"

QUESTIONS: Final = """
select q.message_sid, q.phone, q.approver, d.name as document, m.message_id
  from questions q join invoices i on i.id = q.invoice_id join mails m on m.id = i.mail_id
  join documents d on d.id = i.document_id
 where i.state = 'asked' and q.message_sid is not null
   and not exists (select from approvals a where a.question_id = q.id)
"""

HASHES: Final = """
select d.name as document, i.groq_request_hash, i.groq_response_hash, i.groq_action_refusal,
       i.groq_exchange->>'accounts_checked' as accounts_checked
  from invoices i join documents d on d.id = i.document_id
 where i.groq_request_hash is not null order by i.created_at
"""


@dataclass(frozen=True)
class Traveller:
    """An invoice on the street; `end` is where it stands, with `closed` shown as what it was before."""

    id: str
    document: str
    message_id: str
    state: str
    came_from: str
    reason: str
    settled: bool
    last_error: str
    invoice_number: str | None
    total: str | None
    currency: str | None
    stored_at: datetime
    asked_at: datetime | None
    moved_at: datetime
    approvals: int
    bank_reference: str | None

    @property
    def end(self) -> str:
        """The state a person cares for."""
        return self.came_from if self.state == "closed" else self.state

    @property
    def done(self) -> bool:
        """Whether nothing more happens without a person: closed, or held and told."""
        return self.state == "closed" or (self.state == "held" and self.settled)


@dataclass(frozen=True)
class Street:
    """The product's database, for looking only."""

    pool: asyncpg.Pool[asyncpg.Record]

    async def travellers(self) -> list[Traveller]:
        """All invoices, oldest first."""
        return [Traveller(**dict(row)) for row in await self.pool.fetch(TRAVELLERS)]

    async def mails(self) -> dict[str, tuple[str, str]]:
        """Message-ID -> (disposition, reason)."""
        rows = await self.pool.fetch(MAILS)
        return {row["message_id"]: (row["disposition"], row["reason"]) for row in rows}

    async def questions(self) -> list[asyncpg.Record]:
        """Open questions with the message that asked them."""
        return list(await self.pool.fetch(QUESTIONS))

    async def hashes(self) -> list[asyncpg.Record]:
        """What went to the model, by its hashes."""
        return list(await self.pool.fetch(HASHES))


@asynccontextmanager
async def open_street(database_url: str) -> AsyncIterator[Street]:
    """Open the product's database read only."""
    pool = await asyncpg.create_pool(
        database_url, min_size=1, max_size=2, server_settings={"default_transaction_read_only": "on"}
    )
    try:
        yield Street(pool)
    finally:
        await pool.close()


async def fresh_database(server_url: str, name: str) -> str:
    """A new empty database on the server of `server_url`, and its address; earlier ones of ours are dropped."""
    connection = await asyncpg.connect(server_url)
    try:
        old = await connection.fetch(
            "select datname from pg_database where datname like 'countersign_demo_%'"
        )
        for row in old:
            # Autovacuum may be at work in it, and only a superuser may end that; the next run drops it then.
            with contextlib.suppress(asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
                await connection.execute(f'drop database if exists "{row["datname"]}" with (force)')
        await connection.execute(f'create database "{name}" template template0 encoding utf8')
    finally:
        await connection.close()
    head, _, _ = server_url.rpartition("/")
    return f"{head}/{name}"
