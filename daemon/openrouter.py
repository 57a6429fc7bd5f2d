"""OpenRouter's chat contract, pure: the request to send, the reply to accept, the error to raise.

Source: OpenRouter's openapi.yaml of 22 Aug 2026 and recorded traffic. Three traps decide its shape: a reply is
padded with blanks while the model thinks, HTTP 200 can carry an error, and a retired model is silently answered
by a later one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, Final

from schema.errors import CountersignError, PermanentError, TransientError
from schema.masking import MaskedInvoice, mask
from schema.strict_json import canonical_bytes, common_subset, loads_strict
from schema.verdict import ModelAnswer

SCHEMA_NAME: Final = "validation_v1"

ANSWER_TOKENS: Final = (3000, 9000)
"""Budget of the first and of the second try; a full answer has about 1,200 tokens, reasoning comes on top."""

SEED: Final = 7

PROVIDER: Final[Mapping[str, Any]] = {
    "require_parameters": True,  # else a provider may silently ignore the schema
    "data_collection": "deny",
    "zdr": True,
    "allow_fallbacks": False,
}

LONGEST_MESSAGE: Final = 200
"""Characters of a provider's own error text that are kept; it may echo what we sent, so it is masked too."""

LONGEST_PAUSE_S: Final = 3600.0
"""No provider may put an invoice to sleep for longer than this."""

REFUSALS: Final[Mapping[int, str]] = {
    400: "OpenRouter refused the request as malformed",
    401: "OpenRouter refused the key; check OPENROUTER_API_KEY",
    402: "The OpenRouter account has no credit left",
    403: "OpenRouter's moderation or a guardrail of the account refused the request",
    404: "OpenRouter has no endpoint for this model with schema and zero data retention; check GROQ_MODEL",
    413: "OpenRouter found the request too large",
    422: "OpenRouter could not process the request",
}
"""Statuses at which the same request cannot go through later."""

DELAYS: Final[Mapping[int, str]] = {
    408: "OpenRouter timed out",
    429: "OpenRouter's rate limit is reached",
    500: "OpenRouter had an error",
    502: "The model's provider had an error",
    503: "No provider of the model is free",
    504: "The model's provider timed out",
    524: "The model's provider timed out",
    529: "The model's provider is overloaded",
}
"""Statuses at which the same request may go through later; a chat completion is safe to repeat."""


@dataclass(frozen=True)
class Completion:
    """One accepted reply; `cost_usd` is the provider's own text of the price."""

    content: str
    served_model: str
    provider: str
    cost_usd: str | None


class AnswerCutError(TransientError):
    """The model's answer was cut off at its token budget."""


def request_body(model: str, system: str, invoice: MaskedInvoice, *, max_tokens: int) -> bytes:
    """The exact bytes to send: canonical UTF-8 JSON, equal for equal questions."""
    answer = {"name": SCHEMA_NAME, "strict": True, "schema": common_subset(ModelAnswer)}
    return canonical_bytes(
        {
            "model": model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": canonical_bytes(invoice.model_dump(mode="json")).decode()},
            ],
            "response_format": {"type": "json_schema", "json_schema": answer},
            "provider": dict(PROVIDER),
            "reasoning": {"effort": "low", "exclude": True},
            "temperature": 0,
            "seed": SEED,
            "max_completion_tokens": max_tokens,
            "stream": False,
        }
    )


