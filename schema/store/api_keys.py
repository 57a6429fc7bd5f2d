"""Keys for programs: made by a person, with scopes and an end; only their hash is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from schema.history import Change, NewHistory, Subject
from schema.ids import Sha256
from schema.people import ApiKey, ApiKeyId, Person, Session, SessionId
from schema.queries import load
from schema.store.history import record
from schema.store.people import to_person
from schema.store.pool import Database, clean

SQL = load("api_keys")

SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use is kept; not every request is a write."""


class ApiKeyStore:
    """The keys that hold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        maker: Person,
        name: str,
        key_sha256: Sha256,
        *,
        hint: str,
        scopes: tuple[str, ...],
        at: datetime,
        until: datetime,
    ) -> ApiKey:
        """A new key."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                SQL["add"], clean(name), key_sha256, hint, list(scopes), maker.id, at, until
            )
            assert row is not None
            scope = Change(field="scopes", before=None, after="; ".join(scopes))
            await record(connection, _told(maker, row["id"], "made", name, at, (scope,)))
        return _to_key(dict(row) | {"address": maker.address})

    async def holding(self, at: datetime) -> tuple[ApiKey, ...]:
        """All keys that hold, the newest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["holding"], at)
        return tuple(_to_key(dict(row)) for row in rows)

    async def end(self, key: ApiKeyId, by: Person, at: datetime) -> bool:
        """Take a key back; False when there is none that holds."""
        async with self._database.transaction() as connection:
            name = await connection.fetchval(SQL["end"], key, at)
            if name is None:
                return False
            await record(connection, _told(by, key, "ended", name, at))
        return True

    async def session(self, key_sha256: Sha256, at: datetime) -> Session | None:
        """The key as if it were a session of its maker, with its scopes; None when it does not hold."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(SQL["by_hash"], key_sha256, at)
            if row is None:
                return None
            await connection.execute(SQL["see"], row["key_id"], at, at - SEEN_EVERY)
        return Session(
            id=SessionId(row["key_id"]),
            token_sha256=key_sha256,
            person=to_person(dict(row)),
            created_at=row["key_created_at"],
            seen_at=at,
            expires_at=row["expires_at"],
            stepped_up_at=None,
            how="key",
            device=row["key_name"],
            scopes=frozenset(row["scopes"]),
        )


def _to_key(row: dict[str, Any]) -> ApiKey:
    kept = {name: row[name] for name in ApiKey.model_fields if name not in ("made_by", "scopes")}
    return ApiKey(**kept, made_by=row["address"], scopes=tuple(row["scopes"]))


def _told(
    by: Person, key: ApiKeyId, what: str, name: str, at: datetime, changes: tuple[Change, ...] = ()
) -> NewHistory:
    return NewHistory(
        at=at,
        who=by.address,
        subject=Subject.API_KEY,
        subject_id=str(key),
        what=what,
        note=name,
        changes=changes,
    )
