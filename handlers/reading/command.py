"""`countersign extract`: reads files for the operator's own terminal, several at a time, an object a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from handlers.reading.document import ReadingSettings, as_json, read_document
from schema.errors import UnreadableDocumentError


async def extract_files(
    paths: Sequence[Path], *, jobs: int, settings: ReadingSettings
) -> AsyncIterator[dict[str, Any]]:
    """One JSON object per file as soon as it is read; an unreadable file has kind "unreadable" and an error.

    Account numbers are whole: this is for the terminal of the person who has the files.
    """
    slots = asyncio.Semaphore(max(1, jobs))

    async def in_turn(path: Path) -> dict[str, Any]:
        async with slots:
            return await _extract(path, settings)

    tasks = [asyncio.create_task(in_turn(path)) for path in paths]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _extract(path: Path, settings: ReadingSettings) -> dict[str, Any]:
    started = time.monotonic()
    try:
        data = await asyncio.to_thread(_bytes_of, path, settings.max_bytes)
        made = as_json(await read_document(data, path.name, settings=settings))
    except UnreadableDocumentError as error:
        made = _failed(error.code, error.sentence)
    except OSError as error:
        made = _failed("no_file", error.strerror or "The file cannot be opened.")
    return {"file": str(path), **made, "seconds": round(time.monotonic() - started, 3)}


def _bytes_of(path: Path, limit: int) -> bytes:
    """The file, or one byte more than the limit, which the reader then refuses."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"kind": "unreadable", "fields": {}, "findings": [], "error": {"code": code, "message": message}}
