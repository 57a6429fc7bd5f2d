"""What a look at a large mailbox costs, and that renumbering it neither loses nor doubles a mail."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator

import pytest

from daemon.adapters.mailbox_imap import ImapAccount, ImapMailbox
from daemon.inbox import InboxWatch
from daemon.watch import Intake
from tests.integration.mail_rig import PASSWORD, Dovecot, Proxy, fresh_address, running_dovecot, sample
from tests.integration.test_inbox import MemorySink
from tests.world import Town

SEEN = 10_000
MOST_BYTES = 10_000


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as running:
        yield running


class ShelflessMailbox(ImapMailbox):
    """A mailbox whose server lets nothing be moved: what was seen stays in the folder."""

    async def file_away(self, uid: int, folder: str) -> bool:
        return False


async def test_a_second_look_at_ten_thousand_seen_mails_moves_under_ten_kilobytes(dovecot: Dovecot) -> None:
    user, sink = fresh_address(), MemorySink()
    dovecot.fill(user, sample(), SEEN)
    async with Proxy(dovecot.imap) as proxy:
        async with ShelflessMailbox(
            ImapAccount("127.0.0.1", proxy.port, user, PASSWORD, tls=False)
        ) as mailbox:
            watch = InboxWatch(mailbox, sink)
            await watch.sweep()
            assert len(sink.by_place) == SEEN
            before = proxy.bytes_down + proxy.bytes_up
            await watch.sweep()
        assert proxy.bytes_down + proxy.bytes_up - before < MOST_BYTES


async def test_a_new_connection_to_a_mailbox_whose_mails_were_filed_moves_under_ten_kilobytes(
    dovecot: Dovecot,
) -> None:
    user, sink = fresh_address(), MemorySink()
    dovecot.fill(user, sample(), 500)
    async with ImapMailbox(ImapAccount("127.0.0.1", dovecot.imap, user, PASSWORD, tls=False)) as mailbox:
        await InboxWatch(mailbox, sink).sweep()
    async with Proxy(dovecot.imap) as proxy:
        async with ImapMailbox(ImapAccount("127.0.0.1", proxy.port, user, PASSWORD, tls=False)) as mailbox:
            await InboxWatch(mailbox, sink).sweep()
        assert proxy.bytes_down + proxy.bytes_up < MOST_BYTES


def renumbered(dovecot: Dovecot, user: str, *mails: bytes) -> int:
    """The folder made anew with these mails; its UIDVALIDITY."""
    with imaplib.IMAP4("127.0.0.1", dovecot.imap) as client:
        client.login(user, PASSWORD)
        client.delete("Bills")
        client.create("Bills")
        for mail in mails:
            client.append("Bills", "", None, mail)
        _, answer = client.status("Bills", "(UIDVALIDITY)")
        found = re.search(rb"UIDVALIDITY (\d+)", answer[0] or b"")
        assert found is not None
        return int(found[1])


async def look(dovecot: Dovecot, user: str, town: Town) -> None:
    account = ImapAccount("127.0.0.1", dovecot.imap, user, PASSWORD, folder="Bills", tls=False)
    async with ImapMailbox(account) as mailbox:
        await InboxWatch(mailbox, Intake(town.world)).sweep()


async def test_the_same_mail_under_new_numbers_is_the_same_mail(dovecot: Dovecot, town: Town) -> None:
    user, mail = fresh_address(), sample("first")
    one = renumbered(dovecot, user, mail)
    await look(dovecot, user, town)
    two = renumbered(dovecot, user, mail)
    await look(dovecot, user, town)
    assert one != two
    assert len(await town.world.store.views.mails()) == 1


async def test_another_mail_under_a_number_seen_before_is_taken(dovecot: Dovecot, town: Town) -> None:
    user = fresh_address()
    renumbered(dovecot, user, sample("first"))
    await look(dovecot, user, town)
    renumbered(dovecot, user, sample("second"))
    await look(dovecot, user, town)
    assert {mail.subject for mail in await town.world.store.views.mails()} == {"first", "second"}
