"""WhatsApp by Twilio's own client: asks with a picture and two buttons, finds what was asked, notes.

Creating a message is not idempotent at Twilio, so a create is never sent again after a time-out or a 5xx:
`OutcomeUnknownError` says so, and `find` tells later. Only what Twilio surely did not process (a 429, no
connection) is tried again, briefly.

The question is a Content template (`twilio/card`). Its variables may hold no newline (63013), so each line
of the text is a variable and there is one template per number of lines; its name carries a hash of its
definition, so a changed definition is a new template. Sources: twilio.com/docs/content,
twilio.com/docs/api/errors, twilio-python 9.13.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response as TwilioResponse
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList

from schema.approval import Question
from schema.errors import OutcomeUnknownError, PermanentError, TransientError
from schema.ids import MessageSid, Phone
from schema.masking import Masked

TRIES: Final = 3
"""Of a request that was surely not processed."""

FIRST_PAUSE_S: Final = 0.4
CONNECT_TIMEOUT_S: Final = 3.0
MOST_TEMPLATES: Final = 2000
MOST_MESSAGES: Final = 2000
"""Read by `find`: messages to one person since shortly before they were asked."""

LOOK_BACK: Final = timedelta(days=3)
"""A crashed ask is made anew with a later time, and Twilio filters by whole days."""

LONGEST_CARD: Final = 1024
LONGEST_NOTE: Final = 1600
MOST_LINES: Final = 16
LONGEST_TOKEN: Final = 126
"""Twilio allows 200 characters in a button's id, Meta 256 or 128 depending on the message: 128 with `A.`."""

MARK: Final = "Approval needed:\n"
"""Before the first line: WhatsApp approves no template that starts with a variable."""

FOOTER: Final = "Nothing is paid until you approve."
REPLY: Final = "Or reply APPROVE {code} or REJECT {code}."
STATUS_PATH: Final = "/webhooks/twilio/status"
DEAD: Final = frozenset({"failed", "undelivered", "canceled"})
TEMPLATE_REFUSED: Final = frozenset({20001, 21654, 21655, 21656, 63013, 63021})
"""Refusals of a message because of its template; the same question as plain text may pass."""

T = TypeVar("T")


class TwilioRefusedError(PermanentError):
    """Twilio refused the request."""

    def __init__(self, status: int, code: int | None, words: str) -> None:
        super().__init__(f"Twilio refused the request ({code or status}): {words}")
        self.status, self.code = status, code


