"""The drill: back up, lose everything, restore, verify the record, and go on paying without a double."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from daemon.adapters.blobs_disk import DiskBlobs
from daemon.backup import KEPT, back_up, back_up_nightly, backups, connection_of, restore
from daemon.settings import Settings
from sandbox.services import Services
from schema.approval import Verdict
from schema.errors import ForgedError, PermanentError
from schema.ids import BlobKey
from schema.states import State
from schema.store import open_database, open_store
from schema.vault import Vault, new_master_key
from tests.integration.record_rig import as_superuser
from tests.world import Town, bring, say, walk

KEY = new_master_key()
NIGHT = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
NAME = "countersign-20261123T203000Z"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "database_url": SecretStr(database_url),
            "master_key": SecretStr(KEY),
            "mail_from": "pay@countersign.example",
            "blobs_folder": tmp_path / "files",
            "backup_folder": tmp_path / "backups",
        }
    )


@pytest.fixture
async def street(town: Town, settings: Settings) -> Town:
    """The town with its files and sealed accounts under the key of the settings."""
    vault = Vault(KEY)
    number = town.world.vault
    vendor = await town.world.store.master.vendor_by_name("Acme Industrial Supplies Pvt Ltd")
    assert vendor is not None
    sealed = vault.seal(number.open(vendor.account))
    async with town.world.store.database.transaction() as connection:
        await connection.execute(
            "update vendors set account_cipher = $1, account_print = $2", sealed.cipher, sealed.print
        )
    guard = type(town.world.guard)(vault)
    blobs = DiskBlobs(settings.blobs_folder, vault)
    town.world = replace(town.world, vault=vault, guard=guard, blobs=blobs)
    return town


@pytest.fixture
async def elsewhere(empty_database_url: str, settings: Settings, tmp_path: Path) -> Settings:
    """A new machine: the backups are there, files and database are not."""
    return settings.model_copy(
        update={"blobs_folder": tmp_path / "new", "database_url": SecretStr(empty_database_url)}
    )


@pytest.fixture
async def restored(street: Town, settings: Settings, elsewhere: Settings) -> AsyncIterator[Town]:
    """Approved and backed up, then paid; then everything but bank and backups is lost, and brought back."""
    await bring(street, b"one")
    await walk(street)
    await say(street, Verdict.APPROVE)
    await back_up(settings, NIGHT)
    assert set((await walk(street)).values()) == {State.CLOSED}
    await restore(elsewhere, NAME, elsewhere.database)
    async with open_database(elsewhere.database) as database:
        blobs = DiskBlobs(elsewhere.blobs_folder, street.world.vault)
        street.world = replace(street.world, store=open_store(database), blobs=blobs)
        yield street


async def test_after_the_restore_nothing_is_paid_before_a_person_says_so(restored: Town) -> None:
    assert set((await walk(restored)).values()) == {State.APPROVED}
    (pause,) = await restored.world.store.operations.pauses()
    assert pause.paused_by == "countersign restore"


async def test_what_was_paid_after_the_backup_is_found_and_not_paid_again(restored: Town) -> None:
    await restored.world.store.operations.resume(None, by="Meera", note="statement compared")
    assert set((await walk(restored)).values()) == {State.CLOSED}
    assert restored.bank.submits == 1


async def test_the_next_invoice_is_paid_as_ever(restored: Town) -> None:
    await restored.world.store.operations.resume(None, by="Meera", note="statement compared")
    await walk(restored)
    count = len(await restored.world.store.views.invoices())
    await bring(restored, b"two", uid=2)
    await walk(restored)
    assert len(await restored.world.store.views.invoices()) == count + 1


async def test_every_file_is_back(restored: Town, settings: Settings) -> None:
    mails = await restored.world.store.views.mails()
    record = await restored.world.store.views.mail(mails[0].id)
    assert record is not None
    assert await restored.world.blobs.get(BlobKey(await _raw_key(restored)))


async def _raw_key(town: Town) -> str:
    async with town.world.store.database.transaction() as connection:
        return str(await connection.fetchval("select raw_key from mails"))


async def test_a_backup_cannot_be_read_without_the_key(street: Town, settings: Settings) -> None:
    await bring(street, b"one")
    await back_up(settings, NIGHT)
    dump = (settings.backup_folder / f"{NAME}.dump").read_bytes()
    assert b"PGDMP" not in dump
    with pytest.raises(ForgedError):
        await restore(settings.model_copy(update={"master_key": SecretStr(new_master_key())}), NAME, "x")


async def test_a_falsified_record_pushes_out_no_good_backup(
    street: Town, settings: Settings, services: Services
) -> None:
    await bring(street, b"one")
    await walk(street)
    await back_up(settings, NIGHT)
    admin = await as_superuser(services, settings.database)
    await admin.execute("set session_replication_role = replica")
    await admin.execute("update log_leaves set leaf_hash = repeat('0', 64) where position = 0")
    await admin.close()
    with pytest.raises(ForgedError):
        await back_up(settings, NIGHT.replace(hour=21))
    assert backups(settings.backup_folder) == [NAME]


async def test_a_record_that_was_falsified_is_noticed_by_the_restore(
    street: Town,
    settings: Settings,
    elsewhere: Settings,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def looks_away(*_: object) -> None:
        """A backup of an older version, which did not look."""

    await bring(street, b"one")
    await walk(street)
    await back_up(settings, NIGHT)
    admin = await as_superuser(services, settings.database)
    await admin.execute("set session_replication_role = replica")
    await admin.execute("update audits set note = 'nothing to see' where version = 0")
    await admin.close()
    with monkeypatch.context() as older:
        older.setattr("daemon.backup.require_whole", looks_away)
        await back_up(settings, NIGHT.replace(hour=21))
    with pytest.raises(ForgedError, match="not whole"):
        await restore(elsewhere, "countersign-20261123T213000Z", elsewhere.database)


async def test_a_lost_file_is_noticed_before_anything_is_restored(
    street: Town, settings: Settings, elsewhere: Settings
) -> None:
    await bring(street, b"one")
    await back_up(settings, NIGHT)
    next((settings.backup_folder / "blobs").glob("??/??/*")).unlink()
    with pytest.raises(PermanentError, match="lacks the file"):
        await restore(elsewhere, NAME, elsewhere.database)


async def test_a_database_in_use_is_not_restored_into(street: Town, settings: Settings) -> None:
    await back_up(settings, NIGHT)
    with pytest.raises(PermanentError, match="already exists"):
        await restore(settings, NAME, settings.database)


async def test_an_unknown_backup_is_named(settings: Settings) -> None:
    with pytest.raises(PermanentError, match="no backup nothing"):
        await restore(settings, "nothing", settings.database)


async def test_only_the_newest_backups_are_kept(street: Town, settings: Settings) -> None:
    await back_up(settings, NIGHT)
    whole = (settings.backup_folder / f"{NAME}.dump").read_bytes()
    for day in range(1, KEPT + 3):
        (settings.backup_folder / f"countersign-202610{day:02}T203000Z.dump").write_bytes(whole)
    await back_up(settings, NIGHT.replace(hour=21))
    assert len(backups(settings.backup_folder)) == KEPT
    assert backups(settings.backup_folder)[-1] == "countersign-20261123T213000Z"


async def test_a_failed_night_is_an_alarm_until_one_succeeds(street: Town, settings: Settings) -> None:
    broken = settings.model_copy(update={"pg_dump_path": Path("/nowhere/pg_dump")})
    await back_up_nightly(broken)
    assert [alarm.name for alarm in await street.world.store.operations.alarms()] == ["backup"]
    await back_up_nightly(settings)
    assert await street.world.store.operations.alarms() == ()


def test_the_password_is_on_no_command_line() -> None:
    address, environment = connection_of("postgresql://me:pa%24s@db.example:5433/books?sslmode=require")
    assert address == "postgresql://me@db.example:5433/books?sslmode=require"
    assert environment == {"PGPASSWORD": "pa$s"}
