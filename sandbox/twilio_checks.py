"""What Twilio refuses at once, in the order in which it looks, with its codes and words. Pure.

Sources: twilio.com/docs/api/errors/{code}, twilio-oai (twilio_api_v2010.json, twilio_content_v1.json).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox.twilio_content import placeholders
from sandbox.twilio_state import TwilioState

ADDRESS: Final = re.compile(r"whatsapp:\+\d{8,15}")
LONGEST_BODY: Final = 1600
MOST_BUTTONS: Final = 10
LONGEST_BUTTON: Final = 20
LONGEST_BUTTON_ID: Final = 200

Form = Mapping[str, Sequence[str]]


class RefusedError(Exception):
    """Twilio's refusal: HTTP status, its code and its words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> dict[str, Any]:
        """The JSON error body."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more, "status": self.status}


def not_found(path: str) -> RefusedError:
    """An unknown resource."""
    return RefusedError(404, 20404, f"The requested resource {path} was not found")


def check_message(form: Form, state: TwilioState) -> None:
    """Refuse a message that Twilio would refuse before answering 201."""
    for check in _CHECKS:
        check(form, state)


def first(form: Form, key: str) -> str | None:
    """The first value of a parameter, None when it is missing or blank."""
    values = form.get(key) or [""]
    return values[0] or None


def _recipient(form: Form, state: TwilioState) -> None:
    to = first(form, "To")
    if to is None:
        raise RefusedError(400, 21604, "A 'To' phone number is required.")
    if not ADDRESS.fullmatch(to):
        raise RefusedError(400, 21211, f"The 'To' number {to} is not a valid phone number.")


def _sender(form: Form, state: TwilioState) -> None:
    sender = first(form, "From")
    if sender is None:
        raise RefusedError(400, 21603, "A 'From' phone number is required.")
    if sender != f"whatsapp:{state.settings.sender}":
        raise RefusedError(400, 63007, "Twilio could not find a Channel with the specified From address")


def _something_to_say(form: Form, state: TwilioState) -> None:
    if not any(first(form, key) for key in ("Body", "MediaUrl", "ContentSid")):
        raise RefusedError(400, 21619, "A text message body or media urls must be specified.")


def _body(form: Form, state: TwilioState) -> None:
    if len(first(form, "Body") or "") > LONGEST_BODY:
        raise RefusedError(400, 21617, "The concatenated message body exceeds the 1600 character limit")


def _template(form: Form, state: TwilioState) -> None:
    sid, variables = first(form, "ContentSid"), first(form, "ContentVariables")
    if sid is None:
        if variables is not None:
            raise RefusedError(400, 21654, "The ContentSid is required when ContentVariables are given.")
        return
    template = state.templates.get(sid)
    if template is None:
        raise RefusedError(400, 21655, "The ContentSid is invalid.")
    given = {**template.variables, **_variables(variables)}
    if not placeholders(template.types) <= given.keys():
        raise _bad_variables()


def _variables(text: str | None) -> dict[str, str]:
    """The variables of a request: a JSON object of non-empty strings."""
    try:
        given = json.loads(text or "{}")
    except ValueError as error:
        raise _bad_variables() from error
    if not isinstance(given, dict) or not all(isinstance(v, str) and v for v in given.values()):
        raise _bad_variables()
    return given


def _bad_variables() -> RefusedError:
    return RefusedError(400, 21656, "The ContentVariables parameter is invalid.")


def _media(form: Form, state: TwilioState) -> None:
    for url in form.get("MediaUrl", []):
        if not is_web_address(url):
            raise RefusedError(400, 21620, f"Invalid media URL(s): {url}")


def _callback(form: Form, state: TwilioState) -> None:
    url = first(form, "StatusCallback")
    if url is not None and (not is_web_address(url) or "_" in (urlsplit(url).hostname or "")):
        raise RefusedError(400, 21609, f"The StatusCallback URL {url} is not a valid url.")


def is_web_address(url: str) -> bool:
    """Whether `url` is an absolute http or https address with a host."""
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


_CHECKS: Final[tuple[Callable[[Form, TwilioState], None], ...]] = (
    _recipient,
    _sender,
    _something_to_say,
    _body,
    _template,
    _media,
    _callback,
)


def check_template(payload: Any) -> None:
    """Refuse a Content resource whose shape is not Twilio's."""
    if not isinstance(payload, dict):
        raise _bad_template("a JSON object is required")
    unknown = payload.keys() - {"friendly_name", "language", "variables", "types"}
    if unknown:
        raise _bad_template(f"unknown properties {sorted(unknown)}")
    if not payload.get("language") or not payload.get("types"):
        raise _bad_template("language and types are required")
    for kind, content in payload["types"].items():
        if kind not in _TYPES:
            raise _bad_template(f"unknown type {kind}")
        required, known = _TYPES[kind]
        given = {key for key, value in content.items() if value is not None}
        if not required <= given or not given <= known:
            raise _bad_template(f"{kind} takes {sorted(known)} and needs {sorted(required)}")
        _check_buttons(content.get("actions") or [])


_TYPES: Final[dict[str, tuple[set[str], set[str]]]] = {
    "twilio/text": ({"body"}, {"body"}),
    "twilio/media": ({"media"}, {"body", "media"}),
    "twilio/quick-reply": ({"body", "actions"}, {"body", "actions"}),
    "twilio/card": ({"title"}, {"title", "subtitle", "media", "actions"}),
}
"""Type of content -> what it must have, what it may have."""


def _check_buttons(actions: list[dict[str, Any]]) -> None:
    if len(actions) > MOST_BUTTONS:
        raise _bad_template(f"more than {MOST_BUTTONS} actions")
    for action in actions:
        if action.keys() - {"type", "title", "id"} or not action.get("title"):
            raise _bad_template("an action takes type, title and id, and needs a title")
        if action.get("type", "QUICK_REPLY") != "QUICK_REPLY":
            raise _bad_template("only QUICK_REPLY actions are simulated")
        if len(action["title"]) > LONGEST_BUTTON or len(action.get("id") or "") > LONGEST_BUTTON_ID:
            raise _bad_template("an action's title or id is too long")


def _bad_template(why: str) -> RefusedError:
    return RefusedError(400, 20001, f"Content is not valid: {why}")