class TwilioMessenger:
    """Handlers' `Messenger` over Twilio. `guard` sees every text before it leaves and raises to stop it.

    `api_url` other than Twilio's own replaces the host of every request; `timeout_s` is the total of one;
    `transport` replaces the network, or stands before it.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        public_url: str,
        guard: Callable[[str], None],
        api_url: str = "https://api.twilio.com",
        timeout_s: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._transport = _Transport(api_url, timeout_s, transport)
        # A dictionary that is not empty keeps Twilio's client from reading the environment by itself.
        client = Client(account_sid, auth_token, http_client=self._transport, environment={"none": ""})
        # Twilio imports these on first use, which takes a second that no request's time should pay for.
        self._messages, self._contents = client.messages, client.content.v1.contents
        self._sender = _address(sender)
        self._public_url = public_url.rstrip("/")
        self._guard = guard
        self._timeout_s = timeout_s
        self._templates: dict[str, str] = {}
        self._creating = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def ask(self, question: Question, text: Masked, media_url: str) -> MessageSid:
        """Send the card; when Twilio refuses the template at once, the same words with the picture alone.

        OutcomeUnknownError: it may have been sent, look with `find`. TransientError: it surely was not.
        """
        card = _card(question, text, self._public_url, media_url)
        self._guard(card.text)
        arguments = {"to": _address(question.person.phone), "from_": self._sender}
        arguments["status_callback"] = f"{self._public_url}{STATUS_PATH}?question={question.id}"
        try:
            sid = await self._template(card)
            filled = {"content_sid": sid, "content_variables": json.dumps(card.variables, ensure_ascii=False)}
            return await self._send(**arguments, **filled)
        except TwilioRefusedError as refusal:
            if not _about_template(refusal):
                raise
            self._templates.pop(card.name, None)
        return await self._send(**arguments, body=card.text, media_url=[media_url])

    async def find(self, question: Question) -> MessageSid | None:
        """The first message with this question's code that did not fail; Twilio lists the newest first."""
        found = await self._call(
            lambda: self._messages.list_async(
                to=_address(question.person.phone),
                from_=self._sender,
                date_sent_after=question.asked_at - LOOK_BACK,
                limit=MOST_MESSAGES,
                page_size=200,
            )
        )
        mark = f"APPROVE {question.code}"
        sids = [m.sid for m in found if mark in (m.body or "") and m.status not in DEAD]
        return MessageSid(sids[-1]) if sids else None

    async def check(self) -> None:
        """Ask for one message of the account, sending nothing; raises when credentials or address are wrong."""
        await self._call(lambda: self._messages.list_async(limit=1, page_size=1))

    async def note(self, to: Phone, text: Masked) -> MessageSid:
        """Send a plain text, cut to what Twilio takes; it may not arrive outside the 24-hour window."""
        self._guard(text)
        return await self._send(
            to=_address(to),
            from_=self._sender,
            body=_cut(text, LONGEST_NOTE),
            status_callback=f"{self._public_url}{STATUS_PATH}",
        )

    async def _send(self, **arguments: Any) -> MessageSid:
        message = await self._call(lambda: self._messages.create_async(**arguments), creates=True)
        if not message.sid:
            raise OutcomeUnknownError("Twilio's answer names no message.")
        return MessageSid(message.sid)

    async def _template(self, card: Card) -> str:
        """The id of the card's template, looked up once and created when there is none."""
        async with self._creating:
            if card.name not in self._templates:
                self._templates |= await self._call(self._known_templates)
            if card.name not in self._templates:
                self._templates[card.name] = await self._create_template(card)
            return self._templates[card.name]

    async def _known_templates(self) -> dict[str, str]:
        found = await self._contents.list_async(limit=MOST_TEMPLATES, page_size=100)
        return {template.friendly_name: template.sid for template in found}

    async def _create_template(self, card: Card) -> str:
        request = ContentList.ContentCreateRequest(
            {"friendly_name": card.name, "language": "en", "types": card.definition}
        )
        created = await self._call(lambda: self._contents.create_async(request))
        return str(created.sid)

    async def _call(self, request: Callable[[], Awaitable[T]], *, creates: bool = False) -> T:
        """Do a request in the time it has, again when it surely was not processed; our errors only."""
        for attempt in range(1, TRIES + 1):
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await request()
            except (httpx.HTTPError, TwilioException, TimeoutError, ValueError, KeyError) as error:
                failure = _translated(error, creates=creates)
                unprocessed = isinstance(failure, TransientError) and not isinstance(
                    failure, OutcomeUnknownError
                )
                if attempt == TRIES or not unprocessed or not _safe_to_repeat(error):
                    raise failure from error
            await asyncio.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.0))  # noqa: S311
        raise AssertionError("bug: the last attempt neither returned nor raised")


class _Transport(AsyncHttpClient):  # type: ignore[misc] # twilio ships no types
    """Twilio's requests by httpx: another base address, real time-outs, JSON where JSON is due, no retries.

    Twilio's own asynchronous transport ignores its time-out, sends Content as a form and repeats a create
    after a 5xx (twilio-python 9.13).
    """

    def __init__(self, api_url: str, timeout_s: float, transport: httpx.AsyncBaseTransport | None) -> None:
        super().__init__(logging.getLogger("twilio"), is_async=True, timeout=timeout_s)
        own = (urlsplit(api_url).hostname or "").endswith(".twilio.com")
        self._base = None if own else urlsplit(api_url.rstrip("/"))
        timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S))
        self._client = httpx.AsyncClient(
            transport=transport, timeout=timeout, follow_redirects=False, trust_env=False
        )

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> TwilioResponse:
        """One request, as Twilio's client calls it."""
        is_json = (headers or {}).get("Content-Type", "").startswith("application/json")
        answer = await self._client.request(
            method,
            self._rebased(uri),
            params=params or None,
            json=data if is_json and data is not None else None,
            data=None if is_json else data,
            headers=headers,
            auth=auth,
        )
        return TwilioResponse(answer.status_code, answer.text, answer.headers)

    def _rebased(self, url: str) -> str:
        if self._base is None:
            return url
        parts = urlsplit(url)
        return urlunsplit(
            (self._base.scheme, self._base.netloc, self._base.path + parts.path, parts.query, "")
        )

    async def close(self) -> None:
        await self._client.aclose()


@dataclass(frozen=True)
class Card:
    """A question as a template, as the values for it, and as plain text."""

    name: str
    definition: dict[str, Any]
    variables: dict[str, str]
    text: str


