"""The watch on the mailbox, on a real Dovecot: nothing lost, nothing taken twice, nothing blocked."""

from __future__ import annotations

import asyncio
import imaplib
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import Any

import pytest

import handlers.cursor
from daemon import inbox
from daemon.adapters.mailbox_imap import ImapAccount, ImapMailbox
from daemon.inbox import InboxWatch, pause_seconds
from schema.errors import ConflictError, PermanentError, TransientError
from schema.mail import Disposition, MailPlace
from tests.integration.mail_rig import PASSWORD, Dovecot, Proxy, fresh_address, running_dovecot, sample

Fault = Callable[[bytes, int], Awaitable[None]]


class MemorySink:
    """Keeps mails as the real sink does: one effect for a place and for the same bytes; can be told to fail."""

    def __init__(self) -> None:
        self.by_place: dict[MailPlace, Disposition] = {}
        self.effects: dict[str, bytes] = {}
        self.large: list[tuple[bytes, int]] = []
        self.asked: list[int] = []
        self.proofs = 0
        self.becomes = Disposition.ACCEPTED
        self.fault: Fault | None = None
        self.took_at: dict[int, float] = {}

    async def cursor(self, account: str, folder: str, uidvalidity: int) -> int:
        places = [place.uid for place in self.by_place if place.uidvalidity == uidvalidity]
        return max(places, default=0)

    async def accept(self, place: MailPlace, raw: bytes) -> Disposition:
        self.asked.append(place.uid)
        if self.fault is not None:
            await self.fault(raw, self.asked.count(place.uid))
        self.effects.setdefault(sha256(raw).hexdigest(), raw)
        self.took_at.setdefault(place.uid, time.monotonic())
        return self.by_place.setdefault(place, self.becomes)

    async def too_large(self, place: MailPlace, headers: bytes, size_bytes: int) -> Disposition:
        self.large.append((headers, size_bytes))
        return self.by_place.setdefault(place, Disposition.UNREADABLE)

    async def proved(self, account: str, folder: str) -> None:
        self.proofs += 1


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as running:
        yield running


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers.cursor, "RETRY_FIRST_S", 0.1)
    monkeypatch.setattr(inbox, "PAUSE_FIRST_S", 0.05)


def mailbox_of(port: int, user: str, **limits: float) -> ImapMailbox:
    folder = "INBOX"
    return ImapMailbox(ImapAccount("127.0.0.1", port, user, PASSWORD, folder=folder, tls=False), **limits)


