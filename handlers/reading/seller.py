"""Who sent the invoice: the name of the seller, never the buyer's; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from handlers.reading.confidence import with_print
from handlers.reading.labels import Label, cells_below, fold_label, is_label, words_right_of
from handlers.reading.marked import Found, Marked
from handlers.reading.vocabulary import Role, legal_forms, titles
from handlers.reading.words import Line, Page, Word

BUYER_BLOCK: Final = 7
"""A buyer's address is at most this many lines under its label."""

LABELLED, SIGNED, LEGAL, FIRST_LINE, HOLDER = 0.84, 0.8, 0.72, 0.55, 0.56
"""How much each place of a name is worth; two places that agree are worth AGREED."""

AGREED: Final = 0.91
SEEN_TWICE: Final = 0.15
"""How much better a name is that two places give: a letterhead and an account's holder beat a lone legal form."""

TOP: Final = 0.35
"""The upper part of the first page, where letterheads stand."""

OWN_DOMAIN: Final = 0.12
ONE_PRINT: Final = 1.1
"""Words are of one size if none is a tenth higher than another."""

SAME_EDGE: Final = 0.01
"""Left edges this near, as a share of the page's width, are one edge."""

_DOMAIN = re.compile(r"(?:www\.|@|https?://(?:www\.)?)([\w-]{3,40})\.[a-z.]{2,6}", re.IGNORECASE)
_MAIL_HOSTS: Final = frozenset(
    ["gmail", "yahoo", "hotmail", "outlook", "rediffmail", "gmx", "web", "example"]
)
_ADDRESS = re.compile(
    r"\b(street|st\.|road|rd\.?|avenue|ave|lane|jalan|jln|taman|tmn|lot|selangor|johor|kuala lumpur|nagar|marg|"
    r"sector|floor|plot|"
    r"building|phase|industrial estate|\w*stra(ss|ß)e|\w+str\.|\w*platz|rue|boulevard|calle|via|"
    r"weg|p\.?o\.? box|darul ehsan|no\.?\s?\d+|"
    r"pune|mumbai|delhi|bengaluru|bangalore|chennai|kolkata|hyderabad|gurugram)\b|^\d{4,6}\b|\b\d{5,6}$",
    re.IGNORECASE,
)
_FORMS: Final = frozenset(re.sub(r"[^\w&]", "", form) for form in legal_forms())
_TITLES: Final = frozenset(fold_label(title) for known in titles().values() for title in known)
_SIGNATURE = re.compile(r"^for\b[\s:,-]*(?:m/s\.?\s*)?(.{4,})$", re.IGNORECASE)
_CUT = re.compile(r"\s[-–●•|·]\s|[●•|]|\s{2,}|,\s|\s\(|\s:\s|;")
_NOT_NAME = re.compile(
    r"^(page|seite|date|datum|original|duplicate|copy|tel|phone|www|http|gst|vat|tin|fax|attn|dear|sehr|invoice|e-?mail|"
    r"authori[sz]ed|signatory|thank|welcome|tax|re:|to$|from$)\b|@|\d{6,}|\b(invoice|receipt|rechnung|facture|factuur|factura|fattura|signatory|quotation)\b|\d{1,2}[./-]\d{1,2}[./-]\d{2}|beispiel-rechnung|stylesheet",
    re.IGNORECASE,
)


def read_seller_name(marked: Marked) -> Found[str] | None:
    """The seller's name: labelled, signed, with a legal form outside the buyer's block, or the first line."""
    found = list(_names(marked))
    if not found:
        return None
    found = _favoured_by_domain(_lengthened(found), marked.text)
    best = max(found, key=lambda item: item.confidence + (SEEN_TWICE if _elsewhere(item, found) else 0))
    sure = best.with_confidence(max(best.confidence, AGREED)) if _elsewhere(best, found) else best
    return sure.before((item for item in found if not _same(item.value, best.value)), "weaker")


def _lengthened(found: list[Found[str]]) -> list[Found[str]]:
    """Names that are the second line of a longer name stand for the longer one."""
    longer = [item for item in found if _has_two_lines(item) and item.confidence >= LEGAL]
    kept = []
    for item in found:
        whole = next((other for other in longer if _ends_with(other.value, item.value)), item)
        kept.append(replace(item, value=whole.value))
    return kept


def _ends_with(whole: str, part: str) -> bool:
    return whole != part and fold_label(whole).endswith(fold_label(part))


def _elsewhere(item: Found[str], found: Sequence[Found[str]]) -> bool:
    """True if another place of the document gives the same name."""
    return any(other.words[0].y0 != item.words[0].y0 and _same(other.value, item.value) for other in found)


