"""Files that attack their reader: each ends within limits with its own code, and the parent goes on."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import struct
import sys
import time
import zlib
from collections.abc import Callable

import pikepdf
import pytest
from PIL import Image

from handlers.reading.document import ReadingSettings, _checked, read_document
from schema.errors import UnreadableDocumentError
from tests.integration.reading_paper import INDIAN, image_bytes, picture, saved, text_pdf

LIMITED = ReadingSettings(wall_seconds=30, max_bytes=4 << 20)
SHORT = ReadingSettings(wall_seconds=8)
GRACE_SECONDS = 10
"""What killing and starting may add to the wall time on a busy machine."""


def truncated() -> bytes:
    return text_pdf(INDIAN)[:400]


def encrypted() -> bytes:
    document = pikepdf.open(io.BytesIO(text_pdf(INDIAN)))
    return saved(document, encryption=pikepdf.Encryption(user="secret", owner="owner", R=6))


def content_bomb() -> bytes:
    """600 MB of drawing instructions in 600 kB."""
    packer = zlib.compressobj(9)
    chunk = b"0 0 m 10 10 l S\n" * 65_536
    packed = b"".join([packer.compress(chunk) for _ in range(600)]) + packer.flush()
    return with_content(packed, pikepdf.Name.FlateDecode)


def nested_forms() -> bytes:
    """Eight forms that each draw the next ten times: 10^8 pieces of text."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(595, 842))
    inner = document.make_stream(b"BT (x) Tj ET " * 10)
    inner.Type, inner.Subtype, inner.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, [0, 0, 595, 842]
    for _ in range(8):
        outer = document.make_stream(b"/F Do " * 10)
        outer.Type, outer.Subtype, outer.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, [0, 0, 595, 842]
        outer.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=inner))
        inner = outer
    document.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=inner))
    document.pages[0].Contents = document.make_stream(b"/F Do")
    return saved(document)


def with_content(packed: bytes, filter_name: pikepdf.Name) -> bytes:
    document = pikepdf.new()
    document.add_blank_page(page_size=(595, 842))
    stream = document.make_stream(b"")
    stream.write(packed, filter=filter_name)
    document.pages[0].Contents = stream
    return saved(document)


def many_pages() -> bytes:
    document = pikepdf.new()
    for _ in range(2000):
        document.add_blank_page()
    return saved(document)


def no_pages() -> bytes:
    document = pikepdf.new()
    return saved(document)


