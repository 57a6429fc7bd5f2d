"""A person's file -> received: bytes first, then what is in it, on the same street as a mail.

The person who gives the file is the forwarder of every invoice in it, so they are never its only approver.
"""

from __future__ import annotations

import asyncio
from uuid import uuid4

import structlog

from handlers.parcel import Parcel, open_parcel
from handlers.world import World
from schema.errors import PermanentError
from schema.ids import BlobKey
from schema.mail import Disposition
from schema.people import Person
from schema.store.mails import NewDocument, NewMail
from schema.store.uploads import NewUpload, Upload, UploadId
from schema.trace import trace_of
from schema.vault import sha256
from schema.visible import one_line

LONGEST_NAME = 200


async def take_upload(raw: bytes, name: str, person: Person, world: World, *, origin: str = "") -> Upload:
    """Take in one file; what is refused is on record too. Raises TransientError when nothing could be committed.

    The same bytes are taken once: given again, they are `known`. `origin` is the address a file was fetched from.
    """
    trace = trace_of(sha256(raw))
    with (
        structlog.contextvars.bound_contextvars(trace=trace),
        world.spans.span("mail", trace, kind="upload"),
    ):
        return await _take(raw, one_line(name)[:LONGEST_NAME] or "file", person, world, origin)


async def _take(raw: bytes, name: str, person: Person, world: World, origin: str) -> Upload:
    key = await world.blobs.put(raw)
    mail, reason, left_out = None, "", list[dict[str, str]]()
    try:
        parcel = await asyncio.to_thread(open_parcel, raw, name)
    except PermanentError as error:
        reason = error.sentence
    else:
        left_out = [each.model_dump() for each in parcel.left_out]
        mail = await _mail(raw, key, name, person, parcel, origin, world)
    upload = NewUpload(
        id=UploadId(uuid4()),
        at=world.clock.now(),
        person_id=person.id,
        person=person.address,
        name=name,
        origin=origin,
        sha256=sha256(raw),
        size_bytes=len(raw),
        key=key,
        reason=reason,
        left_out=tuple(left_out),
    )
    return await world.store.uploads.take(upload, mail)


async def _mail(
    raw: bytes, key: BlobKey, name: str, person: Person, parcel: Parcel, origin: str, world: World
) -> NewMail:
    """The row that stands for the file where others have a mail: no thread to answer in, and no claim but ours."""
    documents = [
        NewDocument(
            path=part.path,
            name=part.name,
            declared_type=part.declared_type,
            sniffed=part.sniffed,
            sha256=part.sha256,
            size_bytes=len(part.data),
            key=await world.blobs.put(part.data),
        )
        for part in parcel.documents
    ]
    return NewMail(
        raw_sha256=sha256(raw),
        raw_key=key,
        size_bytes=len(raw),
        message_id=None,
        references=(),
        sender=person.address,
        sender_name=person.name,
        subject=name,
        dated=world.clock.now(),
        disposition=Disposition.ACCEPTED,
        reason="",
        evidence={
            "uploaded_by": person.address,
            "person_id": str(person.id),
            "file": name,
            "origin": origin,
            "left_out": [each.model_dump() for each in parcel.left_out],
            **parcel.evidence,
        },
        documents=tuple(documents),
    )
