"""The currency of an invoice: beside its total, else by the signs and codes it prints; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from handlers.reading.amounts import SYMBOLS
from handlers.reading.marked import Found, Marked
from handlers.reading.sums import sums_in
from handlers.reading.words import Word

BESIDE_TOTAL: Final = 0.97
ELSEWHERE: Final = 0.92
DOLLAR: Final = 0.85
"""A bare $ may be of another country than the USA."""

IMPLIED: Final = 0.85
"""A GSTIN or an IFSC says rupees without printing them."""

_CODES: Final = frozenset(code for code in SYMBOLS.values() if code)
_STATED = re.compile(
    r"\b(US dollars?|euros?|rupees|rupee|ringgit|pounds? sterling)\b|रुपये|रुपए|रूपये", re.IGNORECASE
)
_NAMES: Final = {"us": "USD", "eu": "EUR", "ru": "INR", "ri": "MYR", "po": "GBP", "रु": "INR", "रू": "INR"}


def read_currency(
    marked: Marked, beside_total: str | None, mark: str | None, *, indian: bool
) -> Found[str] | None:
    """ISO 4217 code, with the word that shows it where there is one."""
    votes: Counter[str] = Counter()
    witness: dict[str, tuple[Word, ...]] = {}
    for _, _, line in marked.lines():
        for item in sums_in(line.words, mark):
            if item.currency:
                votes[item.currency] += 2
                witness.setdefault(item.currency, item.words)
        for word in line.words:
            code = word.text.strip("():,.;[]")
            if code in _CODES and code != "TRY":
                votes[code] += 2
                witness.setdefault(code, (word,))
    if beside_total and (beside_total != "USD" or votes["USD"] >= max(votes.values())):
        return _found(beside_total, BESIDE_TOTAL, witness).before(
            _rarer(beside_total, votes, witness), "rarer"
        )
    if votes:
        (code, count), *others = votes.most_common(2)
        sure = ELSEWHERE - (0.2 if others and others[0][1] * 2 > count else 0)
        return _found(code, sure, witness).before(_rarer(code, votes, witness), "rarer")
    return _implied(marked.text, indian=indian)


def _rarer(taken: str, votes: Counter[str], witness: dict[str, tuple[Word, ...]]) -> Iterator[Found[str]]:
    """The other currencies, by how often they are printed."""
    for code, count in votes.items():
        if code != taken and code in witness:
            yield _found(code, ELSEWHERE * count / votes.total(), witness)


def _found(code: str, base: float, witness: dict[str, tuple[Word, ...]]) -> Found[str]:
    words = witness.get(code, ())
    bare_dollar = code == "USD" and not any("USD" in word.text or "US$" in word.text for word in words)
    return Found(
        code, min(base, DOLLAR) if bare_dollar else base, words, words[0].source if words else "text"
    )


def _implied(text: str, *, indian: bool) -> Found[str] | None:
    stated = _STATED.search(text)
    if stated:
        return Found(_NAMES[stated[0][:2].lower()], ELSEWHERE)
    return Found("INR", IMPLIED) if indian else None
