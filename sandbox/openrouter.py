"""A stand-in for OpenRouter with Grok behind it: the same contract, checks and wire habits, on loopback.

    python -m sandbox.openrouter --port 8601 [--key sk-or-v1-simulated] [--latency 0.3] [--no-padding]

Answers come from `sandbox.openrouter_rules`; words in the vendor's name choose failures (`sandbox.openrouter_magic`);
transport faults, the request log and the clock are those of `sandbox.faults`. A request that holds a number of
`forbidden_numbers` is refused and recorded: `GET|POST /__sim__/leaks` (POST {"forbidden_numbers": [...]} adds some).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any, Final

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from sandbox import openrouter_rules
from sandbox.clock import SimClock
from sandbox.faults import FaultBoard, FaultMiddleware, control_router
from sandbox.openrouter_checks import ROUTES, SUPPORTED, RefusedError, check, parsed, user_text
from sandbox.openrouter_magic import Spoken, bewitched
from sandbox.ports import LOOPBACK
from sandbox.request_log import RequestLog

PADDING: Final = b"\n         \n"
PAD_EVERY_S: Final = 0.1
CHARACTERS_PER_TOKEN: Final = 4
PRICE_PER_TOKEN: Final = {"prompt": "0.00000125", "completion": "0.0000025"}
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class OpenRouterSettings(BaseModel):
    """One account at the stand-in, and the profile of the provider behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: str = "sk-or-v1-simulated"
    latency_s: Annotated[float, Field(ge=0)] = 0.3
    """How long the model thinks."""
    padding: bool = True
    """Whether blanks are sent while it thinks, as OpenRouter does."""
    credit: float = 25.0
    """What is left; 0 answers 402."""
    offers_zdr: bool = True
    """Whether an endpoint without data retention exists; else a request for it is answered 404."""
    forbidden_numbers: frozenset[str] = frozenset()
    """Full account numbers that must never come in."""


class Forbidden(BaseModel):
    """The body of `POST /__sim__/leaks`."""

    forbidden_numbers: list[str]


class Leak(BaseModel):
    """A request that held a full account number; only its end is kept."""

    path: str
    request_sha256: str
    account_last4: str


class Watch:
    """Looks for full account numbers in what comes in."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._numbers = {_compact(number) for number in numbers}
        self.leaks: list[Leak] = []

    def add(self, numbers: Iterable[str]) -> None:
        """Look for these too."""
        self._numbers |= {_compact(number) for number in numbers} - {""}

    def look(self, path: str, body: bytes) -> bool:
        """Whether the body holds one of them, with or without separators; it is recorded."""
        text = _compact(body.decode("utf-8", "replace"))
        found = [number for number in sorted(self._numbers) if number in text]
        digest = hashlib.sha256(body).hexdigest()
        self.leaks += [Leak(path=path, request_sha256=digest, account_last4=number[-4:]) for number in found]
        return bool(found)


def _compact(text: str) -> str:
    """Letters and digits only, JSON escapes resolved as far as they can separate, all digits Latin."""
    plain = re.sub(r"\\(?:[nrt\"\\/]|u00a0)", " ", text)
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character.upper()
        for character in plain
        if character.isalnum()
    )


def create_app(settings: OpenRouterSettings | None = None) -> FastAPI:
    """The stand-in as an ASGI application with a memory of its own."""
    chosen = settings or OpenRouterSettings()
    clock, board, watch = SimClock(), FaultBoard(), Watch(chosen.forbidden_numbers)
    log = RequestLog(clock)
    app = FastAPI(title="SIMULATED OpenRouter", openapi_url=None)
    desk = _Desk(chosen, clock, watch)
    app.include_router(_routes(desk), prefix="/api/v1")
    app.include_router(control_router(board, log, clock, desk.reset))
    app.add_api_route("/__sim__/leaks", lambda: watch.leaks, methods=["GET"], response_model=list[Leak])

    @app.post("/__sim__/leaks", status_code=204)
    async def forbid(more: Forbidden) -> None:
        watch.add(more.forbidden_numbers)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.exception_handler(RefusedError)
    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)
        return JSONResponse(error.body, error.status)

    app.add_middleware(FaultMiddleware, board=board, log=log)
    return app


class _Desk:
    """What the routes share: settings, generations by id, the watch for leaks."""

    def __init__(self, settings: OpenRouterSettings, clock: SimClock, watch: Watch) -> None:
        self.settings = settings
        self.clock = clock
        self.watch = watch
        self.generations: dict[str, dict[str, Any]] = {}

    def reset(self) -> None:
        """Forget what was answered and what leaked."""
        self.generations.clear()
        self.watch.leaks.clear()

    def admit(self, request: Request) -> None:
        """Refuse a request without the right key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise RefusedError(401, "Missing Authentication header", "authentication")
        if key != self.settings.api_key:
            raise RefusedError(401, "User not found.", "authentication")

    def complete(self, body: bytes) -> tuple[str, dict[str, Any], float]:
        """Generation id, answer and thinking time for a chat request."""
        if self.watch.look("/api/v1/chat/completions", body):
            raise RefusedError(400, "The request holds a full account number", "invalid_request")
        request = parsed(body)
        served = check(request, offers_zdr=self.settings.offers_zdr)
        if self.settings.credit <= 0:
            raise RefusedError(402, "Insufficient credits. Add more and try again.", "payment_required")
        spoken = _speak(user_text(request), served)
        name = self._name(body)
        answer = _reply(name, int(self.clock.now().timestamp()), spoken, len(body))
        self.generations[name] = {"id": name, "model": spoken.model, **answer.get("usage", {})}
        return name, answer, self.settings.latency_s + spoken.delay_s

    def _name(self, body: bytes) -> str:
        """`gen-<unix>-<20 base62>`, the letters derived from the request and how many came before it."""
        seed = hashlib.sha256(body + str(len(self.generations)).encode()).digest()
        letters = "".join(_BASE62[byte % 62] for byte in seed[:20])
        return f"gen-{int(self.clock.now().timestamp())}-{letters}"


