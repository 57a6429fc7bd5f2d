"""Takes a raw mail apart: who sent it, what proves it, which attachments could be invoices. No I/O.

The tree and the attachments come from the standard library, walked under limits of our own; mail-parser is a second
opinion on the sender and the date. Where the two disagree about the sender, there is none: a mail that two parsers
read differently was made for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final

import mailparser

from handlers.reading.forwarded import find_original, sender_of
from handlers.reading.mail_parts import Leaf, Tree, is_photo, walk, why_ignored
from handlers.reading.mail_text import decoded, html_to_text, raw_values, value_of
from handlers.reading.said import said
from schema.errors import PermanentError
from schema.ids import Address, Sha256
from schema.mail import IncomingMail, OriginalMail, Part

HEAD_LIMIT_BYTES: Final = 256 * 1024
"""A longer header block is cut before it is parsed."""

BOUNDARIES_LIMIT: Final = 5_000
MULTIPARTS_LIMIT: Final = 200
"""Beyond these the standard library's parser takes minutes, so it is not asked."""

MULTIPART = re.compile(rb"content-type:\s*multipart/", re.IGNORECASE)

REFERENCES_LIMIT: Final = 50
VERDICTS_LIMIT: Final = 20

ADDRESS: Final = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
MAILBOX = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*"|(?:[^"<>@,;:()\\]|\([^()<>@]*\))*)\s*<(?P<address>' + ADDRESS + r")>"
)
BARE = re.compile(r"(?P<address>" + ADDRESS + r")\s*(?:\((?P<name>[^()<>@]*)\))?")
MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")

AUTOMATIC: Final[Mapping[str, re.Pattern[str]]] = {
    "Auto-Submitted": re.compile(r"(?!\s*no\b)\s*\S", re.IGNORECASE),
    "Precedence": re.compile(r"\s*(?:bulk|list|junk|auto.?reply)\b", re.IGNORECASE),
    "List-Id": re.compile(r".*\S"),
    "X-Autoreply": re.compile(r".*\S"),
    "X-Autorespond": re.compile(r".*\S"),
    "Return-Path": re.compile(r"\s*<\s*>"),
    "Content-Type": re.compile(r"\s*multipart/report\b", re.IGNORECASE),
}
"""Header values of mail that no person sent, which must never be answered (RFC 3834, RFC 2919)."""

