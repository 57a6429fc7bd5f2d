"""What a phone does: joins, writes, taps, sends a picture; each becomes Twilio's inbound webhook."""

from __future__ import annotations

import json
from typing import Final
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict

from sandbox.twilio_delivery import Delivery
from sandbox.twilio_state import Button, Media, TwilioState, WhatsAppMessage
from sandbox.twilio_webhooks import Form, Posted, Webhooks

MOST_REPLIES: Final = 10
"""Twilio's error 14109: more TwiML replies than this to one message are dropped."""

JOINED_WORDS: Final = (
    "Twilio Sandbox: ✅ You are all set! The sandbox can now send/receive messages from {sender}."
)
STRANGER_WORDS: Final = "Twilio Sandbox: ⚠️ Your number is not connected to a Sandbox. Send: {code}"


class Quirks(BaseModel):
    """How the inbound form may differ from the usual one; all of these occur.

    `without_number`: the person hides the number, so From is the business-scoped id and WaId is missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    without_context: bool = False
    without_wa_id: bool = False
    without_number: bool = False
    blank_profile: bool = False
    extra: dict[str, str] = {}


class Inbound:
    """The way from the phones to the product."""

    def __init__(self, state: TwilioState, webhooks: Webhooks, delivery: Delivery) -> None:
        self._state, self._webhooks, self._delivery = state, webhooks, delivery

    def text(self, number: str, text: str, quirks: Quirks) -> WhatsAppMessage:
        """The phone writes; the join code joins and goes no further."""
        message = self._receive(number, text, "text")
        if text.strip().lower() == self._state.settings.join_code:
            self._state.join(number)
            self._answer_itself(message, JOINED_WORDS)
        else:
            self._forward(message, [], quirks)
        return message

    def tap(self, number: str, asked: WhatsAppMessage, button: Button, quirks: Quirks) -> WhatsAppMessage:
        """The phone taps a button; tapping again is possible, as it is on a real phone."""
        asked.tapped = button.id
        message = self._receive(number, button.title, "interactive")
        message.reply_to = asked.sid
        form = [("ButtonText", button.title), ("ButtonPayload", button.id)]
        if not quirks.without_context:
            sender = f"whatsapp:{self._state.settings.sender}"
            form += [("OriginalRepliedMessageSender", sender), ("OriginalRepliedMessageSid", asked.sid)]
        self._forward(message, form, quirks)
        return message

    def picture(self, number: str, media: Media, url: str, quirks: Quirks) -> WhatsAppMessage:
        """The phone sends a picture without words."""
        message = self._receive(number, "", "image")
        message.media.append(media)
        form = [("MediaUrl0", url), ("MediaContentType0", media.content_type)]
        self._forward(message, form, quirks)
        return message

    def _receive(self, number: str, text: str, kind: str) -> WhatsAppMessage:
        now = self._state.clock.now()
        sid = self._state.new_sid("SM")
        message = WhatsAppMessage(sid, number, True, text, now, "receiving", kind=kind, sent=now)
        return self._state.keep(message)

    def _forward(self, message: WhatsAppMessage, extra: Form, quirks: Quirks) -> None:
        if not self._state.is_joined(message.phone):
            self._answer_itself(message, STRANGER_WORDS)
            return
        self._state.phone(message.phone).last_inbound = self._state.clock.now()
        form = self._form(message, quirks) + extra + list(quirks.extra.items())
        self._delivery.spawn(self._post(message, form))

    def _answer_itself(self, message: WhatsAppMessage, words: str) -> None:
        settings = self._state.settings
        message.status = "received"
        self._reply(message.phone, words.format(sender=settings.sender, code=settings.join_code), "delivered")

    def _reply(self, number: str, text: str, status: str) -> WhatsAppMessage:
        now = self._state.clock.now()
        sid = self._state.new_sid("SM")
        return self._state.keep(
            WhatsAppMessage(sid, number, False, text, now, status, kind="reply", sent=now)
        )

    async def _post(self, message: WhatsAppMessage, form: Form) -> None:
        posted = await self._webhooks.post(self._state.settings.inbound_url, form)
        taken = posted is not None and posted.status is not None and posted.status < 300
        message.status = "received" if taken else "failed"
        self._state.changed()
        for text in replies(posted) if taken and posted is not None else []:
            self._delivery.start(self._reply(message.phone, text, "queued"))

    def _form(self, message: WhatsAppMessage, quirks: Quirks) -> Form:
        """The inbound form, field by field as captured from Twilio."""
        settings, phone = self._state.settings, self._state.phone(message.phone)
        external, wa_id = f"whatsapp:{phone.external_id}", phone.number.removeprefix("+")
        hidden = quirks.without_number or quirks.without_wa_id
        name = "" if quirks.blank_profile else phone.name
        context = {"Forwarded": "false", "FrequentlyForwarded": "false", "ProfileName": name, "WaId": wa_id}
        if hidden:
            del context["WaId"]
        form = [
            ("SmsMessageSid", message.sid),
            ("SmsSid", message.sid),
            ("MessageSid", message.sid),
            ("ExternalUserId", external),
            ("FrequentlyForwarded", "false"),
            ("Forwarded", "false"),
            ("NumMedia", str(len(message.media))),
            ("ProfileName", name),
            ("MessageType", message.kind),
            ("SmsStatus", "received"),
            ("Body", message.body),
            ("To", f"whatsapp:{settings.sender}"),
            ("From", external if quirks.without_number else f"whatsapp:{phone.number}"),
            ("NumSegments", "1"),
            ("ReferralNumMedia", "0"),
            ("AccountSid", settings.account_sid),
            ("ApiVersion", "2010-04-01"),
            ("ChannelMetadata", json.dumps({"type": "whatsapp", "data": {"context": context}})),
        ]
        return form if hidden else [*form, ("WaId", wa_id)]


def replies(posted: Posted | None) -> list[str]:
    """The texts of a TwiML answer; none when it is empty or no TwiML."""
    if posted is None or not posted.answer.strip():
        return []
    try:
        root = ElementTree.fromstring(posted.answer.encode())
    except ElementTree.ParseError:
        return []
    texts = ["".join(message.itertext()).strip() for message in root.iter("Message")]
    return [text for text in texts if text][:MOST_REPLIES]
