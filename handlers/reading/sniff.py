"""What kind of file is this? Decided by its first bytes, never by its name or declared type."""

from __future__ import annotations

from typing import Final, Literal

FileKind = Literal["pdf", "image", "xml", "plain", "empty", "unknown"]

PDF_WITHIN: Final = 65_536
"""Mail gateways put junk before the header; readers look this far for it."""

IMAGE_HEADS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*")
"""JPEG, PNG, and TIFF in both byte orders."""

PLAIN_SUFFIXES: Final = (".txt", ".text")


def sniff(data: bytes, name: str = "") -> FileKind:
    """Name the kind of file; plain text only counts when its name says so."""
    if not data.strip(b"\x00\t\r\n "):
        return "empty"
    if b"%PDF-" in data[:PDF_WITHIN]:
        return "pdf"
    if data.startswith(IMAGE_HEADS):
        return "image"
    if _looks_like_xml(data):
        return "xml"
    if name.lower().endswith(PLAIN_SUFFIXES) and _looks_like_text(data):
        return "plain"
    return "unknown"


def _looks_like_xml(data: bytes) -> bool:
    head = data[:4096]
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            head = head.decode(encoding, "ignore").encode()
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lowered = head.lower()
    if lowered.startswith((b"<!doctype html", b"<html")) or b"<html" in lowered:
        return False
    return head.startswith((b"<?xml", b"<rsm:", b"<ubl:", b"<Invoice", b"<CreditNote", b"<Cross", b"<!--"))


def _looks_like_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    strange = sum(1 for char in text if (ord(char) < 32 and char not in "\t\r\n\f") or char == "\ufffd")
    return strange <= len(text) // 100
