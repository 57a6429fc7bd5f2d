"""A long record written as the product writes it, and five ways in which a superuser could falsify it, by SQL.

The hashes are computed here on our own, from the documented form (RFC 6962, canonical JSON): were the product's form
another, the untouched record would not verify.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import asyncpg

Connection = asyncpg.Connection
Attack = Callable[[Connection, UUID], Awaitable[None]]

STREET: Final = (
    ("receive", "", "received", "priya@meridian.example", "Received: invoice.pdf"),
    ("extract", "received", "extracted", "countersign", "Read 11 fields"),
    ("assess", "extracted", "assessed", "countersign", "Grok finds it consistent"),
    ("check", "assessed", "cleared", "countersign", "All rules passed"),
    ("prepare", "cleared", "prepared", "countersign", "The bank's form is filled"),
    ("ask", "prepared", "asked", "countersign", "Asked Asha Rao"),
    ("answer", "asked", "approved", "asha@meridian.example", "Asha Rao approved INR 84,960.00"),
    ("intend", "approved", "paying", "countersign", "The payment is on record"),
    ("pay", "paying", "paid", "countersign", "Paid: INR 84,960.00"),
    ("report", "paid", "closed", "countersign", "Paid; told the forwarder and the approvers"),
)
PAID_VERSION: Final = 8
AT_ONCE: Final = 40
"""Invoices on the street at the same time, so that their entries lie mixed in the log."""

FAMILY: Final = UUID("5f1c7a52-7d6e-5b8e-9c39-6c0d4bb0f5a1")
DAWN: Final = datetime(2026, 4, 1, 6, 0, 0, 123457, tzinfo=UTC)

INSERT_INVOICES: Final = """
with mail as (
    insert into mails (id, raw_sha256, raw_key, size_bytes, sender, disposition)
    select id, encode(sha256(id::text::bytea), 'hex'), '', 1, 'priya@meridian.example', 'accepted'
      from unnest($1::uuid[]) id
    returning id)
insert into invoices (id, mail_id, forwarder, state, came_from, came_by, version, due_at)
select id, id, 'priya@meridian.example', 'closed', 'paid', 'report', 9, null from mail
"""
INSERT_ENTRIES: Final = """
insert into audits (invoice_id, version, step, source, target, actor, at, note, facts, leaf_hash)
select i, v, s, nullif(f, '')::state, t::state, a, w, n, j::jsonb, h
  from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
              $9::text[], $10::text[]) with ordinality as e (i, v, s, f, t, a, w, n, j, h, place)
 order by place
"""
ENTRY: Final = """
select invoice_id, version, step, coalesce(source::text, '') as source, target::text as target, actor, at, note,
       facts::text as facts from audits
