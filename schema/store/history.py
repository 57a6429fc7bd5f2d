"""The history table: entries are added in the transaction of the change they tell of, and read newest first."""

from __future__ import annotations

from schema.history import History, HistoryFilter, NewHistory, Subject
from schema.queries import load
from schema.store.pool import Connection, Database, clean, like

SQL = load("history")


class HistoryStore:
    """Reads the history of one thing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(
        self, subject: Subject, subject_id: str, *, before: int | None, limit: int
    ) -> tuple[History, ...]:
        """The newest entries, of those with a smaller `seq` than `before`."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["of_subject"], subject, subject_id, before, limit)
        return tuple(History.model_validate(dict(row)) for row in rows)

    async def search(self, wanted: HistoryFilter, *, before: int | None, limit: int) -> tuple[History, ...]:
        """Entries of all subjects with a smaller `seq` than `before`, newest first."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                SQL["search"],
                *(before, wanted.subject, clean(wanted.person.lower()) if wanted.person else None),
                *(wanted.since, wanted.until, like(wanted.text), limit),
            )
        return tuple(History.model_validate(dict(row)) for row in rows)


async def record(connection: Connection, entry: NewHistory) -> None:
    """Write an entry within the transaction of the change itself."""
    await connection.execute(
        SQL["add"],
        *(entry.at, clean(entry.who), entry.subject, entry.subject_id, entry.what, clean(entry.note)),
        [change.model_dump() for change in entry.changes],
    )
