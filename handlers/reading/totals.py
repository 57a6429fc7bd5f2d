"""Total, net and tax: labelled sums, chosen so that they add up; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import Final

from handlers.reading.confidence import (
    ARITHMETIC,
    LABEL_ABOVE,
    LABEL_BESIDE,
    WEAK_ABOVE,
    WEAK_BESIDE,
    with_print,
)  # fmt: skip
from handlers.reading.labels import Label, words_right_of
from handlers.reading.marked import Found, Marked
from handlers.reading.sums import Sum, sums_in
from handlers.reading.vocabulary import Role
from handlers.reading.words import Line
from schema.document import Why

CENT: Final = Decimal("0.02")
ROUND_OFF: Final = Decimal("1.00")
"""Indian invoices round the total to whole rupees and say so."""

IN_COLUMN: Final = 0.07
"""A total that stands in a column of several: another row may be the one."""

ONE_ROW: Final = 0.7
"""Each row of a table of tax rates adds up for itself; its last row may have been misread."""

MAX_TAXES: Final = 8
ROWS_BELOW: Final = 4
CONTRADICTED: Final = 0.85
UNPROVEN: Final = 0.84
ONLY_DUE: Final = 0.79
"""The amount due may be less than the total, or hold older debts."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A labelled sum and how well it is labelled."""

    sum: Sum
    base: float
    weak: bool
    line: Line
    name: str
    in_column: bool = False


@dataclass(frozen=True)
class Totals:
    """What an invoice says it comes to; `adds_up` is None when it cannot be checked."""

    total: Found[Decimal] | None = None
    net: Found[Decimal] | None = None
    tax: Found[Decimal] | None = None
    payable: Found[Decimal] | None = None
    adds_up: bool | None = None
    currency: str | None = None


def read_totals(marked: Marked, mark: str | None) -> Totals:
    """Choose total, net and tax.

    1. Collect the sums labelled as total, amount due, net and tax.
    2. If some net and tax add up to some total, those three are it.
    3. Else take the best-labelled of each; a total that its net and tax contradict is less sure.
    """
    totals = _candidates(marked, mark, Role.TOTAL)
    payables = _candidates(marked, mark, Role.PAYABLE)
    nets, taxes = _candidates(marked, mark, Role.NET), _candidates(marked, mark, Role.TAX)
    seen = Counter(s.value for _, _, line in marked.lines() for s in sums_in(line.words, mark) if s.money)
    payable = _found(_strongest(payables, seen), seen)
    triple = _triple(totals, payables, nets, taxes, seen)
    if triple is not None:
        proven = _proven(*triple, payable)
        sure = proven if _heads_its_column(triple[0], totals) else _of_one_row(proven)
        return _passing_over(sure, [*totals, *payables], nets, taxes)
    best, net, tax = (
        _strongest(totals, seen) or _strongest(payables, seen),
        _strongest(nets, seen),
        _strongest(taxes, seen),
    )
    if best is None or (best.weak and net is not None and best.sum.value == net.sum.value):
        best = _printed_sum(marked, mark, net, tax) or best
    total = _found(best, seen, ONLY_DUE if best in payables else 1.0)
    contradicted = bool(total and net and tax and not net.weak and not tax.weak)
    if total and contradicted:
        total = total.with_confidence(min(total.confidence, CONTRADICTED))
    found_net, found_tax = _found(net, seen, UNPROVEN), _tax_alone(taxes, seen)
    made = Totals(
        total,
        found_net,
        found_tax,
        payable,
        False if contradicted else None,
        best.sum.currency if best else None,
    )
    return _passing_over(made, [*totals, *payables], nets, taxes)


def _passing_over(
    made: Totals, totals: list[_Candidate], nets: list[_Candidate], taxes: list[_Candidate]
) -> Totals:
    """The sums chosen, each with the other sums that bear its label."""
    why: Why = "sums_disagree" if made.adds_up else "weaker"

    def before(chosen: Found[Decimal] | None, labelled: list[_Candidate]) -> Found[Decimal] | None:
        if chosen is None:
            return None
        taken = replace(chosen, why="adds_up") if made.adds_up else chosen
        return taken.before((_alone(item) for item in labelled if item.sum.value != chosen.value), why)

    return replace(
        made, total=before(made.total, totals), net=before(made.net, nets), tax=before(made.tax, taxes)
    )


