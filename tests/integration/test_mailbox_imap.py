"""The IMAP mailbox against a real Dovecot, through a proxy that breaks the line, and servers that misbehave.

These are also the contract tests of the armour round aioimaplib 2.0.3, which touches its private names.
"""

from __future__ import annotations

import asyncio
import base64
import imaplib
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.adapters.mailbox_imap import IdleReason, ImapAccount, ImapMailbox
from schema.errors import ConflictError, SettingsError, TransientError
from tests.integration.mail_rig import (
    ANSWERS,
    PASSWORD,
    Dovecot,
    Proxy,
    free_port,
    fresh_address,
    running_dovecot,
    sample,
    server_saying,
)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as running:
        yield running


def account(port: int, user: str, **changes: Any) -> ImapAccount:
    wanted: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "user": user,
        "password": PASSWORD,
        "tls": False,
    }
    return ImapAccount(**(wanted | changes))


@asynccontextmanager
async def opened(port: int, user: str, **limits: float) -> AsyncIterator[ImapMailbox]:
    async with ImapMailbox(account(port, user), **limits) as mailbox:
        yield mailbox


async def test_a_mail_is_listed_measured_and_fetched_as_it_lies_there(dovecot: Dovecot) -> None:
    user = fresh_address()
    dovecot.deliver(user, sample("Invoice * 12 * due ("))
    async with opened(dovecot.imap, user) as mailbox:
        raw = await mailbox.fetch(1)
        assert await mailbox.search_after(0) == [1]
        assert await mailbox.size(1) == len(raw)
        assert raw.startswith(await mailbox.headers(1))
    assert b"Subject: Invoice * 12 * due (" in raw


async def test_fetching_leaves_a_mail_unread(dovecot: Dovecot) -> None:
    user = fresh_address()
    dovecot.deliver(user, sample())
    async with opened(dovecot.imap, user) as mailbox:
        await mailbox.fetch(1)
    with imaplib.IMAP4("127.0.0.1", dovecot.imap) as other:
        other.login(user, PASSWORD)
        other.select("INBOX", readonly=True)
        assert other.search(None, "UNSEEN")[1] == [b"1"]


async def test_searching_after_the_last_uid_finds_nothing(dovecot: Dovecot) -> None:
    user = fresh_address()
    dovecot.deliver(user, sample(), times=2)
    async with opened(dovecot.imap, user) as mailbox:
        assert await mailbox.search_after(2) == []


async def test_status_tells_the_next_uid(dovecot: Dovecot) -> None:
    user = fresh_address()
    async with opened(dovecot.imap, user) as mailbox:
        before = await mailbox.status()
        dovecot.deliver(user, sample())
        after = await mailbox.status()
    assert (after[0] - before[0], after[1] - before[1]) == (0, 1)


async def test_tls_is_checked_against_the_given_authority(dovecot: Dovecot) -> None:
    trusted = account(dovecot.imaps, fresh_address(), tls=True, ca_path=dovecot.ca)
    async with ImapMailbox(trusted) as mailbox:
        await mailbox.noop()


async def test_an_untrusted_certificate_is_a_setting_to_mend(dovecot: Dovecot) -> None:
    with pytest.raises(SettingsError, match="not trusted"):
        await ImapMailbox(account(dovecot.imaps, fresh_address(), tls=True)).connect()


async def test_plain_imap_to_another_host_is_refused() -> None:
    with pytest.raises(SettingsError, match="loopback"):
        await ImapMailbox(account(143, "a@b.example", host="mail.meridian.example")).connect()


async def test_a_wrong_password_is_a_setting_to_mend(dovecot: Dovecot) -> None:
    with pytest.raises(SettingsError, match="IMAP_PASSWORD"):
        await ImapMailbox(account(dovecot.imap, fresh_address(), password="wrong")).connect()


async def test_a_missing_folder_is_a_setting_to_mend(dovecot: Dovecot) -> None:
    with pytest.raises(SettingsError, match="IMAP_FOLDER"):
        await ImapMailbox(account(dovecot.imap, fresh_address(), folder="No Such")).connect()


