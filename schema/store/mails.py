"""Taking in mails: the raw bytes are known by their hash, the place on the server by its four numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from schema.audit import Entry, leaf_hash
from schema.document import Frozen
from schema.failpoints import reach
from schema.ids import Address, BlobKey, DocumentId, InvoiceId, MailId, Sha256
from schema.mail import Disposition, ForwarderAnswer, MailPlace
from schema.outcome import Outcome
from schema.queries import load
from schema.states import State, Step
from schema.store.pool import Connection, Database, clean, clean_json
from schema.store.rows import to_invoice
from schema.store.street import SQL as STREET
from schema.store.street import move

SQL = load("mails")
QUESTIONS = load("corrections")


class NewDocument(Frozen):
    """An attachment to store; its bytes are in the blob store already."""

    path: str
    name: str
    declared_type: str
    sniffed: str
    sha256: Sha256
    size_bytes: int
    key: BlobKey


class NewMail(Frozen):
    """A mail to store; its bytes are in the blob store already."""

    raw_sha256: Sha256
    raw_key: BlobKey
    size_bytes: int
    message_id: str | None
    references: tuple[str, ...]
    sender: Address | None
    sender_name: str
    subject: str
    dated: datetime | None
    disposition: Disposition
    reason: str
    evidence: dict[str, Any]
    documents: tuple[NewDocument, ...]
    answer: ForwarderAnswer | None = None


class MailStore:
    """Mails, their places and their documents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settled(self, place: MailPlace) -> Disposition | None:
        """What became of the mail at this place, if it was taken in before."""
        async with self._database.transaction() as connection:
            found = await connection.fetchval(
                SQL["place"], place.account, place.folder, place.uidvalidity, place.uid
            )
        return Disposition(found) if found else None

    async def take_in(self, place: MailPlace, mail: NewMail, *, at: datetime) -> Disposition:
        """Store a mail, its documents and one invoice per document, in one transaction; safe to repeat.

        An accepted mail without documents opens one invoice without document, which ends rejected; but the answer
        to a question about a held invoice goes to that one, and opens invoices for its documents only.
        """
        await reach("mail.commit.before")
        async with self._database.transaction() as connection:
            mail_id = await insert_mail(connection, mail)
            if mail_id is None:
                known = await connection.fetchrow(SQL["mail_by_bytes"], mail.raw_sha256)
                assert known is not None
                mail_id, disposition = known["id"], Disposition(known["disposition"])
            else:
                disposition = mail.disposition
                answered = mail.answer is not None and await keep_answer(connection, mail.answer, mail, at)
                if disposition is Disposition.ACCEPTED and (mail.documents or not answered):
                    await open_invoices(connection, mail_id, mail, at)
            await connection.execute(
                SQL["settle_place"], place.account, place.folder, place.uidvalidity, place.uid, mail_id
            )
            await reach("mail.commit.inside")
        await reach("mail.commit.after")
        return disposition

    async def postpone(self, place: MailPlace, problem: str) -> None:
        """Remember a mail that could not be taken in now, so that the cursor does not pass it."""
        async with self._database.transaction() as connection:
            await connection.execute(
                SQL["postpone_place"],
                *(place.account, place.folder, place.uidvalidity, place.uid, clean(problem)[:500]),
            )

    async def cursor(self, account: str, folder: str, uidvalidity: int) -> int:
        """The last UID up to which every mail is settled; 0 when none is."""
        async with self._database.transaction() as connection:
            value: int = await connection.fetchval(SQL["cursor"], account, folder, uidvalidity)
        return value

    async def prove(self, account: str, folder: str, at: datetime) -> None:
        """A round trip with the mailbox was just proven."""
        async with self._database.transaction() as connection:
            await connection.execute(SQL["prove"], account, folder, at)

    async def last_proofs(self) -> dict[str, datetime]:
        """Account/folder -> the last proven round trip."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(SQL["last_proofs"])
        return {f"{row['account']}/{row['folder']}": row["proved_at"] for row in rows}


async def keep_answer(connection: Connection, answer: ForwarderAnswer, mail: NewMail, at: datetime) -> bool:
    """Put a forwarder's answer on the record of the held invoice it is about; False when it is none.

    It is one only to a question that was sent, about an invoice that this sender forwarded and that is held still.
    The invoice stays held, whatever the answer says: a person reads it.
    """
    asked = (answer.invoice, answer.question, mail.sender)
    if await connection.fetchval(QUESTIONS["question_to_answer"], *asked) is None:
        return False
    row = await connection.fetchrow(STREET["invoice"], answer.invoice)
    assert row is not None
    held = to_invoice(row)
    unsent = await connection.fetch(QUESTIONS["unsent_questions"], answer.invoice)
    outcome = Outcome(
        target=State.HELD,
        note=held.reason,
        facts={
            "answered": str(answer.question),
            "answer": answer.text,
            "mail_sha256": mail.raw_sha256,
            "documents": len(mail.documents),
        },
        due_in=timedelta(0) if unsent else None,
    )
    await connection.execute(STREET["take_over"], held.id)
    return await move(connection, held, Step.TELL, outcome, actor=clean(mail.sender or ""), at=at, token=None)


async def insert_mail(connection: Connection, mail: NewMail) -> MailId | None:
    """The new mail's id; None when these bytes are known, also to a watch that took them a moment ago."""
    mail_id: MailId | None = await connection.fetchval(
        SQL["insert_mail"],
        *(uuid4(), mail.raw_sha256, mail.raw_key, mail.size_bytes),
        *(_clean(mail.message_id), [clean(reference) for reference in mail.references]),
        *(_clean(mail.sender), clean(mail.sender_name), clean(mail.subject), mail.dated),
        *(mail.disposition, clean(mail.reason), mail.evidence),
    )
    return mail_id


async def open_invoices(connection: Connection, mail_id: MailId, mail: NewMail, at: datetime) -> None:
    """Store a new mail's documents and open one invoice for each; one without document for a mail without any."""
    for document in mail.documents or (None,):
        document_id = None if document is None else DocumentId(uuid4())
        if document is not None:
            await connection.execute(
                SQL["insert_document"],
                *(document_id, mail_id, document.path, clean(document.name), clean(document.declared_type)),
                *(document.sniffed, document.sha256, document.size_bytes, document.key),
            )
        invoice = InvoiceId(uuid4())
        await connection.execute(SQL["open_invoice"], invoice, mail_id, document_id, mail.sender)
        entry = _first_entry(invoice, mail, document, at)
        await connection.execute(
            SQL["open_record"], invoice, entry.actor, at, entry.note, entry.facts, leaf_hash(entry)
        )


def _first_entry(invoice: InvoiceId, mail: NewMail, document: NewDocument | None, at: datetime) -> Entry:
    facts: dict[str, Any] = {"mail_sha256": mail.raw_sha256, "door": clean_json(mail.evidence)}
    if document is not None:
        facts |= {"document_sha256": document.sha256, "size_bytes": document.size_bytes}
    return Entry(
        invoice_id=invoice,
        version=0,
        step=Step.RECEIVE,
        source="",
        target=State.RECEIVED,
        actor=clean(mail.sender or ""),
        at=at,
        note=clean(f"Received: {document.name}" if document else "Received a mail without an invoice"),
        facts=facts,
    )


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)
