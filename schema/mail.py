"""A mail as it came in, taken apart, and a mail as it goes out."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from schema.document import Frozen
from schema.ids import Address, Sha256
from schema.trace import Trace


class Disposition(StrEnum):
    """What became of a mail."""

    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"
    UNREADABLE = "unreadable"


class Part(Frozen):
    """One attachment; `path` is its place in the MIME tree (`1.2.1`), `sniffed` what its bytes are."""

    path: str
    name: str
    declared_type: str
    sniffed: str
    sha256: Sha256
    data: bytes


class OriginalMail(Frozen):
    """The vendor's mail inside a forward, as far as it shows; claimed, not proved."""

    sender: str | None = None
    subject: str | None = None
    date: str | None = None


class IncomingMail(Frozen):
    """A mail after parsing: addresses, thread ids and the attachments that could be invoices.

    `automatic` is true for bounces, auto-replies and list mail, which are never answered (RFC 3834).
    `received_at` is the date header in UTC, or None when it is missing or no date. `said` is what its sender wrote
    above what they quote.
    """

    message_id: str | None
    references: tuple[str, ...]
    sender: Address | None
    sender_name: str
    subject: str
    received_at: datetime | None
    automatic: bool
    authentication_results: tuple[str, ...]
    attachments: tuple[Part, ...]
    original: OriginalMail
    said: str = ""
    defects: tuple[str, ...] = ()


class ForwarderAnswer(Frozen):
    """What a reply to a question of ours says of itself; masked. Whether it is one, the store decides."""

    invoice: UUID
    question: UUID
    text: str


class MailPlace(Frozen):
    """Where a mail lies on the server; unique together (RFC 3501, 2.3.1.1)."""

    account: str
    folder: str
    uidvalidity: int
    uid: int


class OutgoingMail(Frozen):
    """A mail of ours; `in_reply_to` and `references` keep it in the forwarder's thread (RFC 5322, 3.6.4).

    `message_id` is derived from what it is about, so that a repeated send can be recognised.
    """

    to: Address
    subject: str
    text: str
    html: str
    message_id: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    trace: Trace | None = None
