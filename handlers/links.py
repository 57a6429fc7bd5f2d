"""Signed links that expire: the audit page of one invoice, one picture for the messenger, one question's button."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from schema.errors import ForgedError
from schema.ids import BlobKey, InvoiceId, QuestionId
from schema.vault import Vault

AUDIT_FOR: Final = timedelta(days=90)
"""A confirmation mail is looked up at the end of the quarter; after that the link is renewed by the owner."""

MEDIA_FOR: Final = timedelta(minutes=30)
"""The messenger's provider fetches a picture within seconds and may retry for some minutes."""

PAGE_MEDIA_FOR: Final = timedelta(minutes=60)
"""Pictures on an open audit page; reloading the page renews them."""


def make_token(vault: Vault, purpose: str, subject: str, until: datetime) -> str:
    """`subject.expiry.signature`, where expiry is Unix seconds in hex; good only for `purpose`."""
    expiry = f"{int(until.timestamp()):x}"
    return f"{subject}.{expiry}.{vault.sign(purpose, f'{subject}.{expiry}')}"


def read_token(vault: Vault, purpose: str, token: str, now: datetime) -> str:
    """The subject of a token; ForgedError when the signature is wrong or the time is over."""
    subject, _, rest = token.partition(".")
    expiry, _, signature = rest.partition(".")
    if not vault.signed(purpose, f"{subject}.{expiry}", signature):
        raise ForgedError("This link is not valid.")
    if now > expiry_of(token):
        raise ForgedError("This link has expired; ask your finance team for a new one.")
    return subject


def expiry_of(token: str) -> datetime:
    """When a verified token ends, UTC."""
    return datetime.fromtimestamp(int(token.split(".")[1], 16), UTC)


def audit_url(vault: Vault, public_url: str, invoice: InvoiceId, now: datetime) -> str:
    """The address of an invoice's audit page."""
    return f"{public_url}/audit/{make_token(vault, 'audit', invoice.hex, now + AUDIT_FOR)}"


def audited_invoice(vault: Vault, token: str, now: datetime) -> InvoiceId:
    """The invoice an audit link opens."""
    return InvoiceId(UUID(hex=read_token(vault, "audit", token, now)))


def media_url(
    vault: Vault, public_url: str, key: BlobKey, now: datetime, *, lasts: timedelta = MEDIA_FOR
) -> str:
    """The address of one picture, by a token of its own."""
    return f"{public_url}/media/{make_token(vault, 'media', key, now + lasts)}.png"


def media_key(vault: Vault, token: str, now: datetime) -> BlobKey:
    """The picture a media link opens."""
    return BlobKey(read_token(vault, "media", token, now))


def question_token(vault: Vault, question: QuestionId) -> str:
    """What rides in a question's buttons; the record says whether it is still open, so it needs no expiry."""
    return f"{question.hex}.{vault.sign('question', question.hex)}"


def asked_question(vault: Vault, token: str) -> QuestionId:
    """The question a button belongs to; ForgedError when the signature is wrong."""
    subject, _, signature = token.partition(".")
    if not vault.signed("question", subject, signature):
        raise ForgedError("This button is not one of ours.")
    return QuestionId(UUID(hex=subject))
