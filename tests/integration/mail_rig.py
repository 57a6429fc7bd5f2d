"""What the mail tests need: a Dovecot of their own, a TCP proxy that breaks things, and sample mails."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
PASSWORD = "devpass"

CONFIG = """\
base_dir = {room}/run
state_dir = {room}/state
log_path = {room}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
{unprivileged}
ssl = yes
ssl_cert = <{room}/cert.pem
ssl_key = <{room}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Lu
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
first_valid_uid = 1
mail_home = {room}/mail/%u
mail_location = maildir:~/Maildir
mailbox_list_index = yes
mail_max_userip_connections = 50
imap_idle_notify_interval = 2 mins
mail_fsync = never
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={room}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
protocol lmtp {{
  postmaster_address = postmaster@localhost
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot; any user name works with PASSWORD and has an empty mailbox."""

    room: Path
    imap: int
    imaps: int
    process: subprocess.Popen[bytes]

    @property
    def lmtp(self) -> str:
        return str(self.room / "run" / "lmtp")

    @property
    def ca(self) -> Path:
        return self.room / "cert.pem"

    def fill(self, address: str, raw: bytes, count: int) -> None:
        """Put many mails straight into the Maildir, which is twenty times faster than delivering them."""
        self.deliver(address, raw)
        new = self.room / "mail" / address / "Maildir" / "new"
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
    # The path must stay short: unix sockets end at 108 bytes.
    room = Path(tempfile.mkdtemp(prefix="cs", dir="/tmp"))
    dovecot = _start(room)
    try:
        yield dovecot
    finally:
        dovecot.process.terminate()
        dovecot.process.wait(10)
        _kill_group(dovecot.process.pid)
        shutil.rmtree(room, ignore_errors=True)


def _start(room: Path) -> Dovecot:
    owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    name = owner.pw_name
    group = subprocess.run(["id", "-gn", name], check=True, capture_output=True, text=True).stdout.strip()
    room.chmod(0o755)
    (room / "mail").mkdir()
    if os.getuid() == 0:
        os.chown(room / "mail", owner.pw_uid, owner.pw_gid)
    _make_certificate(room)
    imap, imaps = free_port(), free_port()
    unprivileged = (
        ""
        if os.getuid() == 0
        else (
            f"default_internal_user = {name}\ndefault_internal_group = {group}\ndefault_login_user = {name}\n"
        )
    )
    config = CONFIG.format(
        room=room,
        uid=owner.pw_uid,
        gid=owner.pw_gid,
        imap=imap,
        imaps=imaps,
        password=PASSWORD,
        unprivileged=unprivileged,
    )
    (room / "dovecot.conf").write_text(config)
    process = subprocess.Popen([DOVECOT, "-F", "-c", str(room / "dovecot.conf")], start_new_session=True)
    _wait_until_ready(imap, process, room)
    return Dovecot(room, imap, imaps, process)


def _make_certificate(room: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(room / "key.pem"), "-out", str(room / "cert.pem")]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], room: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as probe:
                if probe.recv(4) == b"* OK":
                    return
        except OSError:
            time.sleep(0.02)
    log = room / "dovecot.log"
    raise RuntimeError(f"Dovecot did not start: {log.read_text() if log.exists() else process.returncode}")


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


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
                if not to_server:
                    self.bytes_down += len(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
