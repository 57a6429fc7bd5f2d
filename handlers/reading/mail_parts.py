"""Walks the MIME tree of a mail and sorts its leaves: what could be an invoice, what is text, what is neither.

The tree is hostile: depth and number of parts are limited, nothing in it is trusted but the bytes of a leaf.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import Message
from types import MappingProxyType
from typing import Final

from handlers.reading.mail_text import clean, decoded, one_line, value_of
from handlers.reading.sniff import sniff

DEPTH_LIMIT: Final = 5
"""Mails inside mails, and multiparts inside multiparts counted four for one."""

MULTIPART_DEPTH_LIMIT: Final = 20
PART_LIMIT: Final = 200

LOGO_BYTES: Final = 25_000
LOGO_PIXELS: Final = 300
"""A picture smaller than this, in bytes or on its shorter side, is a logo or a signature."""

PHOTO_BYTES: Final = 60_000
PHOTO_PIXELS: Final = 600
"""A picture pasted into the text counts only from this size on, and only when nothing else is attached."""

HEADS: Final[Mapping[str, tuple[bytes, ...]]] = MappingProxyType(
    {
        "jpeg": (b"\xff\xd8\xff",),
        "png": (b"\x89PNG\r\n\x1a\n",),
        "tiff": (b"II*\x00", b"MM\x00*"),
        "gif": (b"GIF87a", b"GIF89a"),
        "zip": (b"PK\x03\x04", b"PK\x05\x06"),
        "tnef": (b"\x78\x9f\x3e\x22",),
        "ole": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    }
)

IMAGES: Final = frozenset({"jpeg", "png", "tiff"})
READABLE: Final = frozenset({"pdf", "xml"}) | IMAGES

E_INVOICE = re.compile(
    rb"<(?:[\w.-]+:)?(?:Invoice|CreditNote|CrossIndustry(?:Invoice|Document)|FatturaElettronica)\b"
)
EML_HEAD = re.compile(rb"\s*(?:(?:[A-Za-z][A-Za-z0-9-]{1,40}):[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}")
EML_FIELD = re.compile(rb"^(?:from|received|message-id):", re.IGNORECASE | re.MULTILINE)

SHOWN = re.compile(r"\bcid:([^\"'\s<>)]{1,250})", re.IGNORECASE)

CLAIMS: Final = re.compile(r"\.(?:pdf|jpe?g|png|tiff?|xml)$", re.IGNORECASE)
CLAIMED_TYPES: Final = frozenset(
    {
        "application/pdf",
        "application/x-pdf",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "application/xml",
        "text/xml",
    }
)


@dataclass(frozen=True)
class Leaf:
    """One attachment; `inline` when the text shows it by its Content-ID."""

    path: str
    name: str
    declared_type: str
    sniffed: str
    data: bytes
    content_id: str = ""
    inline: bool = False


@dataclass
class Tree:
    """What was found in one mail, filled while walking."""

    leaves: list[Leaf] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    inner: list[Message] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    parts: int = 0


def walk(message: Message) -> Tree:
    """Take a mail apart; limits that were reached are told in `defects`."""
    tree = Tree()
    _visit(message, "1", 0, 0, tree)
    tree.leaves = [replace(leaf, inline=leaf.inline or leaf.content_id in tree.shown) for leaf in tree.leaves]
    return tree


def _visit(part: Message, path: str, mails_deep: int, multiparts_deep: int, tree: Tree) -> None:
    tree.parts += 1
    if tree.parts > PART_LIMIT:
        if tree.parts == PART_LIMIT + 1:
            tree.defects.append(f"more than {PART_LIMIT} parts; the rest was not looked at")
        return
    enclosed = _enclosed_mail(part)
    if enclosed is not None:
        _enter(enclosed, path, mails_deep, tree)
    elif part.is_multipart():
        if multiparts_deep >= MULTIPART_DEPTH_LIMIT:
            tree.defects.append(f"nested deeper than {MULTIPART_DEPTH_LIMIT} at {path}")
            return
        for number, child in enumerate(_children(part), 1):
            if tree.parts > PART_LIMIT:
                return
            _visit(child, f"{path}.{number}", mails_deep, multiparts_deep + 1, tree)
    else:
        _leaf(part, path, mails_deep, tree)


def _enter(mail: Message, path: str, mails_deep: int, tree: Tree) -> None:
    if mails_deep >= DEPTH_LIMIT:
        tree.defects.append(f"mails nested deeper than {DEPTH_LIMIT} at {path}")
        return
    tree.inner.append(mail)
    _visit(mail, f"{path}.1", mails_deep + 1, 0, tree)


def _children(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (child for child in payload if isinstance(child, Message))


def _enclosed_mail(part: Message) -> Message | None:
    """The mail inside this part: message/rfc822, also base64-encoded as Outlook does, or an .eml as a file."""
    if part.get_content_type() == "message/rfc822":
        inner = next(_children(part), None)
        coding = value_of(part, "Content-Transfer-Encoding").lower()
        if inner is not None and coding == "base64" and not inner.keys():
            return _parsed(_unbase64(str(inner.get_payload())))
        return inner
    if part.is_multipart() or part.get_content_maintype() == "text":
        return None
    name = file_name(part).lower()
    if name.endswith(".eml") or part.get_content_type() == "application/octet-stream":
        data = payload_of(part)
        if is_eml(data):
            return _parsed(data)
    return None


def _parsed(data: bytes) -> Message | None:
    try:
        return message_from_bytes(data) if data else None
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, IndexError):
        return None


def is_eml(data: bytes) -> bool:
    """Whether the bytes begin as a mail does."""
    found = EML_HEAD.match(data[:20_000])
    return found is not None and EML_FIELD.search(found[0]) is not None


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(re.sub(r"[^A-Za-z0-9+/=]", "", text))
    except (binascii.Error, ValueError):
        return b""


def _leaf(part: Message, path: str, mails_deep: int, tree: Tree) -> None:
    name, kind = file_name(part), part.get_content_type()
    data = payload_of(part)
    attached = "attachment" in value_of(part, "Content-Disposition").lower()
    if kind in {"text/plain", "text/html"} and not attached and not CLAIMS.search(name):
        sniffed = sniff_part(data, name)
        if sniffed not in READABLE:
            text = text_of(part, data)
            tree.shown.update(SHOWN.findall(text) if kind == "text/html" else ())
            if mails_deep == 0:
                tree.texts.append((kind, text))
            return
    # Gmail gives real attachments a Content-ID too, so it counts only when the part says inline or the HTML shows it.
    content_id = value_of(part, "Content-ID").strip("<> ")
    inline = bool(content_id) and not attached
    tree.leaves.append(Leaf(path, name, clean(kind)[:100], sniff_part(data, name), data, content_id, inline))


def file_name(part: Message) -> str:
    """The attachment's name without any folder in it; empty when it has none."""
    try:
        raw = part.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        raw = ""
    return re.split(r"[/\\]", one_line(decoded(raw)))[-1].strip()[:200]


