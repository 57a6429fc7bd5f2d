"""Strangers' texts as the console gives them out: on one line or as they are, visible, and masked."""

from __future__ import annotations

from typing import Any

from schema.masking import mask
from schema.visible import one_line, visible


def shown(text: str) -> str:
    """One line of text, with no account number and nothing unseen in it."""
    return mask(one_line(text))


def shown_json(value: Any) -> Any:
    """A JSON value with all its texts, also the names of members, visible and masked."""
    if isinstance(value, str):
        return mask(visible(value))
    if isinstance(value, dict):
        return {shown(str(name)): shown_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shown_json(each) for each in value]
    return value