@asynccontextmanager
async def watching(mailbox: ImapMailbox, sink: MemorySink, **options: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(InboxWatch(mailbox, sink, **options).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def eventually(happened: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not happened():  # noqa: ASYNC110  # what happens is on a server
            await asyncio.sleep(0.02)


def count_in(dovecot: Dovecot, user: str, folder: str) -> int:
    with imaplib.IMAP4("127.0.0.1", dovecot.imap) as client:
        client.login(user, PASSWORD)
        status, answer = client.select(folder, readonly=True)
        return int(answer[0] or 0) if status == "OK" else 0


async def test_a_mail_that_was_there_before_is_taken_and_filed(dovecot: Dovecot) -> None:
    user, sink = fresh_address(), MemorySink()
    dovecot.deliver(user, sample())
    async with watching(mailbox_of(dovecot.imap, user), sink):
        await eventually(lambda: count_in(dovecot, user, "Processed") == 1)
    assert count_in(dovecot, user, "INBOX") == 0
    assert len(sink.effects) == 1


async def test_new_mail_is_noticed_by_the_push(dovecot: Dovecot) -> None:
    user, sink = fresh_address(), MemorySink()
    waits = []
    async with watching(mailbox_of(dovecot.imap, user), sink):
        await eventually(lambda: sink.proofs > 0)
        for number in range(1, 6):
            sent_at = time.monotonic()
            await asyncio.to_thread(dovecot.deliver, user, sample(f"Invoice {number}"))
            await eventually(lambda wanted=number: wanted in sink.took_at)  # type: ignore[misc]
            waits.append(sink.took_at[number] - sent_at)
    # Dovecot itself takes half a second to push.
    assert statistics.median(waits) < 1.5


@pytest.mark.parametrize(
    ("becomes", "folder"),
    [
        (Disposition.ACCEPTED, "Processed"),
        (Disposition.IGNORED, "Processed"),
        (Disposition.QUARANTINED, "Quarantine"),
        (Disposition.UNREADABLE, "Failed"),
    ],
)
async def test_each_end_of_a_mail_has_its_folder(dovecot: Dovecot, becomes: Disposition, folder: str) -> None:
    user, sink = fresh_address(), MemorySink()
    sink.becomes = becomes
    dovecot.deliver(user, sample())
    async with watching(mailbox_of(dovecot.imap, user), sink):
        await eventually(lambda: count_in(dovecot, user, folder) == 1)


async def test_a_mail_the_sink_recorded_as_failed_goes_to_failed_and_the_next_is_taken(
    dovecot: Dovecot,
) -> None:
    async def fault(raw: bytes, _: int) -> None:
        if b"Subject: bad" in raw:
            raise PermanentError("unreadable")

    user, sink = fresh_address(), MemorySink()
    sink.fault = fault
    dovecot.deliver(user, sample("bad"))
    dovecot.deliver(user, sample("good"))
    async with watching(mailbox_of(dovecot.imap, user), sink):
        await eventually(lambda: count_in(dovecot, user, "Processed") == 1)
    assert count_in(dovecot, user, "Failed") == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("error", [TransientError("database away"), ConflictError(), KeyError("a bug")])
async def test_a_mail_that_cannot_be_taken_now_is_taken_later_and_blocks_nothing(
    dovecot: Dovecot, error: Exception
) -> None:
    async def fault(raw: bytes, times: int) -> None:
        if b"Subject: stubborn" in raw and times < 3:
            raise error

    user, sink = fresh_address(), MemorySink()
    sink.fault = fault
    dovecot.deliver(user, sample("stubborn"))
    dovecot.deliver(user, sample("easy"))
    async with watching(mailbox_of(dovecot.imap, user), sink):
        await eventually(lambda: count_in(dovecot, user, "Processed") == 2)
    assert sink.asked == [1, 2, 1, 1]


async def test_a_stubborn_mail_makes_no_busy_loop(dovecot: Dovecot) -> None:
    async def fault(_: bytes, __: int) -> None:
        raise TransientError

    user, sink = fresh_address(), MemorySink()
    sink.fault = fault
    dovecot.deliver(user, sample())
    async with watching(mailbox_of(dovecot.imap, user), sink, poll_seconds=0.02):
        await eventually(lambda: sink.proofs > 10)
    assert sink.asked == [1]


async def test_a_mail_over_the_limit_is_recorded_by_its_headers_alone(dovecot: Dovecot) -> None:
    user, sink = fresh_address(), MemorySink()
    dovecot.deliver(user, sample("huge", pdf=os.urandom(300_000)))
    async with Proxy(dovecot.imap) as proxy:
        async with watching(mailbox_of(proxy.port, user), sink, size_limit_bytes=100_000):
            await eventually(lambda: count_in(dovecot, user, "Failed") == 1)
        assert proxy.bytes_down < 10_000
    headers, size_bytes = sink.large[0]
    assert b"Subject: huge" in headers
    assert size_bytes > 400_000


@pytest.mark.usefixtures("quick")
async def test_a_filing_that_failed_is_made_up_for_without_a_second_accept(dovecot: Dovecot) -> None:
    user, sink = fresh_address(), MemorySink()
    dovecot.deliver(user, sample())
    async with Proxy(dovecot.imap) as proxy:
        proxy.deaf_to = b"UID MOVE"
        async with watching(mailbox_of(proxy.port, user, command_timeout_s=0.3), sink, poll_seconds=0.2):
            await eventually(lambda: proxy.connections > 1)
            assert count_in(dovecot, user, "INBOX") == 1
            proxy.deaf_to = None
            await eventually(lambda: count_in(dovecot, user, "Processed") == 1)
    assert sink.asked == [1]


@pytest.mark.usefixtures("quick")
async def test_a_filing_that_a_dead_process_left_undone_is_done_by_the_next(dovecot: Dovecot) -> None:
    user, sink = fresh_address(), MemorySink()
    dovecot.deliver(user, sample())
    async with Proxy(dovecot.imap) as proxy:
        proxy.deaf_to = b"UID MOVE"
        async with watching(mailbox_of(proxy.port, user, command_timeout_s=0.3), sink):
            await eventually(lambda: len(sink.effects) == 1)
    async with watching(mailbox_of(dovecot.imap, user), sink):
        await eventually(lambda: count_in(dovecot, user, "Processed") == 1)
    assert len(sink.effects) == 1


async def test_two_watches_on_one_mailbox_take_every_mail_once(dovecot: Dovecot) -> None:
    user, sink = fresh_address(), MemorySink()
    for number in range(30):
        dovecot.deliver(user, sample(f"Invoice {number}"))
    one, two = mailbox_of(dovecot.imap, user), mailbox_of(dovecot.imap, user)
    async with watching(one, sink), watching(two, sink):
        await eventually(lambda: count_in(dovecot, user, "INBOX") == 0)
    assert len(sink.effects) == 30
    # Dovecot may copy a mail twice when two sessions move it in the same moment: a copy more, never one less.
    assert count_in(dovecot, user, "Processed") >= 30


async def break_by_cut(proxy: Proxy) -> None:
    proxy.cut()


async def break_by_bye(proxy: Proxy) -> None:
    proxy.say(b"* BYE going down\r\n")


async def break_by_black_hole(proxy: Proxy) -> None:
    before = proxy.connections
    proxy.swallow = True
    await eventually(lambda: proxy.connections > before)
    proxy.swallow = False
    proxy.cut()


async def break_by_deafness(proxy: Proxy) -> None:
    before = proxy.connections
    proxy.deaf_to = b"IDLE"
    await eventually(lambda: proxy.connections > before)
    proxy.deaf_to = None


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("break_it", [break_by_cut, break_by_bye, break_by_black_hole, break_by_deafness])
async def test_the_watch_recovers_and_loses_nothing(
    dovecot: Dovecot, break_it: Callable[[Proxy], Awaitable[None]]
) -> None:
    user, sink = fresh_address(), MemorySink()
    async with Proxy(dovecot.imap) as proxy:
        mailbox = mailbox_of(proxy.port, user, command_timeout_s=0.5, idle_answer_s=0.3)
        async with watching(mailbox, sink, poll_seconds=0.2):
            await eventually(lambda: sink.proofs > 0)
            await break_it(proxy)
            dovecot.deliver(user, sample("after the break"))
            await eventually(lambda: count_in(dovecot, user, "Processed") == 1)
        assert proxy.connections > 1


async def test_a_renumbered_folder_is_taken_from_its_start(dovecot: Dovecot) -> None:
    user, sink = fresh_address(), MemorySink()
    account = ImapAccount("127.0.0.1", dovecot.imap, user, PASSWORD, folder="Bills", tls=False)
    refill(dovecot, user, b"first")
    mailbox = ImapMailbox(account)
    async with mailbox:
        watch = InboxWatch(mailbox, sink)
        assert await watch.sweep() == 1
    refill(dovecot, user, b"second")
    async with mailbox:
        assert await watch.sweep() == 1
    assert len({place.uidvalidity for place in sink.by_place}) == 2


def refill(dovecot: Dovecot, user: str, subject: bytes) -> None:
    with imaplib.IMAP4("127.0.0.1", dovecot.imap) as client:
        client.login(user, PASSWORD)
        client.delete("Bills")
        client.create("Bills")
        client.append("Bills", "", None, b"Subject: " + subject + b"\r\n\r\nhello")


async def test_a_sweep_with_nothing_new_costs_next_to_nothing(dovecot: Dovecot) -> None:
    async def fault(_: bytes, __: int) -> None:
        raise TransientError

    user, sink = fresh_address(), MemorySink()
    sink.fault = fault
    dovecot.fill(user, sample(), 300)
    async with Proxy(dovecot.imap) as proxy, mailbox_of(proxy.port, user) as mailbox:
        watch = InboxWatch(mailbox, sink)
        await watch.sweep()
        before = proxy.bytes_down
        await watch.sweep()
        assert proxy.bytes_down - before < 2_000


def test_pauses_grow_and_stay_below_their_limit() -> None:
    pauses = [pause_seconds(failures, 15) for failures in range(12)]
    assert pauses[0] <= 0.5
    assert max(pauses) <= 15
    assert min(pauses[6:]) >= 7.5


def test_a_refused_login_is_not_hammered() -> None:
    assert pause_seconds(12, inbox.PAUSE_MOST_REFUSED_S) >= 150
