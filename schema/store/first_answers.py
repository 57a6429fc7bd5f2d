"""The first answer to a request, so that the same request asked again is answered, not done, again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from schema.ids import Sha256
from schema.queries import load
from schema.store.pool import Database

SQL = load("first_answers")

KEPT: Final = timedelta(days=1)
"""Whoever asks again does so within minutes; after a day the same key is a new one."""


class FirstAnswer(NamedTuple):
    """What is known of a key; `status` is None while its first request is being answered."""

    request_sha256: Sha256
    status: int | None
    media_type: str | None
    body: bytes | None


class FirstAnswerStore:
    """Answers by who asked and the key they gave."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, who: str, key: str, request: Sha256, at: datetime) -> FirstAnswer | None:
        """None when this is the first request with the key; else what is known of the first."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["forget"], at - KEPT)
            if await connection.fetchval(SQL["begin"], who, key, request, at) is not None:
                return None
            row = await connection.fetchrow(SQL["answered"], who, key)
        return FirstAnswer(*row) if row else FirstAnswer(request, None, None, None)

    async def keep(self, who: str, key: str, status: int, media_type: str | None, body: bytes) -> None:
        """Keep the answer; `body` is encrypted."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["keep"], who, key, status, media_type, body)

    async def drop(self, who: str, key: str) -> None:
        """Forget a request that came to nothing."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["drop"], who, key)