def _alone(candidate: _Candidate) -> Found[Decimal]:
    words = candidate.sum.words
    return Found(candidate.sum.value, with_print(candidate.base, words), words, words[0].source)


def _proven(
    total: _Candidate,
    net: _Candidate,
    taxes: Sequence[_Candidate],
    trivial: bool,
    payable: Found[Decimal] | None,
) -> Totals:
    base = (
        (ARITHMETIC if not total.weak else ARITHMETIC - 0.02)
        - (0.06 if trivial else 0)
        - (IN_COLUMN if total.in_column else 0)
    )
    tax_words = tuple(word for tax in taxes for word in tax.sum.words)
    tax_value = (
        total.sum.value - net.sum.value
        if len(taxes) == 1
        else sum((tax.sum.value for tax in taxes), Decimal(0))
    )
    return Totals(
        Found(
            total.sum.value,
            with_print(base, total.sum.words, proven=True),
            total.sum.words,
            total.sum.words[0].source,
        ),
        Found(
            net.sum.value,
            with_print(base, net.sum.words, proven=True),
            net.sum.words,
            net.sum.words[0].source,
        ),
        Found(tax_value, with_print(base, tax_words, proven=True), tax_words, net.sum.words[0].source),
        payable,
        True,
        total.sum.currency or net.sum.currency,
    )


def _heads_its_column(total: _Candidate, totals: Sequence[_Candidate]) -> bool:
    """False if other rows under the same label stand beside this one and do not add up to it: a row of one tax rate."""
    rows = [item for item in totals if item.in_column and item.name == total.name and item is not total]
    if not total.in_column or not rows:
        return True
    others = sum((item.sum.value for item in rows), Decimal(0))
    return abs(others - total.sum.value) <= CENT or all(item.sum.value == total.sum.value for item in rows)


def _of_one_row(found: Totals) -> Totals:
    """The sums with the doubt that they are those of one row only."""
    lowered = {
        name: item.with_confidence(min(item.confidence, ONE_ROW))
        for name in ("total", "net", "tax")
        if (item := getattr(found, name)) is not None
    }
    return replace(found, **lowered)


def _candidates(marked: Marked, mark: str | None, role: Role) -> list[_Candidate]:
    found: list[_Candidate] = []
    for label in marked.of(role):
        found.extend(_beside(marked, label, mark) or _below(marked, label, mark))
    return found


def _beside(marked: Marked, label: Label, mark: str | None) -> list[_Candidate]:
    sums = _own(sums_in(words_right_of(label, marked.on(label.line)), mark), marked.on(label.line))
    money = [item for item in sums if item.money] or ([] if label.weak else sums[-1:])
    base = WEAK_BESIDE if label.weak else LABEL_BESIDE
    return [
        _Candidate(item, base - 0.1 * (not item.money), label.weak, label.line, label.name)
        for item in money[-1:]
    ]


def _own(sums: list[Sum], labels: Sequence[Label]) -> list[Sum]:
    """The sums before the next label on the line, once one is found: `Net 100.00 VAT 19.00 Total 119.00`."""
    first = next((item for item in sums if item.money), None)
    if first is None:
        return sums
    following = [label.words[0].x0 for label in labels if label.words[0].x0 >= first.x1]
    return [item for item in sums if item.words[0].x0 < min(following, default=1.0)]


def _below(marked: Marked, label: Label, mark: str | None) -> list[_Candidate]:
    """Sums in the column that the label heads, further down a little less sure."""
    page = marked.page_of(label)
    x0, x1 = label.words[0].x0, label.words[-1].x1
    rows: list[_Candidate] = []
    for depth, line in enumerate(page.lines[label.line_index + 1 : label.line_index + 1 + ROWS_BELOW]):
        under = [s for s in sums_in(line.words, mark) if s.money and min(s.x1, x1) > max(s.words[0].x0, x0)]
        base = (WEAK_ABOVE if label.weak else LABEL_ABOVE - 0.1) - 0.02 * depth
        rows += [_Candidate(item, base, label.weak, line, label.name, in_column=True) for item in under[:1]]
    return rows


