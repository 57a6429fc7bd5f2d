"""The SMTP mailer against the sandbox's border server and Dovecot, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

import pytest

from daemon.adapters.mailbox_imap import ImapAccount, ImapMailbox
from daemon.adapters.mailer_smtp import SmtpMailer, thread_of
from handlers.reading.mail import parse_mail
from sandbox.mail_front import FrontSettings, create_front
from schema.errors import LeakError, OutcomeUnknownError, PermanentError, SettingsError, TransientError
from schema.ids import Address
from schema.mail import OutgoingMail
from tests.integration.mail_rig import PASSWORD, Dovecot, free_port, fresh_address, running_dovecot

US = "invoices@countersign.example"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as running:
        yield running


def say_nothing(_: str) -> None:
    return None


def mailer(port: int, **changes: Any) -> SmtpMailer:
    wanted: dict[str, Any] = {
        "host": "127.0.0.1", "port": port, "sender": US, "guard": say_nothing, "tls": "none",
        "username": US, "password": "ours",
    } | changes  # fmt: skip
    return SmtpMailer(**wanted)


def a_mail(to: str, **changes: Any) -> OutgoingMail:
    wanted: dict[str, Any] = {
        "to": Address(to),
        "subject": "Paid: ₹ 1,18,000.00 to Asha Traders",
        "text": "Paid.\n.\nA line that is a dot.",
        "html": "<p>Paid ✓</p>",
        "message_id": "<report-1@countersign.example>",
        "in_reply_to": "<asked@meridian.example>",
        "references": ("<first@meridian.example>", "<asked@meridian.example>"),
    } | changes
    return OutgoingMail(**wanted)


@asynccontextmanager
async def front_of(dovecot: Dovecot) -> AsyncIterator[int]:
    domains = frozenset({"meridian.example", "countersign.example"})
    settings = FrontSettings(lmtp=dovecot.lmtp, domains=domains, users={US: "ours"})
    async with create_front(settings) as front:
        yield front.port


async def received(dovecot: Dovecot, address: str) -> EmailMessage:
    async with ImapMailbox(ImapAccount("127.0.0.1", dovecot.imap, address, PASSWORD, tls=False)) as mailbox:
        raw = await mailbox.fetch((await mailbox.search_after(0))[-1])
    return email.message_from_bytes(raw, policy=email.policy.default)


@asynccontextmanager
async def server_saying(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def scripted(replies: dict[bytes, bytes], after_content: bytes | None) -> Callable[..., Awaitable[None]]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            writer.write(replies.get(verb, b"250 ok\r\n"))
            if verb == b"DATA" and replies.get(b"DATA", b"354").startswith(b"354"):
                await reader.readuntil(b"\r\n.\r\n")
                if after_content is None:
                    return
                writer.write(after_content)

    return talk


async def test_a_mail_arrives_in_the_thread_it_answers(dovecot: Dovecot) -> None:
    to = fresh_address("meridian.example")
    async with front_of(dovecot) as port:
        await mailer(port).send(a_mail(to))
    got = await received(dovecot, to)
    assert got["Message-ID"] == "<report-1@countersign.example>"
    assert got["In-Reply-To"] == "<asked@meridian.example>"
    assert got["References"] == "<first@meridian.example> <asked@meridian.example>"


async def test_text_and_html_arrive_as_written(dovecot: Dovecot) -> None:
    to = fresh_address("meridian.example")
    async with front_of(dovecot) as port:
        await mailer(port).send(a_mail(to))
    got = await received(dovecot, to)
    plain, html = got.get_body(("plain",)), got.get_body(("html",))
    assert got.get_content_type() == "multipart/alternative"
    assert plain is not None
    assert plain.get_content().splitlines() == ["Paid.", ".", "A line that is a dot."]
    assert html is not None
    assert html.get_content().strip() == "<p>Paid ✓</p>"
    assert got["Subject"] == "Paid: ₹ 1,18,000.00 to Asha Traders"


async def test_our_own_mail_is_automatic_to_whoever_reads_it(dovecot: Dovecot) -> None:
    to = fresh_address("meridian.example")
    async with front_of(dovecot) as port:
        await mailer(port).send(a_mail(to))
    assert parse_mail((await received(dovecot, to)).as_bytes()).automatic


async def test_a_line_break_in_a_subject_makes_no_header(dovecot: Dovecot) -> None:
    to = fresh_address("meridian.example")
    async with front_of(dovecot) as port:
        await mailer(port).send(a_mail(to, subject="Paid\r\nBcc: thief@x.example\x00"))
    got = await received(dovecot, to)
    assert got["Subject"] == "Paid Bcc: thief@x.example"
    assert got["Bcc"] is None


async def test_a_strange_id_from_a_foreign_mail_is_left_out(dovecot: Dovecot) -> None:
    to = fresh_address("meridian.example")
    async with front_of(dovecot) as port:
        await mailer(port).send(a_mail(to, in_reply_to="<a b@x>\r\nX: y", references=("nonsense",)))
    got = await received(dovecot, to)
    assert got["In-Reply-To"] is None
    assert got["References"] is None


async def test_the_guard_stops_a_mail_before_anything_is_sent() -> None:
    def guard(text: str) -> None:
        if "50100012345678" in text:
            raise LeakError

    unreachable = mailer(free_port(), guard=guard)
    with pytest.raises(LeakError):
        await unreachable.send(a_mail("a@meridian.example", html="to 50100012345678"))


async def test_a_recipient_the_server_refuses_is_permanent(dovecot: Dovecot) -> None:
    async with front_of(dovecot) as port:
        with pytest.raises(PermanentError, match="550"):
            await mailer(port).send(a_mail("someone@elsewhere.example"))


async def test_a_refused_login_is_tried_again_later(dovecot: Dovecot) -> None:
    async with front_of(dovecot) as port:
        with pytest.raises(TransientError, match="SMTP_PASSWORD"):
            await mailer(port, password="wrong").send(a_mail("a@meridian.example"))


async def test_no_server_is_transient() -> None:
    with pytest.raises(TransientError) as caught:
        await mailer(free_port()).send(a_mail("a@meridian.example"))
    assert not isinstance(caught.value, OutcomeUnknownError)


@pytest.mark.parametrize(
    ("replies", "after_content", "wanted"),
    [
        ({b"RCPT": b"450 mailbox busy\r\n"}, b"250 ok\r\n", TransientError),
        ({b"RCPT": b"550 no such user\r\n"}, b"250 ok\r\n", PermanentError),
        ({b"DATA": b"452 no space\r\n"}, None, TransientError),
        ({b"DATA": b"354 go\r\n"}, b"554 spam\r\n", PermanentError),
        ({b"DATA": b"354 go\r\n"}, b"451 try later\r\n", TransientError),
        ({b"DATA": b"354 go\r\n"}, None, OutcomeUnknownError),
    ],
)
async def test_each_answer_of_a_server_is_the_right_error(
    replies: dict[bytes, bytes], after_content: bytes | None, wanted: type[Exception]
) -> None:
    async with server_saying(scripted(replies, after_content)) as port:
        with pytest.raises(wanted) as caught:
            await mailer(port, username="").send(a_mail("a@meridian.example"))
    assert type(caught.value) is wanted


async def test_a_server_that_falls_silent_after_the_content_leaves_the_outcome_unknown() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                await reader.read()
            writer.write(b"250 ok\r\n")

    async with server_saying(talk) as port:
        with pytest.raises(OutcomeUnknownError):
            await mailer(port, username="", deadline_s=0.5).send(a_mail("a@meridian.example"))


async def test_a_server_that_never_greets_is_given_up_at_the_deadline() -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with server_saying(talk) as port:
        with pytest.raises(TransientError) as caught:
            await mailer(port, deadline_s=0.3).send(a_mail("a@meridian.example"))
    assert type(caught.value) is TransientError


def test_plain_smtp_to_another_host_is_refused() -> None:
    with pytest.raises(SettingsError, match="loopback"):
        mailer(25, host="mail.meridian.example")


def test_a_long_thread_keeps_its_first_and_last_ids() -> None:
    ids = [f"<{number:03}-{'x' * 60}@meridian.example>" for number in range(40)]
    value = thread_of(ids, ids[-1]).split()
    assert len(" ".join(value)) <= 900
    assert (value[0], value[-1]) == (ids[0], ids[-1])
