"""The people of the console and their sessions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from schema.errors import StaleError
from schema.history import OPERATOR, Change, NewHistory, Subject, differences
from schema.ids import Address, Sha256
from schema.people import LastAdminError, Person, PersonId, Role, Session, SessionId
from schema.queries import load
from schema.store.history import record
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

    async def add(
        self, address: Address, name: str, role: Role, *, at: datetime, by: str = OPERATOR
    ) -> Person:
        """A new person; ConflictError when the address is taken."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["add_person"], address.lower(), clean(name), role, at)
            assert row is not None
            person = to_person(dict(row))
            await record(connection, _told(person, "added", by, at, differences({}, _shown(person))))
        return person

    async def change(
        self,
        person: PersonId,
        *,
        version: int | None,
        by: str,
        at: datetime,
        name: str | None = None,
        role: Role | None = None,
        active: bool | None = None,
    ) -> Person | None:
        """Change what is not None; None when there is no such person.

        StaleError when the version is another by now (None takes any), LastAdminError when nobody would be left
        to admit people. Who may no longer come in is signed out everywhere, and their account at the identity
        provider is forgotten.
        """
        async with self._database.transaction() as connection:
            admins = [row["id"] for row in await connection.fetch(SQL["lock_admins"])]
            row = await connection.fetchrow(SQL["lock_person"], person)
            if row is None:
                return None
            before = to_person(dict(row))
            if version is not None and before.version != version:
                raise StaleError(before.version)
            named = {"name": clean(name) if name else None, "role": role, "active": active}
            after = before.model_copy(update={k: v for k, v in named.items() if v is not None})
            if admins == [person] and not (after.active and after.role is Role.ADMIN):
                raise LastAdminError
            changes = differences(_shown(before), _shown(after))
            if not changes:
                return before
            row = await connection.fetchrow(
                SQL["change_person"], person, after.name, after.role, after.active
            )
            assert row is not None
            if not after.active:
                await connection.execute(SQL["end_sessions_of"], person, at)
                await connection.execute(SQL["forget_identities"], person)
            await record(connection, _told(after, "changed", by, at, changes))
        return to_person(dict(row))

    async def people(self, *, after: Address | None, limit: int) -> tuple[Person, ...]:
        """Everyone, by address, from the one behind `after` on."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["people"], after, limit)
        return tuple(to_person(dict(row)) for row in rows)

    async def sessions_of(self, person: Person, at: datetime) -> tuple[Session, ...]:
        """The sessions of a person that hold, the last used first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["sessions_of"], person.id, at, at - IDLE)
        names = [name for name in Session.model_fields if name not in ("person", "scopes")]
        return tuple(Session(person=person, **{name: row[name] for name in names}) for row in rows)

    async def end_session_of(self, session: SessionId, person: PersonId, *, at: datetime) -> bool:
        """End one of a person's own sessions; False when they have none such."""
        async with self._database.transaction() as connection:
            return await connection.fetchval(SQL["end_session_of"], session, person, at) is not None

    async def end_sessions(self, person: Person, *, by: str, at: datetime) -> None:
        """Sign a person out everywhere."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["end_sessions_of"], person.id, at)
            await record(connection, _told(person, "signed out everywhere", by, at))

    async def step_up(self, session: SessionId, at: datetime) -> bool:
        """The person behind a session proved once more to be themselves."""
        async with self._database.transaction() as connection:
            return await connection.fetchval(SQL["step_up"], session, at) is not None

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
    names = [name for name in Session.model_fields if name not in ("person", "scopes")]
    return Session(person=person, **{name: row[name] for name in names})


def _shown(person: Person) -> dict[str, object]:
    return {"name": person.name, "address": person.address, "role": person.role, "active": person.active}


def _told(person: Person, what: str, by: str, at: datetime, changes: tuple[Change, ...] = ()) -> NewHistory:
    return NewHistory(
        at=at, who=by, subject=Subject.PERSON, subject_id=str(person.id), what=what, changes=changes
    )
