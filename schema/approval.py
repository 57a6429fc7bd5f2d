"""Who may approve, what they were asked, and what they answered."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from schema.document import Frozen
from schema.ids import Address, InvoiceId, MessageSid, Phone, QuestionId, Sha256

CODE_LENGTH: Final = 5
"""Characters of the short code of a text reply; with the phone number checked, 32^5 is ample."""


class Person(Frozen):
    """An approver; the mail address is their identity, the phone where they are asked."""

    name: str
    address: Address
    phone: Phone


def is_among(person: Person, people: tuple[Person, ...]) -> bool:
    """Whether one of `people` is this person with this phone; the name is only for reading."""
    return any((each.address, each.phone) == (person.address, person.phone) for each in people)


def mailbox_of(address: Address) -> str:
    """Where mail to an address arrives: lower case, without a tag (`asha+pay@` is `asha@`; RFC 5233)."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


class Verdict(StrEnum):
    """What a person said."""

    APPROVE = "approve"
    REJECT = "reject"


class Question(Frozen):
    """One person asked about one fingerprint.

    `token` is signed and rides in the buttons (empty when read back from the record); `code` is for a text reply.
    """

    id: QuestionId
    invoice_id: InvoiceId
    person: Person
    fingerprint: Sha256
    token: str = ""
    code: str
    asked_at: datetime
    expires_at: datetime
    message_sid: MessageSid | None = None


class Answer(Frozen):
    """A verified reply of a person to a question; `message_sid` makes it count once."""

    question_id: QuestionId
    verdict: Verdict
    message_sid: MessageSid
    at: datetime


def question_id(invoice: InvoiceId, mark: Sha256, person: Person) -> QuestionId:
    """The id of a question: the same for the same person and fingerprint, so asking again is recognised."""
    return QuestionId(uuid5(NAMESPACE_URL, f"countersign:{invoice}:{mark}:{person.address}"))


def code_of(question: QuestionId) -> str:
    """The short code of a question: letters and digits that are hard to confuse."""
    digest = hashlib.sha256(b"code:" + question.bytes).digest()
    return base64.b32encode(digest).decode().translate(str.maketrans("OIL", "789"))[:CODE_LENGTH]
