"""A town whose record is sealed, witnessed by its own letters, and exported."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from daemon.adapters.mailer_smtp import POLICY, compose
from handlers.bundle import make_bundle
from sandbox import places, postgres
from sandbox.services import Services
from schema.approval import Verdict
from schema.checkpoint import CheckpointSigner
from schema.ids import InvoiceId
from tests.world import Town, bring, say, walk


def signer_of(town: Town) -> CheckpointSigner:
    return CheckpointSigner.of(town.world.vault, town.world.mail_domain)


async def seal(town: Town) -> int:
    sealed = await town.world.store.record.seal(signer_of(town), town.clock.now())
    return sealed.size if sealed else 0


async def pay_one(town: Town, raw: bytes = b"one", uid: int = 1) -> InvoiceId:
    """An invoice through the whole street; the confirmation is the last mail that was sent."""
    await bring(town, raw, uid)
    await walk(town)
    await say(town, Verdict.APPROVE, len(town.messenger.asked) - 1, f"SMin{uid}")
    await walk(town)
    return town.messenger.asked[-1][0].invoice_id


def letter(town: Town, folder: Path) -> Path:
    """The last confirmation as it lies in the forwarder's mailbox."""
    path = folder / "confirmation.eml"
    message = compose(town.mailer.sent[-1], sender="pay@pay.example", sender_name="C", at=town.clock.now())
    path.write_bytes(message.as_bytes(policy=POLICY))
    return path


async def export(
    town: Town,
    invoice: InvoiceId,
    folder: Path,
    *,
    with_originals: bool = False,
    signer: CheckpointSigner | None = None,
) -> Path:
    world = town.world
    found = await world.store.street.invoice(invoice)
    assert found
    data = await make_bundle(
        found,
        world.store,
        world.blobs,
        world.guard,
        signer or signer_of(town),
        at=town.clock.now(),
        with_originals=with_originals,
    )
    path = folder / "bundle.zip"
    path.write_bytes(data)
    return path


async def as_superuser(services: Services, database_url: str) -> asyncpg.Connection:
    if services.given_database_url:
        pytest.skip("the server of DATABASE_URL gives no superuser")
    parts = urlsplit(database_url)
    password = places.passwords(services.folder).postgres
    netloc = f"{postgres.SUPERUSER}:{password}@{parts.hostname}:{parts.port}"
    return await asyncpg.connect(parts._replace(netloc=netloc).geturl())
