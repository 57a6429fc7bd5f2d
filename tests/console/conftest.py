"""One served console and one browser for all its tests: each test opens a tab of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from daemon.adapters.bank_browser import chromium_path
from sandbox.services import Services
from tests.conftest import copied_database, empty_redis
from tests.console.console_rig import Console, serving_console


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, the same that walks the bank."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(None))
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def console(
    services: Services, template_database: str, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Console]:
    """The console over rows that its tests only read."""
    folder = tmp_path_factory.mktemp("console")
    async with (
        copied_database(services.database_url, template_database) as database_url,
        empty_redis(services.redis_url) as redis_url,
        serving_console(database_url, redis_url, folder, chromium) as served,
    ):
        yield served


@pytest.fixture
async def own_console(
    database_url: str, redis_url: str, chromium: Browser, tmp_path: Path
) -> AsyncIterator[Console]:
    """A console for one test that changes what it likes."""
    async with serving_console(database_url, redis_url, tmp_path, chromium) as served:
        yield served