def _speak(text: str, served: str) -> Spoken:
    """The model's answer to the user message; one that is no masked invoice gets prose."""
    try:
        facts = json.loads(text)
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        return Spoken("I was given no invoice to look at.", served)
    content = json.dumps(openrouter_rules.answer(facts), ensure_ascii=False)
    return bewitched(Spoken(content, served), str(facts.get("vendor_name") or ""))


def _reply(name: str, created: int, spoken: Spoken, request_bytes: int) -> dict[str, Any]:
    if spoken.error is not None:
        return {"error": dict(spoken.error), "user_id": "user_simulated"}
    choice: dict[str, Any] = {
        "index": 0,
        "logprobs": None,
        "finish_reason": spoken.finish_reason,
        "native_finish_reason": "completed" if spoken.finish_reason == "stop" else spoken.finish_reason,
        "message": {"role": "assistant", "content": spoken.content, "refusal": spoken.refusal},
    }
    if spoken.choice_error is not None:
        choice["error"] = dict(spoken.choice_error)
    return {
        "id": name,
        "object": "chat.completion",
        "created": created,
        "model": spoken.model,
        "provider": "xAI",
        "system_fingerprint": None,
        "service_tier": "default",
        "choices": [choice | {"index": index} for index in range(spoken.choices)],
        "usage": _usage(request_bytes, len(spoken.content or "")),
    }


def _usage(request_characters: int, answer_characters: int) -> dict[str, Any]:
    prompt = -(-request_characters // CHARACTERS_PER_TOKEN)
    completion = -(-answer_characters // CHARACTERS_PER_TOKEN)
    paid = {"prompt": float(PRICE_PER_TOKEN["prompt"]) * prompt}
    paid["completion"] = float(PRICE_PER_TOKEN["completion"]) * completion
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cost": round(sum(paid.values()), 8),
        "is_byok": False,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
        "cost_details": {
            "upstream_inference_cost": None,
            "upstream_inference_prompt_cost": round(paid["prompt"], 8),
            "upstream_inference_completions_cost": round(paid["completion"], 8),
        },
    }


def _routes(desk: _Desk) -> APIRouter:
    router = APIRouter()

    @router.post("/chat/completions")
    async def complete(request: Request) -> Response:
        desk.admit(request)
        name, answer, thinking_s = desk.complete(await request.body())
        pages = _padded(answer, thinking_s, desk.settings.padding)
        return StreamingResponse(pages, media_type="application/json", headers={"X-Generation-Id": name})

    @router.get("/models")
    async def models() -> dict[str, Any]:
        # The retired slug is no longer listed, though requests for it are still answered.
        return {"data": [_listed(model) for model in sorted(set(ROUTES.values()))]}

    @router.get("/key")
    async def key(request: Request) -> dict[str, Any]:
        desk.admit(request)
        return {"data": _key(desk.settings)}

    @router.get("/generation")
    async def generation(request: Request) -> dict[str, Any]:
        desk.admit(request)
        wanted = request.query_params.get("id", "")
        if wanted not in desk.generations:
            raise RefusedError(404, f"Generation {wanted[:60]} not found", "not_found")
        return {"data": desk.generations[wanted]}

    return router


async def _padded(answer: dict[str, Any], thinking_s: float, padding: bool) -> AsyncIterator[bytes]:
    """Blanks while the model thinks, then the answer."""
    ends = asyncio.get_running_loop().time() + thinking_s
    while (left := ends - asyncio.get_running_loop().time()) > 0:
        if padding:
            yield PADDING
        await asyncio.sleep(min(left, PAD_EVERY_S))
    yield (PADDING if padding else b"") + json.dumps(answer, ensure_ascii=False).encode()


def _listed(model: str) -> dict[str, Any]:
    return {
        "id": model,
        "canonical_slug": model,
        "name": f"xAI: {model} (SIMULATED)",
        "created": 1_777_000_000,
        "context_length": 1_000_000,
        "pricing": {**PRICE_PER_TOKEN, "request": "0", "image": "0"},
        "supported_parameters": sorted(SUPPORTED | {"structured_outputs"}),
        "top_provider": {"context_length": 1_000_000, "max_completion_tokens": 30_000, "is_moderated": False},
        "expiration_date": None,
    }


def _key(settings: OpenRouterSettings) -> dict[str, Any]:
    return {
        "label": "SIMULATED",
        "limit": 25.0,
        "limit_remaining": settings.credit,
        "limit_reset": None,
        "usage": 0.0,
        "is_free_tier": False,
        "expires_at": None,
    }


def main() -> None:
    """Serve on loopback until ended."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.openrouter", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default=OpenRouterSettings().api_key)
    parser.add_argument("--latency", type=float, default=OpenRouterSettings().latency_s, help="seconds")
    parser.add_argument("--no-padding", action="store_true")
    parser.add_argument(
        "--forbid", action="append", default=[], metavar="NUMBER", help="a full account number"
    )
    given = parser.parse_args()
    settings = OpenRouterSettings(
        api_key=given.key,
        latency_s=given.latency,
        padding=not given.no_padding,
        forbidden_numbers=frozenset(given.forbid),
    )
    uvicorn.run(create_app(settings), host=LOOPBACK, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
