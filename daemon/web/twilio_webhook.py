"""Twilio's webhooks: verify, then parse; what a person answered; TwiML. No database, no network.

The signature is checked with Twilio's own validator against the *configured* public URL, never against
`Host` or `X-Forwarded-*`. It carries no time, so replay is the caller's to stop (MessageSid is unique).
Source: twilio.com/docs/usage/webhooks/webhooks-security; field lists as captured from real webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID
from xml.sax.saxutils import escape

from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from schema.approval import CODE_LENGTH, Verdict
from schema.document import Frozen
from schema.errors import ForgedError
from schema.ids import MessageSid, Phone, QuestionId

LARGEST_BODY_BYTES: Final = 64 * 1024
MOST_FIELDS: Final = 200
FORM: Final = "application/x-www-form-urlencoded"
SIGNATURE: Final = "x-twilio-signature"
SHARED_KEY: Final = "x-twilio-webhooks-signature-settings"
IDEMPOTENCY: Final = "i-twilio-idempotency-token"
QUESTION_PARAMETER: Final = "question"
"""The query parameter of our StatusCallback that names the question; it is covered by the signature."""

_SID: Final = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_NUMBER: Final = re.compile(r"whatsapp:(\+[0-9]{8,15})")
_PAYLOAD: Final = re.compile(r"([AR])\.([\x21-\x7e]{1,200})")
_TEXT: Final = re.compile(rf"(approve|reject)[\s:,\-]+([A-Z2-9]{{{CODE_LENGTH}}})[\s.!]*", re.IGNORECASE)

ImmutableForm = ImmutableMultiDict[str, str]


class InboundMessage(Frozen):
    """A message of a person, proved to come from Twilio.

    `from_phone` is None when the person hides the number; `external_user_id` is Twilio's stable id then.
    `original_sid` is the message that was tapped or quoted; a tap may come without it.
    """

    message_sid: MessageSid
    from_phone: Phone | None
    external_user_id: str | None
    to: str
    text: str
    button_payload: str | None
    original_sid: MessageSid | None
    idempotency_token: str | None


class DeliveryStatus(StrEnum):
    """How far a message of ours has come; the order of arrival of these is not guaranteed."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    PARTIALLY_DELIVERED = "partially_delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELED = "canceled"


class StatusUpdate(Frozen):
    """Twilio's word on one of our messages, proved to come from Twilio.

    `error_code` is text: real callbacks carried `InvalidSandboxRequest`. `question_id` is read from our own
    callback address, so it names the question even when the answer to the send was lost.
    """

    message_sid: MessageSid
    status: DeliveryStatus
    error_code: str | None
    error_message: str | None
    question_id: QuestionId | None
    idempotency_token: str | None


class Tap(Frozen):
    """A tapped button; `token` is what we put into it."""

    verdict: Verdict
    token: str


class TextReply(Frozen):
    """A decision in words; `code` in capitals."""

    verdict: Verdict
    code: str


def parse_inbound(
    url: str, headers: Mapping[str, str], raw_body: bytes, *, auth_token: str, account_sid: str
) -> InboundMessage:
    """The message in an inbound webhook; ForgedError when it does not prove to come from Twilio.

    `url` is the public URL that is configured at Twilio, with the query of this request.
    """
    form, named = _verified(url, headers, raw_body, auth_token, account_sid)
    number = _NUMBER.fullmatch(_one(form, "From") or "")
    return InboundMessage(
        message_sid=_sid(form),
        from_phone=Phone(number[1]) if number else None,
        external_user_id=_one(form, "ExternalUserId"),
        to=_one(form, "To") or "",
        text=_one(form, "Body") or "",
        button_payload=_one(form, "ButtonPayload"),
        original_sid=_optional_sid(form, "OriginalRepliedMessageSid"),
        idempotency_token=named.get(IDEMPOTENCY),
    )