def payload_of(part: Message) -> bytes:
    """The part's bytes after its transfer encoding; as they are when that is broken."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        payload = part.get_payload()
    if isinstance(payload, bytes):
        return payload
    return str(payload or "").encode("utf-8", "replace")


def text_of(part: Message, data: bytes) -> str:
    """A text part as text, whatever its charset says."""
    try:
        charset = part.get_content_charset() or "utf-8"
        return clean(data.decode(charset, "replace"))
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return clean(data.decode("utf-8", "replace"))


def sniff_part(data: bytes, name: str) -> str:
    """What the bytes are: pdf, jpeg, png, tiff, xml, gif, zip, tnef, ole, heic, empty or unknown."""
    for kind, heads in HEADS.items():
        if data.startswith(heads):
            return kind
    if data[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"}:
        return "heic"
    found = sniff(data, name)
    if found == "xml" and not _is_e_invoice(data):
        return "unknown"
    return found if found in {"pdf", "xml", "empty"} else "unknown"


def _is_e_invoice(data: bytes) -> bool:
    head = data[:65_536]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "replace").encode()
    return E_INVOICE.search(head) is not None


def why_ignored(leaf: Leaf) -> str | None:
    """Why a leaf cannot be an invoice; None when it could be.

    A file that claims to be a document and is not stays in: its reader will say what is wrong with it.
    """
    if leaf.sniffed in IMAGES:
        if leaf.inline:
            return "shown in the text"
        return "too small, a logo" if is_small(leaf, LOGO_BYTES, LOGO_PIXELS) else None
    if leaf.sniffed in READABLE:
        return None
    claims = bool(CLAIMS.search(leaf.name)) or leaf.declared_type in CLAIMED_TYPES
    if leaf.sniffed in {"empty", "unknown"} and claims and not leaf.inline:
        return None
    return f"{leaf.sniffed} is no document we read"


def is_photo(leaf: Leaf) -> bool:
    """Whether a picture shown in the text is large enough to be a photographed invoice."""
    return leaf.sniffed in IMAGES and leaf.inline and not is_small(leaf, PHOTO_BYTES, PHOTO_PIXELS)


def is_small(leaf: Leaf, least_bytes: int, least_pixels: int) -> bool:
    """Whether a picture is below either limit; unknown dimensions count as large."""
    size = _pixels(leaf.data)
    return len(leaf.data) < least_bytes or (size is not None and min(size) < least_pixels)


def _pixels(data: bytes) -> tuple[int, int] | None:
    """Width and height by the header alone: no foreign decoder sees the bytes here."""
    if data.startswith(HEADS["png"][0]) and len(data) >= 24:
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    return _jpeg_pixels(data) if data.startswith(b"\xff\xd8\xff") else None


def _jpeg_pixels(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 < len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return (
                int.from_bytes(data[position + 7 : position + 9]),
                int.from_bytes(data[position + 5 : position + 7]),
            )
        position += 2 + max(int.from_bytes(data[position + 2 : position + 4]), 2)
    return None
