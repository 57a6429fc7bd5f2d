"""Reads a document in a shut-in child process and believes nothing the child says until it is checked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import struct
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from handlers.reading.answer import FileSlice, Order
from schema.document import Candidates, InvoiceFields, Kind, PageImage, PagesOf, Reading
from schema.errors import UNREADABLE, UnreadableDocumentError

MAX_HEAD_BYTES: Final = 8 << 20
MAX_ANSWER_BYTES: Final = 64 << 20
MAX_COMPLAINT_BYTES: Final = 4_000
CHUNK: Final = 1 << 16
CPU_SHARE: Final = 0.5
"""Of the wall time: the child's own work; tesseract has its own clock."""

SCRATCH: Final = "countersign-reading-"
SCRATCH_AGE_S: Final = 300.0
"""Five times the wall time of a reading: whatever is older has no reader any more."""

_ROOT: Final = str(Path(__file__).resolve().parents[2])
_PNG: Final = b"\x89PNG\r\n\x1a\n"


class ReadingSettings(BaseModel):
    """Limits of reading one document, and where the tesseract program is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tesseract_path: str = "tesseract"
    wall_seconds: Annotated[float, Field(gt=0)] = 60.0
    max_bytes: Annotated[int, Field(gt=0)] = 25 << 20
    max_pages: Annotated[int, Field(ge=2)] = 10


class _Picture(BaseModel):
    """A picture announced by the child."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1, le=20_000)]
    height: Annotated[int, Field(ge=1, le=20_000)]
    size: Annotated[int, Field(ge=1, le=MAX_ANSWER_BYTES)]


class _Head(BaseModel):
    """The first line of the child's answer when it could read the document."""

    model_config = ConfigDict(extra="forbid")

    ok: bool
    kind: Kind
    fields: InvoiceFields
    candidates: Candidates
    text: str
    page_count: Annotated[int, Field(ge=0)]
    pictures: list[_Picture]
    ocr_pages: tuple[int, ...]
    languages: tuple[str, ...]
    warnings: tuple[str, ...]


async def read_document(data: bytes, name: str, *, settings: ReadingSettings) -> Reading:
    """Read one document; raises UnreadableDocumentError, whose code says why in a word.

    `name` is the attachment's file name; it only tells plain text from other unknown bytes.
    """
    return await _read(data, name, (), settings)


async def read_together(files: Sequence[PagesOf], *, settings: ReadingSettings) -> Reading:
    """Read pages of one or more files as one document, in their order and numbered anew from 1.

    The child puts them together: nobody else opens a stranger's file. Raises UnreadableDocumentError, with `corrupt`
    where a file has not the pages that are wanted of it.
    """
    slices = tuple(
        FileSlice(each.name[:255], len(each.data), None if each.pages is None else list(each.pages))
        for each in files
    )
    return await _read(b"".join(each.data for each in files), files[0].name, slices, settings)


async def _read(data: bytes, name: str, slices: tuple[FileSlice, ...], settings: ReadingSettings) -> Reading:
    if not data:
        raise UnreadableDocumentError("empty")
    if len(data) > settings.max_bytes:
        raise UnreadableDocumentError("too_large")
    order = Order(
        name[:255],
        settings.tesseract_path,
        settings.max_pages,
        max(2, int(settings.wall_seconds * CPU_SHARE)),
        slices,
    )
    code, answer, complaint = await _run(data, order, settings)
    if code != 0:
        raise UnreadableDocumentError(_code_of(code), complaint)
    return _checked(answer)


async def _run(data: bytes, order: Order, settings: ReadingSettings) -> tuple[int, bytes, str]:
    """Exit code (negative: signal), answer and last complaint of the child; it never outlives this call."""
    # A child that is killed leaves its pictures, and they show whole accounts: they get a folder that is removed.
    with tempfile.TemporaryDirectory(prefix=SCRATCH, ignore_cleanup_errors=True) as scratch:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "handlers.reading.child", json.dumps(asdict(order)),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            start_new_session=True, env=_environment(scratch), cwd="/",
        )  # fmt: skip
        try:
            return await _listen(process, data, settings)
        finally:
            await _end(process)