def read_completion(body: bytes, allowed_served: Sequence[str]) -> Completion:
    """The one acceptable reading of an HTTP 200 body.

    1. JSON after any padding, without duplicate keys and NaN; else it was cut on its way: TransientError.
    2. No error beside or inside the choice, which HTTP 200 can carry.
    3. Served by a model on the allow-list; else PermanentError naming it.
    4. Exactly one choice, finished by itself (`length`: AnswerCutError), not refused, with text.
    """
    reply = _object(body)
    if reply.get("error") is not None:
        raise error_of(200, {}, body)
    served = reply.get("model")
    if not isinstance(served, str) or not any(fnmatchcase(served, name) for name in allowed_served):
        shown = mask(str(served))[:LONGEST_MESSAGE]
        raise PermanentError(f"The answer came from the model {shown!r}, which is not on the allow-list.")
    provider, usage = reply.get("provider"), reply.get("usage")
    cost = usage.get("cost") if isinstance(usage, dict) else None
    return Completion(
        content=_content(_only_choice(reply)),
        served_model=served,
        provider=provider if isinstance(provider, str) else "unknown",
        cost_usd=str(cost) if isinstance(cost, Decimal | int) else None,
    )


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> CountersignError:
    """What a failed call means for us: TransientError with the pause asked for, or PermanentError.

    The provider's own word (`availability.retryable`) goes before the status. Error objects come in several
    shapes, so everything in them is read tolerantly; an HTML page of a proxy is judged by its status.
    """
    error = _error_object(body)
    code = _code(error, status)
    availability = _mapping(error.get("availability"))
    retryable = availability.get("retryable")
    transient = retryable if isinstance(retryable, bool) else code in DELAYS or code >= 500
    sentence = {**REFUSALS, **DELAYS}.get(code, f"OpenRouter answered with status {code}")
    message = error.get("message")
    detail = f": {mask(message)[:LONGEST_MESSAGE]}" if isinstance(message, str) and message else "."
    if not transient:
        return PermanentError(sentence + detail)
    pause = _seconds(headers.get("retry-after")) or _seconds(availability.get("retry_after"))
    return TransientError(sentence + detail, retry_after_s=pause)


def _object(body: bytes) -> dict[str, Any]:
    try:
        reply = loads_strict(body, parse_float=Decimal)
    except ValueError as error:
        raise TransientError("The answer from OpenRouter is not whole JSON.") from error
    if not isinstance(reply, dict):
        raise TransientError("The answer from OpenRouter is not an object.")
    return reply


def _only_choice(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = reply.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        raise PermanentError("The answer from OpenRouter does not hold exactly one choice.")
    return choices[0]


def _content(choice: Mapping[str, Any]) -> str:
    reason, message = choice.get("finish_reason"), _mapping(choice.get("message"))
    if choice.get("error") is not None or reason == "error":
        raise error_of(200, {}, canonical_bytes({"error": _mapping(_plain(choice.get("error")))}))
    if reason == "length":
        raise AnswerCutError
    if message.get("refusal") or reason == "content_filter":
        raise PermanentError("The model refused to answer.")
    content = message.get("content")
    if reason != "stop" or not isinstance(content, str) or not content.strip():
        raise PermanentError(f"The model did not finish its answer (finish_reason {str(reason)[:20]!r}).")
    return content


def _plain(value: Any) -> Any:
    """`value` without Decimals, which JSON cannot write."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return float(value) if isinstance(value, Decimal) else value


def _error_object(body: bytes) -> Mapping[str, Any]:
    try:
        reply = loads_strict(body)
    except ValueError:
        return {}
    return _mapping(_mapping(reply).get("error"))


def _code(error: Mapping[str, Any], status: int) -> int:
    """`error.code`, or `http_status` in the newer shape, or the HTTP status; an error under 200 is a 502."""
    for given in (error.get("code"), error.get("http_status"), status):
        if isinstance(given, int) and given >= 300:
            return given
    return 502


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return min(seconds, LONGEST_PAUSE_S) if seconds > 0 else None


def key_problems(key: Any) -> list[str]:
    """What is wrong with the key, from `data` of GET /key."""
    if not isinstance(key, dict):
        return ["OpenRouter's answer about the key cannot be read."]
    remaining = key.get("limit_remaining")
    if isinstance(remaining, int | float | Decimal) and remaining <= 0:
        return ["The credit limit of OPENROUTER_API_KEY is used up; raise it or buy credit."]
    return []


def model_problems(models: Any, wanted: str) -> list[str]:
    """What is wrong with the model, from `data` of GET /models."""
    listed = [model for model in models if isinstance(model, dict)] if isinstance(models, list) else []
    found = [model for model in listed if model.get("id") == wanted]
    if not found:
        return [
            f"OpenRouter no longer lists the model {wanted}; it may be answered by a later one, "
            "which must be on the allow-list of served models."
        ]
    supported = found[0].get("supported_parameters") or []
    missing = [name for name in ("structured_outputs", "response_format") if name not in supported]
    return [f"The model {wanted} does not support {name}; choose another GROQ_MODEL." for name in missing]
