"""The approver's phone as web pages: a chat list at `/phone`, one chat per number, for people and the demo.

GET  /phone                    all phones
GET  /phone/{number}           the chat as a page
GET  /phone/{number}/chat      the chat as JSON; 204 when `?version=` is still the newest
POST /phone/{number}/tap       {"message_sid", "button"}
POST /phone/{number}/text      {"text"}
GET  /phone/media/{sid}        a picture of a message
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sandbox.twilio_control import (
    PhoneNumber,
    Tap,
    Text,
    button_of,
    chat_json,
    known_message,
    message_json,
    phone_json,
)
from sandbox.twilio_inbound import Inbound
from sandbox.twilio_state import TwilioState

HERE: Final = Path(__file__).parent
STATIC: Final = {"phone.css": "text/css", "phone.js": "text/javascript"}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def phone_router(state: TwilioState, inbound: Inbound) -> APIRouter:
    """The pages of all phones."""
    router = APIRouter(prefix="/phone", tags=["phone"])
    pages = _Pages(state, inbound)
    for method, path, endpoint in (
        ("GET", "", pages.index),
        ("GET", "/static/{name}", pages.static),
        ("GET", "/media/{sid}", pages.media),
        ("GET", "/{number}", pages.chat_page),
        ("GET", "/{number}/chat", pages.chat),
        ("POST", "/{number}/tap", pages.tap),
        ("POST", "/{number}/text", pages.text),
    ):
        router.add_api_route(path, endpoint, methods=[method], response_model=None)
    return router


class _Pages:
    """The endpoints."""

    def __init__(self, state: TwilioState, inbound: Inbound) -> None:
        self._state, self._inbound = state, inbound
        loader = FileSystemLoader(HERE / "templates")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)

    async def index(self) -> HTMLResponse:
        """All phones, each with its latest message."""
        phones = [
            {**phone_json(self._state, number), "latest": self._latest(number)}
            for number in self._state.phones
        ]
        return self._page("phone_index.html", phones=phones)

    def _latest(self, number: str) -> str:
        chat = self._state.chat(number)
        return (chat[-1].body or "Picture").replace("*", "").replace("\n", " ") if chat else "No messages yet"

    async def chat_page(self, number: PhoneNumber, request: Request) -> Response:
        """One chat; other spellings of the number lead to the E.164 one."""
        if request.path_params["number"] != number:
            return RedirectResponse(f"/phone/{number}")
        settings = self._state.settings
        return self._page("phone.html", chat=chat_json(self._state, number), sender=settings.sender)

    async def chat(self, number: PhoneNumber, version: int = -1) -> Response:
        """The chat as JSON, or 204 when nothing changed since `version`."""
        if version == self._state.version:
            return Response(status_code=204)
        return JSONResponse(chat_json(self._state, number), headers={"Cache-Control": "no-store"})

    async def tap(self, number: PhoneNumber, tap: Tap) -> dict[str, Any]:
        """Tap a button of a message in this chat."""
        message = known_message(self._state, tap.message_sid)
        if message.phone != number:
            raise HTTPException(404, "no such message in this chat")
        button = button_of(message, tap.button)
        return message_json(self._inbound.tap(number, message, button, tap.quirks))

    async def text(self, number: PhoneNumber, text: Text) -> dict[str, Any]:
        """Write a text."""
        return message_json(self._inbound.text(number, text.text, text.quirks))

    async def media(self, sid: str) -> Response:
        """A picture, shown as what it is and nothing else."""
        media = self._state.media.get(sid)
        if media is None or not media.content_type.startswith("image/"):
            raise HTTPException(404, "no such picture")
        return Response(media.data, media_type=media.content_type, headers=HEADERS)

    async def static(self, name: str) -> FileResponse:
        """The style sheet and the script."""
        if name not in STATIC:
            raise HTTPException(404, "no such file")
        return FileResponse(
            HERE / "static" / name, media_type=STATIC[name], headers={"Cache-Control": "no-cache"}
        )

    def _page(self, template: str, **values: Any) -> HTMLResponse:
        return HTMLResponse(self._templates.get_template(template).render(**values), headers=HEADERS)
