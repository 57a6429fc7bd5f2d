"""Files given by hand: each is on record, and what could be taken opens invoices as a mail does."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from schema.document import Frozen
from schema.failpoints import reach
from schema.ids import Address, BlobKey, InvoiceId, MailId, Sha256
from schema.mail import Disposition
from schema.people import PersonId
from schema.queries import load
from schema.states import State
from schema.store.mails import NewMail, insert_mail, open_invoices
from schema.store.pool import Connection, Database, clean

SQL = load("uploads")

UploadId = NewType("UploadId", UUID)


class UploadOutcome(StrEnum):
    """What became of a file: its invoices were opened, its bytes were here already, or it was refused."""

    TAKEN = "taken"
    KNOWN = "known"
    REFUSED = "refused"


class NewUpload(Frozen):
    """A file to record; its bytes are in the blob store already. `reason` says why it is refused, when it is."""

    id: UploadId
    at: datetime
    person_id: PersonId
    person: Address
    name: str
    origin: str
    sha256: Sha256
    size_bytes: int
    key: BlobKey
    reason: str
    left_out: tuple[dict[str, str], ...]


class UploadedInvoice(Frozen):
    """An invoice of a file, as it stands now."""

    id: InvoiceId
    state: State
    document: str
    number: str | None
    reason: str


class Upload(NewUpload):
    """A file on record."""

    outcome: UploadOutcome
    invoices: tuple[UploadedInvoice, ...]


class UploadStore:
    """Files given by hand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, upload: NewUpload, mail: NewMail | None) -> Upload:
        """Record a file and open its invoices, in one transaction; without `mail` it is refused."""
        await reach("upload.commit.before")
        async with self._database.transaction() as connection:
            outcome, reason, mail_id = UploadOutcome.REFUSED, upload.reason, None
            if mail is not None:
                outcome, reason, mail_id = await _taken(connection, upload, mail)
            u = upload
            await connection.execute(
                SQL["add"],
                *(u.id, u.at, u.person_id, u.person, clean(u.name), clean(u.origin), u.sha256, u.size_bytes),
                *(u.key, outcome, clean(reason), list(u.left_out), mail_id),
            )
            await reach("upload.commit.inside")
        await reach("upload.commit.after")
        stored = await self.upload(upload.id)
        assert stored is not None
        return stored

    async def upload(self, upload: UploadId) -> Upload | None:
        """One file."""
        found = await self._page(None, 1, upload)
        return found[0] if found else None

    async def page(self, *, before: tuple[datetime, UUID] | None, limit: int) -> tuple[Upload, ...]:
        """Files, newest first, of those before a time and id."""
        return await self._page(before, limit, None)

    async def _page(
        self, before: tuple[datetime, UUID] | None, limit: int, one: UploadId | None
    ) -> tuple[Upload, ...]:
        at, last = before or (None, None)
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["page"], at, last, limit, one)
        return tuple(_upload(dict(row)) for row in rows)


async def _taken(
    connection: Connection, upload: NewUpload, mail: NewMail
) -> tuple[UploadOutcome, str, MailId]:
    mail_id = await insert_mail(connection, mail)
    if mail_id is not None:
        await open_invoices(connection, mail_id, mail, upload.at)
        return UploadOutcome.TAKEN, "", mail_id
    known = await connection.fetchrow(SQL["known"], upload.sha256)
    assert known is not None
    reason = f"The same file came on {known['stored_at']:%Y-%m-%d}; it was not taken again."
    if known["disposition"] != Disposition.ACCEPTED:
        reason = f"It came by mail on {known['stored_at']:%Y-%m-%d} and was {known['disposition']}: {known['reason']}"
    return UploadOutcome.KNOWN, reason, known["id"]


def _upload(row: dict[str, Any]) -> Upload:
    return Upload(**{("key" if name == "blob_key" else name): value for name, value in row.items()})
