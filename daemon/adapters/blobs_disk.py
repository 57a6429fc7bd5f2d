"""Blobs in a folder: encrypted, named by the SHA-256 of their plain bytes, durable when `put` returns."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from schema.errors import ForgedError, PermanentError, SettingsError, TransientError
from schema.ids import BlobKey
from schema.vault import Vault, sha256

_KEY: Final = re.compile(r"[0-9a-f]{64}")


class DiskBlobs:
    """A folder of blobs, `ab/cd/abcd...`; safe for many processes at once."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """Use `folder`, made if need be; SettingsError when it cannot be written."""
        self._folder, self._vault = folder, vault
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise SettingsError(f"BLOBS_FOLDER {folder} cannot be written: {error.strerror}.") from error

    async def put(self, data: bytes) -> BlobKey:
        """Keep `data`; TransientError when the disk does not take it (it may be full)."""
        key = BlobKey(sha256(data))
        try:
            await asyncio.to_thread(self._write, key, data)
        except OSError as error:
            raise TransientError(f"The file store does not take files: {error.strerror}.") from error
        return key

    async def get(self, key: BlobKey) -> bytes:
        """The bytes of `key`; PermanentError when there are none, ForgedError when they were altered."""
        try:
            sealed = await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError as error:
            if not self._folder.is_dir():  # a file system that is not mounted just now
                raise TransientError("The file store is not there.") from error
            raise PermanentError("A stored file is missing.") from error
        except OSError as error:
            raise TransientError(f"The file store does not answer: {error.strerror}.") from error
        data = await asyncio.to_thread(self._vault.decrypt, sealed, name=key)
        if BlobKey(sha256(data)) != key:
            raise ForgedError("A stored file is not the one it is named for.")
        return data

    async def renew(self) -> int:
        """Encrypt with the current key whatever is not; how many files. Safe to repeat and beside readers."""
        return await asyncio.to_thread(self._renew)

    def _renew(self) -> int:
        renewed = 0
        for path in sorted(self._folder.glob("??/??/*")):
            sealed = path.read_bytes()
            if _KEY.fullmatch(path.name) and not self._vault.is_current_blob(sealed):
                self._replace(path, self._vault.decrypt(sealed, name=path.name))
                renewed += 1
        return renewed

    def _path(self, key: BlobKey) -> Path:
        if not _KEY.fullmatch(key):
            raise PermanentError("A stored file is missing.")
        return self._folder / key[:2] / key[2:4] / key

    def _write(self, key: BlobKey, data: bytes) -> None:
        """Write beside the final name, flush to disk, rename: a reader sees all of it or nothing."""
        path = self._path(key)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        self._replace(path, data)

    def _replace(self, path: Path, data: bytes) -> None:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self._vault.encrypt(data, name=path.name))
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make the new name itself durable (fsync(2): the directory entry needs its own)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
