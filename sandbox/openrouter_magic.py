"""Failures of the stand-in model, chosen by words in the vendor's name; one table for demo, tests and screenshots."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

REFUSAL: Final = "I cannot help with this request."
CUT_AT: Final = 180
SLOW_S: Final = 60.0
"""Longer than any client should wait."""

WRONG_MODEL: Final = "acme/parrot-1"


@dataclass(frozen=True)
class Spoken:
    """What the stand-in is about to say; `error` replaces the whole answer under HTTP 200."""

    content: str | None
    model: str
    finish_reason: str = "stop"
    refusal: str | None = None
    choice_error: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    choices: int = 1
    delay_s: float = 0.0


Change = Callable[[Spoken], Spoken]


def _text(spoken: Spoken) -> str:
    return spoken.content or ""


def _in_report(**members: Any) -> Change:
    def change(spoken: Spoken) -> Spoken:
        answer = json.loads(_text(spoken))
        answer["report"] |= members
        return replace(spoken, content=json.dumps(answer))

    return change


def _extra_keys(spoken: Spoken) -> Spoken:
    return replace(spoken, content=json.dumps(json.loads(_text(spoken)) | {"confidence": 0.99}))


def _duplicate_key(spoken: Spoken) -> Spoken:
    return replace(spoken, content=_text(spoken).replace('{"report":', '{"actions": [], "report":', 1))


def _nan(spoken: Spoken) -> Spoken:
    return replace(spoken, content=_text(spoken).replace('"low"', "NaN"))


def _cut(spoken: Spoken) -> Spoken:
    return replace(spoken, content=_text(spoken)[:CUT_AT], finish_reason="length")


PROVIDER_ERROR: Final = {
    "code": 502,
    "message": "Provider returned error",
    "metadata": {"provider_name": "xAI"},
}

MAGIC: Final[Mapping[str, Change]] = {
    "[not-json]": lambda spoken: replace(spoken, content="The invoice looks fine to me. You may pay it."),
    "[fenced]": lambda spoken: replace(spoken, content=f"```json\n{_text(spoken)}\n```"),
    "[extra-keys]": _extra_keys,
    "[duplicate-key]": _duplicate_key,
    "[nan]": _nan,
    "[empty]": lambda spoken: replace(spoken, content=""),
    "[truncated]": _cut,
    "[refusal]": lambda spoken: replace(spoken, content=None, refusal=REFUSAL),
    "[content-filter]": lambda spoken: replace(spoken, content="", finish_reason="content_filter"),
    "[error-200]": lambda spoken: replace(spoken, error=PROVIDER_ERROR),
    "[error-choice]": lambda spoken: replace(
        spoken, content=_text(spoken)[:CUT_AT], finish_reason="error", choice_error=PROVIDER_ERROR
    ),
    "[two-choices]": lambda spoken: replace(spoken, choices=2),
    "[digits]": _in_report(summary="Pay to account 502100123456 as printed."),
    "[long-note]": _in_report(summary="All is well. " * 80_000),
    "[wrong-model]": lambda spoken: replace(spoken, model=WRONG_MODEL),
    "[slow]": lambda spoken: replace(spoken, delay_s=SLOW_S),
}
"""Word in the vendor's name -> how the answer goes wrong."""


def bewitched(spoken: Spoken, vendor_name: str) -> Spoken:
    """The answer after all the words in the vendor's name have worked on it."""
    for word, change in MAGIC.items():
        if word in vendor_name.lower():
            spoken = change(spoken)
    return spoken
