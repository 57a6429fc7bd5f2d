"""The stand-in refuses what OpenRouter and xAI refuse."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.openrouter_checks import RefusedError, check, parsed, schema_faults

REQUEST: dict[str, Any] = {
    "model": "x-ai/grok-4.1-fast",
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
    "provider": {
        "require_parameters": True,
        "zdr": True,
        "data_collection": "deny",
        "allow_fallbacks": False,
    },
}


def refused(**members: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        check(REQUEST | members, offers_zdr=True)
    return caught.value


def with_schema(schema: Any, name: str = "validation_v1") -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


def test_a_retired_model_is_served_by_a_later_one() -> None:
    assert check(REQUEST, offers_zdr=True) == "x-ai/grok-4.3"


@pytest.mark.parametrize("model", ["acme/fake-1.0", None, 7, ["x-ai/grok-4.3"]])
def test_an_unknown_model_is_refused(model: Any) -> None:
    error = refused(model=model)
    assert (error.status, error.body["error"]["availability"]["code"]) == (400, "model_not_found")


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        "text",
        [{"role": "system", "content": "s"}],
        [{"role": "robot", "content": "x"}],
        [{"role": "user"}],
    ],
)
def test_malformed_messages_are_refused(messages: Any) -> None:
    assert refused(messages=messages).status == 400


@pytest.mark.parametrize("provider", [{"fast": True}, [], {"data_collection": "maybe"}])
def test_malformed_provider_preferences_are_refused(provider: Any) -> None:
    assert refused(provider=provider).status == 400


def test_a_parameter_nobody_supports_is_filtered_out() -> None:
    error = refused(logit_bias={"1": 2})
    assert (error.status, error.body["error"]["availability"]["code"]) == (404, "constraint_filtered")


def test_without_a_private_endpoint_a_private_request_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        check(REQUEST, offers_zdr=False)
    assert caught.value.body["error"]["availability"]["code"] == "privacy_restricted"


def test_without_a_private_endpoint_an_open_request_is_served() -> None:
    assert check(REQUEST | {"provider": {}}, offers_zdr=False) == "x-ai/grok-4.3"


@pytest.mark.parametrize("name", ["", "with space", "x" * 65, "päivä"])
def test_a_schema_needs_a_plain_name(name: str) -> None:
    assert refused(response_format=with_schema({"type": "object"}, name)).status == 400


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "enum": []},
        {"anyOf": []},
        {"type": "object", "properties": {"a": True}},
        {"type": "array", "items": [{"type": "string"}]},
        {"type": "array", "items": {"type": "array", "minContains": 1}},
        {"type": "object", "properties": {"a": {"anyOf": [{"enum": []}]}}},
        True,
        None,
    ],
)
def test_a_schema_xai_cannot_enforce_is_refused(schema: Any) -> None:
    assert refused(response_format=with_schema(schema)).status == 400


def test_an_ordinary_schema_has_no_fault() -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]}
    assert list(schema_faults(schema, "schema")) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError):
        parsed(body)