"""


@dataclass(frozen=True)
class Falsification:
    """One way to falsify the record: what it is called, what it does, and whether the house then signs it anew."""

    name: str
    what: str
    attack: Attack
    signed_anew: bool = False


async def write_record(connection: Connection, entries: int, *, first: int = 0) -> list[UUID]:
    """Write whole invoices with ten entries each; returns their ids. `first` counts the invoices before them."""
    numbers = range(first, first + entries // len(STREET))
    ids = [uuid5(FAMILY, str(number)) for number in numbers]
    await connection.execute(INSERT_INVOICES, ids)
    rows = list(_entries(numbers))
    await connection.execute(INSERT_ENTRIES, *(list(column) for column in zip(*rows, strict=True)))
    return ids


def leaf_of(entry: Mapping[str, Any]) -> str:
    """The leaf hash of an entry, lower-case hex: SHA-256(0x00 || canonical JSON)."""
    at = entry["at"].astimezone(UTC).isoformat().replace("+00:00", "Z")
    facts = json.loads(entry["facts"])
    content = dict(entry) | {"invoice_id": str(entry["invoice_id"]), "at": at, "facts": facts}
    data = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(b"\x00" + data).hexdigest()


def _entries(numbers: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """The rows, in the order in which they happened."""
    seconds = numbers[0] * len(STREET)
    for start in range(0, len(numbers), AT_ONCE):
        for version, (step, source, target, actor, note) in enumerate(STREET):
            for number in numbers[start : start + AT_ONCE]:
                seconds += 1
                invoice = uuid5(FAMILY, str(number))
                facts = {"reference": f"CS{number:08}"}
                if step == "receive":
                    facts = {"mail_sha256": hashlib.sha256(str(invoice).encode()).hexdigest()}
                entry = {
                    "invoice_id": invoice,
                    "version": version,
                    "step": step,
                    "source": source,
                    "target": target,
                    "actor": actor,
                    "at": DAWN + timedelta(seconds=seconds),
                    "note": note,
                    "facts": json.dumps(facts),
                }
                yield (*entry.values(), leaf_of(entry))


async def falsify(connection: Connection, falsification: Falsification, invoice: UUID) -> None:
    """Do it with every trigger and foreign key switched off, as only a superuser can."""
    await connection.execute("set session_replication_role = replica")
    async with connection.transaction():
        await falsification.attack(connection, invoice)
    await connection.execute("set session_replication_role = origin")


async def edit(connection: Connection, invoice: UUID) -> None:
    """Another sum in a paid entry, with its hashes made to fit in both tables."""
    await connection.execute(
        "update audits set note = replace(note, '84,960', '8,496') where invoice_id = $1 and version = $2",
        invoice,
        PAID_VERSION,
    )
    await _rehash(connection, "where invoice_id = $1", invoice)
    await connection.execute(
        "update log_leaves l set leaf_hash = a.leaf_hash from audits a "
        "where a.invoice_id = $1 and l.invoice_id = a.invoice_id and l.version = a.version",
        invoice,
    )


async def delete(connection: Connection, _invoice: UUID) -> None:
    """One entry of another invoice gone, and all later ones moved up so that no gap shows."""
    row = await connection.fetchrow(
        "delete from log_leaves where position = (select max(position) / 2 from log_leaves) "
        "returning position, invoice_id, version"
    )
    assert row is not None
    await connection.execute(
        "delete from audits where invoice_id = $1 and version = $2", row["invoice_id"], row["version"]
    )
    # By way of negative numbers: the primary key is checked row by row. The table's own check is dropped first.
    await connection.execute("alter table log_leaves drop constraint log_leaves_position_check")
    await connection.execute(
        "update log_leaves set position = -position where position > $1", row["position"]
    )
    await connection.execute("update log_leaves set position = -position - 1 where position < 0")


async def reorder(connection: Connection, _invoice: UUID) -> None:
    """Two entries of the log change places: an approval seems to have come earlier."""
    last = await connection.fetchval("select max(position) from log_leaves")
    one, two = last // 3, last // 3 + 7
    await connection.execute("alter table log_leaves drop constraint log_leaves_position_check")
    for source, target in ((one, -1), (two, one), (-1, two)):
        await connection.execute("update log_leaves set position = $2 where position = $1", source, target)


async def truncate(connection: Connection, _invoice: UUID) -> None:
    """The newest entries and checkpoints gone: what is left is whole, and was truly signed once."""
    kept = await connection.fetchval("select size from checkpoints order by size limit 1")
    await connection.execute(
        "delete from audits a using log_leaves l "
        "where l.position >= $1 and a.invoice_id = l.invoice_id and a.version = l.version",
        kept,
    )
    await connection.execute("delete from log_leaves where position >= $1", kept)
    await connection.execute("delete from checkpoints where size > $1", kept)


async def rewrite(connection: Connection, _invoice: UUID) -> None:
    """Another approver in every entry, every hash computed anew, the log and its checkpoints emptied."""
    await connection.execute("update audits set actor = 'mallory@meridian.example' where step = 'answer'")
    await _rehash(connection, "where step = 'answer'")
    await connection.execute("delete from checkpoints")
    await connection.execute("delete from log_leaves")


async def _rehash(connection: Connection, which: str, *arguments: object) -> None:
    rows = await connection.fetch(f"{ENTRY} {which}", *arguments)
    await connection.execute(
        "update audits a set leaf_hash = n.h from unnest($1::uuid[], $2::int[], $3::text[]) n (i, v, h) "
        "where a.invoice_id = n.i and a.version = n.v",
        [row["invoice_id"] for row in rows],
        [row["version"] for row in rows],
        [leaf_of(dict(row)) for row in rows],
    )


FALSIFICATIONS: Final = (
    Falsification("edit", "another sum in a paid entry, its hashes made to fit", edit),
    Falsification("delete", "an entry gone, the later ones moved up", delete),
    Falsification("reorder", "two entries change places", reorder),
    Falsification("truncate", "the newest entries and checkpoints gone", truncate),
    Falsification("rewrite", "every hash anew, signed by the house's own key", rewrite, signed_anew=True),
)
