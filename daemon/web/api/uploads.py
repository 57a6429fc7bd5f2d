"""Files given by hand: each is stored first, judged by itself, and goes down the same street as a mail."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from daemon.web.api.access import Reader, SettingsDep, WorldDep, allowed
from daemon.web.api.paging import After, Limit, Page, make_cursor, read_cursor
from daemon.web.api.problems import FieldError, Problem, invalid, not_found, problems
from daemon.web.api.roles import Permission
from daemon.web.api.shown import shown
from handlers.upload import take_upload
from handlers.world import World
from schema.people import Person
from schema.states import State
from schema.store.uploads import Upload, UploadId, UploadOutcome

router = APIRouter(tags=["uploads"])

Uploader = Annotated[Person, Depends(allowed(Permission.UPLOAD))]

FILES_LIMIT: Final = 20
REQUEST_LIMIT_BYTES: Final = 200 * 2**20
FORM_BYTES: Final = 64 * 2**10
"""What the form around the files may take."""

RECEIVE_S: Final = 600.0
"""A slow line takes its time; one that never ends does not."""

FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": FILES_LIMIT,
                            "items": {"type": "string", "format": "binary"},
                            "description": "PDF, JPG, PNG, TIFF, e-invoice XML, .eml, or a zip of such files.",
                        }
                    },
                }
            }
        },
    }
}
"""Declared by hand: the form is read in the route, after it is known who asks."""


class UploadedInvoiceItem(BaseModel):
    """An invoice that was opened for a document of the file, as it stands now."""

    id: UUID
    state: State
    document: str
    number: str | None
    reason: str


class LeftOutItem(BaseModel):
    """Something in the file that cannot be an invoice, and why."""

    name: str
    reason: str


class UploadItem(BaseModel):
    """One file and what became of it: `taken`, `known` (the same bytes came before) or `refused`, with the reason."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0d2a5a5e-50b5-4b3e-b7a5-5f7c6f4d6a11",
                "at": "2026-11-24T10:31:22.120000Z",
                "person": "chitra@meridian.example",
                "name": "acme-8812.pdf",
                "origin": "",
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "size_bytes": 48213,
                "outcome": "taken",
                "reason": "",
                "left_out": [],
                "invoices": [
                    {
                        "id": "5f0c3a52-6d1e-4a0e-9f0a-0a4c8a1d2f33",
                        "state": "received",
                        "document": "acme-8812.pdf",
                        "number": None,
                        "reason": "",
                    }
                ],
            }
        }
    )

    id: UUID
    at: datetime
    person: str
    name: str
    origin: str = Field(description="The address it was fetched from, without query; empty for a file.")
    sha256: str
    size_bytes: int
    outcome: UploadOutcome
    reason: str
    left_out: list[LeftOutItem]
    invoices: list[UploadedInvoiceItem]

    @classmethod
    def of(cls, upload: Upload) -> UploadItem:
        """The file as people may see it."""
        return cls(
            id=upload.id,
            at=upload.at.astimezone(UTC),
            person=upload.person,
            name=shown(upload.name),
            origin=shown(upload.origin),
            sha256=upload.sha256,
            size_bytes=upload.size_bytes,
            outcome=upload.outcome,
            reason=shown(upload.reason),
            left_out=[
                LeftOutItem(name=shown(each["name"]), reason=shown(each["reason"]))
                for each in upload.left_out
            ],
            invoices=[
                UploadedInvoiceItem(
                    id=each.id,
                    state=each.state,
                    document=shown(each.document),
                    number=each.number and shown(each.number),
                    reason=shown(each.reason),
                )
                for each in upload.invoices
            ],
        )


class Uploads(BaseModel):
    """The files of one request, each with what became of it, in their order."""

    items: list[UploadItem]