def _favoured_by_domain(found: list[Found[str]], text: str) -> list[Found[str]]:
    """A name that is also the name of a web or mail domain in the document is more likely the sender's."""
    domains = {re.sub(r"\W", "", name.casefold()) for name in _DOMAIN.findall(text)} - _MAIL_HOSTS
    return [
        item.with_confidence(item.confidence + OWN_DOMAIN) if _core(item.value) in domains else item
        for item in found
    ]


def _core(name: str) -> str:
    """The name without its legal form, as a domain would spell it."""
    words = [word for word in name.casefold().split() if re.sub(r"[^\w&]", "", word) not in _FORMS]
    return re.sub(r"\W", "", "".join(words))


def _names(marked: Marked) -> Iterator[Found[str]]:
    yield from _labelled_names(marked)
    for page, index, line in marked.lines():
        for cell in line.cells():
            text = _clean(cell)
            signed = _SIGNATURE.match(text)
            if signed and _signatory_below(page, index):
                yield _name(signed[1], cell, SIGNED)
            elif _has_legal_form(text) and not in_buyer_block(marked, page, index, cell):
                high = page.number == marked.pages[0].number and line.y0 < TOP
                yield _name(text, cell, LEGAL + (0.05 if high else -0.1) - 0.002 * index)
    yield from _first_line(marked)


def _labelled_names(marked: Marked) -> Iterator[Found[str]]:
    for role, base in ((Role.SELLER, LABELLED), (Role.HOLDER, HOLDER)):
        for label in marked.of(role):
            words = words_right_of(label, marked.on(label.line))
            cell = words[: _first_gap(words)]
            if cell and _is_name(_clean(cell)):
                yield _name(_clean(cell), cell, base - (0.25 if label.weak else 0))
            elif not words:
                yield from _name_below(marked, label, base - (0.25 if label.weak else 0))


def _name_below(marked: Marked, label: Label, base: float) -> Iterator[Found[str]]:
    """Under `Seller:` the value of `Name:`, else the first line that is a name, with a second line of it."""
    page = marked.page_of(label)
    below = page.lines[label.line_index + 1 : label.line_index + 7]
    for line in below:
        if fold_label(line.words[0].text) == "name" and len(line.words) > 1:
            words = [word for word in line.words[1:] if word.text != ":"]
            words = words[: _first_gap(words)]
            if words and _is_name(_clean(words)):
                yield _with_upper_line(page, line, words, base + 0.06)
                return
    for depth, words in enumerate(cells_below(label, page, lines=5)):
        cell = words[: _first_gap(words)]
        text = _clean(cell)
        if _is_name(text):
            yield _two_lines(page, label.line_index + 1 + depth, cell, base)
            return


def _with_upper_line(page: Page, line: Line, cell: Sequence[Word], base: float) -> Found[str]:
    """The value of `Name:` with its first line, which stands above the label when the label is centred on both.

    A lone cell above, at the same edge and nearer to this line than to the one before it, belongs to this one.
    """
    index = page.lines.index(line)
    before, upper = page.lines[max(0, index - 2) : index] if index > 1 else (None, None)
    if before is None or upper is None or len(upper.cells()) > 1:
        return _name(_clean(cell), cell, base)
    text = _clean(upper.words)
    aligned = abs(upper.words[0].x0 - cell[0].x0) < SAME_EDGE
    nearer = line.y0 - upper.y0 < upper.y0 - before.y0
    if aligned and nearer and line.words[0].x0 < cell[0].x0 - SAME_EDGE and _is_name(text):
        return _name(f"{text} {_clean(cell)}", [*upper.words, *cell], base)
    return _name(_clean(cell), cell, base)


def _two_lines(page: Page, index: int, cell: Sequence[Word], base: float) -> Found[str]:
    """A name without legal form goes on in the next line when that one has it."""
    text = _clean(cell)
    following = page.lines[index + 1 : index + 2]
    for below in following[0].cells() if following else []:
        aligned = abs(below[0].x0 - cell[0].x0) < SAME_EDGE
        if aligned and not _has_legal_form(text) and _has_legal_form(_clean(below)):
            return _name(f"{text} {_clean(below)}", [*cell, *below], base)
    return _name(text, cell, base)


def _first_line(marked: Marked) -> Iterator[Found[str]]:
    """The first things on the first page that may be a name, the higher the better."""
    rank = 0
    for page, index, line in marked.lines():
        if index > 6 or page.number != marked.pages[0].number:
            return
        for cell in line.cells():
            text = _clean(cell)
            if _is_name(text) and not in_buyer_block(marked, page, index, cell):
                made = _two_lines(page, index, cell, FIRST_LINE - 0.02 * rank)
                letterhead = index == 0 and _one_print(made) and not _shared_word(made.value)
                yield made.with_confidence(LEGAL + 0.06) if letterhead else made
                rank += 1


