"""Turns what stands in mail headers and bodies into text that is safe to keep: no NUL, no half characters."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from html import unescape
from typing import Final

HEADER_LIMIT: Final = 10_000
"""Characters of one header value that are looked at."""

HTML_LIMIT: Final = 400_000

TAG = re.compile(r"(<[^<>]*>)")
TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")

BREAKING: Final = frozenset(
    {"br", "p", "div", "tr", "li", "table", "h1", "h2", "h3", "blockquote", "hr", "pre"}
)
SILENT: Final = frozenset({"style", "script", "head", "title"})


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL refuses."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def one_line(text: str) -> str:
    """Clean, and without line breaks and other control characters."""
    return re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", clean(text)).strip()


def raw_values(message: Message, name: str) -> list[str]:
    """Every value of a header as it stands, topmost first, on one line each, encoded words and all."""
    wanted = name.lower()
    return [one_line(_raw(str(value))) for key, value in message.raw_items() if key.lower() == wanted]


def value_of(message: Message, name: str) -> str:
    """The first value of a header as text: encoded words opened; empty when there is none."""
    values = raw_values(message, name)
    return decoded(values[0]) if values else ""


def decoded(raw: str) -> str:
    """Encoded words opened (RFC 2047), whatever their charset claims."""
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError, LookupError):
        return one_line(raw)
    return one_line("".join(_piece(data, charset) for data, charset in pieces))


def html_to_text(html: str) -> str:
    """What a reader would see, line by line; scripts, styles and comments are left out.

    A scanner of our own, because Python 3.11's HTML parser takes minutes over `<a <a <a`.
    """
    pieces: list[str] = []
    hidden_until = ""
    for piece in TAG.split(html[:HTML_LIMIT]):
        tag = TAG_NAME.match(piece)
        if hidden_until:
            if piece.lower().endswith(hidden_until) or (tag and tag[0].lower() == hidden_until):
                hidden_until = ""
        elif piece.startswith("<!--"):
            hidden_until = "" if piece.endswith("-->") else "-->"
        elif tag is None:
            pieces.append(re.sub(r"\s+", " ", piece))
        elif tag[1].lower() in SILENT and not tag[0].startswith("</"):
            hidden_until = f"</{tag[1].lower()}"
        elif tag[1].lower() in BREAKING:
            pieces.append("\n")
    return unescape("".join(pieces))


def _raw(text: str) -> str:
    """Raw 8-bit bytes, which the parser hides in surrogates, read as UTF-8, else as Windows-1252."""
    data = text[:HEADER_LIMIT].encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _piece(data: bytes | str, charset: str | None) -> str:
    if isinstance(data, str):
        return data
    try:
        return data.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return data.decode("latin-1")
