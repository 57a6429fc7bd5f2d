"""What Twilio does after its 201: fetches media, delivers to the phone, reports each status. Asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import httpx

from sandbox.twilio_content import MOST_SESSION_BUTTONS, Rendered, delivery_fault
from sandbox.twilio_state import TwilioState, WhatsAppMessage
from sandbox.twilio_webhooks import Webhooks

LARGEST_PICTURE_BYTES: Final = 5 * 1024 * 1024
PICTURES: Final = ("image/jpeg", "image/png", "image/webp")
MEDIA_TIMEOUT_S: Final = 10.0

EVENT_TYPES: Final = {"delivered": "DELIVERED", "read": "READ", "undelivered": "UNDELIVERED"}


class Delivery:
    """Delivers messages to phones, one task per message; `close` ends what is under way."""

    def __init__(self, state: TwilioState, webhooks: Webhooks) -> None:
        self._state, self._webhooks = state, webhooks
        self._tasks: set[asyncio.Task[None]] = set()
        self._pace = asyncio.Lock()

    def start(self, message: WhatsAppMessage, variables_fault: tuple[str, str] | None = None) -> None:
        """Deliver a message in the background."""
        self.spawn(self._deliver(message, variables_fault))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background until `close`."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """End what is under way."""
        for task in set(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, message: WhatsAppMessage, variables_fault: tuple[str, str] | None) -> None:
        async with self._pace:
            await asyncio.sleep(self._state.settings.pace_s)
        fault = variables_fault or await self._fetch_media(message) or self._refusal(message)
        if fault is not None:
            await self._fail(message, *fault)
            return
        message.sent = self._state.clock.now()
        steps = ["sent", "delivered", "read"] if self._state.settings.read_at_once else ["sent", "delivered"]
        if self._webhooks.takes_fault("reorder_webhooks", message.status_callback):
            steps.reverse()
        for status in steps:
            await self.report(message, status)

    async def _fail(self, message: WhatsAppMessage, code: str, words: str) -> None:
        await self.report(message, "undelivered" if code == "63016" else "failed", code, words)

    def _refusal(self, message: WhatsAppMessage) -> tuple[str, str] | None:
        """Why WhatsApp does not deliver to this phone now."""
        if not self._state.is_joined(message.phone):
            return (
                "63015",
                "Channel Sandbox can only send messages to phone numbers that have joined the Sandbox",
            )
        template = self._state.templates.get(message.content_sid or "")
        approved = template is not None and (template.approval or {}).get("status") == "approved"
        if approved:
            return None
        if not self._state.window_open(message.phone):
            return "63016", "Failed to send freeform message because you are outside the allowed window."
        if len(message.buttons) > MOST_SESSION_BUTTONS:
            return "63021", "Channel invalid content: more than three buttons without approval"
        rendered = Rendered(message.body, message.footer, message.media_urls, message.buttons)
        return delivery_fault(rendered, message.variables) if message.content_sid else None

    async def _fetch_media(self, message: WhatsAppMessage) -> tuple[str, str] | None:
        """Fetch every medium with HEAD and GET, as Twilio's cloud does; what went wrong, or None."""
        for url in message.media_urls:
            try:
                head = await self._webhooks.fetch("HEAD", url, MEDIA_TIMEOUT_S)
                answer = await self._webhooks.fetch("GET", url, MEDIA_TIMEOUT_S)
            except httpx.HTTPError as error:
                return "63019", f"Media failed to download: {type(error).__name__}"
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            if head.status_code != 200 or answer.status_code != 200 or not answer.content:
                return "63019", f"Media failed to download: HTTP {head.status_code}/{answer.status_code}"
            if kind not in PICTURES or head.headers.get("content-type") != answer.headers.get("content-type"):
                return "63021", f"Channel invalid content: media type {kind or 'missing'}"
            if len(answer.content) > LARGEST_PICTURE_BYTES:
                return "11751", "Media Message - Media exceeds size limit"
            message.media.append(self._state.keep_media(kind, answer.content))
        return None

    async def report(
        self, message: WhatsAppMessage, status: str, code: str | None = None, words: str | None = None
    ) -> None:
        """Set a message's status and tell the status callback, if it has one."""
        message.status, message.updated = status, self._state.clock.now()
        message.error_code, message.error_message = code, words
        message.statuses.append(status)
        self._state.changed()
        if message.status_callback:
            await self._webhooks.post(
                message.status_callback, self._status_form(message, status, code, words)
            )

    def _status_form(
        self, message: WhatsAppMessage, status: str, code: str | None, words: str | None
    ) -> list[tuple[str, str]]:
        """The form of a status callback (twilio.com, "Outbound Message Status in Status Callbacks")."""
        settings = self._state.settings
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": f"whatsapp:{message.phone}",
            "From": f"whatsapp:{settings.sender}",
            "AccountSid": settings.account_sid,
            "ApiVersion": "2010-04-01",
            "ChannelPrefix": "whatsapp",
            "ChannelInstallSid": "XE" + settings.account_sid[2:],
            "ChannelToAddress": message.phone[:-4] + "XXXX",
            "StructuredMessage": "false",
        }
        if status in EVENT_TYPES:
            form["EventType"] = EVENT_TYPES[status]
        if code is not None:
            form |= {"ErrorCode": code, "ErrorMessage": words or "", "ChannelStatusMessage": words or ""}
        return list(form.items())
