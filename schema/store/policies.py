"""The versions of the policy, and which of them is in force."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final

from schema.document import Frozen
from schema.errors import StaleError
from schema.history import Change, NewHistory, Subject
from schema.ids import InvoiceId
from schema.policy import Policy, parse_policy
from schema.queries import load
from schema.store.history import record
from schema.store.pool import Connection, Database, clean
from schema.vendors import Actor

SQL = load("policies")

FILE: Final = "policy file"
"""Who saved the first version of all."""


class Activation(Frozen):
    """A version that was put in force, until the next one was."""

    seq: int
    version: str
    body: str
    activated_by: str
    activated_at: datetime
    note: str


class PolicyStore:
    """Policies and their activations; both are append-only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def in_force(self) -> Policy | None:
        """The policy that was put in force last in the console; None while it still is the policy file."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["in_force"])
        return _parsed(row["body"]) if row else None

    async def activate(
        self,
        policy: Policy,
        note: str,
        *,
        seen: Policy,
        by: Actor,
        at: datetime,
        changes: tuple[Change, ...] = (),
    ) -> None:
        """Put `policy` in force after `seen`; StaleError when another one is in force by now."""
        async with self._database.transaction() as connection:
            now = await connection.fetchrow(SQL["in_force"])
            if now is not None and now["version"] != seen.version:
                raise StaleError(None)
            if now is None:
                await _save(connection, seen, FILE, at)
            await _save(connection, policy, by.address, at, note)
            await connection.execute(
                SQL["activate"], now["seq"] if now else None, policy.version, by.address, at, clean(note)
            )
            entry = NewHistory(
                at=at,
                who=by.address,
                subject=Subject.POLICY,
                subject_id="policy",
                what="activated",
                note=f"{seen.version} to {policy.version}: {note}",
                changes=changes,
            )
            await record(connection, entry)

    async def activations(self, *, before: int | None, limit: int) -> tuple[Activation, ...]:
        """What was put in force when, the newest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["activations"], before, limit)
        return tuple(Activation.model_validate(dict(row)) for row in rows)

    async def text(self, version: str) -> str | None:
        """The text of a version that was ever in force."""
        async with self._database.transaction() as connection:
            body: str | None = await connection.fetchval(SQL["body"], version)
        return body

    async def file_version(self) -> str | None:
        """The version that the policy file was when the first one was put in force in the console."""
        async with self._database.transaction() as connection:
            version: str | None = await connection.fetchval(SQL["file_version"], FILE)
        return version

    async def judged(self, since: datetime, limit: int) -> tuple[InvoiceId, ...]:
        """The newest invoices that the rules have judged."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["judged"], since, limit)
        return tuple(InvoiceId(row["id"]) for row in rows)


async def _save(connection: Connection, policy: Policy, by: str, at: datetime, note: str = "") -> None:
    await connection.execute(SQL["save"], policy.version, policy.text, by, at, clean(note))


@lru_cache(maxsize=8)
def _parsed(text: str) -> Policy:
    """It is read before every step, and changes about once a month."""
    return parse_policy(text)