def wide_png() -> bytes:
    """50,000 x 50,000 pixels declared in a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def entity_bomb() -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return (
        f'<?xml version="1.0"?><!DOCTYPE Invoice [<!ENTITY e0 "x">{levels}]><Invoice>&e11;</Invoice>'.encode()
    )


def file_entity() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE Invoice [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<Invoice xmlns="urn:x"><ID>&x;</ID></Invoice>'
    )


CODES: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "empty": (lambda: b"", {"empty"}),
    "zeros": (lambda: b"\0" * 1000, {"empty"}),
    "web page": (lambda: b"<!DOCTYPE html><html><body>Invoice</body></html>", {"unsupported_type"}),
    "heic": (lambda: b"\0\0\0\x18ftypheic" + b"\0" * 100, {"unsupported_type"}),
    "zip": (lambda: b"PK\x03\x04" + b"\0" * 100, {"unsupported_type"}),
    "other xml": (lambda: b'<?xml version="1.0"?><note>hello</note>', {"unsupported_type"}),
    "truncated": (truncated, {"corrupt", "no_text"}),
    "only a header": (lambda: b"%PDF-1.7\n", {"corrupt"}),
    "encrypted": (encrypted, {"encrypted"}),
    "content bomb": (content_bomb, {"too_large", "memory", "timeout"}),
    "2000 pages": (many_pages, {"too_many_pages"}),
    "no pages": (no_pages, {"no_pages", "corrupt"}),
    "50,000 pixels wide": (wide_png, {"too_many_pixels"}),
    "broken jpeg": (lambda: b"\xff\xd8\xff\xe0" + b"\0" * 200, {"corrupt"}),
    "half a png": (lambda: image_bytes(picture(INDIAN))[:5000], {"corrupt"}),
    "blank picture": (lambda: image_bytes(Image.new("L", (800, 1100), 255)), {"no_text"}),
    "entity bomb": (entity_bomb, {"unsupported_type"}),
    "file entity": (file_entity, {"unsupported_type"}),
    "too many bytes": (lambda: b"%PDF-" + b"x" * (4 << 20), {"too_large"}),
}


@pytest.mark.parametrize("name", CODES)
async def test_a_hostile_file_gives_its_code_in_time(name: str) -> None:
    make, allowed = CODES[name]
    data = make()
    with pytest.raises(UnreadableDocumentError) as caught:
        await read_document(data, "invoice.pdf", settings=LIMITED)
    assert caught.value.code in allowed
    assert caught.value.sentence.endswith(".")


async def test_a_file_that_never_ends_is_ended_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(UnreadableDocumentError) as caught:
        await read_document(nested_forms(), "invoice.pdf", settings=SHORT)
    assert caught.value.code in {"timeout", "memory", "crashed"}
    assert time.monotonic() - started < SHORT.wall_seconds + GRACE_SECONDS


async def test_a_giant_page_is_read_within_limits() -> None:
    document = pikepdf.open(io.BytesIO(text_pdf(INDIAN)))
    document.pages[0].MediaBox = [0, 0, 2_000_000, 2_000_000]
    reading = await read_document(saved(document), "invoice.pdf", settings=LIMITED)
    assert reading.page_count == 1
    assert all(page.width * page.height < 13_000_000 for page in reading.pages)


async def test_an_owner_password_alone_does_not_stop_reading() -> None:
    document = pikepdf.open(io.BytesIO(text_pdf(INDIAN)))
    locked = saved(document, encryption=pikepdf.Encryption(user="", owner="owner", R=6))
    reading = await read_document(locked, "invoice.pdf", settings=LIMITED)
    assert reading.fields.invoice_number.value == "SPP/2026-27/0184"


async def test_junk_before_the_header_does_not_stop_reading() -> None:
    reading = await read_document(
        b"\r\nContent-Type: x\r\n" * 50 + text_pdf(INDIAN), "i.pdf", settings=LIMITED
    )
    assert reading.fields.invoice_number.value == "SPP/2026-27/0184"


async def test_a_long_document_is_read_in_part_and_says_so() -> None:
    document = pikepdf.open(io.BytesIO(text_pdf(INDIAN)))
    for _ in range(14):
        document.add_blank_page(page_size=(595, 842))
    reading = await read_document(saved(document), "invoice.pdf", settings=LIMITED)
    assert reading.page_count == 15
    assert "Only 10 of 15 pages were read." in reading.warnings


async def test_many_hostile_files_at_once_leave_the_parent_alive() -> None:
    files = [truncated(), wide_png(), b"", entity_bomb(), text_pdf(INDIAN)]
    results = await asyncio.gather(
        *(read_document(data, "i.pdf", settings=LIMITED) for data in files), return_exceptions=True
    )
    assert sum(isinstance(result, UnreadableDocumentError) for result in results) == 4


async def test_the_child_cannot_open_a_socket() -> None:
    program = (
        "from handlers.reading.isolation import shut_in; shut_in(10)\n"
        "import socket, subprocess, sys\n"
        "try:\n socket.socket()\nexcept PermissionError:\n print('refused')\n"
        "again = 'import socket\\ntry:\\n socket.socket()\\nexcept PermissionError:\\n print(\"refused\")'\n"
        "subprocess.run([sys.executable, '-c', again], check=True)\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert out.split() == [b"refused", b"refused"], err.decode()
    socket.socket().close()


async def test_the_child_sees_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    from handlers.reading.document import _environment

    monkeypatch.setitem(os.environ, "TOTP_SECRET", "hidden")
    assert not {"TOTP_SECRET", "HOME"} & set(_environment("/tmp"))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not json\n",
        b"[]\n",
        b'{"ok": true}\n',
        b'{"ok": false, "code": "invented"}\n',
        b'{"ok": true, "kind": "invoice", "fields": {"total": {"value": "NaN"}}, "text": "", "page_count": 1,'
        b' "pictures": [], "ocr_pages": [], "languages": [], "warnings": []}\n',
        b'{"ok": true, "kind": "invoice", "fields": {}, "text": "", "page_count": 1, "pictures":'
        b' [{"number": 1, "width": 9, "height": 9, "size": 40}], "ocr_pages": [], "languages": [], "warnings": []}\n'
        + b"\x89PNG\r\n\x1a\n" + b"\0" * 32,
        b'{"ok": true, "kind": "invoice", "fields": {"total": {"value": "1", "confidence": 7}}, "text": "",'
        b' "page_count": 1, "pictures": [], "ocr_pages": [], "languages": [], "warnings": []}\n',
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_is_not_believed(answer: bytes) -> None:
    with pytest.raises(UnreadableDocumentError) as caught:
        _checked(answer)
    assert caught.value.code == "crashed"
