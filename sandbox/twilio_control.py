"""The stand-in's own control: phones as JSON (join, text, tap, media, inbox), statuses, approvals, webhooks."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sandbox.twilio_delivery import Delivery
from sandbox.twilio_inbound import Inbound, Quirks
from sandbox.twilio_state import Button, TwilioState, WhatsAppMessage
from sandbox.twilio_webhooks import Webhooks

SHORTEST: Final = 8
LONGEST: Final = 15
"""Digits of a phone number (E.164)."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Join(_Frozen):
    """`POST .../join`; the code is the one in the settings."""

    code: str | None = None


class Text(_Frozen):
    """`POST .../text`."""

    text: Annotated[str, Field(min_length=1, max_length=4096)]
    quirks: Quirks = Quirks()


class Tap(_Frozen):
    """`POST .../tap`; `button` is the title or the id of a button of that message."""

    message_sid: str
    button: str
    quirks: Quirks = Quirks()


class Picture(_Frozen):
    """`POST .../media`."""

    content_type: str
    data_base64: str
    quirks: Quirks = Quirks()


class Status(_Frozen):
    """`POST /__sim__/messages/{sid}/status`: report any status, in any order."""

    status: str
    error_code: str | None = None
    error_message: str | None = None


class Approval(_Frozen):
    """`POST /__sim__/content/{sid}/approval`: WhatsApp's verdict on a submitted template."""

    status: str


def twilio_control_router(
    state: TwilioState, webhooks: Webhooks, delivery: Delivery, inbound: Inbound
) -> APIRouter:
    """The routes under `/__sim__` that only this stand-in has."""
    router = APIRouter(prefix="/__sim__", tags=["control"])
    phones = _Phones(state, inbound)
    for method, path, endpoint in (
        ("GET", "/phones", phones.all),
        ("POST", "/phone/{number}/join", phones.join),
        ("POST", "/phone/{number}/text", phones.text),
        ("POST", "/phone/{number}/tap", phones.tap),
        ("POST", "/phone/{number}/media", phones.picture),
        ("GET", "/phone/{number}/inbox", phones.inbox),
    ):
        router.add_api_route(path, endpoint, methods=[method], response_model=None)

    @router.post("/messages/{sid}/status", status_code=204)
    async def report(sid: str, status: Status) -> None:
        message = known_message(state, sid)
        await delivery.report(message, status.status, status.error_code, status.error_message)

    @router.post("/content/{sid}/approval", status_code=204)
    async def approve(sid: str, approval: Approval) -> None:
        template = state.templates.get(sid)
        if template is None or template.approval is None:
            raise HTTPException(404, "no such template was submitted for approval")
        template.approval["status"] = approval.status

    @router.post("/idle", status_code=204)
    async def idle() -> None:
        await delivery.idle()

    @router.get("/webhooks")
    async def posted() -> list[dict[str, Any]]:
        return [asdict(one) for one in webhooks.posted]

    return router


class _Phones:
    """What can be done with a phone; a number that was never seen is a phone that has not joined."""

    def __init__(self, state: TwilioState, inbound: Inbound) -> None:
        self._state, self._inbound = state, inbound

    async def all(self) -> list[dict[str, Any]]:
        """All phones with the number of messages in their chats."""
        return [phone_json(self._state, number) for number in self._state.phones]

    async def inbox(self, number: PhoneNumber) -> dict[str, Any]:
        """The chat of one phone, oldest first."""
        return chat_json(self._state, number)

    async def join(self, number: PhoneNumber, join: Join) -> dict[str, Any]:
        """Send the join code (or another one, which joins nothing)."""
        self._inbound.text(number, join.code or self._state.settings.join_code, Quirks())
        return phone_json(self._state, number)

    async def text(self, number: PhoneNumber, text: Text) -> dict[str, Any]:
        """Write a text."""
        return message_json(self._inbound.text(number, text.text, text.quirks))

    async def tap(self, number: PhoneNumber, tap: Tap) -> dict[str, Any]:
        """Tap a button, also one of another person's message."""
        message = known_message(self._state, tap.message_sid)
        button = button_of(message, tap.button)
        return message_json(self._inbound.tap(number, message, button, tap.quirks))

    async def picture(self, number: PhoneNumber, picture: Picture) -> dict[str, Any]:
        """Send a picture."""
        media = self._state.keep_media(picture.content_type, base64.b64decode(picture.data_base64))
        account = self._state.settings.account_sid
        url = f"https://api.twilio.com/2010-04-01/Accounts/{account}/Media/{media.sid}"
        return message_json(self._inbound.picture(number, media, url, picture.quirks))


def plain_number(number: str) -> str:
    """The number of a path: `%2B91...`, `+91...`, `91...` and `whatsapp:+91...` are the same phone."""
    digits = number.removeprefix("whatsapp:").lstrip("+ ")
    if not digits.isascii() or not digits.isdigit() or not SHORTEST <= len(digits) <= LONGEST:
        raise HTTPException(404, "that is no phone number")
    return "+" + digits


PhoneNumber = Annotated[str, AfterValidator(plain_number)]


def known_message(state: TwilioState, sid: str) -> WhatsAppMessage:
    """The message with this id; 404 when there is none."""
    if sid not in state.messages:
        raise HTTPException(404, "no such message")
    return state.messages[sid]


def button_of(message: WhatsAppMessage, name: str) -> Button:
    """The button with this title or id; 404 when the message has none."""
    for button in message.buttons:
        if name in (button.title, button.id):
            return button
    raise HTTPException(404, f"the message has no button {name!r}")


def phone_json(state: TwilioState, number: str) -> dict[str, Any]:
    """One phone for the control API."""
    phone = state.phone(number)
    return {
        "number": number,
        "name": phone.name,
        "joined": state.is_joined(number),
        "window_open": state.window_open(number),
        "messages": len(state.chat(number)),
    }


def chat_json(state: TwilioState, number: str) -> dict[str, Any]:
    """A phone's chat; `version` changes whenever something in it may have."""
    phone = {**phone_json(state, number), "version": state.version}
    return {**phone, "messages": [message_json(message) for message in state.chat(number)]}


def message_json(message: WhatsAppMessage) -> dict[str, Any]:
    """One message as the phone's owner sees it: `mine` is what they sent."""
    return {
        "sid": message.sid,
        "mine": message.inbound,
        "kind": message.kind,
        "body": message.body,
        "footer": message.footer,
        "media": [f"/phone/media/{medium.sid}" for medium in message.media],
        "buttons": [asdict(button) for button in message.buttons],
        "tapped": message.tapped,
        "reply_to": message.reply_to,
        "status": message.status,
        "at": _iso(message.sent or message.created),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
