"""The invoice number and the purchase order number: identifiers that only their label tells; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from handlers.reading.confidence import LABEL_ABOVE, LABEL_BESIDE, WEAK_ABOVE, WEAK_BESIDE, with_print
from handlers.reading.dates import find_dates
from handlers.reading.identifiers import compact, iban_is_valid, looks_like_gstin
from handlers.reading.labels import Label, cells_below, fold_label, words_right_of
from handlers.reading.marked import Found, Marked
from handlers.reading.vocabulary import Role
from handlers.reading.words import Word

MAX_LENGTH: Final = 40
ROW_HEADS: Final = 3
"""So many labels on one line are the heads of columns."""

LOOK_AHEAD: Final = 3
"""The number is among the first words after its label."""

_TITLES: Final = tuple(
    fold_label(word)
    for word in [
        "rechnung",
        "invoice",
        "facture",
        "factura",
        "fattura",
        "factuur",
        "faktura",
        "fatura",
        "korrektur",
        "gutschrift",
        "bill",
        "receipt",
        "बीजक",
        "इनवॉइस",
        "बिल",
        "चालान",
    ]
)
_IDENTIFIER = re.compile(r"#?[A-Za-z0-9][A-Za-z0-9/_.\-–\\&()+]*")
_JOINERS: Final = "/-–_\\"
_SKIP = re.compile(r"[:#.\-–=|]+|no\.?|nr\.?|n[°º]|number|num\.?|id|\(\d{1,3}\)|:?\(.*\)", re.IGNORECASE)
_MONEY = re.compile(r"[₹€$£]|^\d{1,3}(?:[.,]\d{3})*[.,]\d{2}$")
_UNWANTED = re.compile(r"^\+|%$|^\d{1,2}:\d{2}|@|www\.|https?:", re.IGNORECASE)


def read_invoice_number(marked: Marked) -> Found[str] | None:
    """The number most strongly labelled as the invoice's own."""
    return _best(marked, Role.NUMBER)


def read_order_number(marked: Marked) -> Found[str] | None:
    """The buyer's order that the invoice names."""
    return _best(marked, Role.ORDER)


def _best(marked: Marked, role: Role) -> Found[str] | None:
    found = [item for label in marked.of(role) for item in _beside_or_below(marked, label)]
    if not found:
        return None
    votes = Counter(item.value for item in found)
    best = max(
        found, key=lambda item: (item.confidence + 0.01 * min(votes[item.value], 3), -item.words[0].page)
    )
    rivals = {i.value for i in found if i.value != best.value and i.confidence >= best.confidence - 0.02}
    others = [item for item in found if item is not best]
    return (
        best.with_confidence(best.confidence - (0.12 if rivals else 0))
        .before((item for item in others if item.value in rivals), "rival")
        .before((item for item in others if item.value not in rivals), "weaker")
    )


def _beside_or_below(marked: Marked, label: Label) -> Iterator[Found[str]]:
    weak = label.weak and not _titled(label) and not _heads_row(marked, label)
    beside = _identifier(words_right_of(label, marked.on(label.line)))
    if beside is not None:
        yield _found(beside, WEAK_BESIDE if weak else LABEL_BESIDE)
        return
    for depth, words in enumerate(cells_below(label, marked.page_of(label))):
        below = _identifier(words, first_only=True)
        if below is not None:
            yield _found(below, (WEAK_ABOVE if weak else LABEL_ABOVE) - 0.04 * depth)
            return


def _heads_row(marked: Marked, label: Label) -> bool:
    """True if the label is one of a row of column heads, with a row of as many values right below it."""
    line = label.line
    heads = marked.on(line)
    if len(heads) < ROW_HEADS or any(char.isdigit() for char in line.text):
        return False
    below = marked.page_of(label).lines[label.line_index + 1 : label.line_index + 2]
    return bool(below) and len(below[0].cells()) >= ROW_HEADS and not marked.on(below[0])


def _titled(label: Label) -> bool:
    """True if a title such as `Handelsrechnung (380)` stands right before a bare `Nr.`."""
    before = [word.text for word in label.line.words[: label.first] if not _SKIP.fullmatch(word.text)]
    return bool(before) and fold_label(before[-1]).endswith(_TITLES)


def _found(words: Sequence[Word], base: float) -> Found[str]:
    value = "".join(word.text for word in words)
    value = value.lstrip("#:").rstrip(".,;:-")
    if value.endswith(")") and "(" not in value:
        value = value.rstrip(")")
    if value.isdigit() and len(value) < 3:
        base -= 0.3
    source = words[0].source
    return Found(value, with_print(base, words), tuple(words), source)


def _identifier(words: Sequence[Word], *, first_only: bool = False) -> list[Word] | None:
    """The first words that make one identifier, or None when something else comes first."""
    looked = 0
    for index, word in enumerate(words):
        if _SKIP.fullmatch(word.text):
            continue
        taken = _joined(words, index)
        if taken is not None and _acceptable(taken):
            return taken
        looked += 1
        if looked >= (1 if first_only else LOOK_AHEAD) or any(char.isdigit() for char in word.text):
            return None
    return None


def _joined(words: Sequence[Word], index: int) -> list[Word] | None:
    """The word at index with those that belong to it: `INV / 2026 / 0042`, `F 1234K20/1234/12`."""
    first = words[index]
    text = first.text.rstrip(",;")
    if not _IDENTIFIER.fullmatch(text):
        return None
    taken = [first]
    for word in words[index + 1 :]:
        before = taken[-1].text
        prefix = (
            len(taken) == 1
            and text.isalpha()
            and text.isupper()
            and len(text) <= 5
            and word.text[:1].isdigit()
        )
        glued = before[-1] in _JOINERS or word.text[0] in _JOINERS
        if not (glued or prefix) or _gap(taken[-1], word) or not re.fullmatch(r"[\w/\-–.\\]+", word.text):
            break
        taken.append(word)
    return taken if any(char.isdigit() for word in taken for char in word.text) else None


def _gap(left: Word, right: Word) -> bool:
    """True if the gap is too wide for one identifier."""
    return right.x0 - left.x1 > 1.2 * (right.y1 - right.y0)


def _acceptable(words: Sequence[Word]) -> bool:
    text = "".join(word.text for word in words).strip("#:,;")
    bare = compact(text)
    if not 1 <= len(bare) <= MAX_LENGTH or _MONEY.search(text) or _UNWANTED.search(text):
        return False
    if looks_like_gstin(bare) or iban_is_valid(bare):
        return False
    return not any(date.start == 0 and date.end >= len(text) - 1 for date in find_dates(text))
