"""Words with their places, and the lines they form; pure geometry, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

SAME_LINE = 0.5
"""Share of the smaller height by which two words must overlap to stand on one line."""

CELL_GAP = {"text": 0.9, "ocr": 1.8}
"""A gap of this many line heights between two words begins a new cell; OCR boxes are as low as the letters."""


@dataclass(frozen=True, slots=True)
class Word:
    """A printed word; page counts from 1, edges are fractions of the page from its top left corner."""

    text: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: float = 1.0
    source: str = "text"

    @property
    def height(self) -> float:
        """Height as a fraction of the page's height."""
        return self.y1 - self.y0

    @property
    def middle(self) -> float:
        """Vertical centre as a fraction of the page's height."""
        return (self.y0 + self.y1) / 2


@dataclass(frozen=True)
class Line:
    """Words of one page that stand beside each other, from left to right."""

    words: tuple[Word, ...]
    aspect: float = 0.707
    """Page width divided by page height, so that gaps and heights compare."""

    @property
    def page(self) -> int:
        """Page number, from 1."""
        return self.words[0].page

    @cached_property
    def text(self) -> str:
        """The words with single spaces."""
        return " ".join(word.text for word in self.words)

    @cached_property
    def y0(self) -> float:
        """Top edge."""
        return min(word.y0 for word in self.words)

    @cached_property
    def y1(self) -> float:
        """Bottom edge."""
        return max(word.y1 for word in self.words)

    @cached_property
    def height(self) -> float:
        """Median word height."""
        heights = sorted(word.height for word in self.words)
        return heights[len(heights) // 2]

    @cached_property
    def cell_ends(self) -> tuple[int, ...]:
        """For each word the index after the last word of its cell."""
        limit = CELL_GAP[self.words[0].source] * self.height
        ends = [len(self.words)] * len(self.words)
        for index in range(len(self.words) - 2, -1, -1):
            gap = (self.words[index + 1].x0 - self.words[index].x1) * self.aspect
            ends[index] = index + 1 if gap > limit else ends[index + 1]
        return tuple(ends)

    def cells(self) -> list[tuple[Word, ...]]:
        """The words grouped by the wide gaps between them."""
        groups, start = [], 0
        while start < len(self.words):
            end = self.cell_ends[start]
            groups.append(self.words[start:end])
            start = end
        return groups


@dataclass(frozen=True)
class Page:
    """A page's words as lines; `source` is "text" or "ocr"."""

    number: int
    lines: tuple[Line, ...]
    source: str

    @property
    def text(self) -> str:
        """The page's text, a line each."""
        return "\n".join(line.text for line in self.lines)


def lines_of(words: Iterable[Word], aspect: float = 0.707) -> tuple[Line, ...]:
    """Group the words of one page into lines from top to bottom."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w.middle, w.x0)):
        row = next((r for r in reversed(rows[-4:]) if _beside(r, word)), None)
        if row is None:
            rows.append([word])
        else:
            row.append(word)
    lines = [Line(tuple(sorted(row, key=lambda w: w.x0)), aspect) for row in rows]
    return tuple(sorted(lines, key=lambda line: line.words[0].middle))


def _beside(row: Sequence[Word], word: Word) -> bool:
    """True if the word overlaps its nearest neighbour of the row vertically."""
    other = min(row, key=lambda w: min(abs(w.x1 - word.x0), abs(word.x1 - w.x0)))
    overlap = min(other.y1, word.y1) - max(other.y0, word.y0)
    return overlap >= SAME_LINE * max(min(other.height, word.height), 1e-6)


def page_of(number: int, words: Sequence[Word], source: str, aspect: float = 0.707) -> Page:
    """Make a page of its words."""
    return Page(number, lines_of(words, aspect), source)


def page_of_text(number: int, text: str) -> Page:
    """Make a page of plain text: a column is a character, a row a line."""
    rows = text.splitlines() or [""]
    width = max(max(len(row) for row in rows), 80)
    words: list[Word] = []
    for index, row in enumerate(rows):
        y0, y1 = index / len(rows), (index + 0.9) / len(rows)
        at = 0
        for part in row.split():
            at = row.index(part, at)
            words.append(Word(part, number, at / width, y0, (at + len(part)) / width, y1))
            at += len(part)
    # A character is about half as wide as a line is high.
    return page_of(number, words, "text", aspect=width / (2 * len(rows)))
