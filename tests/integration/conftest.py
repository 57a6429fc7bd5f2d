"""A world over the real database, with fakes only for what is outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schema.store import open_database
from tests.integration.bank_rig import bank, browser, portal
from tests.world import Town, make_town, stock

__all__ = ["bank", "browser", "portal", "town"]


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_database(database_url) as database:
        made = make_town(database, tmp_path / "blobs")
        await stock(made)
        yield made
