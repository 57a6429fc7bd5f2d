"""Content templates: their placeholders, how they look when rendered, what WhatsApp holds against them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.twilio_state import Button, Template

PLACEHOLDER: Final = re.compile(r"\{\{([^{}]+)\}\}")
TOO_MANY_SPACES: Final = re.compile(r" {5,}|[\n\t]")
LONGEST_RENDERED: Final = 1024
MOST_SESSION_BUTTONS: Final = 3
"""Without approval and inside the 24-hour window."""

RICHEST_FIRST: Final = ("twilio/card", "twilio/quick-reply", "twilio/media", "twilio/text")


@dataclass(frozen=True)
class Rendered:
    """A template with its variables filled in."""

    body: str
    footer: str
    media_urls: tuple[str, ...]
    buttons: tuple[Button, ...]


def placeholders(types: Mapping[str, Any]) -> set[str]:
    """The names of all variables that a template uses."""
    return set(PLACEHOLDER.findall(json.dumps(types, ensure_ascii=False)))


def render(template: Template, variables: Mapping[str, str]) -> Rendered:
    """Fill in the richest type the template has, as WhatsApp would show it."""
    values = {**template.variables, **variables}
    content = next(template.types[kind] for kind in RICHEST_FIRST if kind in template.types)

    def fill(text: str | None) -> str:
        return PLACEHOLDER.sub(lambda match: values[match[1]], text or "")

    return Rendered(
        body=fill(content.get("title") or content.get("body")),
        footer=fill(content.get("subtitle")),
        media_urls=tuple(fill(url) for url in content.get("media") or []),
        buttons=tuple(
            Button(fill(action["title"]), fill(action.get("id") or action["title"]))
            for action in content.get("actions") or []
        ),
    )


def delivery_fault(rendered: Rendered, variables: Mapping[str, str]) -> tuple[str, str] | None:
    """The code and words with which WhatsApp fails a rendered template, or None."""
    if any(TOO_MANY_SPACES.search(value) for value in variables.values()):
        return "63013", "Channel policy violation: newline, tab or more than four spaces in a variable"
    if len(rendered.body) > LONGEST_RENDERED:
        return "63021", "Channel invalid content: more than 1024 characters"
    return None


def approval_fault(template: Template) -> str | None:
    """Why WhatsApp's review would reject the template, or None."""
    for content in template.types.values():
        text = content.get("title") or content.get("body") or ""
        if re.match(r"\s*\{\{", text) or re.search(r"\}\}\s*$", text):
            return "The template starts or ends with a variable."
        if re.search(r"\}\}[ ]*\{\{", text):
            return "The template has two adjacent variables."
    return None
