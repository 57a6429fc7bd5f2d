"""Words of a picture, read by Tesseract; English first always, other languages only when they are seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import pytesseract
from PIL import Image, ImageFilter

from handlers.reading.raster import MAX_RENDER_PIXELS
from handlers.reading.words import Page, Word, page_of

SECONDS_PER_CALL: Final = 25
LOW_CONFIDENCE: Final = 0.62
"""Upright English reads at 0.85 and more; upside-down, sideways or another script at 0.4."""

BLANK: Final = 190
"""A page whose darkest grey is lighter than this has nothing on it."""

DOUBTFUL_CONFIDENCE: Final = 0.8
FEW_WORDS: Final = 8
WANTED_WIDTH: Final = 1400
"""Receipts photographed at 450 pixels across are read twice as well when enlarged."""

MAX_ENLARGEMENT: Final = 2.5
STRIP_SCALE: Final = 1.7
STRIP_GAP: Final = 24
"""How much strips are enlarged for their second reading, and the white pixels between them."""

DESKEW_DEGREES: Final = 4.0
MIN_SKEW: Final = 0.15
INDIC: Final = re.compile(r"[\u0900-\u0aff]")
_MARATHI: Final = re.compile(r"ळ|एकूण|रक्कम|आहे|खाते|देयक")
UNCONFIRMED: Final = 0.3
"""A number that only the mixed model reads."""

_DEVANAGARI: Final = re.compile(r"[\u0900-\u097f]")
_GUJARATI: Final = re.compile(r"[\u0a80-\u0aff]")
_LATIN_OR_DIGIT: Final = re.compile(r"[A-Za-z0-9]")


@dataclass(frozen=True)
class OcrPage:
    """What was read, and the picture it was read from: upright and straight, so that places fit it."""

    page: Page
    picture: Image.Image
    languages: tuple[str, ...]
    confidence: float


class Tesseract:
    """Runs the tesseract program; one call a reading."""

    def __init__(self, path: str) -> None:
        pytesseract.pytesseract.tesseract_cmd = path

    def read_page(self, picture: Image.Image, number: int, dpi: int) -> OcrPage:
        """Read a page.

        1. Enlarge what is small, straighten, take out specks; read in English.
        2. If that is poor, find which way is up and read again.
        3. If it is still poor, read for Devanagari or Gujarati labels; numbers stay those of the English reading.
        """
        if not any(picture.histogram()[:BLANK]):
            return OcrPage(page_of(number, (), "ocr"), picture, (), 0.0)
        picture, dpi = _enlarged(picture, dpi)
        picture = straightened(picture)
        words = self._english(picture, number, dpi)
        if _poor(words):
            turned = self._upright(picture)
            if turned is not None:
                picture = straightened(turned)
                words = self._english(picture, number, dpi)
        languages: tuple[str, ...] = ("eng",)
        if _poor(words):
            languages, words = self._indic(picture, number, dpi, words)
        page = page_of(number, words, "ocr", aspect=picture.width / picture.height)
        return OcrPage(page, picture, languages, mean_confidence(words))

    def read_strips(
        self,
        picture: Image.Image,
        strips: Sequence[tuple[float, float]],
        number: int,
        dpi: int,
        scale: float = STRIP_SCALE,
    ) -> list[list[Word]]:
        """Read horizontal strips (top and bottom as fractions) again, enlarged and stacked in one picture.

        The words have their places on the page. Other pixels round the letters make it a second opinion.
        """
        if not strips:
            return []
        stack, tops = _stacked(picture, strips, scale)
        table = pytesseract.image_to_data(
            stack,
            lang="eng",
            config=f"--psm 6 --dpi {int(dpi * scale)}",
            output_type=pytesseract.Output.DICT,
            timeout=SECONDS_PER_CALL,
        )
        found: list[list[Word]] = [[] for _ in strips]
        for row in range(len(table["text"])):
            word = _word(table, row, number, stack)
            if word is not None:
                middle = word.middle * stack.height
                index = max(i for i, top in enumerate(tops) if top <= middle or i == 0)
                found[index].append(_placed(word, strips[index]))
        return found

    def _english(self, picture: Image.Image, number: int, dpi: int) -> list[Word]:
        """The English reading; a doubtful one is tried again without specks, and the surer is kept.

        A clean scan is never filtered: the filter eats thin strokes of small print.
        """
        words = self._words(picture, number, dpi, "eng")
        if mean_confidence(words) >= DOUBTFUL_CONFIDENCE:
            return words
        filtered = self._words(picture.filter(ImageFilter.MedianFilter(3)), number, dpi, "eng")
        return max(words, filtered, key=lambda found: mean_confidence(found) * min(len(found), len(words)))

    def _shows(self, picture: Image.Image, number: int, dpi: int, language: str) -> bool:
        """True if a small sample of the page holds words of the language's script."""
        top = picture.height // 12
        sample = picture.crop((0, top, picture.width, top + picture.height // 4))
        wanted = _GUJARATI if language == "guj" else _DEVANAGARI
        return len(wanted.findall(_joined(self._words(sample, number, dpi, f"eng+{language}")))) >= FEW_WORDS

    def _indic(
        self, picture: Image.Image, number: int, dpi: int, english: list[Word]
    ) -> tuple[tuple[str, ...], list[Word]]:
        """Read for Devanagari, or Gujarati when the script says so; keep English when nothing Indic shows."""
        best, chosen = english, "eng"
        for language in ("hin", "mar", "guj"):
            if language == "mar" and not (chosen == "hin" and _MARATHI.search(_joined(best))):
                continue
            if language == "guj" and chosen != "eng":
                continue
            if language != "mar" and not self._shows(picture, number, dpi, language):
                continue
            words = self._words(picture, number, dpi, f"eng+{language}")
            wanted = _GUJARATI if language == "guj" else INDIC
            if len(wanted.findall(_joined(words))) >= FEW_WORDS and mean_confidence(words) > mean_confidence(
                best
            ):
                best, chosen = words, language
        if chosen == "eng":
            return ("eng",), english
        return ("eng", chosen), with_english_numbers(best, english)

    def _upright(self, picture: Image.Image) -> Image.Image | None:
        """The picture turned the right way up, or None if it already is or cannot be told."""
        try:
            found = pytesseract.image_to_osd(
                picture, output_type=pytesseract.Output.DICT, timeout=SECONDS_PER_CALL
            )
        except pytesseract.TesseractError:
            return None
        clockwise = int(found.get("rotate", 0)) % 360
        if clockwise == 0 or float(found.get("orientation_conf", 0)) < 0.5:
            return None
        return picture.rotate(-clockwise, expand=True, fillcolor=255)

    def _words(self, picture: Image.Image, number: int, dpi: int, language: str) -> list[Word]:
        table = pytesseract.image_to_data(
            picture,
            lang=language,
            config=f"--psm 4 --dpi {dpi}",
            output_type=pytesseract.Output.DICT,
            timeout=SECONDS_PER_CALL,
        )
        return [
            word
            for row in range(len(table["text"]))
            if (word := _word(table, row, number, picture)) is not None
        ]


def _stacked(
    picture: Image.Image, strips: Sequence[tuple[float, float]], scale: float
) -> tuple[Image.Image, list[int]]:
    """The strips under each other on white, enlarged, and the top of each."""
    width = int(picture.width * scale)
    pieces = []
    for top, bottom in strips:
        box = (
            0,
            int(top * picture.height),
            picture.width,
            max(int(bottom * picture.height), int(top * picture.height) + 1),
        )
        height = max(1, int((box[3] - box[1]) * scale))
        pieces.append(picture.crop(box).resize((width, height), Image.Resampling.LANCZOS))
    stack = Image.new("L", (width, sum(piece.height + STRIP_GAP for piece in pieces)), 255)
    tops, at = [], 0
    for piece in pieces:
        stack.paste(piece, (0, at))
        tops.append(at)
        at += piece.height + STRIP_GAP
    return stack, tops


def _placed(word: Word, strip: tuple[float, float]) -> Word:
    """A word of the stack with the place of its strip on the page."""
    return replace(word, y0=strip[0], y1=strip[1])


def _word(table: dict[str, list[Any]], row: int, number: int, picture: Image.Image) -> Word | None:
    text, confidence = str(table["text"][row]).strip(), float(table["conf"][row])
    if not text or confidence < 0:
        return None
    x0, y0 = int(table["left"][row]), int(table["top"][row])
    x1, y1 = x0 + int(table["width"][row]), y0 + int(table["height"][row])
    edges = (x0 / picture.width, y0 / picture.height, x1 / picture.width, y1 / picture.height)
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in edges)
    shown = unicodedata.normalize("NFC", text)
    return Word(shown, number, left, top, right, bottom, min(confidence / 100, 1.0), "ocr")


def mean_confidence(words: Sequence[Word]) -> float:
    """Mean word confidence, each word weighted by its length."""
    weight = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / weight if weight else 0.0


def _poor(words: Sequence[Word]) -> bool:
    return len(words) < FEW_WORDS or mean_confidence(words) < LOW_CONFIDENCE


def _joined(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def with_english_numbers(mixed: Sequence[Word], english: Sequence[Word]) -> list[Word]:
    """Replace every Latin word and number by the English reading of the same place.

    `hin` models silently drop the digit 1; Devanagari words and digits are kept.
    """
    kept: list[Word] = []
    for word in mixed:
        if INDIC.search(word.text) or not _LATIN_OR_DIGIT.search(word.text):
            kept.append(word)
            continue
        twins = [other for other in english if _inside(other, word)]
        kept.extend(twins or [replace(word, confidence=min(word.confidence, UNCONFIRMED))])
    return list(dict.fromkeys(kept))


def _inside(inner: Word, outer: Word) -> bool:
    """True if the middle of one box lies in the other."""
    across = (inner.x0 + inner.x1) / 2
    return outer.x0 <= across <= outer.x1 and outer.y0 <= inner.middle <= outer.y1


def _enlarged(picture: Image.Image, dpi: int) -> tuple[Image.Image, int]:
    """Small pictures made larger: Tesseract wants letters of about 30 pixels."""
    factor = min(WANTED_WIDTH / min(picture.width, picture.height), MAX_ENLARGEMENT)
    factor = min(factor, (MAX_RENDER_PIXELS / (picture.width * picture.height)) ** 0.5)
    if factor < 1.2:
        return picture, dpi
    size = (int(picture.width * factor), int(picture.height * factor))
    return picture.resize(size, Image.Resampling.LANCZOS), int(dpi * factor)


def straightened(picture: Image.Image) -> Image.Image:
    """Rotate by the small angle at which rows of ink and paper are most distinct, to the letter."""
    angle = _skew(picture)
    if abs(angle) >= MIN_SKEW:
        picture = picture.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
    return picture


def _skew(picture: Image.Image) -> float:
    """Degrees to turn counter-clockwise: coarse steps, then fine ones round the best."""
    small = picture.copy()
    small.thumbnail((700, 900))
    small = small.point(lambda value: 255 if value < 140 else 0)
    best = _best_angle(small, [step * 1.0 for step in range(-int(DESKEW_DEGREES), int(DESKEW_DEGREES) + 1)])
    return _best_angle(small, [best + step * 0.2 for step in range(-4, 5)])


def _best_angle(small: Image.Image, angles: Sequence[float]) -> float:
    return max(angles, key=lambda angle: (_row_contrast(small.rotate(angle)), -abs(angle)))


def _row_contrast(picture: Image.Image) -> float:
    """Sum of squared differences between neighbouring rows' ink."""
    rows = picture.resize((1, picture.height), Image.Resampling.BOX).tobytes()
    return float(sum((one - other) ** 2 for one, other in pairwise(rows)))
