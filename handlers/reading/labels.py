"""Find labels in lines of words and the values beside or below them; pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from handlers.reading.vocabulary import Role, labels
from handlers.reading.words import Line, Page, Word

LINES_BELOW: Final = 2
"""A value under its label stands at most this many lines below it."""

_QUALIFIES: Final = re.compile(
    r"\(?\b(includes|include|inkl|incl|excl|exkl|inclusive|including|excluding|exclusive|ohne|of|before|after|without|inkludiert|inklusive|exklusive|einschlie(?:ss|ß)lich|inclusief|exclusief|inclus[ao]?|inclu[ií]do|compris|sans|hors|senza|zonder|med|uden|utan)\b\.?:?$",
    re.IGNORECASE,
)
"""After such a word a label only describes the label before it: `Total (incl. VAT)`."""

_STROKES: Final = {"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"}
"""Letters whose stroke Unicode does not take for an accent."""

_RATE: Final = re.compile(r"\d{1,2}(?:[.,]\d+)?|%|\d{1,2}(?:[.,]\d+)?%")

_STARTS_AFTER: Final = " (/:|,*•.;[\u2013"
"""What may stand before a label inside a word; a hyphen may not: `Vertrags-Nr` is not `Nr`."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label found on a line; words `first` to `last` - 1 hold it, `rest` is what its last word says after it."""

    role: Role
    name: str
    weak: bool
    line: Line
    line_index: int
    first: int
    last: int
    rest: str

    @property
    def page(self) -> int:
        """Page number."""
        return self.line.page

    @property
    def words(self) -> Sequence[Word]:
        """The words that carry the label."""
        return self.line.words[self.first : self.last]


@dataclass(frozen=True, slots=True)
class _Flat:
    """A line as bare characters, each with its word and whether a label may start at it or end before it."""

    chars: str
    owner: tuple[int, ...]
    offset: tuple[int, ...]
    starts: tuple[bool, ...]
    ends: tuple[bool, ...]


def fold_char(char: str) -> str:
    """The character as labels compare it: lower case, no accent, no Indic vowel sign, "" for punctuation."""
    if char in "#°º":
        return "#"
    kept = []
    for part in unicodedata.normalize("NFKD", _STROKES.get(char.casefold(), char.casefold())):
        category = unicodedata.category(part)
        if category[0] in "LN":
            kept.append(part)
    return "".join(kept)


def fold_label(text: str) -> str:
    """A whole label or text as labels compare it; Indic text is reduced to its consonants and full vowels."""
    return "".join(fold_char(char) for char in text)


def find_labels(page: Page) -> list[Label]:
    """All labels on a page in reading order; of overlapping ones the longest that starts first."""
    found: list[Label] = []
    for index, line in enumerate(page.lines):
        found.extend(label for label in _labels_of(line, index) if not _qualifies_another(label))
    return found


def is_label(text: str) -> bool:
    """True if the whole text is the name of a field."""
    name = fold_label(text)
    return any(entry[0] == name for entry in _by_head().get(name[:2], ()))


def _qualifies_another(label: Label) -> bool:
    """True if the label stands in `(incl. VAT)` or `inkl. 19 % MwSt` after some other words."""
    at = label.first - 1
    while at > 0 and _RATE.fullmatch(label.line.words[at].text):
        at -= 1
    return at > 0 and bool(_QUALIFIES.search(label.line.words[at].text))


def words_right_of(label: Label, on_line: Sequence[Label]) -> list[Word]:
    """The words after a label on its line, up to the next label there that is not weak."""
    stop = min(
        (
            other.first
            for other in on_line
            if other.line is label.line
            and other.first >= label.last
            and not other.weak
            and other.role != label.role
            and not _begins_an_identifier(other)
        ),
        default=len(label.line.words),
    )
    words = list(label.line.words[label.last : stop])
    rest = label.rest.lstrip(" :.#-)=")
    if rest:
        whole = _begins_an_identifier(label)
        words.insert(0, label.words[-1] if whole else _tail_of(label.words[-1], rest))
    return words


def _begins_an_identifier(label: Label) -> bool:
    """`PO-2026-0107` and `DPH/1193` are numbers that begin like a label; `PO:2026-0107` is a label with its number."""
    return label.rest[:1] in ("-", "/") and len(label.words) == 1


def cells_below(label: Label, page: Page, lines: int = LINES_BELOW) -> Iterator[list[Word]]:
    """For each of the next lines the words that stand under the label, nearest line first."""
    x0, x1 = label.words[0].x0, label.words[-1].x1
    for line in page.lines[label.line_index + 1 : label.line_index + 1 + lines]:
        under = [word for cell in line.cells() for word in cell if _overlaps(cell, x0, x1)]
        if under:
            yield under


def _overlaps(cell: Sequence[Word], x0: float, x1: float) -> bool:
    return min(cell[-1].x1, x1) - max(cell[0].x0, x0) > 0


def _tail_of(word: Word, rest: str) -> Word:
    """The end of a word as a word of its own."""
    share = len(rest) / max(len(word.text), 1)
    x0 = word.x1 - (word.x1 - word.x0) * share
    return Word(rest, word.page, x0, word.y0, word.x1, word.y1, word.confidence, word.source)


def _labels_of(line: Line, index: int) -> Iterator[Label]:
    flat = _flatten(line)
    at = 0
    while at < len(flat.chars):
        match = _longest(flat, at) if flat.starts[at] else None
        if match is None:
            at += 1
            continue
        name, role, weak = match
        end = at + len(name)
        last_word = flat.owner[end - 1]
        rest = line.words[last_word].text[flat.offset[end - 1] + 1 :]
        yield Label(role, name, weak, line, index, flat.owner[at], last_word + 1, rest)
        at = end


def _longest(flat: _Flat, at: int) -> tuple[str, Role, bool] | None:
    table = _by_head()
    for name, role, weak in (*table.get(flat.chars[at : at + 2], ()), *table.get(flat.chars[at], ())):
        if flat.chars.startswith(name, at) and flat.ends[at + len(name) - 1]:
            return name, role, weak
    return None


def _flatten(line: Line) -> _Flat:
    chars: list[str] = []
    owner: list[int] = []
    offset: list[int] = []
    starts: list[bool] = []
    ends: list[bool] = []
    for number, word in enumerate(line.words):
        text = word.text
        for position, char in enumerate(text):
            folded = fold_char(char)
            before = text[position - 1] if position else " "
            after = _next_base(text, position)
            for part in folded:
                chars.append(part)
                owner.append(number)
                offset.append(position)
                starts.append(before in _STARTS_AFTER or part == "#")
                ends.append(not after.isalpha() or part == "#")
    return _Flat("".join(chars), tuple(owner), tuple(offset), tuple(starts), tuple(ends))


def _next_base(text: str, position: int) -> str:
    """The next character that is not a combining sign; a space at the end."""
    for char in text[position + 1 :]:
        if not unicodedata.category(char).startswith("M"):
            return char
    return " "


@cache
def _by_head() -> dict[str, list[tuple[str, Role, bool]]]:
    """Labels by their first two characters, longest first; a strong one, then an earlier one, wins between equals."""
    chosen: dict[str, tuple[Role, bool]] = {}
    for role, label, weak in labels():
        name = fold_label(label)
        if name not in chosen or (chosen[name][1] and not weak):
            chosen[name] = (role, weak)
    table: dict[str, list[tuple[str, Role, bool]]] = defaultdict(list)
    for name, (role, weak) in sorted(chosen.items(), key=lambda item: -len(item[0])):
        table[name[:2]].append((name, role, weak))
    return dict(table)
