"""The doctor looks at the way to the ledger by real connections, and sends nothing on it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from daemon.doctor import EXAMINATIONS, Diagnosis
from daemon.settings import Settings
from sandbox.tls import certificate
from tests.integration.test_alarm import untaken_batch
from tests.integration.web_rig import web_settings
from tests.world import Town


@dataclass
class Ledger:
    """A server that keeps what it hears."""

    port: int
    heard: bytes = b""
    connections: int = 0


@asynccontextmanager
async def ledger(tls: ssl.SSLContext | None = None) -> AsyncIterator[Ledger]:
    kept = Ledger(0)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept.connections += 1
        kept.heard += await reader.read()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=tls)
    kept.port = server.sockets[0].getsockname()[1]
    async with server:
        yield kept


def settings_of(database_url: str, folder: Path, url: str) -> Settings:
    secret = "a-webhook-secret-of-the-tests-only"
    return web_settings(
        database_url, "redis://127.0.0.1:1/0", folder, ledger_webhook_url=url, ledger_webhook_secret=secret
    )


async def looked(database_url: str, folder: Path, url: str) -> list[Diagnosis]:
    return await EXAMINATIONS["webhook"](settings_of(database_url, folder, url))


async def test_a_webhook_that_can_be_reached_is_well_and_hears_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with ledger() as server:
        (found,) = await looked(database_url, tmp_path, f"http://127.0.0.1:{server.port}/batches")
        await asyncio.sleep(0)
    assert (found.mend, server.heard, server.connections) == ("", b"", 1)


async def test_no_webhook_is_no_fault(database_url: str, tmp_path: Path) -> None:
    (found,) = await looked(database_url, tmp_path, "")
    assert found.mend == ""


async def test_a_closed_port_is_told(database_url: str, tmp_path: Path) -> None:
    (found,) = await looked(database_url, tmp_path, "http://127.0.0.1:1/batches")
    assert found.mend.startswith("127.0.0.1:1 cannot be reached:")


async def test_a_name_without_an_address_is_told(database_url: str, tmp_path: Path) -> None:
    (found,) = await looked(database_url, tmp_path, "https://ledger.invalid/batches")
    assert found.mend == "ledger.invalid has no address: look at LEDGER_WEBHOOK_URL."


async def test_a_certificate_nobody_vouches_for_is_told(database_url: str, tmp_path: Path) -> None:
    kept = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(kept.path, kept.key_path)
    async with ledger(tls) as server:
        (found,) = await looked(database_url, tmp_path, f"https://localhost:{server.port}/batches")
    assert found.mend == "but does not prove who it is: CERTIFICATE_VERIFY_FAILED."


async def test_a_batch_that_was_not_taken_is_told(town: Town, database_url: str, tmp_path: Path) -> None:
    await untaken_batch(town, database_url)
    async with ledger() as server:
        _, batch = await looked(database_url, tmp_path, f"http://127.0.0.1:{server.port}/batches")
    assert (batch.found, batch.mend, batch.serious) == (
        "batch 1",
        "was not taken: The webhook answered 500.",
        False,
    )
