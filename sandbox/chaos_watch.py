"""Watches the product's database during a chaos run: where each invoice stands, and how long a fault held it up."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

import asyncpg

POLL_S: Final = 0.5
CONNECT_S: Final = 5.0

LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

STANDING: Final = """
select i.id::text as id, i.version, i.state::text as state, coalesce(i.held_from::text, '') as held_from, i.reason,
       coalesce(i.came_from::text, '') as came_from, i.due_at is null as at_rest, m.message_id,
       coalesce(i.last_error, '') as last_error, i.attempts
  from invoices i join mails m on m.id = i.mail_id
"""
QUESTIONS: Final = """
select q.id::text as id, q.message_sid, q.phone, q.code, m.message_id
  from questions q join invoices i on i.id = q.invoice_id join mails m on m.id = i.mail_id
 where i.state = 'asked' and q.fingerprint = i.fingerprint and q.message_sid is not null
   and not exists (select from approvals a where a.question_id = q.id)
"""


@dataclass(frozen=True)
class Standing:
    """An invoice as it stands; `at_rest`: nothing more is due without a person."""

    id: str
    version: int
    state: str
    held_from: str
    reason: str
    came_from: str
    at_rest: bool
    message_id: str
    last_error: str
    attempts: int

    @property
    def done(self) -> bool:
        """Whether it is at a visible end."""
        return self.state == "closed" or (self.state == "held" and self.at_rest)

    @property
    def end(self) -> str:
        """Where it is, `closed` shown as what it was before."""
        return self.came_from if self.state == "closed" else self.state


@dataclass(frozen=True)
class Asked:
    """A question that nobody has answered."""

    id: str
    message_sid: str
    phone: str
    code: str
    message_id: str


@dataclass
class Fault:
    """One fault of the run; `held_up` names invoices (with version) and mails that have not moved since."""

    kind: str
    detail: str
    at: float
    held_up: dict[str, int] = field(default_factory=dict)
    recovered_s: float | None = None


@dataclass
class Watch:
    """What is known of the product from outside; `sent` maps Message-ID to whether it is slow by nature."""

    database_url: str
    invoices: dict[str, Standing] = field(default_factory=dict)
    questions: list[Asked] = field(default_factory=list)
    sent: dict[str, bool] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen_at: float = 0.0

    async def run(self) -> None:
        """Look again and again until cancelled; a database that is being restarted is waited for."""
        while True:
            try:
                connection = await asyncpg.connect(self.database_url, timeout=CONNECT_S)
                try:
                    while True:
                        await self._look(connection)
                        await asyncio.sleep(POLL_S)
                finally:
                    connection.terminate()
            except LOST:
                await asyncio.sleep(POLL_S)

    def note(self, kind: str, detail: str, invoice: str = "-") -> Fault:
        """Write a fault down with all that is under way at this moment.

        What it hits itself, an `invoice`, is this fault's from now on and no earlier one's.
        """
        for earlier in self.faults:
            earlier.held_up.pop(invoice, None)
        fault = Fault(kind, detail, time.monotonic(), self._under_way())
        self.faults.append(fault)
        return fault

    @property
    def unrecovered(self) -> int:
        """How many faults still hold something up."""
        return sum(1 for fault in self.faults if fault.recovered_s is None)

    @property
    def unsettled(self) -> int:
        """How many mails are sent and not at their end."""
        settled = {each.message_id for each in self.invoices.values() if each.done}
        return len(self.sent.keys() - settled)

    async def _look(self, connection: asyncpg.Connection) -> None:
        rows = await connection.fetch(STANDING, timeout=CONNECT_S)
        self.invoices = {row["id"]: Standing(**dict(row)) for row in rows}
        asked = await connection.fetch(QUESTIONS, timeout=CONNECT_S)
        self.questions = [Asked(**dict(row)) for row in asked]
        self.seen_at = time.monotonic()
        for fault in self.faults:
            if fault.recovered_s is None:
                self._recover(fault)

    def _under_way(self) -> dict[str, int]:
        taken_in = {each.message_id for each in self.invoices.values()}
        slow = {message_id for message_id, is_slow in self.sent.items() if is_slow}
        mails = dict.fromkeys(self.sent.keys() - taken_in, -1)
        return mails | {
            each.id: each.version
            for each in self.invoices.values()
            if not each.done and each.message_id not in slow
        }

    def _recover(self, fault: Fault) -> None:
        taken_in = {each.message_id for each in self.invoices.values()}
        for key, version in list(fault.held_up.items()):
            standing = self.invoices.get(key)
            moved = standing is not None and (standing.version > version or standing.done)
            if moved or (version < 0 and key in taken_in):
                del fault.held_up[key]
        if not fault.held_up:
            fault.recovered_s = self.seen_at - fault.at
