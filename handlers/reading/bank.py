"""The account an invoice asks to be paid to, and its IFSC or BIC; evidence only, never a payment term; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from handlers.reading.amounts import to_ascii_digits
from handlers.reading.confidence import CHECKSUM, LABEL_ABOVE, LABEL_BESIDE, with_print
from handlers.reading.identifiers import IBAN_LENGTH, bic_is_valid, iban_is_valid, iban_shape, ifsc_is_valid
from handlers.reading.labels import Label, cells_below, words_right_of
from handlers.reading.marked import Found, Marked
from handlers.reading.vocabulary import Role
from handlers.reading.words import Line, Word

ACCOUNT_DIGITS: Final = range(9, 19)
"""Indian banks' account numbers have 9 to 18 digits."""

BANK_NEAR: Final = 8
"""A bare "account number" is a bank's only if bank words stand within this many lines."""

FAILED_CHECK: Final = 0.3
"""An IBAN printed with wrong check digits: shown as it is, never sure."""

_BANK_WORDS = re.compile(
    r"\b(ifsc|ifs code|rtgs|neft|imps|bank|bankers|swift|bic|iban|branch|beneficiary|micr)\b"
    r"|बैंक|बँक|आईएफएससी|आयएफएससी|खाता|खाते|બેંક",
    re.IGNORECASE,
)


def read_account(marked: Marked) -> tuple[Found[str] | None, tuple[str, ...]]:
    """The account number, IBAN first, and warnings about it."""
    ibans = list(_ibans(marked))
    if ibans:
        best = max(ibans, key=lambda found: found.confidence)
        others = {found.value for found in ibans if found.confidence > FAILED_CHECK} - {best.value}
        warnings = ("More than one IBAN is printed.",) if others else ()
        return _among(replace(best, why="check_holds"), ibans, rivalled=bool(others)), warnings
    accounts = list(_accounts(marked))
    if accounts:
        best = max(accounts, key=lambda found: found.confidence)
        others = {found.value for found in accounts} - {best.value}
        warnings = ("More than one account number is printed.",) if others else ()
        return _among(best, accounts, rivalled=bool(others)), warnings
    failed = _failed_ibans(marked)
    if failed:
        return failed[0], ("The printed IBAN fails its check digits.",)
    return None, ()


def read_bank_code(marked: Marked) -> Found[str] | None:
    """The IFSC, else the BIC."""
    found = list(_bank_codes(marked))
    if not found:
        return None
    best = max(found, key=lambda item: item.confidence)
    return best.before((item for item in found if item.value != best.value), "weaker")


def _among(best: Found[str], found: Sequence[Found[str]], *, rivalled: bool) -> Found[str]:
    """The account with the others printed, less sure when there are such."""
    sure = best.with_confidence(best.confidence - 0.15) if rivalled else best
    return sure.before((item for item in found if item.value != best.value), "rival")


def _bank_codes(marked: Marked) -> Iterator[Found[str]]:
    labels = {id(label.line): label.role for label in marked.of(Role.IFSC, Role.BIC)}
    for page, index, line in marked.lines():
        above = page.lines[index - 1] if index else line
        role = labels.get(id(line)) or labels.get(id(above))
        for word in line.words:
            for text in re.findall(r"[A-Za-z0-9]{8,11}", word.text):
                code = text.upper()
                if ifsc_is_valid(code) and any(char.isdigit() for char in code[5:]):
                    base = LABEL_BESIDE + 0.02 if role is Role.IFSC else 0.85
                    yield Found(code, with_print(base, (word,)), (word,), word.source)
                elif role is Role.BIC and text.isupper() and bic_is_valid(code) and code not in ("SWIFTBIC",):
                    yield Found(code, with_print(LABEL_BESIDE, (word,)), (word,), word.source)


def _ibans(marked: Marked) -> Iterator[Found[str]]:
    for _, _, line in marked.lines():
        for text, words in iban_runs(line):
            if iban_is_valid(text):
                yield Found(text, with_print(CHECKSUM, words, proven=True), words, words[0].source)


def _failed_ibans(marked: Marked) -> list[Found[str]]:
    """IBANs of a text layer whose check digits fail; of a picture they would be misreadings and are left out."""
    lines = {id(label.line) for label in marked.of(Role.IBAN, Role.BIC)}
    found: list[Found[str]] = []
    for page, index, line in marked.lines():
        if page.source == "ocr" or not (id(line) in lines or id(page.lines[index - 1]) in lines):
            continue
        for text, words in iban_runs(line):
            if iban_shape(text) and len(text) >= 14:
                found.append(Found(text, FAILED_CHECK, words, words[0].source))
    return found


def iban_runs(line: Line) -> Iterator[tuple[str, tuple[Word, ...]]]:
    """Stretches of words that begin like an IBAN, cut at the length its country asks for, or where they end."""
    for start, word in enumerate(line.words):
        head = re.search(
            r"(?<![A-Z0-9])[A-Z]{2}\d{2}[A-Z0-9]*$|(?<![A-Z0-9])[A-Z]{2}$", word.text.strip(".,;")
        )
        if head is None or head[0][:2] not in IBAN_LENGTH:
            continue
        length, text, taken = IBAN_LENGTH[head[0][:2]], head[0], [word]
        for following in line.words[start + 1 :]:
            part = following.text.strip(".,;")
            if len(text) >= length or not re.fullmatch(r"[A-Z0-9]+", part):
                break
            text += part
            taken.append(following)
        if iban_is_valid(text[:length]):
            yield text[:length], tuple(taken)
        elif re.match(r"[A-Z]{2}\d{2}", text):
            yield text, tuple(taken)


def _accounts(marked: Marked) -> Iterator[Found[str]]:
    for label in marked.of(Role.ACCOUNT):
        if not _near_bank(marked, label):
            continue
        beside = _digits(words_right_of(label, marked.on(label.line)))
        if beside is not None:
            yield _account(beside, LABEL_BESIDE + 0.01 - (0.1 if label.weak else 0))
            continue
        for words in cells_below(label, marked.page_of(label)):
            below = _digits(words)
            if below is not None:
                yield _account(below, LABEL_ABOVE - (0.1 if label.weak else 0))
                break


def _account(words: tuple[Word, ...], base: float) -> Found[str]:
    value = re.sub(r"\W", "", to_ascii_digits("".join(word.text for word in words))).upper()
    return Found(value, with_print(base, words), words, words[0].source)


def _digits(words: list[Word]) -> tuple[Word, ...] | None:
    """The first words that together are an account number: digits, perhaps in groups."""
    for start, word in enumerate(words[:4]):
        taken: list[Word] = []
        for candidate in words[start:]:
            if not re.fullmatch(r"[\d\- ]+", to_ascii_digits(candidate.text.strip(".,;:"))):
                break
            taken.append(candidate)
            if (
                sum(char.isdigit() for item in taken for char in item.text) >= ACCOUNT_DIGITS.start
                and len(candidate.text) > 5
            ):
                break
        count = sum(char.isdigit() for item in taken for char in item.text)
        if count in ACCOUNT_DIGITS:
            return tuple(taken)
        if re.fullmatch(r"[A-Z]{2}\d{8,20}", word.text):
            return (word,)
    return None


def _near_bank(marked: Marked, label: Label) -> bool:
    """True if words of banking stand around the label, itself left out."""
    lines = marked.page_of(label).lines
    near = lines[max(0, label.line_index - BANK_NEAR) : label.line_index + BANK_NEAR + 1]
    return "bank" in label.name or any(_BANK_WORDS.search(line.text) for line in near)
