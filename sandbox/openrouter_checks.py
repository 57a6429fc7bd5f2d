"""What OpenRouter refuses in a chat request: members, provider preferences, and xAI's rules for strict schemas.

Sources: OpenRouter's openapi.yaml (22 Aug 2026), docs.x.ai structured outputs. Pure; the first fault found is returned.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

PROVIDER_KEYS: Final = frozenset(
    [
        "order",
        "only",
        "ignore",
        "allow_fallbacks",
        "require_parameters",
        "data_collection",
        "zdr",
        "enforce_distillable_text",
        "quantizations",
        "sort",
        "preferred_min_throughput",
        "preferred_max_latency",
        "max_price",
    ]
)
"""`ProviderPreferences` has additionalProperties false."""

SUPPORTED: Final = frozenset(
    [
        "model",
        "messages",
        "response_format",
        "provider",
        "reasoning",
        "temperature",
        "seed",
        "max_completion_tokens",
        "max_tokens",
        "stream",
        "metadata",
        "user",
        "top_p",
        "tools",
        "tool_choice",
    ]
)
"""What the only provider of the model takes; anything else is filtered out under `require_parameters`."""

SCHEMA_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

ROUTES: Final[Mapping[str, str]] = {
    "x-ai/grok-4.1-fast": "x-ai/grok-4.3",  # retired 15 May 2026; requests are still answered, by a later model
    "x-ai/grok-4.3": "x-ai/grok-4.3",
}
"""Model asked for -> model that serves."""


class RefusedError(Exception):
    """A request that is not served: the HTTP status and the error object to answer with."""

    def __init__(self, status: int, message: str, error_type: str, availability: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        error: dict[str, Any] = {"code": status, "message": message, "metadata": {"error_type": error_type}}
        if availability is not None:
            error["availability"] = {"code": availability, "retryable": False}
        self.body: dict[str, Any] = {"error": error, "user_id": "user_simulated"}


def parsed(body: bytes) -> dict[str, Any]:
    """The request as an object."""
    try:
        request = json.loads(body)
    except ValueError as error:
        raise _invalid("Invalid request parameters: the body is not JSON") from error
    if not isinstance(request, dict):
        raise _invalid("Invalid request parameters: the body is not an object")
    return request


def check(request: Mapping[str, Any], *, offers_zdr: bool) -> str:
    """Refuse what OpenRouter refuses, in its order; returns the model that serves."""
    _check_messages(request.get("messages"))
    model = request.get("model")
    if not isinstance(model, str) or model not in ROUTES:
        raise RefusedError(400, f"{model} is not a valid model ID", "invalid_request", "model_not_found")
    provider = request.get("provider", {})
    _check_provider(provider)
    _check_format(request.get("response_format"))
    unsupported = sorted(set(request) - SUPPORTED)
    if provider.get("require_parameters") and unsupported:
        message = f"No endpoints found that can handle the requested parameters: {', '.join(unsupported)}"
        raise RefusedError(404, message, "not_found", "constraint_filtered")
    private = provider.get("zdr") is True or provider.get("data_collection") == "deny"
    if private and not offers_zdr:
        raise RefusedError(
            404, "No endpoints found matching your data policy", "not_found", "privacy_restricted"
        )
    return ROUTES[model]


def user_text(request: Mapping[str, Any]) -> str:
    """The text of the last user message."""
    return str([m["content"] for m in request["messages"] if m["role"] == "user"][-1])


def _invalid(message: str) -> RefusedError:
    return RefusedError(400, message, "invalid_request")


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise _invalid("Input required: specify 'messages'")
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in (
            "system",
            "user",
            "assistant",
            "developer",
            "tool",
        ):
            raise _invalid("Invalid request parameters: messages.role")
        if not isinstance(message.get("content"), str):
            raise _invalid("Invalid request parameters: messages.content")
    if all(message["role"] != "user" for message in messages):
        raise _invalid("Invalid request parameters: no user message")


def _check_provider(provider: Any) -> None:
    if not isinstance(provider, dict):
        raise _invalid("Invalid request parameters: provider")
    unknown = sorted(set(provider) - PROVIDER_KEYS)
    if unknown:
        raise _invalid(f"Invalid request parameters: provider: unrecognized keys {', '.join(unknown)}")
    if provider.get("data_collection", "allow") not in ("allow", "deny"):
        raise _invalid("Invalid request parameters: provider.data_collection")


def _check_format(response_format: Any) -> None:
    if response_format is None:
        return
    if not isinstance(response_format, dict) or response_format.get("type") not in (
        "text",
        "json_object",
        "json_schema",
    ):
        raise _invalid("Invalid request parameters: response_format")
    if response_format["type"] != "json_schema":
        return
    described = response_format.get("json_schema")
    if not isinstance(described, dict) or not SCHEMA_NAME.fullmatch(str(described.get("name", ""))):
        raise _invalid("Invalid request parameters: response_format.json_schema.name")
    if described.get("strict"):
        for fault in schema_faults(described.get("schema"), "schema"):
            raise _invalid(f"Invalid request parameters: response_format.json_schema.{fault}")


def schema_faults(node: Any, place: str) -> Iterator[str]:
    """What a strict schema may not hold, place by place."""
    if not isinstance(node, dict):
        yield f"{place}: a property's schema must be an object"
        return
    for name in ("enum", "anyOf", "oneOf"):
        if name in node and not node[name]:
            yield f"{place}: {name} is empty"
    for name in ("minContains", "maxContains"):
        if name in node:
            yield f"{place}: {name} is not supported"
    if isinstance(node.get("items"), list):
        yield f"{place}: items must be one schema"
    for name, member in {**node.get("properties", {}), **node.get("$defs", {})}.items():
        yield from schema_faults(member, f"{place}.{name}")
    if isinstance(node.get("items"), dict):
        yield from schema_faults(node["items"], f"{place}[]")
    for name in ("anyOf", "oneOf", "allOf"):
        for number, choice in enumerate(node.get(name, [])):
            yield from schema_faults(choice, f"{place}.{name}.{number}")
