"""The sandbox's border mail server: takes mail over SMTP and delivers it into Dovecot by LMTP.

It behaves as a conforming border MTA (RFC 8601, section 5): Authentication-Results that carry its own id are
removed from whatever comes in, then it prepends its own verdict. A user who submits with AUTH and writes in
his own name gets `dmarc=pass`; in another name `dmarc=fail`; mail without AUTH is "the internet": no proof.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import smtplib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hmac import compare_digest
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

AUTHSERV_ID: Final = "mx.countersign.example"
"""The name under which the sandbox's border server signs its verdicts."""

SIZE_LIMIT_BYTES: Final = 40 * 2**20
"""About 29 MB of attachments before base64; a bigger mail is refused with 552."""

LINE_LIMIT_BYTES: Final = 1_000_000
"""Real mailers send lines beyond RFC 5321's 998 bytes; aiosmtpd would refuse them."""

LMTP_TIMEOUT_S: Final = 30

FIELD = re.compile(rb"[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*(?:\r\n|\r|\n|$)")
"""One header field with its folded lines; a bare CR ends a line too, because careless parsers think so."""

BLANK_LINE = re.compile(rb"(?:\r\n|\r(?!\n)|(?<!\r)\n){2}")

ADDRESS = re.compile(r"[^\s<>@,;\"()]+@[^\s<>@,;\"()]+")

log = logging.getLogger("sandbox.mail_front")


@dataclass(frozen=True)
class FrontSettings:
    """Where to listen and deliver, for which domains, and who may submit.

    `lmtp` is the path of a unix socket or `host:port`; `users` maps an address to its password; port 0 is any.
    """

    lmtp: str
    domains: frozenset[str]
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    authserv_id: str = AUTHSERV_ID
    size_limit_bytes: int = SIZE_LIMIT_BYTES