def _triple(
    totals: list[_Candidate],
    payables: list[_Candidate],
    nets: list[_Candidate],
    taxes: list[_Candidate],
    seen: Counter[Decimal],
) -> tuple[_Candidate, _Candidate, Sequence[_Candidate], bool] | None:
    """The best-labelled total, net and taxes that add up; `True` last when only because the tax is nothing."""
    found: list[tuple[float, tuple[_Candidate, _Candidate, Sequence[_Candidate], bool]]] = []
    bases = [*nets, *(item for item in totals if item.weak)]
    options = list(_tax_options(taxes))
    largest = max((abs(item.sum.value) for item in [*totals, *payables]), default=Decimal(0)) or Decimal(1)
    for total in [*totals, *payables]:
        for net in bases:
            for option in options:
                missing = (
                    total.sum.value
                    - net.sum.value
                    - sum((abs_like(t.sum.value, total.sum.value) for t in option), Decimal(0))
                )
                if abs(missing) > CENT or abs(net.sum.value) > abs(total.sum.value):
                    continue
                trivial = total.sum.value == net.sum.value
                score = (
                    total.base
                    + net.base
                    + max(t.base for t in option)
                    - 0.05 * len(option)
                    - (0.5 if trivial else 0)
                    - 10 * float(abs(missing))
                )
                score += 0.6 * float(abs(total.sum.value) / largest) + 0.01 * min(seen[total.sum.value], 3)
                found.append((score, (total, net, option, trivial)))
    return max(found, key=lambda item: item[0])[1] if found else None


def abs_like(value: Decimal, like: Decimal) -> Decimal:
    """The value with the sign of another: taxes in parentheses are not negative."""
    return abs(value) if like >= 0 else -abs(value)


def _tax_options(taxes: list[_Candidate]) -> Iterator[Sequence[_Candidate]]:
    """Single taxes, pairs such as CGST and SGST, and all taxes of different lines together."""
    distinct: dict[int, _Candidate] = {}
    for tax in taxes:
        distinct.setdefault(id(tax.line), tax)
    kept = list(distinct.values())[-MAX_TAXES:]
    for tax in taxes:
        yield (tax,)
    yield from combinations(kept, 2)
    yield from combinations(kept, 3)
    if len(kept) > 3:
        yield tuple(kept)


def _strongest(candidates: list[_Candidate], seen: Counter[Decimal]) -> _Candidate | None:
    """Best label first; between equals the sum printed most often, then the largest, then the last."""
    if not candidates:
        return None
    return max(
        enumerate(candidates),
        key=lambda item: (item[1].base, seen[item[1].sum.value], abs(item[1].sum.value), item[0]),
    )[1]


def _printed_sum(
    marked: Marked, mark: str | None, net: _Candidate | None, tax: _Candidate | None
) -> _Candidate | None:
    """The printed sum of net and tax, when the total's own label could not be read."""
    if net is None or tax is None or tax.sum.value == 0:
        return None
    for _, _, line in marked.lines():
        for item in sums_in(line.words, mark):
            if item.money and abs(item.value - net.sum.value - tax.sum.value) <= CENT:
                return _Candidate(item, WEAK_BESIDE, True, line, "")
    return None


def _tax_alone(taxes: list[_Candidate], seen: Counter[Decimal]) -> Found[Decimal] | None:
    """Tax that nothing proves: CGST and SGST together, else the only labelled sum."""
    halves = [next((tax for tax in taxes if tax.name.endswith(name)), None) for name in ("cgst", "sgst")]
    if halves[0] and halves[1]:
        words = (*halves[0].sum.words, *halves[1].sum.words)
        return Found(
            halves[0].sum.value + halves[1].sum.value, with_print(UNPROVEN, words), words, words[0].source
        )
    sole = len({tax.sum.value for tax in taxes}) == 1
    return _found(taxes[-1], seen, UNPROVEN) if sole else None


def _found(candidate: _Candidate | None, seen: Counter[Decimal], cap: float = 1.0) -> Found[Decimal] | None:
    """A single sum, surer when printed twice and when nothing larger is printed."""
    if candidate is None:
        return None
    value = candidate.sum.value
    largest = max((abs(item) for item in seen), default=abs(value))
    base = candidate.base - 0.03
    base += 0.03 if seen[value] > 1 else 0
    base -= 0.12 if abs(value) < largest else 0
    base = min(base, cap)
    return Found(
        value, with_print(base, candidate.sum.words), candidate.sum.words, candidate.sum.words[0].source
    )