async def test_no_server_is_transient() -> None:
    with pytest.raises(TransientError):
        await ImapMailbox(account(free_port(), "a@b.example")).connect()


async def test_a_busy_server_is_transient() -> None:
    busy = ANSWERS | {b"LOGIN": b"<T> NO [UNAVAILABLE] try later\r\n"}
    async with server_saying(b"* OK hello\r\n", busy) as port:
        with pytest.raises(TransientError, match="busy"):
            await ImapMailbox(account(port, "a")).connect()


@pytest.mark.parametrize("greeting", [b"* BYE overloaded\r\n", b"220 this is SMTP\r\n"])
async def test_a_server_that_does_not_greet_fails_at_once(greeting: bytes) -> None:
    started = time.monotonic()
    async with server_saying(greeting, {}) as port:
        with pytest.raises(TransientError):
            await ImapMailbox(account(port, "a")).connect()
    assert time.monotonic() - started < 5


async def test_a_filed_mail_is_in_the_folder_and_gone_from_the_inbox(dovecot: Dovecot) -> None:
    user = fresh_address()
    dovecot.deliver(user, sample())
    async with opened(dovecot.imap, user) as mailbox:
        assert await mailbox.file_away(1, "Our Processed")
        assert await mailbox.search_after(0) == []
    async with ImapMailbox(account(dovecot.imap, user, folder="Our Processed")) as there:
        assert await there.search_after(0) == [1]


async def test_filing_a_mail_that_is_gone_says_so(dovecot: Dovecot) -> None:
    async with opened(dovecot.imap, fresh_address()) as mailbox:
        assert not await mailbox.file_away(99, "Processed")


async def test_filing_works_without_move(dovecot: Dovecot) -> None:
    user = fresh_address()
    dovecot.deliver(user, sample(), times=2)
    async with opened(dovecot.imap, user) as mailbox:
        without_move(mailbox)
        assert await mailbox.file_away(1, "Processed")
        assert not await mailbox.file_away(1, "Processed")
        assert await mailbox.search_after(0) == [2]


def without_move(mailbox: ImapMailbox) -> None:
    assert mailbox._client is not None
    mailbox._client.protocol.capabilities.discard("MOVE")


async def test_a_move_that_moves_nothing_is_not_believed() -> None:
    lying = ANSWERS | {b"CREATE": b"<T> OK\r\n", b"UID": b"* SEARCH 1\r\n<T> OK done\r\n"}
    async with server_saying(b"* OK hello\r\n", lying) as port, opened(port, "a") as mailbox:
        with pytest.raises(TransientError, match="moved nothing"):
            await mailbox.file_away(1, "Processed")


@pytest.mark.parametrize("reading", ["size", "headers", "fetch"])
async def test_reading_a_mail_that_is_gone_is_a_lost_race(dovecot: Dovecot, reading: str) -> None:
    async with opened(dovecot.imap, fresh_address()) as mailbox:
        with pytest.raises(ConflictError):
            await getattr(mailbox, reading)(99)


async def test_the_wanted_answer_is_found_among_unasked_ones() -> None:
    chatty = ANSWERS | {
        b"UID": b"* 5 FETCH (FLAGS (\\Seen))\r\n* 6 EXISTS\r\n* 2 FETCH (BODY[] {5}\r\nhe(lo UID 2)\r\n"
        b"* 7 FETCH (UID 9 FLAGS ())\r\n<T> OK done\r\n"
    }
    async with server_saying(b"* OK hello\r\n", chatty) as port, opened(port, "a") as mailbox:
        assert await mailbox.fetch(2) == b"he(lo"


