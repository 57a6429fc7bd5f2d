"""CSV that a spreadsheet opens as text: no cell of a stranger's becomes a formula; pure.

OWASP, CSV injection: a cell that begins with one of = + - @, a tab or a return is calculated when it is opened.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from typing import Final

STARTS: Final = frozenset("=+-@|%\t\r\n")
"""After NFKC, so that the full-width forms, which some programs take for the same, are met too."""

BOM: Final = "\ufeff"
"""Without it Excel takes UTF-8 for the machine's own code page."""


def safe_cell(value: object) -> str:
    """The text of a cell; one that could be calculated gets an apostrophe before it. None is empty."""
    text = "" if value is None else str(value)
    first = unicodedata.normalize("NFKC", text.lstrip(" \u00a0\u200b\ufeff")[:1])
    return f"'{text}" if first[:1] in STARTS and first else text


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV (RFC 4180), every cell quoted and safe."""
    target = io.StringIO()
    writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return target.getvalue()
