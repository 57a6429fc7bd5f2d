"""Twilio's REST: Messages, their Media, and Content templates, with the real bodies and errors."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import date, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from sandbox.twilio_checks import RefusedError, check_message, check_template, first, not_found
from sandbox.twilio_content import Rendered, approval_fault, delivery_fault, render
from sandbox.twilio_delivery import Delivery
from sandbox.twilio_state import Template, TwilioState, WhatsAppMessage

DEFAULT_PAGE: Final = 50
LARGEST_PAGE: Final = 1000
CONTENT_HOST: Final = "https://content.twilio.com"
FORM: Final = "application/x-www-form-urlencoded"


def rest_router(state: TwilioState, delivery: Delivery) -> APIRouter:
    """All REST routes; Basic auth and the account in the path are checked before anything else."""
    router = APIRouter(dependencies=[Depends(_Door(state))])
    rest = _Rest(state, delivery)
    account = "/2010-04-01/Accounts/{account}"
    one, content = account + "/Messages/{sid}", "/v1/Content/{sid}"
    for method, path, endpoint, status in (
        ("POST", account + "/Messages.json", rest.create, 201),
        ("GET", account + "/Messages.json", rest.messages, 200),
        ("GET", one + "/Media.json", rest.media, 200),
        ("GET", one + "/Media/{media_sid}", rest.medium, 200),
        ("GET", one + ".json", rest.message, 200),
        ("POST", one + ".json", rest.update, 200),
        ("DELETE", one + ".json", rest.delete, 204),
        ("POST", "/v1/Content", rest.create_template, 201),
        ("GET", "/v1/Content", rest.templates, 200),
        ("POST", content + "/ApprovalRequests/whatsapp", rest.request_approval, 201),
        ("GET", content + "/ApprovalRequests", rest.approval, 200),
        ("GET", content, rest.template, 200),
        ("DELETE", content, rest.delete_template, 204),
    ):
        router.add_api_route(path, endpoint, methods=[method], status_code=status, response_model=None)
    return router


class _Door:
    """Basic auth and the account in the path."""

    def __init__(self, state: TwilioState) -> None:
        self._settings = state.settings

    def __call__(self, request: Request) -> None:
        given = _basic(request.headers.get("authorization", ""))
        if given != (self._settings.account_sid, self._settings.auth_token):
            raise RefusedError(401, 20003, "Authenticate")
        if request.path_params.get("account", self._settings.account_sid) != self._settings.account_sid:
            raise not_found(request.url.path)


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if scheme.lower() == "basic" else None


class _Rest:
    """The endpoints, by the names of what they do."""

    def __init__(self, state: TwilioState, delivery: Delivery) -> None:
        self._state, self._delivery = state, delivery

    async def create(self, request: Request) -> dict[str, Any]:
        """Queue a message; everything after is asynchronous."""
        form = await _form_of(request)
        check_message(form, self._state)
        message, fault = self._message_from(form)
        self._state.keep(message)
        shown = self._shown(message)
        self._delivery.start(message, fault)
        return shown

    def _message_from(self, form: dict[str, list[str]]) -> tuple[WhatsAppMessage, tuple[str, str] | None]:
        content_sid = first(form, "ContentSid")
        variables: dict[str, str] = json.loads(first(form, "ContentVariables") or "{}")
        rendered, fault = Rendered(first(form, "Body") or "", "", tuple(form.get("MediaUrl", [])), ()), None
        if content_sid is not None:
            rendered = render(self._state.templates[content_sid], variables)
            fault = delivery_fault(rendered, variables)
        rich = bool(rendered.media_urls or rendered.buttons)
        now = self._state.clock.now()
        message = WhatsAppMessage(
            sid=self._state.new_sid("MM" if rich else "SM"),
            phone=(first(form, "To") or "").removeprefix("whatsapp:"),
            inbound=False,
            body=rendered.body,
            created=now,
            status="queued",
            media_urls=rendered.media_urls,
            footer=rendered.footer,
            buttons=rendered.buttons,
            content_sid=content_sid,
            variables=variables,
            status_callback=first(form, "StatusCallback"),
            updated=now,
        )
        return message, fault

    async def messages(self, request: Request) -> dict[str, Any]:
        """List messages in either direction, newest first."""
        query = dict(request.query_params)
        found = [self._shown(m) for m in reversed(self._state.messages.values()) if self._asked_for(m, query)]
        return {"messages": _slice(found, query), **_page_uris(request, len(found), query)}

    def _asked_for(self, message: WhatsAppMessage, query: dict[str, str]) -> bool:
        sender, to = self._ends(message)
        day = (message.sent or message.created).date()
        wanted = (
            query.get("To", to) == to,
            query.get("From", sender) == sender,
            day >= _day(query.get("DateSent>")) if "DateSent>" in query else True,
            day <= _day(query.get("DateSent<")) if "DateSent<" in query else True,
            day == _day(query.get("DateSent")) if "DateSent" in query else True,
        )
        return all(wanted)

    def _ends(self, message: WhatsAppMessage) -> tuple[str, str]:
        ours, theirs = f"whatsapp:{self._state.settings.sender}", f"whatsapp:{message.phone}"
        return (theirs, ours) if message.inbound else (ours, theirs)

    async def message(self, sid: str) -> dict[str, Any]:
        """One message."""
        return self._shown(self._known(sid))

    async def update(self, sid: str, request: Request) -> dict[str, Any]:
        """Redact a message (an empty Body)."""
        message, form = self._known(sid), await _form_of(request)
        if "Body" not in form or first(form, "Body") is not None:
            raise RefusedError(400, 20001, "Only an empty Body can be set.")
        message.body = ""
        self._state.changed()
        return self._shown(message)

    async def delete(self, sid: str) -> None:
        """Forget a message."""
        del self._state.messages[self._known(sid).sid]
        self._state.changed()

    async def media(self, sid: str) -> dict[str, Any]:
        """The media that Twilio keeps of a message."""
        message, base = self._known(sid), f"/2010-04-01/Accounts/{self._state.settings.account_sid}"
        return {
            "media_list": [
                {
                    "sid": medium.sid,
                    "account_sid": self._state.settings.account_sid,
                    "parent_sid": sid,
                    "content_type": medium.content_type,
                    "date_created": _rfc2822(message.created),
                    "date_updated": _rfc2822(message.created),
                    "uri": f"{base}/Messages/{sid}/Media/{medium.sid}.json",
                }
                for medium in message.media
            ],
            "page": 0,
            "page_size": DEFAULT_PAGE,
            "next_page_uri": None,
        }

    async def medium(self, sid: str, media_sid: str) -> Response:
        """The bytes of one medium."""
        for medium in self._known(sid).media:
            if medium.sid == media_sid:
                return Response(medium.data, media_type=medium.content_type)
        raise not_found(media_sid)

    def _known(self, sid: str) -> WhatsAppMessage:
        if sid not in self._state.messages:
            raise not_found(f"/Messages/{sid}.json")
        return self._state.messages[sid]

    def _shown(self, message: WhatsAppMessage) -> dict[str, Any]:
        """The Message resource as the API shows it: counts are strings, dates RFC 2822."""
        account = self._state.settings.account_sid
        uri = f"/2010-04-01/Accounts/{account}/Messages/{message.sid}"
        sender, to = self._ends(message)
        outbound = "outbound-reply" if message.kind == "reply" else "outbound-api"
        code = message.error_code
        return {
            "sid": message.sid,
            "account_sid": account,
            "api_version": "2010-04-01",
            "messaging_service_sid": None,
            "from": sender,
            "to": to,
            "body": message.body,
            "direction": "inbound" if message.inbound else outbound,
            "status": message.status,
            "error_code": int(code) if code is not None and code.isdigit() else None,
            "error_message": message.error_message,
            "date_created": _rfc2822(message.created),
            "date_updated": _rfc2822(message.updated or message.created),
            "date_sent": _rfc2822(message.sent) if message.sent else None,
            "num_media": str(len(message.media) if message.inbound else len(message.media_urls)),
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }

    async def create_template(self, request: Request) -> dict[str, Any]:
        """Create a Content resource; only JSON is taken."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise RefusedError(415, 20415, "Content-Type must be application/json")
        try:
            payload = json.loads(await request.body())
        except ValueError as error:
            raise RefusedError(400, 20001, "Content is not valid JSON") from error
        check_template(payload)
        template = Template(
            sid=self._state.new_sid("HX"),
            friendly_name=payload.get("friendly_name") or "",
            language=payload["language"],
            variables=payload.get("variables") or {},
            types=payload["types"],
            created=self._state.clock.now(),
        )
        self._state.templates[template.sid] = template
        return self._shown_template(template)

    async def templates(self, request: Request) -> dict[str, Any]:
        """List templates; the next page's address names Twilio's own host, as in reality."""
        query = dict(request.query_params)
        found = [self._shown_template(template) for template in self._state.templates.values()]
        size, page = _paging(query)
        here = f"{CONTENT_HOST}/v1/Content?PageSize={size}&Page="
        following = f"{here}{page + 1}" if (page + 1) * size < len(found) else None
        previous = f"{here}{page - 1}" if page else None
        meta = {"key": "contents", "page": page, "page_size": size, "url": f"{here}{page}"}
        meta |= {"first_page_url": f"{here}0", "previous_page_url": previous, "next_page_url": following}
        return {"contents": _slice(found, query), "meta": meta}

    async def template(self, sid: str) -> dict[str, Any]:
        """One template."""
        return self._shown_template(self._known_template(sid))

    async def delete_template(self, sid: str) -> None:
        """Delete a template; messages can then no longer be made from it."""
        del self._state.templates[self._known_template(sid).sid]

    async def request_approval(self, sid: str, request: Request) -> dict[str, Any]:
        """Submit a template to WhatsApp: rejected at once when it breaks the rules, else `received`."""
        template, asked = self._known_template(sid), json.loads(await request.body())
        reason = approval_fault(template)
        template.approval = {
            "name": asked.get("name", ""),
            "category": asked.get("category", ""),
            "content_type": next(iter(template.types)),
            "status": "rejected" if reason else "received",
            "rejection_reason": reason or "",
            "allow_category_change": True,
        }
        return template.approval

    async def approval(self, sid: str) -> dict[str, Any]:
        """How far the approval is."""
        template = self._known_template(sid)
        whatsapp = {"type": "whatsapp", **template.approval} if template.approval else {}
        url = f"{CONTENT_HOST}/v1/Content/{sid}/ApprovalRequests"
        return {"sid": sid, "account_sid": self._state.settings.account_sid, "whatsapp": whatsapp, "url": url}

    def _known_template(self, sid: str) -> Template:
        if sid not in self._state.templates:
            raise not_found(f"/Content/{sid}")
        return self._state.templates[sid]

    def _shown_template(self, template: Template) -> dict[str, Any]:
        url = f"{CONTENT_HOST}/v1/Content/{template.sid}"
        return {
            "sid": template.sid,
            "account_sid": self._state.settings.account_sid,
            "friendly_name": template.friendly_name,
            "language": template.language,
            "variables": template.variables,
            "types": template.types,
            "date_created": _iso(template.created),
            "date_updated": _iso(template.created),
            "url": url,
            "links": {
                "approval_create": f"{url}/ApprovalRequests/whatsapp",
                "approval_fetch": f"{url}/ApprovalRequests",
            },
        }


async def _form_of(request: Request) -> dict[str, list[str]]:
    if not request.headers.get("content-type", "").startswith(FORM):
        raise RefusedError(415, 20415, f"Content-Type must be {FORM}")
    return parse_qs((await request.body()).decode(), keep_blank_values=True)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError as error:
        raise RefusedError(400, 20001, f"Invalid date {text}") from error


def _paging(query: dict[str, str]) -> tuple[int, int]:
    size = min(LARGEST_PAGE, max(1, int(query.get("PageSize", DEFAULT_PAGE))))
    return size, max(0, int(query.get("Page", 0)))


def _slice(found: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    size, page = _paging(query)
    return found[page * size : (page + 1) * size]


def _page_uris(request: Request, total: int, query: dict[str, str]) -> dict[str, Any]:
    size, page = _paging(query)

    def uri(number: int) -> str:
        return f"{request.url.path}?{urlencode({**query, 'PageSize': size, 'Page': number})}"

    more = (page + 1) * size < total
    return {
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": min(total, (page + 1) * size) - 1,
        "uri": uri(page),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else None,
        "next_page_uri": uri(page + 1) if more else None,
    }


def _rfc2822(moment: datetime) -> str:
    return format_datetime(moment)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
