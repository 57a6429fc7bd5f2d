"""The one id of a mail or upload from its arrival to the receipt: a W3C trace id, made of the hash of its bytes.

Whoever has the bytes or the row can say it, in any process and after any restart, so it is stored nowhere.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from typing import Final, NewType, Protocol

from schema.ids import Sha256

Trace = NewType("Trace", str)
"""32 lower-case hex digits, not all zero (w3.org/TR/trace-context, 3.2.2.3)."""

TRACE: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")


def trace_of(raw_sha256: Sha256 | str) -> Trace:
    """The first half of the SHA-256 of the raw bytes of a mail or upload."""
    return Trace(raw_sha256[:32])


class Marks(Protocol):
    """A piece of work in hand, on which facts about it can be put."""

    def mark(self, **facts: str | int) -> None:
        """Put facts on it: words of ours and counts, nothing of an invoice."""


class Spans(Protocol):
    """Where pieces of work are told, each with its beginning and end."""

    def span(
        self, name: str, trace: Trace | None = None, *, since_ns: int | None = None, **facts: str | int
    ) -> AbstractContextManager[Marks]:
        """The block is one piece of work: of `trace`, or of the work around it. `since_ns` is Unix time."""


class NoMarks:
    """Keeps nothing."""

    def mark(self, **facts: str | int) -> None:
        """Nothing."""


class NoSpans:
    """Tells nobody."""

    def span(
        self, name: str, trace: Trace | None = None, *, since_ns: int | None = None, **facts: str | int
    ) -> AbstractContextManager[Marks]:
        """The block alone."""
        return nullcontext(NoMarks())
