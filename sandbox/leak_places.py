"""Every place where a secret could have been left by a run, each as named pieces of bytes."""

from __future__ import annotations

import email
import email.policy
import imaplib
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import pypdfium2
import redis

from sandbox.blob_opener import BlobOpener
from sandbox.demo_places import address_of
from sandbox.demo_stack import Stack
from sandbox.mails import APPROVER_PHONES, PRIYA, RAHUL
from sandbox.ports import LOOPBACK

Piece = tuple[str, bytes]

LEFTOVERS: Final = (
    "playwright*",
    ".org.chromium*",
    ".com.google*",
    "chromium*",
    "countersign*",
    "tess*",
    "pymp*",
)
"""What browsers, OCR and our own processes leave in the folder for temporary files."""

PAGE_SCALE: Final = 1.5
"""108 dots an inch, as coarse as a screenshot: the control must not be easier to read than what is searched."""

PAGES_SEEN: Final = 3
"""Pages of originals that the control reads by OCR."""

PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff")


async def tables(stack: Stack) -> list[Piece]:
    """Every row of every table as text, read as the database's superuser."""
    name = stack.database_url.rpartition("/")[2]
    head = stack.services.database_url.rpartition("/")[0]
    connection = await asyncpg.connect(f"{head}/{name}")
    try:
        found = await connection.fetch(
            "select format('%I.%I', schemaname, tablename) as place from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        )
        pieces = []
        for row in found:
            rows = await connection.fetch(f"select t::text as row from {row['place']} t")
            pieces.append((row["place"], "\n".join(r["row"] for r in rows).encode()))
        return pieces
    finally:
        await connection.close()


async def originals(stack: Stack) -> frozenset[str]:
    """The blob keys of what forwarders sent: their mails and documents, which hold the numbers by nature."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        rows = await connection.fetch("select raw_key as key from mails union select blob_key from documents")
    finally:
        await connection.close()
    return frozenset(row["key"] for row in rows)


def redis_values(stack: Stack) -> Iterator[Piece]:
    """Every key and value."""
    with redis.Redis.from_url(stack.services.redis_url) as client:
        for key in client.scan_iter():
            yield key.decode("utf-8", "replace"), key + b" " + _redis_value(client, key)


def _redis_value(client: Any, key: bytes) -> bytes:
    kind = client.type(key).decode()
    reads = {
        "string": lambda: client.get(key),
        "hash": lambda: client.hgetall(key),
        "list": lambda: client.lrange(key, 0, -1),
        "set": lambda: client.smembers(key),
        "zset": lambda: client.zrange(key, 0, -1, withscores=True),
        "stream": lambda: client.xrange(key),
    }
    value = reads[kind]() if kind in reads else client.dump(key)
    return value if isinstance(value, bytes) else repr(value).encode()


def files(folder: Path, pattern: str = "**/*", *, without: tuple[str, ...] = ()) -> Iterator[Piece]:
    """The bytes of files in a folder; a file that vanishes meanwhile has nothing to hide."""
    for path in sorted(folder.glob(pattern)):
        if path.is_file() and not path.is_symlink() and not any(path.match(each) for each in without):
            try:
                yield str(path.relative_to(folder)), path.read_bytes()
            except FileNotFoundError:
                continue


def stored_files(stack: Stack) -> Iterator[Piece]:
    """Blobs as they lie on the disk: encrypted."""
    yield from files(stack.places.run / "blobs")


def opened_files(stack: Stack, sent: frozenset[str]) -> Iterator[Piece]:
    """Blobs in clear, without what forwarders sent."""
    yield from ((name[:12], data) for name, data in _opened(stack) if name not in sent)


def opened_originals(stack: Stack, sent: frozenset[str]) -> Iterator[Piece]:
    """What forwarders sent, in clear: the text of PDFs, their first pages as pictures, and pictures as they are."""
    pictures = 0
    for name, data in _opened(stack):
        if name in sent and data.startswith(b"%PDF"):
            with suppress(pypdfium2.PdfiumError):  # one is locked and one is no PDF, on purpose
                for piece in _pages(name[:12], data):
                    pictures += is_picture(piece[1])
                    if pictures <= PAGES_SEEN or not is_picture(piece[1]):
                        yield piece
        elif name in sent:
            yield name[:12], data


def _opened(stack: Stack) -> Iterator[Piece]:
    opener = BlobOpener(stack.environment["MASTER_KEY"])
    for path in sorted((stack.places.run / "blobs").glob("*/*/*")):
        if not path.name.startswith("."):
            yield path.name, opener.open(path)


def _pages(name: str, data: bytes) -> Iterator[Piece]:
    with pypdfium2.PdfDocument(data) as document:
        for page in document:
            yield f"{name}/text", page.get_textpage().get_text_range().encode()
            picture = io.BytesIO()
            page.render(scale=PAGE_SCALE).to_pil().save(picture, "PNG")
            yield f"{name}/page", picture.getvalue()
            return


def logs(stack: Stack) -> Iterator[Piece]:
    """What every program wrote."""
    yield from files(stack.services.logs, "*.log")


def server_files(stack: Stack) -> Iterator[Piece]:
    """PostgreSQL's and Redis' own files: deleted rows, write-ahead log, append-only file."""
    for name in ("postgres", "redis"):
        folder = stack.services.logs / name
        yield from ((f"{name}/{path}", data) for path, data in files(folder))


def run_files(stack: Stack) -> Iterator[Piece]:
    """What else the run wrote: screenshots and videos aside, which are read as pictures."""
    kept = ("outside.json", "bank.sqlite3*", "*.png", "blobs/*/*/*")
    yield from files(stack.places.run, without=kept)


def leftovers() -> Iterator[Piece]:
    """What browsers and readers left among temporary files."""
    for folder in (Path("/tmp"), Path("/dev/shm")):
        for pattern in LEFTOVERS:
            for path in sorted(folder.glob(pattern)):
                yield from files(path) if path.is_dir() else ((path.name, path.read_bytes()),)


def command_lines() -> Iterator[Piece]:
    """How every process on this machine was started."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.parent.name, path.read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue


def sent_mails(stack: Stack) -> Iterator[Piece]:
    """Every mail of ours in every mailbox, each part decoded."""
    server = stack.services.mail
    for owner in (PRIYA, RAHUL, *APPROVER_PHONES):
        with imaplib.IMAP4(server.host, server.port) as imap:
            imap.login(address_of(owner), server.password)
            imap.select("INBOX", readonly=True)
            _, found = imap.search(None, "FROM", f'"{stack.places.mailbox}"')
            for number in found[0].split():
                _, parts = imap.fetch(number.decode(), "(BODY.PEEK[])")
                raw = next(part[1] for part in parts if isinstance(part, tuple))
                yield f"{address_of(owner)}/{number.decode()}", raw + b"\n" + _parts(raw)


def _parts(raw: bytes) -> bytes:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    bodies = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    headers = [f"{name}: {value}".encode() for name, value in message.items()]
    return b"\n".join([*headers, *(body for body in bodies if isinstance(body, bytes))])


def phones(stack: Stack) -> Iterator[Piece]:
    """Every chat, with its pictures."""
    base = f"http://{LOOPBACK}:{stack.places.twilio}"
    with httpx.Client(trust_env=False, timeout=20) as client:
        for number in APPROVER_PHONES.values():
            chat = client.get(f"{base}/phone/{number}/chat").json()
            yield number, json.dumps(chat, ensure_ascii=False).encode()
            for message in chat["messages"]:
                for picture in message["media"]:
                    yield f"{number}/picture", client.get(f"{base}{picture}").content


def received(stack: Stack) -> Iterator[Piece]:
    """Every request the stand-ins of OpenRouter and Twilio got, byte for byte."""
    with httpx.Client(trust_env=False, timeout=20) as client:
        for name, port in (("openrouter", stack.places.openrouter), ("twilio", stack.places.twilio)):
            for seen in client.get(f"http://{LOOPBACK}:{port}/__sim__/requests").json():
                yield f"{name}/{seen['number']}", json.dumps(seen, ensure_ascii=False).encode()


def is_picture(data: bytes) -> bool:
    """Whether these bytes are read by OCR."""
    return data.startswith(PICTURES)
