"""Sends our mails by SMTP: text and HTML, in the reader's own thread, marked as automatic (RFC 3834).

The Message-ID is given, so that a mail sent twice after an unknown outcome is shown once by most programs.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal

import aiosmtplib

from schema.errors import (
    CountersignError,
    OutcomeUnknownError,
    PermanentError,
    SettingsError,
    TransientError,
)
from schema.mail import OutgoingMail
from schema.trace import NoSpans, Spans

TlsMode = Literal["none", "starttls", "tls"]

DEADLINE_S: Final = 20.0
"""For the whole conversation, connect to QUIT."""

REFERENCES_CHARS: Final = 900
"""A References line must stay below 998; the first id and the last ones are kept (RFC 5322, 2.1.1)."""

MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")

# Message-IDs are long words: the default line length would fold them into encoded words.
POLICY: Final = SMTP_POLICY.clone(max_line_length=990)


class SmtpMailer:
    """Hands mails to one SMTP server; `guard` sees every text first and raises LeakError to stop it.

    `let_out` is awaited with the recipient and the exact bytes before the server is called.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        guard: Callable[[str], None],
        username: str = "",
        password: str = "",
        tls: TlsMode = "starttls",
        ca_path: Path | None = None,
        sender_name: str = "Countersign",
        deadline_s: float = DEADLINE_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        let_out: Callable[[str, bytes], Awaitable[None]] | None = None,
        spans: Spans = NoSpans(),  # noqa: B008 - it holds nothing
    ) -> None:
        if tls == "none" and not _is_loopback(host):
            raise SettingsError(
                "SMTP without TLS is allowed on loopback only; set SMTP_TLS to starttls or tls."
            )
        self._host, self._port, self._tls = host, port, tls
        self._username, self._password = username, password
        self._context = _context(ca_path) if tls != "none" else None
        self._sender, self._sender_name = sender, sender_name
        self._guard = guard
        self._deadline_s = deadline_s
        self._now = now
        self._let_out = let_out
        self._spans = spans

    async def send(self, mail: OutgoingMail) -> None:
        """Hand one mail over.

        TransientError when it was surely not taken, OutcomeUnknownError when nobody answered after it was sent,
        PermanentError when the server refused it for good, LeakError when the guard did.
        """
        message = compose(mail, sender=self._sender, sender_name=self._sender_name, at=self._now())
        for text in (str(mail.to), str(message["Subject"]), mail.text, mail.html):
            self._guard(text)
        content = message.as_bytes(policy=POLICY)
        with self._spans.span("mail out", kind="mail"):
            if self._let_out is not None:
                await self._let_out(mail.to, content)
            await self.hand_over(mail.to, content)

    async def check(self) -> None:
        """Connect and log in, sending nothing; raises as `send` does."""
        client = self._client()
        try:
            async with asyncio.timeout(self._deadline_s):
                await client.connect()
                if self._username:
                    await client.login(self._username, self._password)
        except (TimeoutError, OSError, aiosmtplib.SMTPException) as error:
            raise translated(error, content_sent=False) from error
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=self._deadline_s,
            local_hostname=self._sender.rpartition("@")[2],
            use_tls=self._tls == "tls",
            start_tls=self._tls == "starttls",
            tls_context=self._context,
        )

    async def hand_over(self, to: str, content: bytes) -> None:
        """Hand over the exact bytes of a mail, past the guard: for what a forwarder sends, not for mail of ours."""
        client = self._client()
        content_sent = False
        try:
            async with asyncio.timeout(self._deadline_s):
                await client.connect()
                if self._username:
                    await client.login(self._username, self._password)
                await client.mail(self._sender)
                await client.rcpt(to)
                content_sent = True
                await client.data(content)
        except (TimeoutError, OSError, aiosmtplib.SMTPException) as error:
            raise translated(error, content_sent=content_sent) from error
        finally:
            # No QUIT: the server has answered for the mail already, and a slow goodbye must not undo that.
            client.close()


def compose(mail: OutgoingMail, *, sender: str, sender_name: str, at: datetime) -> EmailMessage:
    """The message as it will be sent: multipart/alternative, threaded, marked as automatic."""
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(sender_name, addr_spec=sender)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = " ".join(re.sub(r"[\x00-\x20\x7f-\x9f]+", " ", mail.subject).split())
    message["Date"] = format_datetime(at)
    message["Message-ID"] = _one_id(mail.message_id)
    if mail.in_reply_to and MESSAGE_ID.fullmatch(mail.in_reply_to):
        message["In-Reply-To"] = mail.in_reply_to
    if references := thread_of(mail.references, mail.in_reply_to):
        message["References"] = references
    if mail.trace:
        message["X-Countersign-Trace"] = mail.trace
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


def thread_of(references: Sequence[str], in_reply_to: str | None) -> str:
    """The References value: the thread's first id and as many of the last ones as fit on one line."""
    wanted = [one for one in (*references, in_reply_to or "") if MESSAGE_ID.fullmatch(one)]
    ids = list(dict.fromkeys(wanted))
    # The mail that is answered stands last (RFC 5322, 3.6.4).
    if in_reply_to in ids:
        ids.append(ids.pop(ids.index(in_reply_to)))
    while len(" ".join(ids)) > REFERENCES_CHARS and len(ids) > 1:
        del ids[1 if len(ids) > 2 else 0]
    return " ".join(ids)


def translated(error: Exception, *, content_sent: bool) -> CountersignError:
    """Our error for what went wrong: the server's own code decides, else whether the content had left."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        # A wrong password is mended by a person, and the mail must still go out then.
        return TransientError("The mail server refused our login; check SMTP_USER and SMTP_PASSWORD.")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        said = f"The mail server answered {error.code}: {error.message[:200]}"
        return PermanentError(said) if 500 <= error.code < 600 else TransientError(said)
    if content_sent:
        return OutcomeUnknownError("The mail was sent, and the mail server did not say whether it took it.")
    return TransientError(f"The mail server could not be reached: {error!r}.")


def _one_id(message_id: str) -> str:
    if not MESSAGE_ID.fullmatch(message_id):
        raise PermanentError(f"Not a Message-ID: {message_id!r}.")
    return message_id


def _context(ca_path: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_path) if ca_path else None)
    except OSError as error:
        raise SettingsError(f"The CA file {ca_path} cannot be read.") from error


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
