"""Mail -> received: take a mail apart, ask the door, store bytes and rows; only then may it be filed away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from handlers.door import DoorDecision, decide
from handlers.reading.mail import parse_mail
from handlers.world import World
from schema.errors import PermanentError
from schema.ids import BlobKey
from schema.mail import Disposition, ForwarderAnswer, IncomingMail, MailPlace
from schema.masking import mask
from schema.store.mails import NewDocument, NewMail
from schema.vault import sha256
from schema.visible import visible

_QUESTION: Final = re.compile(r"<([0-9a-f]{32})\.asked-([0-9a-f]{32})@([^@<>]+)>")
"""The Message-ID of a question to the forwarder, as `handlers/report.py` makes it."""


async def receive(place: MailPlace, raw: bytes, world: World) -> Disposition:
    """Take in one mail; safe to repeat. Raises TransientError when nothing could be committed."""
    raw_key = await world.blobs.put(raw)
    try:
        mail = await asyncio.to_thread(parse_mail, raw)
    except PermanentError as error:
        stored = _unreadable(raw, raw_key, error.sentence)
    else:
        door = _door(mail, world)
        documents = await _documents(mail, world) if door.disposition is Disposition.ACCEPTED else ()
        reason = "" if door.disposition is Disposition.ACCEPTED else door.reason
        stored = _mail(raw, raw_key, mail, documents, door.disposition, reason, door.evidence)
        if door.disposition is Disposition.ACCEPTED:
            stored = stored.model_copy(update={"answer": answer_of(mail, world.mail_domain)})
    return await world.store.mails.take_in(place, stored, at=world.clock.now())


async def receive_too_large(place: MailPlace, headers: bytes, size_bytes: int, world: World) -> Disposition:
    """Take in a mail that is too large to fetch, by its headers: the forwarder is told where it is safe."""
    raw_key = await world.blobs.put(headers)
    try:
        mail = await asyncio.to_thread(parse_mail, headers)
    except PermanentError as error:
        stored = _unreadable(headers, raw_key, error.sentence)
    else:
        door = _door(mail, world)
        reason = f"The mail is too large ({size_bytes / 2**20:.0f} MiB); send the invoice alone."
        stored = _mail(
            headers,
            raw_key,
            mail,
            (),
            door.disposition,
            reason if door.disposition is Disposition.ACCEPTED else door.reason,
            door.evidence,
        )
    return await world.store.mails.take_in(place, stored, at=world.clock.now())


def answer_of(mail: IncomingMail, own_domain: str) -> ForwarderAnswer | None:
    """The answer that a mail may be: one of its thread's ids is that of a question we sent.

    It is words for a person to read. Nothing of it is taken for a value, a bank detail or an approval.
    """
    for reference in reversed(mail.references):
        found = _QUESTION.fullmatch(reference)
        if found and found[3].lower() == own_domain.lower():
            return ForwarderAnswer(
                invoice=UUID(found[1]), question=UUID(found[2]), text=str(mask(visible(mail.said)))
            )
    return None


def _door(mail: IncomingMail, world: World) -> DoorDecision:
    return decide(
        mail, forwarders=world.forwarders, authserv_id=world.authserv_id, own_domain=world.mail_domain
    )


async def _documents(mail: IncomingMail, world: World) -> tuple[NewDocument, ...]:
    return tuple(
        [
            NewDocument(
                path=part.path,
                name=mask(part.name),
                declared_type=part.declared_type,
                sniffed=part.sniffed,
                sha256=part.sha256,
                size_bytes=len(part.data),
                key=await world.blobs.put(part.data),
            )
            for part in mail.attachments
        ]
    )


def _mail(
    raw: bytes,
    raw_key: BlobKey,
    mail: IncomingMail,
    documents: tuple[NewDocument, ...],
    disposition: Disposition,
    reason: str,
    evidence: Mapping[str, str],
) -> NewMail:
    """What the database keeps in clear: names and subjects masked; the mail itself is an encrypted file."""
    return NewMail(
        raw_sha256=sha256(raw),
        raw_key=raw_key,
        size_bytes=len(raw),
        message_id=mail.message_id,
        references=mail.references,
        sender=mail.sender,
        sender_name=mask(mail.sender_name),
        subject=mask(mail.subject),
        dated=mail.received_at,
        disposition=disposition,
        reason=reason,
        evidence={
            **evidence,
            "original": {name: text and mask(text) for name, text in mail.original},
            "defects": [mask(defect) for defect in mail.defects],
        },
        documents=documents,
    )


def _unreadable(raw: bytes, raw_key: BlobKey, reason: str) -> NewMail:
    return NewMail(
        raw_sha256=sha256(raw),
        raw_key=raw_key,
        size_bytes=len(raw),
        message_id=None,
        references=(),
        sender=None,
        sender_name="",
        subject="",
        dated=None,
        disposition=Disposition.UNREADABLE,
        reason=reason,
        evidence={},
        documents=(),
    )
