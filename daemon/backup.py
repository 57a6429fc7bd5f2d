"""Backups and the way back: the database as `pg_dump` writes it and every stored file, encrypted, in one folder.

BACKUP_FOLDER/countersign-20261123T203000Z.dump      the database (custom format), encrypted
BACKUP_FOLDER/countersign-20261123T203000Z.manifest  JSON: each stored file with hash and size, encrypted
BACKUP_FOLDER/blobs/ab/cd/abcd...                    the stored files as they lie, encrypted; shared by all backups

The dump is taken first: files are stored before rows name them, so every file a dump names is there afterwards.
What is read back needs MASTER_KEY, which is in no backup.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog

from daemon.settings import Settings
from daemon.wiring import mail_domain, open_vault
from schema.checkpoint import CheckpointSigner
from schema.document import Frozen
from schema.errors import CountersignError, ForgedError, PermanentError, SettingsError, TransientError
from schema.ids import Sha256
from schema.migrate import migrate
from schema.store import open_database, open_store
from schema.store.operations import BACKUP_ALARM
from schema.store.record import RecordStore
from schema.vault import Vault, sha256

NAME: Final = "countersign-%Y%m%dT%H%M%SZ"
"""When it was begun, in UTC; names sort by age."""

KEPT: Final = 14
"""Backups that are kept; the files they share are never removed."""

LIMIT_S: Final = 3600.0
"""For one run of pg_dump or pg_restore."""

RESTORED_BY: Final = "countersign restore"

log = structlog.get_logger(__name__)


class StoredFile(Frozen):
    """A line of the manifest: `path` below the folder, hash and size of the bytes as they lie."""

    path: str
    sha256: Sha256
    size_bytes: int


async def back_up(settings: Settings, at: datetime) -> str:
    """Take a backup and return its name; whatever fails raises, and leaves no half backup under that name.

    The record is sealed before; ForgedError when it is not what was signed, so that it pushes out no good backup.
    """
    vault, folder = open_vault(settings), settings.backup_folder
    async with open_database(settings.database, connections=1) as database:
        store, signer = open_store(database), CheckpointSigner.of(vault, mail_domain(settings))
        record = store.record
        await record.seal(signer, await store.operations.clock())
        await require_whole(record, signer, "The record is not whole, so no backup is taken")
    name = at.astimezone(UTC).strftime(NAME)
    address, environment = connection_of(settings.database)
    dump = await _run(
        settings,
        "pg_dump",
        ["--format=custom", "--no-owner", "--no-privileges", f"--dbname={address}"],
        environment,
    )
    manifest = await asyncio.to_thread(_copy_files, settings.blobs_folder, folder / "blobs")
    lines = json.dumps([line.model_dump() for line in manifest]).encode()
    await asyncio.to_thread(_write, folder / f"{name}.manifest", vault, lines)
    # The dump comes last: where it is, everything it needs is.
    await asyncio.to_thread(_write, folder / f"{name}.dump", vault, dump)
    await asyncio.to_thread(_forget_old, folder)
    log.info("backup taken", name=name, files=len(manifest), size_bytes=len(dump))
    return name


async def back_up_nightly(settings: Settings) -> None:
    """The scheduled backup: a failure is an alarm in `status` and metrics, until one succeeds."""
    async with open_database(settings.database, connections=1) as database:
        alarms = open_store(database).operations
        try:
            await back_up(settings, datetime.now(UTC))
        except (CountersignError, OSError) as error:
            log.error("backup failed", reason=str(error))
            await alarms.raise_alarm(BACKUP_ALARM, f"The nightly backup failed: {error}", again_after_s=0)
            await alarms.unsay_alarm(BACKUP_ALARM)  # the alarm tells it at its next look
        else:
            await alarms.end_alarm(BACKUP_ALARM)


async def restore(settings: Settings, name: str, into: str) -> str:
    """Bring a backup into an empty database and the files into BLOBS_FOLDER; payments are paused then.

    1. Files: each of the manifest must be there and open to the very bytes it is named for.
    2. The database, in one transaction; it must be empty.
    3. The record: every entry and checkpoint is verified; ForgedError when anything is wrong.
    4. Pause: what was paid after the backup is unknown here until the bank's statement was looked at; so what was
       intended by then counts as clicked, and nobody can take it back.
    """
    vault, folder = open_vault(settings), settings.backup_folder
    lines = json.loads(await asyncio.to_thread(_read, folder / f"{name}.manifest", vault))
    manifest = tuple(StoredFile.model_validate(line) for line in lines)
    dump = await asyncio.to_thread(_read, folder / f"{name}.dump", vault)
    await asyncio.to_thread(_check_files, manifest, folder / "blobs", vault)
    address, environment = connection_of(into)
    options = [
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={address}",
    ]
    await _run(settings, "pg_restore", options, environment, dump)
    await migrate(into)
    await asyncio.to_thread(_bring_files, manifest, folder / "blobs", settings.blobs_folder)
    async with open_database(into, connections=2) as database:
        store = open_store(database)
        signer = CheckpointSigner.of(vault, mail_domain(settings))
        await require_whole(store.record, signer, "The restored record is not whole")
        await store.street.doubt_clicks()
        note = f"restored from {name}: compare the bank's statement since then, and say resume"
        await store.operations.pause(None, by=RESTORED_BY, note=note)
    return f"Restored {name}: {len(manifest)} files, the record is whole. Payments are paused: {note}."


async def require_whole(record: RecordStore, signer: CheckpointSigner, complaint: str) -> None:
    """ForgedError with the first finding when entries, places and checkpoints do not agree."""
    result = await record.examine(signer)
    if result.findings:
        raise ForgedError(f"{complaint}: {result.findings[0]}")


def backups(folder: Path) -> list[str]:
    """The names of the complete backups, oldest first."""
    return sorted(path.stem for path in folder.glob("countersign-*.dump"))


def taken_at(name: str) -> datetime:
    """When a backup of this name was begun."""
    return datetime.strptime(name, NAME).replace(tzinfo=UTC)


def connection_of(url: str) -> tuple[str, dict[str, str]]:
    """A database address without its password, which goes by the environment: command lines can be read by all."""
    parts = urlsplit(url)
    password = {"PGPASSWORD": unquote(parts.password)} if parts.password else {}
    user = f"{parts.username}@" if parts.username else ""
    address = parts._replace(netloc=user + parts.netloc.rpartition("@")[2]).geturl()
    return address, password


async def _run(
    settings: Settings,
    program: str,
    options: list[str],
    environment: Mapping[str, str],
    given: bytes | None = None,
) -> bytes:
    """What the program prints; its first complaint as our error when it fails."""
    child = await asyncio.create_subprocess_exec(
        _program(settings, program),
        *options,
        env={"PATH": os.defpath, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "10", **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            out, complaints = await child.communicate(given)
    except TimeoutError as error:
        raise TransientError(f"{program} took longer than {LIMIT_S:.0f} s.") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        said = complaints.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise PermanentError(f"{program} failed: {said[0]}")
    return out


def _program(settings: Settings, name: str) -> str:
    """PG_DUMP_PATH or the one beside it, else the one on the path."""
    if settings.pg_dump_path is not None:
        return str(settings.pg_dump_path.with_name(name))
    found = shutil.which(name)
    if found is None:
        raise SettingsError(f"There is no {name}: apt-get install postgresql-client, or set PG_DUMP_PATH.")
    return found


def _copy_files(source: Path, target: Path) -> tuple[StoredFile, ...]:
    """Copy what the target lacks, or has in the seal of an older key; the manifest of all."""
    lines = []
    for path in sorted(source.glob("??/??/*")):
        if path.name.startswith("."):
            continue
        data = path.read_bytes()
        line = _line(str(path.relative_to(source)), data)
        copy = target / line.path
        if not copy.exists() or copy.read_bytes() != data:
            _replace(copy, data)
        lines.append(line)
    return tuple(lines)


def _check_files(manifest: tuple[StoredFile, ...], folder: Path, vault: Vault) -> None:
    for line in manifest:
        path = folder / line.path
        if not path.exists():
            raise PermanentError(f"The backup lacks the file {line.path}.")
        # By its name, which is the hash of its plain bytes: the stored ones differ after a change of keys.
        if sha256(vault.decrypt(path.read_bytes(), name=path.name)) != path.name:
            raise ForgedError(f"The file {line.path} of the backup is not the one that was put there.")


def _bring_files(manifest: tuple[StoredFile, ...], source: Path, target: Path) -> None:
    for line in manifest:
        if not (target / line.path).exists():
            _replace(target / line.path, (source / line.path).read_bytes())


def _line(path: str, data: bytes) -> StoredFile:
    return StoredFile(path=path, sha256=sha256(data), size_bytes=len(data))


def _write(path: Path, vault: Vault, data: bytes) -> None:
    _replace(path, vault.encrypt(data, name=path.name))


def _read(path: Path, vault: Vault) -> bytes:
    try:
        return vault.decrypt(path.read_bytes(), name=path.name)
    except FileNotFoundError as error:
        names = ", ".join(backups(path.parent)[-3:]) or "none"
        raise PermanentError(f"There is no backup {path.stem}; the newest are: {names}.") from error


def _replace(path: Path, data: bytes) -> None:
    """Write beside and rename, durable when it returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".draft-{path.name}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _forget_old(folder: Path) -> None:
    for name in backups(folder)[:-KEPT]:
        (folder / f"{name}.dump").unlink(missing_ok=True)
        (folder / f"{name}.manifest").unlink(missing_ok=True)