def _one_print(found: Found[str]) -> bool:
    """True if a name of two lines is printed in one size: not a brand over its company."""
    heights = [word.height for word in found.words]
    return _has_two_lines(found) and max(heights) < ONE_PRINT * min(heights)


def _has_two_lines(found: Found[str]) -> bool:
    return found.words[-1].y0 > found.words[0].middle


def _shared_word(name: str) -> bool:
    """True if a word comes twice, as in `Anna Muster, Muster GmbH`: a person over a company."""
    words = [fold_label(word) for word in name.split()]
    return len(set(words)) < len(words)


def in_buyer_block(marked: Marked, page: Page, index: int, cell: Sequence[Word]) -> bool:
    """True if the nearest party label above or left of a cell names the buyer."""
    for above in range(index, max(-1, index - BUYER_BLOCK), -1):
        line = page.lines[above]
        if above < index and _sums_over(marked, line, cell):
            return False
        for label in reversed(marked.on(line)):
            if label.role not in (Role.BUYER, Role.SELLER) or (label.weak and not _is_heading(label)):
                continue
            if above == index and label.words[0].x0 <= cell[0].x0 and _same_cell(line, label, cell):
                return label.role is Role.BUYER
            if above < index and _under(line, label, cell):
                return label.role is Role.BUYER
    return False


def _sums_over(marked: Marked, line: Line, cell: Sequence[Word]) -> bool:
    """True if a total begins the line or the cell's column: an address ends before the sums."""
    return any(
        label.role in (Role.TOTAL, Role.NET, Role.TAX)
        and (label.first == 0 or abs(label.words[0].x0 - cell[0].x0) < SAME_EDGE)
        for label in marked.on(line)
    )


def _is_heading(label: Label) -> bool:
    return label.first == 0 and (
        label.last == len(label.line.words) or label.line.words[label.last - 1].text.endswith(":")
    )


def _same_cell(line: Line, label: Label, cell: Sequence[Word]) -> bool:
    at = next((i for i, word in enumerate(line.words) if word is cell[0]), 0)
    return line.cell_ends[label.first] > at or at - label.last <= 1


def _under(line: Line, label: Label, cell: Sequence[Word]) -> bool:
    """True if the cell stands in the label's column: from its left edge to the next cell of its line."""
    end = line.cell_ends[label.last - 1]
    right = line.words[end].x0 if end < len(line.words) else 1.0
    return label.words[0].x0 - 0.03 <= cell[0].x0 < right - 0.005


def _signatory_below(page: Page, index: int) -> bool:
    near = " ".join(line.text for line in page.lines[index : index + 6]).lower()
    return "signat" in near or "proprietor" in near or "director" in near


def _has_legal_form(text: str) -> bool:
    words = [re.sub(r"[^\w&]", "", word) for word in text.casefold().split()]
    dotted = re.search(
        r"\b(b\.v\.|n\.v\.|s\.a\.|s\.r\.l\.|s\.p\.a\.|a\.g\.|e\.k\.|s\.l\.)", text, re.IGNORECASE
    )
    has = bool(dotted) or any(word in _FORMS for word in words[1:])
    return has and _is_name(text) and len(words) <= 8 and not text.rstrip().endswith((":", "?"))


def _is_name(text: str) -> bool:
    letters = sum(char.isalpha() for char in text)
    first = text[:1]
    if _ADDRESS.search(text) or _NOT_NAME.search(text) or len(_core(text)) < 2:
        return False
    return (
        letters >= 3
        and (first.isdigit() or first.isupper() or (first.isalpha() and first.lower() == first.upper()))
        and not is_label(text)
        and letters >= len(text.replace(" ", "")) * 0.6
        and fold_label(text) not in _TITLES
        and len(text) <= 80
        and ": " not in text
    )


def _clean(words: Sequence[Word]) -> str:
    """The text of a cell up to the first bullet, dash or comma, where an address begins."""
    text = " ".join(word.text for word in words)
    form_after_comma = re.match(r"(.+?),\s*((?:inc|ltd|llc|gmbh|s\.?a)\b\.?)", text, re.IGNORECASE)
    if form_after_comma:
        return f"{form_after_comma[1]}, {form_after_comma[2]}"
    return _CUT.split(text, maxsplit=1)[0].strip(" ,:;*#-–")


def _first_gap(words: Sequence[Word]) -> int:
    for index in range(1, len(words)):
        if words[index].x0 - words[index - 1].x1 > 3.0 * (words[index].y1 - words[index].y0):
            return index
    return len(words)


def _name(text: str, words: Sequence[Word], base: float) -> Found[str]:
    return Found(text.strip(" ,:;"), with_print(base, words), tuple(words), words[0].source)


def _same(one: str, other: str) -> bool:
    return fold_label(one) == fold_label(other)
