"""Black boxes over account numbers on page pictures, so that a page can be shown to people."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from PIL import Image, ImageDraw

from handlers.reading.amounts import to_ascii_digits
from handlers.reading.bank import ACCOUNT_DIGITS, iban_runs
from handlers.reading.words import Line, Page, Word

VISIBLE: Final = 4
"""The last four characters stay readable: people compare them."""

MARGIN: Final = 0.002
MAX_RUN: Final = 8
_DIGITISH = re.compile(r"[\dOoIlSB\-.:]*\d[\dOoIlSB\-.:]*")
_MONEY_OR_DATE = re.compile(r"\d[.,]\d{2}$|\d{1,4}[./-]\d{1,2}[./-]\d{2,4}$")

Box = tuple[float, float, float, float]


def boxes_to_hide(pages: Iterable[Page], keep: Iterable[str]) -> Iterator[tuple[int, Box]]:
    """Page number and box (fractions) of all that may be an account number, save what is named in `keep`."""
    kept = {_bare(text) for text in keep}
    for page in pages:
        for line in page.lines:
            for run in account_like(line):
                if _bare("".join(word.text for word in run)) not in kept:
                    yield from ((page.number, box) for box in _cover(run))


def account_like(line: Line) -> Iterator[Sequence[Word]]:
    """Runs of words that are an IBAN or hold as many digits as an account number."""
    for _, words in iban_runs(line):
        yield words
    start = 0
    while start < len(line.words):
        run = _digit_run(line.words[start : start + MAX_RUN])
        if sum(char.isdigit() for word in run for char in word.text) >= ACCOUNT_DIGITS.start:
            yield run
        start += max(len(run), 1)


def redacted_png(picture: Image.Image, boxes: Iterable[Box]) -> bytes:
    """The picture as PNG with the boxes filled black."""
    canvas = picture.convert("L")
    draw = ImageDraw.Draw(canvas)
    for x0, y0, x1, y1 in boxes:
        draw.rectangle(
            (
                x0 * canvas.width,
                (y0 - MARGIN) * canvas.height,
                x1 * canvas.width,
                (y1 + MARGIN) * canvas.height,
            ),
            fill=0,
        )
    out = io.BytesIO()
    canvas.save(out, "PNG", compress_level=4)
    return out.getvalue()


def _digit_run(words: Sequence[Word]) -> Sequence[Word]:
    """The words from the first that are digits and stand close together."""
    taken: list[Word] = []
    for word in words:
        text = to_ascii_digits(word.text).strip(",;:")
        text = text.rsplit(":", 1)[-1]
        close = not taken or word.x0 - taken[-1].x1 < 1.5 * word.height
        if not close or not _DIGITISH.fullmatch(text) or _MONEY_OR_DATE.search(text):
            break
        taken.append(word)
    return taken


def _cover(run: Sequence[Word]) -> Iterator[Box]:
    """Boxes over a run of words that leave its last four characters free."""
    free = VISIBLE
    for word in reversed(run):
        length = len(word.text)
        shown = min(free, length)
        free -= shown
        if length > shown:
            yield (word.x0 - MARGIN, word.y0, word.x1 - (word.x1 - word.x0) * shown / length, word.y1)


def _bare(text: str) -> str:
    return re.sub(r"\W", "", text).upper()
