"""JSON without its traps: strict reading, canonical writing, and the schema subset all providers take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

_KEPT: Final = frozenset({"type", "enum"})
"""Keywords every provider enforces in a strict schema; lengths and patterns stay with our own validator."""


def loads_strict(text: str | bytes, **options: Any) -> Any:
    """Parse JSON; ValueError for what RFC 8259 leaves to taste: NaN, a key given twice, a deep nest.

    `options` go to `json.loads` (`parse_float=Decimal` keeps sums exact).
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, **options)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def canonical_bytes(value: Any) -> bytes:
    """`value` as UTF-8 JSON with sorted keys and no blanks: equal values give equal bytes."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    return text.encode()


def common_subset(model: type[BaseModel]) -> dict[str, Any]:
    """The model's JSON Schema in the subset all strict providers take.

    References are written out, every member is required, a nullable member is a type array, no other
    keys are allowed, and no length or number limits are given (xAI structured outputs; OpenAI refuses more).
    """
    schema = model.model_json_schema()
    return _reduced(schema, schema.get("$defs", {}))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _reduced(node: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return _reduced(defs[node["$ref"].rsplit("/", 1)[-1]], defs)
    if "anyOf" in node:
        return _nullable(node["anyOf"], defs)
    reduced: dict[str, Any] = {key: value for key, value in node.items() if key in _KEPT}
    if node.get("type") == "array":
        reduced["items"] = _reduced(node["items"], defs)
    if node.get("type") == "object":
        members = {name: _reduced(member, defs) for name, member in node["properties"].items()}
        reduced |= {"properties": members, "required": list(members), "additionalProperties": False}
    return reduced


def _nullable(choices: list[Mapping[str, Any]], defs: Mapping[str, Any]) -> dict[str, Any]:
    given = [_reduced(choice, defs) for choice in choices if choice.get("type") != "null"]
    if len(given) != 1 or len(given) == len(choices):
        raise ValueError("only a nullable member may have a choice of types")
    return given[0] | {"type": [given[0]["type"], "null"]}