MAIL_PARSER_FAILURES: Final = (
    mailparser.exceptions.MailParserError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


def parse_mail(raw: bytes) -> IncomingMail:
    """Take a mail apart; PermanentError only when it has no header fields at all. Hostile input is no error."""
    defects: list[str] = []
    head, whole = _without_bare_returns(raw)
    message, tree = _parsed(head, whole, defects)
    if not message.keys():
        raise PermanentError("This is no mail: it has no header fields.")
    sender, name = _sender(message, head, defects)
    attachments = _attachments(tree, defects)
    subject = value_of(message, "Subject")
    return IncomingMail(
        message_id=next(iter(MESSAGE_ID.findall(" ".join(raw_values(message, "Message-ID")))), None),
        references=_references(message),
        sender=sender,
        sender_name=name,
        subject=subject,
        received_at=_date(message, head),
        automatic=is_automatic(message),
        authentication_results=tuple(raw_values(message, "Authentication-Results")[:VERDICTS_LIMIT]),
        attachments=attachments,
        original=_original(tree, subject),
        said=_said(tree),
        defects=tuple(dict.fromkeys([*tree.defects, *defects])),
    )


def is_automatic(message: Message) -> bool:
    """Whether a program sent it: bounce, auto-reply, list. Only the topmost Return-Path counts."""
    for name, pattern in AUTOMATIC.items():
        values = raw_values(message, name)
        if any(pattern.match(value) for value in (values[:1] if name == "Return-Path" else values)):
            return True
    return False


def _without_bare_returns(raw: bytes) -> tuple[bytes, bytes]:
    """The header block and the mail, with bare CRs in the headers made spaces.

    Python ends a header line at a bare CR, servers do not: a field hidden behind one would be seen only by us.
    """
    end = re.search(rb"\r?\n\r?\n", raw)
    cut = end.start() if end else len(raw)
    head = re.sub(rb"\r(?!\n)", b" ", raw[:cut])
    if len(head) > HEAD_LIMIT_BYTES:
        head = head[: head.rfind(b"\n", 0, HEAD_LIMIT_BYTES) + 1].rstrip(b"\r\n")
    return head, head + b"\r\n\r\n" + (raw[end.end() :] if end else b"")


def _parsed(head: bytes, whole: bytes, defects: list[str]) -> tuple[Message, Tree]:
    if whole.count(b"\n--") <= BOUNDARIES_LIMIT and len(MULTIPART.findall(whole)) <= MULTIPARTS_LIMIT:
        try:
            message = message_from_bytes(whole)
            return message, walk(message)
        except RecursionError:
            defects.append("nested too deeply")
    defects.append("so many parts or nested so deeply that only the header was read")
    return BytesHeaderParser().parsebytes(head + b"\r\n\r\n"), Tree()


def _sender(message: Message, head: bytes, defects: list[str]) -> tuple[Address | None, str]:
    """The one address in the one From field, or None with the reason in `defects`."""
    values = raw_values(message, "From")
    if len(values) != 1:
        defects.append(f"{len(values)} From fields")
        return None, ""
    found = MAILBOX.fullmatch(values[0]) or BARE.fullmatch(values[0])
    if found is None or len(values[0]) > 1_000:
        defects.append("the From field does not name exactly one address")
        return None, ""
    address = Address(found["address"].lower())
    if _second_opinion(head) != [address]:
        defects.append("the From field can be read in two ways")
        return None, ""
    return address, decoded((found["name"] or "").strip().strip('"').replace("\\", ""))


def _second_opinion(head: bytes) -> list[str]:
    try:
        senders = mailparser.parse_from_bytes(head + b"\r\n\r\n").from_
    except MAIL_PARSER_FAILURES:
        return []
    return [str(address).lower() for _, address in senders or []]


def _date(message: Message, head: bytes) -> datetime | None:
    values = raw_values(message, "Date")
    try:
        stated = parsedate_to_datetime(values[0]) if values else None
    except (ValueError, TypeError, OverflowError, IndexError):
        stated = _second_date(head)
    try:
        if stated is None:
            return None
        return (stated if stated.tzinfo else stated.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _second_date(head: bytes) -> datetime | None:
    try:
        found = mailparser.parse_from_bytes(head + b"\r\n\r\n").date
    except MAIL_PARSER_FAILURES:
        return None
    return found if isinstance(found, datetime) else None


def _references(message: Message) -> tuple[str, ...]:
    """The thread so far, oldest first; In-Reply-To where References is missing (RFC 5322, 3.6.4)."""
    for name in ("References", "In-Reply-To"):
        found: list[str] = MESSAGE_ID.findall(" ".join(raw_values(message, name)))
        if found:
            return tuple(dict.fromkeys(found))[-REFERENCES_LIMIT:]
    return ()


def _attachments(tree: Tree, defects: list[str]) -> tuple[Part, ...]:
    """What could be an invoice, each file once; a photo in the text counts when there is nothing else."""
    reasons = [(leaf, why_ignored(leaf)) for leaf in tree.leaves]
    chosen = [leaf for leaf, reason in reasons if reason is None]
    if not chosen:
        chosen = [leaf for leaf in tree.leaves if is_photo(leaf)]
    for leaf, reason in reasons:
        if reason is not None and leaf not in chosen:
            defects.append(f"ignored {leaf.name or leaf.path}: {reason}")
    parts: dict[Sha256, Part] = {}
    for leaf in chosen:
        part = _part(leaf)
        if part.sha256 in parts:
            defects.append(f"ignored {part.name or part.path}: the same file twice")
        parts.setdefault(part.sha256, part)
    return tuple(parts.values())


def _part(leaf: Leaf) -> Part:
    return Part(
        path=leaf.path,
        name=leaf.name,
        declared_type=leaf.declared_type,
        sniffed=leaf.sniffed,
        sha256=Sha256(sha256(leaf.data).hexdigest()),
        data=leaf.data,
    )


def _said(tree: Tree) -> str:
    """What stands above the quotes of the first text; HTML where there is no plain text."""
    for kind, text in sorted(tree.texts, key=lambda one: one[0] != "text/plain"):
        if found := said(text if kind == "text/plain" else html_to_text(text)):
            return found
    return ""


def _original(tree: Tree, subject: str) -> OriginalMail:
    """The enclosed mail's own fields, else what an inline forward prints."""
    if tree.inner:
        inner = tree.inner[0]
        return OriginalMail(
            sender=sender_of(value_of(inner, "From")),
            subject=value_of(inner, "Subject") or None,
            date=value_of(inner, "Date") or None,
        )
    # HTML comes second: where both are there the plain text is the same and simpler.
    for kind, text in sorted(tree.texts, key=lambda one: one[0] != "text/plain"):
        found = find_original(text if kind == "text/plain" else html_to_text(text), subject)
        if found is not None:
            return found
    return OriginalMail()