async def test_an_announced_literal_beyond_all_reason_ends_the_connection() -> None:
    huge = ANSWERS | {b"UID": b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n"}
    async with server_saying(b"* OK hello\r\n", huge) as port, opened(port, "a") as mailbox:
        with pytest.raises(TransientError, match="announced"):
            await mailbox.fetch(1)
        assert not mailbox.connected


async def test_a_push_wakes_the_waiting(dovecot: Dovecot) -> None:
    user = fresh_address()
    async with opened(dovecot.imap, user) as mailbox:
        asyncio.get_running_loop().call_later(0.05, dovecot.deliver, user, sample())
        assert await mailbox.idle(10) is IdleReason.PUSH
        assert await mailbox.search_after(0) == [1]


async def test_waiting_ends_after_the_given_time_and_can_be_renewed(dovecot: Dovecot) -> None:
    async with opened(dovecot.imap, fresh_address()) as mailbox:
        assert await mailbox.idle(0.05) is IdleReason.TIMEOUT
        assert await mailbox.idle(0.05) is IdleReason.TIMEOUT
        await mailbox.noop()


async def test_a_push_read_with_the_answer_to_done_is_kept() -> None:
    answers = ANSWERS | {b"IDLE": b"+ idling\r\n", b"DONE": b"* 4 EXISTS\r\n<T> OK idle done\r\n"}
    async with server_saying(b"* OK hello\r\n", answers) as port, opened(port, "a") as mailbox:
        assert await mailbox.idle(0.05) is IdleReason.TIMEOUT
        assert await mailbox.idle(5) is IdleReason.PUSH


async def test_mail_told_in_the_answer_to_another_command_needs_no_push() -> None:
    telling = ANSWERS | {b"UID SEARCH": b"* SEARCH\r\n* 4 EXISTS\r\n<T> OK done\r\n"}
    async with server_saying(b"* OK hello\r\n", telling) as port, opened(port, "a") as mailbox:
        assert await mailbox.search_after(0) == []
        assert await mailbox.idle(30) is IdleReason.PUSH


async def test_three_thousand_flag_changes_do_not_break_the_waiting(dovecot: Dovecot) -> None:
    user = fresh_address()
    await asyncio.to_thread(dovecot.fill, user, sample(), 3_000)
    async with opened(dovecot.imap, user) as mailbox:
        waiting = asyncio.create_task(mailbox.idle(2.5))
        await asyncio.to_thread(flag_all, dovecot.imap, user)
        assert await waiting is IdleReason.TIMEOUT
        assert len(await mailbox.search_after(0)) == 3_000


def flag_all(port: int, user: str) -> None:
    with imaplib.IMAP4("127.0.0.1", port) as other:
        other.login(user, PASSWORD)
        other.select("INBOX")
        other.store("1:*", "+FLAGS", r"(\Flagged)")


async def test_two_thousand_mails_are_fetched_one_by_one(dovecot: Dovecot) -> None:
    user = fresh_address()
    raw = sample(body="x" * 3_000)
    await asyncio.to_thread(dovecot.fill, user, raw, 2_000)
    async with opened(dovecot.imap, user) as mailbox:
        uids = await mailbox.search_after(0)
        sizes = [len(await mailbox.fetch(uid)) for uid in uids]
    assert len(sizes) == 2_000
    assert min(sizes) > 3_000


async def test_a_mail_of_15_mb_arrives_unchanged(dovecot: Dovecot) -> None:
    user, pdf = fresh_address(), b"%PDF-1.7\n" + os.urandom(11_000_000)
    dovecot.deliver(user, sample(pdf=pdf))
    async with opened(dovecot.imap, user) as mailbox:
        raw = await mailbox.fetch(1)
    assert len(raw) > 15_000_000 * 0.95
    assert base64.b64encode(pdf)[-5_000:] in raw.replace(b"\r\n", b"")


async def test_a_cut_line_ends_the_waiting_at_once(dovecot: Dovecot) -> None:
    async with Proxy(dovecot.imap) as proxy, opened(proxy.port, fresh_address()) as mailbox:
        asyncio.get_running_loop().call_later(0.1, proxy.cut)
        started = time.monotonic()
        with pytest.raises(TransientError):
            await mailbox.idle(30)
        assert time.monotonic() - started < 2
        assert not mailbox.connected


async def test_a_bye_ends_the_waiting_at_once(dovecot: Dovecot) -> None:
    async with Proxy(dovecot.imap) as proxy, opened(proxy.port, fresh_address()) as mailbox:
        asyncio.get_running_loop().call_later(0.1, proxy.say, b"* BYE shutting down\r\n")
        with pytest.raises(TransientError, match="ended the connection"):
            await mailbox.idle(30)


async def test_an_idle_that_is_never_answered_is_given_up(dovecot: Dovecot) -> None:
    async with (
        Proxy(dovecot.imap) as proxy,
        opened(proxy.port, fresh_address(), idle_answer_s=0.2) as mailbox,
    ):
        proxy.deaf_to = b"IDLE"
        with pytest.raises(TransientError, match="in time"):
            await mailbox.idle(30)
        assert not mailbox.connected


async def test_a_line_that_went_dead_while_waiting_is_found_out(dovecot: Dovecot) -> None:
    async with (
        Proxy(dovecot.imap) as proxy,
        opened(proxy.port, fresh_address(), idle_answer_s=0.2) as mailbox,
    ):
        asyncio.get_running_loop().call_later(0.05, setattr, proxy, "swallow", True)
        with pytest.raises(TransientError):
            await mailbox.idle(0.3)


async def test_a_dead_line_ends_a_command_in_time(dovecot: Dovecot) -> None:
    async with (
        Proxy(dovecot.imap) as proxy,
        opened(proxy.port, fresh_address(), command_timeout_s=0.2) as mailbox,
    ):
        proxy.swallow = True
        with pytest.raises(TransientError, match="in time"):
            await mailbox.noop()
        with pytest.raises(TransientError, match="not connected"):
            await mailbox.noop()


async def test_a_line_cut_in_a_fetch_fails_the_fetch(dovecot: Dovecot) -> None:
    user = fresh_address()
    dovecot.deliver(user, sample(pdf=b"%PDF" + os.urandom(2_000_000)))
    async with Proxy(dovecot.imap) as proxy, opened(proxy.port, user) as mailbox:
        proxy.swallow = True
        fetching = asyncio.create_task(mailbox.fetch(1))
        asyncio.get_running_loop().call_later(0.1, proxy.cut)
        with pytest.raises(TransientError):
            await fetching


async def test_broken_connections_leave_no_open_socket(dovecot: Dovecot) -> None:
    user = fresh_address()
    async with Proxy(dovecot.imap) as proxy:
        before = open_files()
        for _ in range(5):
            await connect_and_break(proxy, user)
        await proxy.all_gone()
        assert open_files() <= before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def connect_and_break(proxy: Proxy, user: str) -> None:
    async with opened(proxy.port, user) as mailbox:
        proxy.cut()
        with pytest.raises(TransientError):
            await mailbox.noop()


async def test_a_token_logs_in_by_xoauth2() -> None:
    async def token() -> str:
        return "ya29.fresh"

    wanted = base64.b64encode(b"user=a@b.example\x01auth=Bearer ya29.fresh\x01\x01")
    answers = ANSWERS | {b"AUTHENTICATE XOAUTH2 " + wanted.upper(): b"<T> OK in\r\n"}
    async with (
        server_saying(b"* OK hello\r\n", answers) as port,
        ImapMailbox(account(port, "a@b.example", token=token)) as mailbox,
    ):
        assert mailbox.connected


async def test_a_refused_token_is_a_setting_to_mend() -> None:
    async def token() -> str:
        return "stale"

    # The server's challenge wants an empty line before it says NO; that line has no tag of its own.
    refusing = ANSWERS | {b"AUTHENTICATE": b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n", b"\r\n": b"<T> NO failed\r\n"}
    async with server_saying(b"* OK hello\r\n", refusing) as port:
        with pytest.raises(SettingsError, match="token"):
            await ImapMailbox(account(port, "a@b.example", token=token)).connect()