class HostedFile(BaseModel):
    """A file to fetch."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"address": "https://files.example.com/inv-2041.pdf"}}
    )

    address: Annotated[str, Field(min_length=1, max_length=2_000)]


class UploadHosts(BaseModel):
    """The hosts that files are fetched from, and how much may be given at once."""

    hosts: list[str]
    files_limit: int
    file_limit_bytes: int
    request_limit_bytes: int


@router.post(
    "/uploads",
    operation_id="uploadFiles",
    summary="Give files, each judged by itself",
    status_code=201,
    response_model=Uploads,
    responses=problems(400, 408, 411, 413, 415),
    openapi_extra=FORM,
)
async def upload_files(request: Request, world: WorldDep, settings: SettingsDep, person: Uploader) -> Uploads:
    """Take in each file: its bytes are stored before anything else. Whoever gives a file is its forwarder."""
    _require_small(request)
    largest = settings.mail_max_bytes
    try:
        async with (
            asyncio.timeout(RECEIVE_S),
            request.form(max_files=FILES_LIMIT, max_fields=0, max_part_size=FORM_BYTES) as form,
        ):
            files = [each for name, each in form.multi_items() if isinstance(each, UploadFile)]
            _require_named(files, [name for name, _ in form.multi_items()])
            for each in files:
                if (each.size or 0) > largest:
                    raise _too_large(f"{shown(each.filename or 'A file')} is larger than", largest)
            items = [await _take(each, person, world) for each in files]
    except TimeoutError as error:
        raise Problem(408, "timeout", "Too slow", "The files did not arrive in time; send fewer.") from error
    return Uploads(items=items)


@router.post(
    "/uploads/from-address",
    operation_id="uploadFromAddress",
    summary="Fetch a hosted file and take it in",
    status_code=201,
    response_model=UploadItem,
    responses=problems(),
)
async def upload_from_address(hosted: HostedFile, world: WorldDep, person: Uploader) -> UploadItem:
    """By https, only from the hosts of UPLOAD_HOSTS; redirects are not followed."""
    file = await world.files.fetch(hosted.address)
    return UploadItem.of(await take_upload(file.data, file.name, person, world, origin=file.origin))


@router.get(
    "/uploads",
    operation_id="listUploads",
    summary="Files that were given, newest first",
    response_model=Page[UploadItem],
    responses=problems(),
)
async def list_uploads(
    world: WorldDep, person: Reader, limit: Limit = 50, after: After = None
) -> Page[UploadItem]:
    """Every file, also those that were refused."""
    found = await world.store.uploads.page(before=_before(after), limit=limit + 1)
    items, more = found[:limit], len(found) > limit
    cursor = make_cursor(items[-1].at.astimezone(UTC).isoformat(), str(items[-1].id)) if more else None
    return Page(items=[UploadItem.of(each) for each in items], next=cursor)


@router.get(
    "/uploads/hosts",
    operation_id="getUploadHosts",
    summary="From which hosts files may be fetched, and the limits",
    response_model=UploadHosts,
    responses=problems(),
)
async def upload_hosts(settings: SettingsDep, person: Reader) -> UploadHosts:
    """What the upload page needs to know."""
    return UploadHosts(
        hosts=sorted(settings.upload_hosts),
        files_limit=FILES_LIMIT,
        file_limit_bytes=settings.mail_max_bytes,
        request_limit_bytes=REQUEST_LIMIT_BYTES,
    )


@router.get(
    "/uploads/{upload_id}",
    operation_id="getUpload",
    summary="One file and its invoices",
    response_model=UploadItem,
    responses=problems(404),
)
async def get_upload(upload_id: UUID, world: WorldDep, person: Reader) -> UploadItem:
    """What became of a file, with its invoices as they stand now."""
    found = await world.store.uploads.upload(UploadId(upload_id))
    if found is None:
        raise not_found("upload")
    return UploadItem.of(found)


async def _take(file: UploadFile, person: Person, world: World) -> UploadItem:
    return UploadItem.of(await take_upload(await file.read(), file.filename or "", person, world))


def _require_small(request: Request) -> None:
    """The length is told before anything is read, and the server holds the client to it."""
    length = request.headers.get("Content-Length", "")
    if not length.isascii() or not length.isdigit():
        raise Problem(411, "length-required", "Length required", "Send the request with its Content-Length.")
    if int(length) > REQUEST_LIMIT_BYTES:
        raise _too_large("All files together are larger than", REQUEST_LIMIT_BYTES)
    if not request.headers.get("Content-Type", "").lower().startswith("multipart/form-data"):
        raise Problem(
            415, "unsupported-media-type", "Not a form", "Send the files as multipart/form-data, in `files`."
        )


def _require_named(files: list[UploadFile], names: list[str]) -> None:
    if not files or set(names) != {"files"} or len(files) != len(names):
        raise Problem(
            422,
            "invalid",
            "Not valid",
            "Send one or more files.",
            errors=[FieldError(field="files", message="one or more files, and nothing else")],
        )


def _too_large(what: str, limit_bytes: int) -> Problem:
    return Problem(
        413, "too-large", "Too large", f"{what} {limit_bytes // 2**20} MiB; send fewer or smaller files."
    )


def _before(after: str | None) -> tuple[datetime, UUID] | None:
    keys = read_cursor(after, str, str)
    if keys is None:
        return None
    try:
        at = datetime.fromisoformat(str(keys[0]))
        if at.tzinfo is None:
            raise ValueError
        return at, UUID(str(keys[1]))
    except ValueError as error:
        raise invalid("after", "not a cursor of this list") from error
