"""What the mail tests need: a Dovecot of their own, a TCP proxy that breaks things, and sample mails."""

from __future__ import annotations

import asyncio
import os
import shutil
import smtplib
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

from sandbox import dovecot
from sandbox.dovecot import MailServer
from sandbox.places import Passwords
from sandbox.processes import Children, account
from sandbox.tls import certificate

PASSWORD = "devpass"


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot; any user name works with PASSWORD and has an empty mailbox."""

    home: Path
    server: MailServer

    @property
    def imap(self) -> int:
        return self.server.port

    @property
    def imaps(self) -> int:
        return self.server.imaps_port

    @property
    def lmtp(self) -> str:
        return str(self.server.lmtp_path)

    @property
    def ca(self) -> Path:
        return self.server.ca_path

    def fill(self, address: str, raw: bytes, count: int) -> None:
        """Put many mails straight into the Maildir, which is twenty times faster than delivering them."""
        self.deliver(address, raw)
        new = self.home / "dovecot" / "mail" / address / "Maildir" / "new"
        owner = new.stat()
        for number in range(1, count):
            file = new / f"{1_700_000_000 + number}.M{number}.filled"
            file.write_bytes(raw)
            os.chown(file, owner.st_uid, owner.st_gid)

    def deliver(self, address: str, raw: bytes, times: int = 1) -> None:
        with smtplib.LMTP(self.lmtp) as client:
            for _ in range(times):
                client.sendmail("sender@outside.example", [address], raw)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fresh_address(domain: str = "countersign.example") -> str:
    return f"t-{uuid4().hex[:12]}@{domain}"


def sample(subject: str = "Invoice", body: str = "see attached", pdf: bytes = b"") -> bytes:
    mail = EmailMessage()
    mail["From"] = "priya@meridian.example"
    mail["To"] = "invoices@countersign.example"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{uuid4()}@meridian.example>"
    mail.set_content(body)
    if pdf:
        mail.add_attachment(pdf, maintype="application", subtype="pdf", filename="invoice.pdf")
    return mail.as_bytes()


@contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    """A Dovecot of one's own, so that a test module may break it without harm to others."""
    # The path must stay short: unix sockets end at 108 bytes.
    home = Path(tempfile.mkdtemp(prefix="cs", dir="/tmp"))
    home.chmod(0o711)
    children = Children(home / "processes.json")
    keys = Passwords(postgres="", database="", redis="", mailbox=PASSWORD)
    try:
        run = home / "run"
        run.mkdir(mode=0o711)
        user = account("nobody") if os.getuid() == 0 else None
        yield Dovecot(home, dovecot.start(children, home, run, keys, certificate(home / "tls"), user))
    finally:
        children.stop_all()
        shutil.rmtree(home, ignore_errors=True)


ANSWERS = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\n<T> OK done\r\n",
    b"LOGIN": b"<T> OK in\r\n",
    b"SELECT": b"* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 3] ok\r\n<T> OK selected\r\n",
}
"""What a small IMAP server says to each command."""


@asynccontextmanager
async def server_saying(greeting: bytes, answers: dict[bytes, bytes]) -> AsyncIterator[int]:
    """An IMAP server that answers by command name; `<T>` in an answer stands for the tag."""

    tag = b""

    def answer_to(line: bytes) -> bytes:
        nonlocal tag
        if line not in {b"DONE\r\n", b"\r\n"}:
            tag, _, line = line.partition(b" ")
        found = next((answer for name, answer in answers.items() if line.upper().startswith(name)), b"")
        return found.replace(b"<T>", tag)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        try:
            while line := await reader.readline():
                writer.write(answer_to(line))
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


class Proxy:
    """A TCP proxy in front of a server that can cut, swallow, or answer for it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.port = 0
        self.swallow = False
        self.deaf_to: bytes | None = None
        self.connections = 0
        self.bytes_down = 0
        self.bytes_up = 0

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self.all_gone()
        await self._server.wait_closed()

    async def all_gone(self) -> None:
        """Wait until every connection has ended."""
        async with asyncio.timeout(5):
            await asyncio.gather(*self._serving, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    def say(self, line: bytes) -> None:
        """Tell every client something the server did not say."""
        for writer in list(self._writers):
            if getattr(writer, "is_client", False):
                writer.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        try:
            down, up = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        writer.is_client = True  # type: ignore[attr-defined]
        self._writers |= {writer, up}
        await asyncio.gather(
            self._pump(reader, up, to_server=True), self._pump(down, writer, to_server=False)
        )

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_server: bool
    ) -> None:
        try:
            while data := await reader.read(65536):
                if self.swallow or (to_server and self.deaf_to and self.deaf_to in data):
                    continue
                if to_server:
                    self.bytes_up += len(data)
                else:
                    self.bytes_down += len(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
