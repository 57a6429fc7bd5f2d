"""Issue date and due date: every printed date gets the label that governs it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.reading.confidence import (
    LABEL_ABOVE,
    LABEL_BESIDE,
    UNLABELLED,
    WEAK_ABOVE,
    WEAK_BESIDE,
    with_print,
)
from handlers.reading.dates import FoundDate, find_dates, month_comes_first
from handlers.reading.labels import Label
from handlers.reading.marked import Found, Marked, char_owner, governing, label_above, words_between
from handlers.reading.vocabulary import Role
from handlers.reading.words import Page, Word

AMBIGUOUS: Final = 0.86
"""03/04/2026 in a document that gives no hint of its country."""

OTHER_LABEL: Final = 0.2
"""A date that is labelled as something else is hardly the one; labels are misread, too."""

BEFORE_ISSUE: Final = 0.5
"""A due date before the issue date is printed sometimes, and misread more often."""


DATE_ROLES: Final = (Role.ISSUE_DATE, Role.DUE_DATE, Role.OTHER_DATE, Role.NUMBER)


@dataclass(frozen=True, slots=True)
class _Dated:
    """A date with the role of the label that governs it (None: no label)."""

    found: Found[date]
    role: Role | None
    order: int


def read_dates(marked: Marked, *, day_first: bool) -> tuple[Found[date] | None, Found[date] | None]:
    """Issue date and due date; `day_first` says that the document's country is known to put the day first."""
    dated = list(_all_dates(marked, day_first))
    issue = _before_others(_issue(dated), dated, Role.ISSUE_DATE)
    due = _before_others(_strongest([d for d in dated if d.role is Role.DUE_DATE]), dated, Role.DUE_DATE)
    if issue and due and due.value < issue.value:
        due = due.with_confidence(min(due.confidence, BEFORE_ISSUE))
    return issue, due


def _before_others(chosen: Found[date] | None, dated: Iterable[_Dated], own: Role) -> Found[date] | None:
    """The chosen date with all others of the document: those under another date's label are hardly it."""
    if chosen is None:
        return None
    labels = {Role.ISSUE_DATE, Role.DUE_DATE, Role.OTHER_DATE} - {own}
    others = [d for d in dated if d.found.value != chosen.value]
    elsewhere = [
        d.found.with_confidence(min(d.found.confidence, OTHER_LABEL)) for d in others if d.role in labels
    ]
    return chosen.before((d.found for d in others if d.role not in labels), "weaker").before(
        elsewhere, "labelled_otherwise"
    )


def _issue(dated: list[_Dated]) -> Found[date] | None:
    labelled = _strongest([d for d in dated if d.role is Role.ISSUE_DATE])
    if labelled and labelled.confidence > WEAK_ABOVE:
        return labelled
    beside_number = _strongest([d for d in dated if d.role is Role.NUMBER])
    candidates = [found for found in (labelled, beside_number) if found]
    if candidates:
        return max(candidates, key=lambda found: found.confidence)
    free = [d for d in dated if d.role not in (Role.DUE_DATE, Role.OTHER_DATE)]
    if not free:
        return None
    first = min(free, key=lambda d: d.order).found
    alone = len({d.found.value for d in dated}) == 1
    return first.with_confidence(first.confidence + (0.2 if alone else 0))


def _strongest(dated: list[_Dated]) -> Found[date] | None:
    if not dated:
        return None
    best = max(dated, key=lambda d: (d.found.confidence, -d.order))
    rivals = [
        d
        for d in dated
        if d.found.value != best.found.value and d.found.confidence >= best.found.confidence - 0.03
    ]
    return best.found.with_confidence(best.found.confidence - (0.15 if rivals else 0))


def _all_dates(marked: Marked, day_first: bool) -> Iterator[_Dated]:
    month_first = month_comes_first(line.text for _, _, line in marked.lines())
    order = 0
    for page, index, line in marked.lines():
        for item in find_dates(line.text, month_first=month_first):
            word = char_owner(line)[item.start]
            label, beside = _governing_date(marked, page, index, word)
            role = label.role if label else None
            base = _base(role, bool(label and label.weak), beside)
            if not item.sure and not day_first:
                base = min(base, AMBIGUOUS)
            order += 1
            yield _Dated(
                _found(line.words[word].source, item, base, words_between(line, item.start, item.end)),
                role,
                order,
            )


def _governing_date(marked: Marked, page: Page, index: int, word: int) -> tuple[Label | None, bool]:
    """The label of a date; the head of its column goes before words on its left that name no date."""
    label, beside = governing(marked, page, index, word)
    if label is not None and beside and label.role not in DATE_ROLES:
        above = label_above(marked, page, index, page.lines[index].words[word])
        if above is not None and above.role in DATE_ROLES:
            return above, False
    return label, beside


def _found(source: str, item: FoundDate, base: float, words: tuple[Word, ...]) -> Found[date]:
    return Found(item.value, with_print(base, words), words, source)


def _base(role: Role | None, weak: bool, beside: bool) -> float:
    if role is Role.NUMBER:
        return WEAK_BESIDE if beside else UNLABELLED
    if role not in (Role.ISSUE_DATE, Role.DUE_DATE, Role.OTHER_DATE):
        return UNLABELLED
    if weak:
        return WEAK_BESIDE + 0.1 if beside else WEAK_ABOVE + 0.05
    return LABEL_BESIDE if beside else LABEL_ABOVE