def parse_status(
    url: str, headers: Mapping[str, str], raw_body: bytes, *, auth_token: str, account_sid: str
) -> StatusUpdate:
    """The report in a status callback; ForgedError when it does not prove to come from Twilio."""
    form, named = _verified(url, headers, raw_body, auth_token, account_sid)
    try:
        status = DeliveryStatus((_one(form, "MessageStatus") or "").lower())
    except ValueError as error:
        raise ForgedError("The status callback names no known status.") from error
    return StatusUpdate(
        message_sid=_sid(form),
        status=status,
        error_code=_one(form, "ErrorCode"),
        error_message=_one(form, "ErrorMessage") or _one(form, "ChannelStatusMessage"),
        question_id=_question(url),
        idempotency_token=named.get(IDEMPOTENCY),
    )


def _verified(
    url: str, headers: Mapping[str, str], raw_body: bytes, auth_token: str, account_sid: str
) -> tuple[ImmutableForm, dict[str, str]]:
    """The form and the headers by lower-case name, after every check that needs no knowledge of the content."""
    named = {name.lower(): value for name, value in headers.items()}
    if named.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise ForgedError("The webhook is not a form.")
    if len(raw_body) > LARGEST_BODY_BYTES:
        raise ForgedError("The webhook is larger than Twilio sends.")
    # With this header the sender chooses the secret; no shared key is configured, so none is accepted.
    if SHARED_KEY in named:
        raise ForgedError("The webhook is signed with a shared key that is not configured.")
    form = _form(raw_body)
    _check_signature(url, form, named.get(SIGNATURE, ""), auth_token)
    if _one(form, "AccountSid") != account_sid:
        raise ForgedError("The webhook is of another account.")
    return form, named


def _form(raw_body: bytes) -> ImmutableForm:
    """The form with its blank values, which are signed too."""
    try:
        pairs = parse_qsl(
            raw_body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise ForgedError("The webhook's form cannot be read.") from error
    return ImmutableMultiDict(pairs)


def _check_signature(url: str, form: ImmutableForm, signature: str, auth_token: str) -> None:
    # An empty secret would make every signature computable by anyone.
    if not auth_token:
        raise ForgedError("No Twilio auth token is configured, so no webhook can be believed.")
    if not signature.isascii() or not RequestValidator(auth_token).validate(url, form, signature):
        raise ForgedError("The webhook's signature does not match.")


def _one(form: ImmutableForm, key: str) -> str | None:
    """A field we read: None when missing or blank; twice is refused, since readers would disagree on it."""
    values = form.getlist(key)
    if len(values) > 1:
        raise ForgedError(f"The webhook has {key} more than once.")
    return values[0] if values and values[0] else None


def _sid(form: ImmutableForm) -> MessageSid:
    sid = _optional_sid(form, "MessageSid")
    if sid is None:
        raise ForgedError("The webhook has no MessageSid.")
    return sid


def _optional_sid(form: ImmutableForm, key: str) -> MessageSid | None:
    text = _one(form, key)
    if text is not None and not _SID.fullmatch(text):
        raise ForgedError(f"The webhook's {key} is none of Twilio's.")
    return MessageSid(text) if text is not None else None


def _question(url: str) -> QuestionId | None:
    values = parse_qs(urlsplit(url).query).get(QUESTION_PARAMETER, [])
    try:
        return QuestionId(UUID(values[0])) if len(values) == 1 else None
    except ValueError:
        return None


def read_answer(message: InboundMessage) -> Tap | TextReply | None:
    """The decision in a message, or None; a bare yes, or APPROVE without a code, decides nothing."""
    if message.button_payload is not None:
        tapped = _PAYLOAD.fullmatch(message.button_payload)
        return Tap(verdict=_VERDICTS[tapped[1]], token=tapped[2]) if tapped else None
    written = _TEXT.fullmatch(message.text.strip())
    if written is None:
        return None
    return TextReply(verdict=Verdict(written[1].lower()), code=written[2].upper())


_VERDICTS: Final[Mapping[str, Verdict]] = {"A": Verdict.APPROVE, "R": Verdict.REJECT}


def twiml(text: str | None) -> bytes:
    """The XML answer to an inbound webhook (`text/xml`): one message, or none."""
    inner = f"<Response><Message>{escape(_printable(text))}</Message></Response>" if text else "<Response/>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{inner}'.encode()


def _printable(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold at all."""
    return re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
