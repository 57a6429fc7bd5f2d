"""Asks the model behind OpenRouter over HTTP, once, within one total deadline, and keeps the exact bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import httpx
import structlog

from daemon import openrouter
from schema.errors import CountersignError, PermanentError, TransientError
from schema.masking import MaskedInvoice
from schema.strict_json import loads_strict
from schema.vault import sha256
from schema.verdict import ModelReply

log = structlog.get_logger(__name__)

LARGEST_REPLY: Final = 2_000_000
"""Bytes of a reply that are read; a real one has under 20,000."""

PREFLIGHT_DEADLINE_S: Final = 10.0

WRONG_HOST: Final = "api.openrouter.ai"
"""An address that is in no documentation of OpenRouter; the right one is https://openrouter.ai/api/v1."""

Guard = Callable[[bytes], int]
"""Looks for full account numbers in outbound bytes: how many it knows, or LeakError."""


class Limiter(Protocol):
    """What keeps us within the rate we allow ourselves."""

    async def take(self) -> None:
        """Return when a call is allowed; TransientError when it is not."""


class OpenRouterModel:
    """`handlers.world.Model` over OpenRouter's chat completions; share it between tasks, close when done.

    `url` is the base with its version path (`https://openrouter.ai/api/v1`); `allowed_served` are shell
    patterns of models that may answer; `guard` sees the exact outbound bytes; `transport` replaces the
    network (`httpx.ASGITransport` of the sandbox for OPENROUTER_MOCK).
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        model: str,
        allowed_served: Sequence[str],
        guard: Guard,
        limiter: Limiter,
        transport: httpx.AsyncBaseTransport | None = None,
        total_deadline_s: float = 30,
    ) -> None:
        self._model = model
        self._allowed = tuple(allowed_served)
        self._guard = guard
        self._limiter = limiter
        self._deadline_s = total_deadline_s
        self._host = urlsplit(url).hostname or ""
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/") + "/",
            headers={
                "Authorization": f"Bearer {api_key}",
                # So the hash is of the bytes as sent, and no small body unfolds into a large one.
                "Accept-Encoding": "identity",
                "X-OpenRouter-Title": "Countersign",
            },
            transport=transport,
            timeout=None,  # noqa: S113 - a padded reply never trips it; the total deadline is asyncio's
            follow_redirects=False,
            trust_env=False,
        )
        if self._host == WRONG_HOST:
            log.warning("openrouter_host_undocumented", host=WRONG_HOST, right="https://openrouter.ai/api/v1")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def validate(self, system: str, invoice: MaskedInvoice) -> ModelReply:
        """Ask about one invoice; an answer cut off at its budget is asked for once more with a larger one.

        Safe to repeat: nothing but money for tokens is spent. TransientError to try again (with the pause
        asked for), PermanentError when the reply cannot be used, LeakError before anything was sent.
        """
        first, *larger = openrouter.ANSWER_TOKENS
        try:
            return await self._ask(system, invoice, first)
        except openrouter.AnswerCutError:
            log.warning("model_answer_cut", model=self._model, max_tokens=first)
        for max_tokens in larger:
            try:
                return await self._ask(system, invoice, max_tokens)
            except openrouter.AnswerCutError as error:
                raise PermanentError("The model's answer was cut off twice at its token budget.") from error
        raise AssertionError("bug: no second budget")

    async def preflight(self) -> list[str]:
        """What is wrong with key, credit and model, one sentence each; empty when all is well."""
        problems = []
        if self._host == WRONG_HOST:
            problems.append(f"OPENROUTER_URL names {WRONG_HOST}; use https://openrouter.ai/api/v1.")
        try:
            async with asyncio.timeout(PREFLIGHT_DEADLINE_S):
                key = (await self._get("key")).get("data")
                models = (await self._get("models")).get("data")
        except TimeoutError:
            return [*problems, f"OpenRouter did not answer within {PREFLIGHT_DEADLINE_S:.0f} seconds."]
        except CountersignError as error:
            return [*problems, error.sentence]
        return problems + openrouter.key_problems(key) + openrouter.model_problems(models, self._model)

    async def _ask(self, system: str, invoice: MaskedInvoice, max_tokens: int) -> ModelReply:
        body = openrouter.request_body(self._model, system, invoice, max_tokens=max_tokens)
        self._guard(body)
        await self._limiter.take()
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._deadline_s):
                raw = await self._fetch("POST", "chat/completions", body)
        except TimeoutError as error:
            raise TransientError(f"The model did not answer within {self._deadline_s:g} seconds.") from error
        completion = openrouter.read_completion(raw, self._allowed)
        reply = ModelReply(
            requested_model=self._model,
            served_model=completion.served_model,
            provider=completion.provider,
            request=body,
            response=raw,
            request_sha256=sha256(body),
            response_sha256=sha256(raw),
            content=completion.content,
            cost_usd=completion.cost_usd,
            seconds=time.monotonic() - started,
        )
        _note(reply)
        return reply

    async def _get(self, path: str) -> dict[str, Any]:
        try:
            reply = loads_strict(await self._fetch("GET", path))
        except ValueError as error:
            raise PermanentError(
                "OpenRouter's address answers, but not in JSON; check OPENROUTER_URL."
            ) from error
        return reply if isinstance(reply, dict) else {}

    async def _fetch(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The raw body of a 200; every other end is one of our errors."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            async with self._client.stream(method, path, content=body, headers=headers) as response:
                raw = await _bounded(response)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise PermanentError("OPENROUTER_URL is not an http or https address.") from error
        except httpx.HTTPError as error:
            raise TransientError("The connection to OpenRouter failed.") from error
        if response.status_code == httpx.codes.NOT_FOUND and body is None:
            raise PermanentError("This is not OpenRouter's address; check OPENROUTER_URL.")
        if response.status_code != httpx.codes.OK:
            raise openrouter.error_of(response.status_code, response.headers, raw)
        return raw


async def _bounded(response: httpx.Response) -> bytes:
    """The body's bytes as they came, up to the limit."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise PermanentError("OpenRouter sent a compressed reply that was not asked for.")
    raw = bytearray()
    async for chunk in response.aiter_raw():
        raw += chunk
        if len(raw) > LARGEST_REPLY:
            raise PermanentError(f"The answer is larger than {LARGEST_REPLY} bytes.")
    return bytes(raw)


def _note(reply: ModelReply) -> None:
    log.info(
        "model_answered",
        requested_model=reply.requested_model,
        served_model=reply.served_model,
        provider=reply.provider,
        request_sha256=reply.request_sha256,
        response_sha256=reply.response_sha256,
        cost_usd=reply.cost_usd,
        seconds=round(reply.seconds, 3),
    )
