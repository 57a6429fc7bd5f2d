"""PLAYWRIGHT_EXECUTOR_MODE=container: the browser runs on a Playwright server in another process, and pays by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.adapters.bank_browser import BankBrowser, BrowserSettings
from schema.errors import TransientError
from tests.integration.bank_rig import (
    MockBank,
    address_of,
    permit_of,
    plan_of,
    portal_of,
    served_browser,
    start_server,
    transfer_of,
)
from tests.world import started


async def test_a_transfer_is_prepared_and_paid_once_by_a_browser_elsewhere(
    bank: MockBank, tmp_path: Path
) -> None:
    transfer, plan = transfer_of(), plan_of(bank.origin)
    async with served_browser(tmp_path) as browser:
        assert browser.processes is None
        portal = portal_of(bank, browser)
        draft = await portal.prepare(transfer, plan)
        assert draft.shown == transfer.terms
        assert draft.screenshot
        assert bank.booked(transfer.reference) == 0
        receipt = await portal.pay(transfer, plan, permit_of(transfer), started)
        assert receipt.terms == transfer.terms
        again = await portal.pay(transfer, plan, permit_of(transfer), started)
    assert again.bank_reference == receipt.bank_reference
    assert bank.booked(transfer.reference) == 1


async def test_a_server_that_was_killed_and_came_back_is_used_again(bank: MockBank, tmp_path: Path) -> None:
    server = await start_server(tmp_path)
    address = await address_of(server)
    browser = BankBrowser(BrowserSettings(mode="container", ws_url=address))
    await browser.start()
    portal = portal_of(bank, browser)
    transfer, plan = transfer_of(), plan_of(bank.origin)
    try:
        await portal.prepare(transfer, plan)
        server.kill()
        await server.wait()
        with pytest.raises(TransientError):
            await portal.pay(transfer, plan, permit_of(transfer), started)
        assert bank.booked(transfer.reference) == 0
        server = await start_server(tmp_path, port=int(address.rpartition(":")[2].partition("/")[0]))
        assert await address_of(server) == address
        await portal.pay(transfer, plan, permit_of(transfer), started)
    finally:
        await browser.stop()
        server.terminate()
        await server.wait()
    assert bank.booked(transfer.reference) == 1
