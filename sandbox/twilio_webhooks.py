"""Posts signed webhooks to the product as Twilio does, with its retries, time-outs and faults on demand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid5

import httpx

from sandbox.faults import WEBHOOK_KINDS, FaultBoard
from sandbox.twilio_signature import HEADER, WebhookTarget, sign_form, webhook_target
from sandbox.twilio_state import TwilioState

CONNECT_TIMEOUT_S: Final = 5.0
RETRY_PAUSE_S: Final = 0.2
NAMESPACE: Final = UUID("6e0a4dbe-3a6c-5a53-9d52-6f4be1a0d6c1")

Form = list[tuple[str, str]]


@dataclass(frozen=True)
class Posted:
    """One attempt to post a webhook; `status` is None when no answer came, then `error` says why."""

    at: datetime
    url: str
    form: Form
    signature: str
    token: str
    status: int | None
    answer: str
    error: str | None


class Webhooks:
    """Posts to the product; requests to the public base go to the real one on loopback."""

    def __init__(self, state: TwilioState, board: FaultBoard, client: httpx.AsyncClient) -> None:
        self._state, self._board, self._client = state, board, client
        self.posted: list[Posted] = []

    def takes_fault(self, kind: str, url: str | None) -> bool:
        """Whether such a fault was set for this address; it is then used up."""
        path = urlsplit(url or "").path
        return self._board.take({kind}, "POST", path, b"") is not None

    async def fetch(self, method: str, url: str, timeout_s: float) -> httpx.Response:
        """Request something of the product without following redirects."""
        return await self._client.request(method, self._actual(url), timeout=timeout_s)

    async def post(self, url: str, form: Form) -> Posted | None:
        """Post a webhook; the last attempt, or None when a fault made it disappear."""
        target = webhook_target(url)
        body = urlencode(form).encode()
        kinds = WEBHOOK_KINDS - {"reorder_webhooks"}
        fault = self._board.take(kinds, "POST", urlsplit(target.url).path, body)
        kind = fault.kind if fault else None
        if kind == "drop_webhook":
            return None
        if fault is not None and kind == "delay_webhook":
            await asyncio.sleep(fault.delay_s)
        secret = self._state.settings.auth_token + ("-forged" if kind == "bad_signature" else "")
        signature = sign_form(target.url, form, secret)
        token = str(uuid5(NAMESPACE, f"{self._state.settings.seed}:{target.url}:{body!r}"))
        earlier = self.posted[-1] if self.posted else None
        last = await self._try(target, form, signature, token)
        for _ in range(fault.n if fault is not None and kind == "duplicate_webhook" else 0):
            await self._once(target, form, signature, token)
        if kind == "replay_old" and earlier is not None:
            await self._once(webhook_target(earlier.url), earlier.form, earlier.signature, earlier.token)
        return last

    async def _try(self, target: WebhookTarget, form: Form, signature: str, token: str) -> Posted:
        for attempt in range(target.retries + 1):
            posted = await self._once(target, form, signature, token)
            if attempt == target.retries or not _retried(posted, target.policy):
                break
            await asyncio.sleep(RETRY_PAUSE_S)
        return posted

    async def _once(self, target: WebhookTarget, form: Form, signature: str, token: str) -> Posted:
        headers = {
            HEADER: signature,
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        }
        timeout = httpx.Timeout(target.timeout_s, connect=CONNECT_TIMEOUT_S)
        status, answer, failure = None, "", None
        try:
            async with asyncio.timeout(target.timeout_s):
                response = await self._client.post(
                    self._actual(target.url), content=urlencode(form), headers=headers, timeout=timeout
                )
            status, answer = response.status_code, response.text
        except (httpx.HTTPError, TimeoutError) as error:
            failure = type(error).__name__
        posted = Posted(self._state.clock.now(), target.url, form, signature, token, status, answer, failure)
        self.posted.append(posted)
        return posted

    def _actual(self, url: str) -> str:
        public, actual = (
            self._state.settings.public_base.rstrip("/"),
            self._state.settings.actual_base.rstrip("/"),
        )
        return actual + url[len(public) :] if url.startswith(public + "/") else url


def _retried(posted: Posted, policy: frozenset[str]) -> bool:
    """Whether the retry policy covers what happened."""
    if posted.status is None:
        kind = "ct" if posted.error in {"ConnectError", "ConnectTimeout"} else "rt"
    else:
        kind = f"{posted.status // 100}xx"
    return kind == "ct" or (kind in {"4xx", "5xx", "rt"} and bool({kind, "all"} & policy))
