"""The words of our mails: what was paid, held or turned away, why, and what to do; pure, text and HTML alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from schema.masking import mask
from schema.visible import one_line

LONGEST_SUBJECT: Final = 160
LONGEST_TEXT: Final = 1_000
"""Characters of one value in a mail; a name or reason that is longer is somebody's trick."""

_REPLY: Final = re.compile(r"^(\s*(re|aw|antw|sv)\s*:\s*)+", re.IGNORECASE)


def _in_a_letter(value: object) -> object:
    """What Jinja prints for a value: texts on one line, made visible and cut, so that none can forge a line."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    line = one_line(value)
    return line if len(line) <= LONGEST_TEXT else f"{line[:LONGEST_TEXT]}…"


_PAGES: Final = Environment(
    loader=PackageLoader("handlers", "letters"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_in_a_letter,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEXTS: Final = Environment(
    loader=PackageLoader("handlers", "letters"),
    autoescape=False,  # noqa: S701 - plain text, never shown as HTML
    undefined=StrictUndefined,
    finalize=_in_a_letter,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Letter:
    """A mail's subject and its two bodies."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class PaidNotice:
    """What a confirmation says; times are in the reader's zone, the account is masked."""

    number: str
    vendor: str
    total: str
    account: str
    routing: str
    rail: str
    reference: str
    bank_reference: str
    booked_at: datetime
    approvals: tuple[tuple[str, datetime], ...]
    document_sha256: str
    url: str
    url_until: datetime
    simulated: bool
    subject: str
    greeting: str
    record: str = ""
    """The lines of `CheckpointSigner.block`; empty when the record could not be sealed. So in every notice."""


@dataclass(frozen=True)
class HeldNotice:
    """What a hold says: why, and all that was noticed."""

    number: str
    vendor: str
    total: str
    reason: str
    findings: tuple[str, ...]
    url: str
    subject: str
    greeting: str
    record: str = ""


@dataclass(frozen=True)
class QuestionNotice:
    """What a person of the finance team asks about a held invoice."""

    number: str
    vendor: str
    total: str
    question: str
    asked_by: str
    url: str
    subject: str
    greeting: str
    record: str = ""


@dataclass(frozen=True)
class RejectedNotice:
    """What a rejection says."""

    number: str
    vendor: str
    total: str
    reason: str
    url: str
    subject: str
    greeting: str
    record: str = ""


@dataclass(frozen=True)
class SplitNotice:
    """What the forwarder is told of a file that held several invoices: nothing is lost, nothing is to be done."""

    name: str
    parts: tuple[str, ...]
    url: str
    subject: str
    greeting: str
    record: str = ""


@dataclass(frozen=True)
class MergedNotice:
    """What the forwarder is told of files that are one invoice."""

    names: tuple[str, ...]
    into: str
    url: str
    subject: str
    greeting: str
    record: str = ""


Notice = PaidNotice | HeldNotice | QuestionNotice | RejectedNotice | SplitNotice | MergedNotice


def paid_mail(notice: PaidNotice) -> Letter:
    """The confirmation."""
    return _letter("paid", notice.subject, notice)


def held_mail(notice: HeldNotice) -> Letter:
    """The hold."""
    return _letter("held", notice.subject, notice)


def question_mail(notice: QuestionNotice) -> Letter:
    """The question."""
    return _letter("question", notice.subject, notice)


def rejected_mail(notice: RejectedNotice) -> Letter:
    """The rejection."""
    return _letter("rejected", notice.subject, notice)


def split_mail(notice: SplitNotice) -> Letter:
    """The file that was divided."""
    return _letter("split", notice.subject, notice)


def merged_mail(notice: MergedNotice) -> Letter:
    """The files that were put together."""
    return _letter("merged", notice.subject, notice)


def _letter(name: str, subject: str, notice: Notice) -> Letter:
    # Masked: the forwarder may have put an account number into the subject, and the guard would stop our answer.
    bare = _REPLY.sub("", mask(one_line(subject)))[:LONGEST_SUBJECT]
    return Letter(
        subject=f"Re: {bare or 'your invoice'}",
        text=_TEXTS.get_template(f"{name}.txt").render(n=notice),
        html=_PAGES.get_template(f"{name}.html").render(n=notice),
    )