class MailFront:
    """The running server; `port` is known after `start`."""

    def __init__(self, settings: FrontSettings) -> None:
        self.settings = settings
        self.port = settings.port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        handler = BorderHandler(self.settings)
        self._server = await loop.create_server(
            lambda: BorderSMTP(handler, self.settings, loop), self.settings.host, self.settings.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening; safe to repeat."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> MailFront:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def create_front(settings: FrontSettings) -> MailFront:
    """A front that is not listening yet."""
    return MailFront(settings)


class BorderSMTP(SMTP):
    """aiosmtpd's protocol with our limits; AUTH is offered without TLS because it is for loopback only."""

    line_length_limit = LINE_LIMIT_BYTES

    def __init__(
        self, handler: BorderHandler, settings: FrontSettings, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(
            handler,
            hostname=settings.authserv_id,
            ident="Countersign sandbox",
            data_size_limit=settings.size_limit_bytes,
            enable_SMTPUTF8=True,
            authenticator=handler.authenticate,
            auth_required=False,
            auth_require_tls=False,
            loop=loop,
        )


class BorderHandler:
    """Decides who may send where, writes the verdict, and hands the mail to Dovecot."""

    def __init__(self, settings: FrontSettings) -> None:
        self._settings = settings
        self._users = {address.lower(): password for address, password in settings.users.items()}

    def authenticate(
        self, _server: object, _session: object, _envelope: object, mechanism: str, auth_data: object
    ) -> AuthResult:
        """PLAIN and LOGIN against the table of users."""
        if mechanism not in {"PLAIN", "LOGIN"} or not isinstance(auth_data, LoginPassword):
            return AuthResult(success=False, handled=False)
        user = auth_data.login.decode("utf-8", "replace").lower()
        known = self._users.get(user)
        good = known is not None and compare_digest(known.encode(), auth_data.password)
        return AuthResult(success=good, handled=False, auth_data=user if good else None)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd looks it up by this name
        self, _server: object, _session: Session, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        """Only our own domains, else the sandbox would be an open relay."""
        if address.rpartition("@")[2].lower() not in self._settings.domains:
            return "550 5.7.1 relaying denied"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  # aiosmtpd looks it up by this name
        self, _server: object, session: Session, envelope: Envelope
    ) -> str:
        """Deliver before answering, so that 250 means: it lies in the mailbox."""
        user = session.auth_data if session.authenticated else None
        peer = str(session.peer[0]) if session.peer else "unknown"
        content = with_verdict(
            bytes(envelope.original_content or b""),
            user=user if isinstance(user, str) else None,
            trace=Trace(str(session.host_name or "unknown"), peer, datetime.now(UTC)),
            authserv_id=self._settings.authserv_id,
        )
        try:
            await asyncio.to_thread(
                deliver, self._settings.lmtp, str(envelope.mail_from or ""), list(envelope.rcpt_tos), content
            )
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return f"{code} {text.decode('ascii', 'replace')}"
        except (OSError, smtplib.SMTPException) as error:
            log.warning("LMTP delivery failed: %r", error)
            return "451 4.3.0 delivery failed, try again later"
        return "250 2.0.0 delivered"


@dataclass(frozen=True)
class Trace:
    """What the Received field says: the name given in HELO, the peer's address, the time."""

    helo: str
    peer: str
    at: datetime


def with_verdict(content: bytes, *, user: str | None, trace: Trace, authserv_id: str) -> bytes:
    """The mail without forged verdicts, below our own verdict and our Received field."""
    head, body = split_head(content)
    fields = [one for one in FIELD.findall(head) if one.strip() and not _claims_our_id(one, authserv_id)]
    verdict = f"Authentication-Results: {authserv_id}; {judge(fields, user)}\r\n"
    protocol = "ESMTPA" if user else "ESMTP"
    helo = re.sub(r"[^\w.:\[\]-]", "_", trace.helo)
    received = (
        f"Received: from {helo} ([{trace.peer}])\r\n\tby {authserv_id} with {protocol}"
        f" id {secrets.token_hex(6)};\r\n\t{format_datetime(trace.at)}\r\n"
    )
    return verdict.encode() + received.encode() + b"".join(fields) + b"\r\n" + body


def split_head(content: bytes) -> tuple[bytes, bytes]:
    """The header fields with their last line end, and the body."""
    end = BLANK_LINE.search(content)
    if end is None:
        return content.rstrip(b"\r\n") + b"\r\n", b""
    return content[: end.start()] + b"\r\n", content[end.end() :]


def judge(fields: Sequence[bytes], user: str | None) -> str:
    """The results part of our verdict for these header fields and this authenticated user."""
    if user is None:
        return "spf=none; dkim=none; dmarc=none"
    sender = _single_sender(fields)
    domain = sender.rpartition("@")[2] if sender else "unknown"
    result = "pass" if sender == user else "fail"
    return f"auth=pass smtp.auth={user}; dmarc={result} header.from={domain}"


def _single_sender(fields: Sequence[bytes]) -> str | None:
    values = [_value(one) for one in fields if _name(one) == b"from"]
    if len(values) != 1:
        return None
    text = re.sub(r'"(?:[^"\\]|\\.)*"', "", values[0].decode("utf-8", "replace"))
    found = ADDRESS.findall(text)
    return found[0].lower() if len(found) == 1 else None


def _claims_our_id(one: bytes, authserv_id: str) -> bool:
    if _name(one) != b"authentication-results":
        return False
    text = _value(one).decode("utf-8", "replace")
    without_comments = text
    while (shorter := re.sub(r"\([^()]*\)", " ", without_comments)) != without_comments:
        without_comments = shorter
    claimed = re.split(r"[;/]", without_comments.strip(), maxsplit=1)[0].split()
    return bool(claimed) and claimed[0].strip('"').lower() == authserv_id.lower()


def _name(one: bytes) -> bytes:
    return one.partition(b":")[0].strip().lower()


def _value(one: bytes) -> bytes:
    return re.sub(rb"[\r\n]+[ \t]", b" ", one.partition(b":")[2]).strip()


def deliver(lmtp: str, sender: str, recipients: Sequence[str], content: bytes) -> None:
    """Hand the mail to Dovecot, one transaction each: smtplib reads only one LMTP reply after DATA."""
    host, _, port = lmtp.rpartition(":")
    place: tuple[Any, ...] = (lmtp,) if lmtp.startswith("/") else (host, int(port))
    for recipient in recipients:
        client = smtplib.LMTP(*place)
        try:
            if client.sock is not None:
                client.sock.settimeout(LMTP_TIMEOUT_S)
            client.sendmail(sender, [recipient], content)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                client.quit()
