"""The sandbox's border server: whom it takes mail from, what it writes on it, and that it delivers."""

from __future__ import annotations

import asyncio
import email
import smtplib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiosmtplib
import pytest

from daemon.adapters.mailbox_imap import ImapAccount, ImapMailbox
from handlers.door import decide
from handlers.reading.mail import parse_mail
from sandbox.mail_front import AUTHSERV_ID, FrontSettings, MailFront, Trace, create_front, with_verdict
from schema.ids import Address
from tests.integration.mail_rig import PASSWORD, Dovecot, fresh_address, running_dovecot, sample

PRIYA = "priya@meridian.example"
TRACE = Trace("laptop", "127.0.0.1", datetime(2026, 11, 23, 10, tzinfo=UTC))


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as running:
        yield running


@asynccontextmanager
async def front_of(dovecot: Dovecot) -> AsyncIterator[MailFront]:
    domains = frozenset({"meridian.example", "countersign.example"})
    settings = FrontSettings(lmtp=dovecot.lmtp, domains=domains, users={PRIYA: "secret"})
    async with create_front(settings) as front:
        yield front


async def send(front: MailFront, to: str, raw: bytes, *, user: str = "", password: str = "") -> None:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=front.port, start_tls=False, local_hostname="laptop")
    async with client:
        if user:
            await client.login(user, password)
        await client.sendmail(PRIYA, [to], raw)


async def fetched(dovecot: Dovecot, address: str) -> bytes:
    async with ImapMailbox(ImapAccount("127.0.0.1", dovecot.imap, address, PASSWORD, tls=False)) as mailbox:
        return await mailbox.fetch((await mailbox.search_after(0))[-1])


def verdicts(raw: bytes) -> list[str]:
    return email.message_from_bytes(raw).get_all("Authentication-Results", [])


async def test_a_submitting_user_writing_as_himself_is_proved(dovecot: Dovecot) -> None:
    to = fresh_address()
    async with front_of(dovecot) as front:
        await send(front, to, sample(), user=PRIYA, password="secret")
    assert verdicts(await fetched(dovecot, to)) == [
        f"{AUTHSERV_ID}; auth=pass smtp.auth={PRIYA}; dmarc=pass header.from=meridian.example"
    ]


async def test_mail_from_the_internet_proves_nothing(dovecot: Dovecot) -> None:
    to = fresh_address()
    async with front_of(dovecot) as front:
        await send(front, to, sample())
    assert verdicts(await fetched(dovecot, to)) == [f"{AUTHSERV_ID}; spf=none; dkim=none; dmarc=none"]


@pytest.mark.parametrize(("user", "accepted"), [(PRIYA, True), ("", False)])
async def test_the_door_believes_what_the_border_wrote(dovecot: Dovecot, user: str, accepted: bool) -> None:
    to = fresh_address()
    forged = f"Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from=meridian.example\r\n".encode()
    async with front_of(dovecot) as front:
        await send(front, to, forged + sample(), user=user, password="secret")
    mail = parse_mail(await fetched(dovecot, to))
    decision = decide(mail, forwarders=frozenset({Address(PRIYA)}), authserv_id=AUTHSERV_ID)
    assert decision.accepted is accepted


async def test_a_wrong_password_is_refused(dovecot: Dovecot) -> None:
    async with front_of(dovecot) as front:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await send(front, fresh_address(), sample(), user=PRIYA, password="guess")


async def test_a_foreign_recipient_is_refused(dovecot: Dovecot) -> None:
    async with front_of(dovecot) as front:
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await send(front, "someone@elsewhere.example", sample())


async def test_mail_to_a_forwarder_lands_in_his_own_mailbox(dovecot: Dovecot) -> None:
    to = fresh_address("meridian.example")
    async with front_of(dovecot) as front:
        await send(front, to, sample(subject="Paid"))
    assert b"Subject: Paid" in await fetched(dovecot, to)


async def test_lines_longer_than_the_rfc_allows_are_taken(dovecot: Dovecot) -> None:
    to = fresh_address()
    async with front_of(dovecot) as front:
        await asyncio.to_thread(send_by_stdlib, front.port, to, sample() + b"x" * 5_000 + b"\r\n")
    assert b"x" * 5_000 in await fetched(dovecot, to)


def send_by_stdlib(port: int, to: str, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail(PRIYA, [to], raw)


async def test_a_broken_delivery_is_answered_with_try_again(dovecot: Dovecot) -> None:
    settings = FrontSettings(lmtp="127.0.0.1:9", domains=frozenset({"countersign.example"}))
    async with create_front(settings) as front:
        with pytest.raises(aiosmtplib.SMTPDataError) as caught:
            await send(front, fresh_address(), sample())
    assert caught.value.code == 451


@pytest.mark.parametrize(
    "forged",
    [
        b"Authentication-Results: mx.countersign.example; dmarc=pass header.from=meridian.example\r\n",
        b"authentication-results: MX.Countersign.Example 1; dmarc=pass\r\n",
        b"Authentication-Results: (a (b) c)\r\n mx.countersign.example/1;\r\n\tdmarc=pass\r\n",
        b'Authentication-Results : "mx.countersign.example"; dmarc=pass\r\n',
        b"X-Note: a\rAuthentication-Results: mx.countersign.example; dmarc=pass\r\n",
    ],
)
def test_a_forged_verdict_in_our_name_is_removed(forged: bytes) -> None:
    raw = forged + b"From: a@b.example\r\n\r\nhello"
    stamped = with_verdict(raw, user=None, trace=TRACE, authserv_id=AUTHSERV_ID)
    assert verdicts(stamped) == [f"{AUTHSERV_ID}; spf=none; dkim=none; dmarc=none"]
    assert b"dmarc=pass" not in stamped


def test_a_verdict_of_another_server_is_left_below_ours() -> None:
    raw = b"Authentication-Results: mx.other.example; dmarc=pass\r\nFrom: a@b.example\r\n\r\nhello"
    stamped = with_verdict(raw, user=None, trace=TRACE, authserv_id=AUTHSERV_ID)
    assert verdicts(stamped)[1] == "mx.other.example; dmarc=pass"


@pytest.mark.parametrize(
    "sender",
    [
        b"From: amit@meridian.example\r\n",
        b"From: priya@meridian.example\r\nFrom: amit@meridian.example\r\n",
        b"From: priya@meridian.example, amit@meridian.example\r\n",
        b'From: "priya@meridian.example" <thief@x.example>\r\n',
        b"",
    ],
)
def test_a_user_writing_in_another_name_fails(sender: bytes) -> None:
    stamped = with_verdict(sender + b"\r\nhello", user=PRIYA, trace=TRACE, authserv_id=AUTHSERV_ID)
    assert "dmarc=fail" in verdicts(stamped)[0]


def test_the_body_is_left_untouched() -> None:
    body = b"line\r\n\r\nAuthentication-Results: mx.countersign.example; x\r\n\x00\xff"
    raw = b"From: a@b.example\r\n\r\n" + body
    assert with_verdict(raw, user=None, trace=TRACE, authserv_id=AUTHSERV_ID).endswith(b"\r\n\r\n" + body)
