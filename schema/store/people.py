"""The people of the console and their sessions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from schema.ids import Address, Sha256
from schema.people import Person, PersonId, Role, Session, SessionId
from schema.queries import load
from schema.store.pool import Database, clean

SQL = load("people")

IDLE: Final = timedelta(hours=12)
"""A session that nobody used for so long has ended."""

SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use is kept; not every request is a write."""


class PeopleStore:
    """Who may sign in, and who is signed in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, address: Address, name: str, role: Role, *, at: datetime) -> Person:
        """A new person; ConflictError when the address is taken."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["add_person"], address.lower(), clean(name), role, at)
        assert row is not None
        return to_person(dict(row))

    async def person(self, person: PersonId) -> Person | None:
        """The person with this id."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["person"], person)
        return to_person(dict(row)) if row else None

    async def person_by_address(self, address: Address) -> Person | None:
        """The person with this mail address."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["person_by_address"], address.lower())
        return to_person(dict(row)) if row else None

    async def open_session(
        self, person: PersonId, token_sha256: Sha256, *, how: str, device: str, at: datetime, until: datetime
    ) -> SessionId:
        """Begin a session; only the SHA-256 of what the browser holds is kept."""
        async with self._database.transaction() as connection:
            identity = await connection.fetchval(
                SQL["open_session"], token_sha256, person, how, clean(device)[:200], at, until
            )
            await connection.execute(SQL["person_signed_in"], person, at)
        return SessionId(identity)

    async def session(self, token_sha256: Sha256, at: datetime) -> Session | None:
        """The session that holds at this moment, and that it was used; None when there is none."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["session"], token_sha256, at, at - IDLE)
            if row is None:
                return None
            if at - row["seen_at"] > SEEN_EVERY:
                await connection.execute(SQL["see_session"], row["id"], at)
        return _to_session(dict(row))

    async def end_session(self, session: SessionId, *, at: datetime) -> bool:
        """End a session; False when it had ended before."""
        async with self._database.transaction() as connection:
            return await connection.fetchval(SQL["end_session"], session, at) is not None


def to_person(row: dict[str, Any]) -> Person:
    """A person of the table."""
    return Person(**{name: row[name] for name in Person.model_fields})


def _to_session(row: dict[str, Any]) -> Session:
    person = Person(
        id=row["person_id"],
        address=row["address"],
        name=row["name"],
        role=row["role"],
        active=row["active"],
        version=row["version"],
        created_at=row["person_created_at"],
        signed_in_at=row["signed_in_at"],
    )
    names = [name for name in Session.model_fields if name != "person"]
    return Session(person=person, **{name: row[name] for name in names})