def _card(question: Question, text: str, public_url: str, media_url: str) -> Card:
    """Variables 1..n are the lines, then the code, the picture's path and the token."""
    if not media_url.startswith(public_url + "/"):
        raise PermanentError(
            "The picture's address does not start with PUBLIC_URL, which the template needs."
        )
    if not 0 < len(question.token) <= LONGEST_TOKEN:
        raise PermanentError("The question's token does not fit into a button.")
    reply = REPLY.format(code=question.code)
    lines = _lines(text, question.code, LONGEST_CARD - len(_body([""], reply)))
    values = [*lines, question.code, media_url.removeprefix(public_url + "/"), question.token]
    definition = _definition(len(lines), public_url)
    digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:12]
    return Card(
        name=f"countersign_ask_{len(lines)}_{digest}",
        definition=definition,
        variables={str(number): value for number, value in enumerate(values, start=1)},
        text=_body(lines, reply),
    )


def _definition(count: int, public_url: str) -> dict[str, Any]:
    """The template for `count` lines; no default values, so that a forgotten variable is refused."""
    code, picture, token = (f"{{{{{count + offset}}}}}" for offset in (1, 2, 3))
    lines = [f"{{{{{number}}}}}" for number in range(1, count + 1)]
    buttons = (("Approve", "A"), ("Reject", "R"))
    return {
        "twilio/card": {
            "title": _body(lines, REPLY.format(code=code)),
            "subtitle": FOOTER,
            "media": [f"{public_url}/{picture}"],
            "actions": [
                {"type": "QUICK_REPLY", "title": title, "id": f"{key}.{token}"} for title, key in buttons
            ],
        }
    }


def _body(lines: list[str], reply: str) -> str:
    """The words of a question: its headline, the reasons, how to answer in words."""
    return f"{MARK}{lines[0]}\n\n" + "".join(f"{line}\n" for line in lines[1:]) + f"\n{reply}"


def _lines(text: str, code: str, room: int) -> list[str]:
    """The text's lines, fit for variables: none empty, none about the code, at most `room` with newlines."""
    kept = [line for line in map(single_line, text.splitlines()) if line and f"APPROVE {code}" not in line]
    kept = kept or ["A payment needs your answer."]
    kept = [*kept[: MOST_LINES - 1], " ".join(kept[MOST_LINES - 1 :])] if len(kept) > MOST_LINES else kept
    return _cut("\n".join(kept), room - 1).splitlines()


def single_line(text: str) -> str:
    """`text` as a template variable may be: printable, no newline, single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _cut(text: str, room: int) -> str:
    """`text` in at most `room` characters; the end, which matters least, is what goes."""
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def _address(number: str) -> str:
    return f"whatsapp:{number.removeprefix('whatsapp:')}"


def _about_template(refusal: TwilioRefusedError) -> bool:
    """Whether plain words may pass where the template did not; wrong credentials or people stay wrong."""
    return refusal.code in TEMPLATE_REFUSED or (
        refusal.code in {20001, 20404} or refusal.status in {404, 415, 422}
    )


def _translated(error: Exception, *, creates: bool) -> TransientError | TwilioRefusedError:
    """Our error for what went wrong: refused, surely not processed, or unknown."""
    status, code, words = _refusal_of(error)
    if status == 429:
        return TransientError("Twilio takes no more requests for the moment.")
    if 400 <= status < 500 and status != 408:
        return TwilioRefusedError(status, code, words)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return TransientError("Twilio cannot be reached.")
    said = f"HTTP {status}" if status else type(error).__name__
    if creates:
        return OutcomeUnknownError(f"Twilio may have sent the message: no usable answer came ({said}).")
    return TransientError(f"Twilio gave no usable answer ({said}).")


def _refusal_of(error: Exception) -> tuple[int, int | None, str]:
    """HTTP status (0 when there is none), Twilio's code, its words; for every class of its exceptions."""
    status = getattr(error, "status", None)
    if status is None and isinstance(error, TwilioException) and len(error.args) > 1:
        # A page that could not be fetched carries its response, not a status.
        status = getattr(error.args[1], "status_code", 0)
    words = getattr(error, "msg", None) or getattr(error, "title", None) or type(error).__name__
    return int(status or 0), getattr(error, "code", None), str(words)


def _safe_to_repeat(error: Exception) -> bool:
    """What Twilio never processed: 429 is documented so, and without a connection nothing was sent."""
    refused = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return refused or _refusal_of(error)[0] == 429