async def _listen(process: Process, data: bytes, settings: ReadingSettings) -> tuple[int, bytes, str]:
    try:
        async with asyncio.timeout(settings.wall_seconds):
            _, answer, complaint = await asyncio.gather(
                _feed(process, data),
                _drain(process.stdout, MAX_ANSWER_BYTES),
                _drain(process.stderr, MAX_COMPLAINT_BYTES),
            )
            return await process.wait(), answer, complaint.decode(errors="replace")
    except TimeoutError as error:
        raise UnreadableDocumentError("timeout") from error


def sweep_scratch(folder: Path | None = None, *, older_than_s: float = SCRATCH_AGE_S) -> int:
    """Remove what a reader left whose worker was killed with it; called when a worker starts. How many."""
    swept = 0
    for left in (folder or Path(tempfile.gettempdir())).glob(f"{SCRATCH}*"):
        with contextlib.suppress(OSError):
            if left.stat().st_uid == os.getuid() and time.time() - left.stat().st_mtime > older_than_s:
                shutil.rmtree(left)
                swept += 1
    return swept


def _environment(scratch: str) -> dict[str, str]:
    """All the child needs: to find our code, tesseract and a folder for its pictures."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": _ROOT,
        "LANG": "C.UTF-8",
        "OMP_THREAD_LIMIT": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": scratch,
    }


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    """Hand over the document; a child that died early stops listening."""
    if process.stdin is None:
        message = "bug: the child has no standard input"
        raise RuntimeError(message)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _drain(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    """Everything up to the limit; what comes after it is read and dropped."""
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(CHUNK)):
        kept += chunk[: max(0, limit - len(kept))]
    return bytes(kept)


async def _end(process: Process) -> None:
    """Kill the child and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _code_of(exit_code: int) -> str:
    return "timeout" if exit_code in (-signal.SIGXCPU, -signal.SIGKILL) else "crashed"


def _checked(answer: bytes) -> Reading:
    """Parse the child's answer: hostile until every type and length fits."""
    line, _, rest = answer.partition(b"\n")
    try:
        head = json.loads(line[:MAX_HEAD_BYTES])
    except ValueError as error:
        raise UnreadableDocumentError("crashed", "the answer is not JSON") from error
    if isinstance(head, dict) and head.get("ok") is False:
        code = head.get("code")
        raise UnreadableDocumentError(code if isinstance(code, str) and code in UNREADABLE else "crashed")
    try:
        checked = _Head.model_validate(head)
        return Reading(
            kind=checked.kind,
            fields=checked.fields,
            candidates=checked.candidates,
            text=checked.text,
            pages=tuple(_pictures(checked.pictures, rest)),
            page_count=checked.page_count,
            ocr_pages=checked.ocr_pages,
            languages=checked.languages,
            warnings=checked.warnings,
        )
    except ValidationError as error:
        raise UnreadableDocumentError(
            "crashed", f"{error.error_count()} fields of the answer do not fit"
        ) from error


def _pictures(announced: list[_Picture], rest: bytes) -> list[PageImage]:
    """Cut the PNG files apart; each must begin like one and have the announced size in pixels."""
    if sum(picture.size for picture in announced) != len(rest):
        raise UnreadableDocumentError("crashed", "the pictures are not as long as announced")
    made, at = [], 0
    for picture in announced:
        png = rest[at : at + picture.size]
        at += picture.size
        if not png.startswith(_PNG) or struct.unpack(">II", png[16:24]) != (picture.width, picture.height):
            raise UnreadableDocumentError("crashed", "a picture is not the announced PNG")
        made.append(PageImage(number=picture.number, width=picture.width, height=picture.height, png=png))
    return made


def as_json(reading: Reading) -> dict[str, Any]:
    """Kind, fields and findings of a reading as JSON data, sums and dates as strings."""
    fields = reading.fields.model_dump(mode="json")
    for field in fields.values():
        if field["value"] is not None:
            field["value"] = str(field["value"])
    return {"kind": reading.kind, "fields": fields, "findings": list(reading.warnings)}
