"""A document whose labels are known, and what a field reader hands back; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, TypeVar

from handlers.reading.labels import Label, find_labels
from handlers.reading.vocabulary import Role
from handlers.reading.words import Line, Page, Word
from schema.document import Why

T = TypeVar("T")

HEADER_WITHIN = 3
"""A column's header stands at most this many lines above its first value."""


@dataclass(frozen=True)
class Found(Generic[T]):
    """A value, how sure we are of it (0 to 1), and the words it was read from."""

    value: T
    confidence: float
    words: tuple[Word, ...] = ()
    source: str = "text"
    why: Why = "best_labelled"
    others: tuple[Found[T], ...] = ()
    """What was passed over for it; there `why` says for what reason."""

    @property
    def text(self) -> str:
        """The value as printed."""
        return " ".join(word.text for word in self.words)

    def with_confidence(self, confidence: float) -> Found[T]:
        """The same value, surer or less sure."""
        return replace(self, confidence=max(0.0, min(1.0, confidence)))

    def before(self, others: Iterable[Found[T]], why: Why) -> Found[T]:
        """The same value, with others that were passed over for this reason."""
        passed = tuple(replace(item, why=why, others=()) for item in others if item is not self)
        return replace(self, others=(*self.others, *passed))


@dataclass(frozen=True)
class Marked:
    """Pages with the labels found on them."""

    pages: tuple[Page, ...]
    labels: tuple[Label, ...] = field(default=())

    @staticmethod
    def mark(pages: Iterable[Page]) -> Marked:
        """Find the labels of all pages."""
        kept = tuple(pages)
        return Marked(kept, tuple(label for page in kept for label in find_labels(page)))

    def of(self, *roles: Role) -> list[Label]:
        """The labels of these roles in reading order."""
        return [label for label in self.labels if label.role in roles]

    def on(self, line: Line) -> Sequence[Label]:
        """The labels on a line from left to right."""
        return self._by_line.get(id(line), ())

    def page_of(self, label: Label) -> Page:
        """The page a label stands on."""
        return next(page for page in self.pages if page.number == label.page)

    def lines(self) -> Iterator[tuple[Page, int, Line]]:
        """All lines with their page and their index on it."""
        for page in self.pages:
            for index, line in enumerate(page.lines):
                yield page, index, line

    @cached_property
    def text(self) -> str:
        """The whole text, pages divided by form feeds."""
        return "\f".join(page.text for page in self.pages)

    @cached_property
    def _by_line(self) -> dict[int, list[Label]]:
        table: dict[int, list[Label]] = {}
        for label in self.labels:
            table.setdefault(id(label.line), []).append(label)
        return table


def governing(marked: Marked, page: Page, index: int, word: int) -> tuple[Label | None, bool]:
    """The label that names the value at a word of a line, and whether it stands beside it (else above it).

    1. The last label to the left on the same line, wherever its cell ends.
    2. A label above with nothing but labels on its right, whose box overlaps the value's.
    """
    line = page.lines[index]
    left = [
        label for label in marked.on(line) if label.first <= word and label.last <= word + (label.rest != "")
    ]
    if left and (line.cell_ends[left[-1].last - 1] > word or _only_gap(line, left[-1].last, word)):
        return left[-1], True
    above = label_above(marked, page, index, line.words[word])
    if above is not None:
        return above, False
    return (left[-1], True) if left else (None, False)


def _only_gap(line: Line, first: int, word: int) -> bool:
    """True if the value is the first thing after the label."""
    return word - first <= 1


def label_above(marked: Marked, page: Page, index: int, word: Word) -> Label | None:
    """The nearest label above a value whose box overlaps it."""
    for line in reversed(page.lines[max(0, index - HEADER_WITHIN) : index]):
        over = [
            label
            for label in marked.on(line)
            if min(label.words[-1].x1, word.x1) > max(label.words[0].x0, word.x0)
        ]
        if over:
            return over[0]
    return None


def char_owner(line: Line) -> list[int]:
    """For each character of the line's text the index of its word."""
    owner: list[int] = []
    for index, word in enumerate(line.words):
        owner += [index] * (len(word.text) + 1)
    return owner


def words_between(line: Line, start: int, end: int) -> tuple[Word, ...]:
    """The words that hold the characters from start to end of the line's text."""
    owner = char_owner(line)
    return line.words[owner[start] : owner[max(start, end - 1)] + 1]
