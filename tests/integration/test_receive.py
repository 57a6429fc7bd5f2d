"""Taking in mails with the real parser, door, file store and database: nothing in twice, nothing lost."""

from __future__ import annotations

import asyncio
import errno
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.watch import Intake
from handlers.receive import receive, receive_too_large
from schema.errors import TransientError
from schema.mail import Disposition, MailPlace
from schema.states import State
from tests.world import ACCOUNT as VENDORS_ACCOUNT
from tests.world import PRIYA, Town, fields, only, reason, walk

OURS = "mx.countersign.example"
ACCOUNT = "pay@countersign.example"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4
PROVED = f"{OURS}; dmarc=pass header.from=meridian.example"
SAMPLES = Path("sandbox/samples")

GARBAGE = {
    "nothing": b"",
    "zeros": b"\x00" * 4096,
    "noise": bytes(range(256)) * 64,
    "no header": b"hello\r\nthere\r\n",
    "a header that never ends": b"From: " + b"a" * 300_000,
    "a mail in a mail in a mail": b"Content-Type: message/rfc822\r\n\r\n" * 400,
    "thousands of parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000,
    "a boundary of its own": b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n--\r\n",
    "an unknown charset": b"From: a@b.example\r\nSubject: =?x-no?B?////?=\r\n"
    b"Content-Type: text/plain; charset=x-no\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
}


def place(uid: int = 1, uidvalidity: int = 1) -> MailPlace:
    return MailPlace(account=ACCOUNT, folder="INBOX", uidvalidity=uidvalidity, uid=uid)


def forwarded(*attached: bytes, verdict: str | None = PROVED, sender: str = PRIYA, number: int = 1) -> bytes:
    mail = EmailMessage()
    if verdict:
        mail["Authentication-Results"] = verdict
    mail["From"] = f"Priya Nair <{sender}>"
    mail["To"] = ACCOUNT
    mail["Subject"] = "Fwd: Invoice"
    mail["Message-ID"] = f"<m{number}@meridian.example>"
    mail["Date"] = "Mon, 23 Nov 2026 15:30:00 +0530"
    mail.set_content("please pay")
    for index, data in enumerate(attached):
        mail.add_attachment(data, maintype="application", subtype="pdf", filename=f"invoice-{index}.pdf")
    return mail.as_bytes()


async def states(town: Town) -> list[State]:
    return sorted(line.state for line in await town.world.store.views.invoices())


async def cursor(town: Town) -> int:
    return await town.world.store.mails.cursor(ACCOUNT, "INBOX", 1)


async def test_a_proved_forwarders_invoice_is_received(town: Town) -> None:
    assert await receive(place(), forwarded(PDF), town.world) is Disposition.ACCEPTED
    invoice = await town.world.store.street.invoice(await only(town))
    assert invoice is not None
    assert invoice.thread.forwarder == PRIYA
    assert invoice.thread.message_id == "<m1@meridian.example>"
    assert invoice.document is not None
    assert await town.world.blobs.get(invoice.document.key) == PDF


async def test_the_record_begins_with_the_proof_of_the_sender(town: Town) -> None:
    await receive(place(), forwarded(PDF), town.world)
    (first,) = await town.world.store.views.entries(await only(town))
    assert first.entry.facts["door"]["authentication_results"] == PROVED
    assert first.entry.actor == PRIYA


@pytest.mark.parametrize(
    "raw",
    [
        forwarded(PDF, verdict=None),
        forwarded(PDF, sender="mallory@evil.example"),
        forwarded(PDF, verdict=f"{OURS}; dmarc=fail header.from=meridian.example"),
        forwarded(PDF, verdict="mx.evil.example; dmarc=pass header.from=meridian.example"),
        f"Authentication-Results: {OURS}; dmarc=none\r\n".encode() + forwarded(PDF),
    ],
    ids=["no verdict", "a stranger", "a failed verdict", "another's verdict", "a forged one below ours"],
)
async def test_an_unproved_mail_is_quarantined_and_never_answered(town: Town, raw: bytes) -> None:
    assert await receive(place(), raw, town.world) is Disposition.QUARANTINED
    await walk(town)
    assert await states(town) == []
    assert town.mailer.sent == []


async def test_a_quarantined_mail_is_kept_with_its_reason(town: Town) -> None:
    await receive(place(), forwarded(PDF, sender="mallory@evil.example"), town.world)
    (mail,) = await town.world.store.views.mails(10)
    assert (mail.sender, mail.disposition) == ("mallory@evil.example", "quarantined")
    assert mail.reason == "The sender is not on the list of forwarders."


async def test_a_bounce_is_ignored_and_never_answered(town: Town) -> None:
    raw = b"Auto-Submitted: auto-replied\r\n" + forwarded(PDF)
    assert await receive(place(), raw, town.world) is Disposition.IGNORED
    assert await states(town) == []


async def test_a_mail_without_an_attachment_is_rejected_and_told(town: Town) -> None:
    await receive(place(), forwarded(), town.world)
    assert set((await walk(town)).values()) == {State.CLOSED}
    (mail,) = town.mailer.sent
    assert (mail.to, mail.in_reply_to) == (PRIYA, "<m1@meridian.example>")
    assert "no invoice attached" in mail.text


async def test_two_attachments_are_two_invoices(town: Town) -> None:
    await receive(place(), forwarded(PDF, PDF + b"2"), town.world)
    assert await states(town) == [State.RECEIVED, State.RECEIVED]


@pytest.mark.parametrize(
    "again", [place(2), place(1, uidvalidity=2)], ids=["another uid", "a renumbered folder"]
)
async def test_the_same_bytes_elsewhere_are_the_same_mail(town: Town, again: MailPlace) -> None:
    raw = forwarded(PDF)
    await receive(place(), raw, town.world)
    assert await receive(again, raw, town.world) is Disposition.ACCEPTED
    assert await states(town) == [State.RECEIVED]


async def test_the_same_mail_taken_by_many_at_once_is_one_invoice(town: Town) -> None:
    raw = forwarded(PDF)
    ends = await asyncio.gather(*(receive(place(uid), raw, town.world) for uid in range(1, 9)))
    assert set(ends) == {Disposition.ACCEPTED}
    assert await states(town) == [State.RECEIVED]
    assert await cursor(town) == 8


async def test_a_quarantined_mail_stays_so_when_it_comes_again(town: Town) -> None:
    raw = forwarded(PDF, verdict=None)
    await receive(place(), raw, town.world)
    assert await receive(place(2), raw, town.world) is Disposition.QUARANTINED


async def test_an_oversized_mail_of_a_forwarder_is_rejected_and_told_why(town: Town) -> None:
    headers = forwarded().partition(b"\n\n")[0] + b"\n\n"
    end = await receive_too_large(place(), headers, 60 * 2**20, town.world)
    assert end is Disposition.ACCEPTED
    await walk(town)
    assert "60 MiB" in town.mailer.sent[0].text


async def test_two_oversized_mails_with_equal_headers_are_both_on_record(town: Town) -> None:
    headers = forwarded().partition(b"\n\n")[0] + b"\n\n"
    await receive_too_large(place(1), headers, 60 * 2**20, town.world)
    await receive_too_large(place(2), headers, 60 * 2**20, town.world)
    assert await cursor(town) == 2


async def test_an_oversized_mail_of_a_stranger_is_not_answered(town: Town) -> None:
    headers = forwarded(sender="mallory@evil.example").partition(b"\n\n")[0] + b"\n\n"
    assert await receive_too_large(place(), headers, 60 * 2**20, town.world) is Disposition.QUARANTINED
    await walk(town)
    assert town.mailer.sent == []


@pytest.mark.parametrize("what", GARBAGE)
async def test_garbage_ends_on_record_and_blocks_nothing(town: Town, what: str) -> None:
    end = await receive(place(), GARBAGE[what], town.world)
    assert end in {Disposition.UNREADABLE, Disposition.QUARANTINED, Disposition.IGNORED}
    assert await cursor(town) == 1
    assert await receive(place(2), forwarded(PDF), town.world) is Disposition.ACCEPTED


@pytest.mark.parametrize("text", [r"\u0000", "\x00", "=?utf-8?b?7aCA?=", "नया ₹", "'; drop table mails; --"])
async def test_any_text_in_a_header_is_taken(town: Town, text: str) -> None:
    raw = forwarded(PDF).replace(b"Fwd: Invoice", text.encode()).replace(b"Priya Nair", text.encode())
    assert await receive(place(), raw, town.world) in {Disposition.ACCEPTED, Disposition.QUARANTINED}


async def test_a_hostile_file_name_is_only_a_name(town: Town) -> None:
    raw = forwarded(PDF).replace(b"invoice-0.pdf", b"../../etc/\\u0000passwd\\x.pdf")
    await receive(place(), raw, town.world)
    assert await states(town) == [State.RECEIVED]


@pytest.mark.parametrize("sample", ["not-a-pdf.pdf", "locked.pdf"])
async def test_an_unreadable_attachment_is_still_an_invoice_to_answer(town: Town, sample: str) -> None:
    raw = forwarded((SAMPLES / sample).read_bytes())
    assert await receive(place(), raw, town.world) is Disposition.ACCEPTED
    assert await states(town) == [State.RECEIVED]


def fill_disk(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(key: object, data: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(town.world.blobs, "_write", refuse)


@pytest.mark.parametrize("large", [False, True], ids=["a mail", "an oversized mail"])
async def test_a_full_disk_puts_a_mail_off_and_the_cursor_does_not_pass_it(
    town: Town, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    intake = Intake(town.world)
    with monkeypatch.context() as full:
        fill_disk(town, full)
        with pytest.raises(TransientError, match="No space left on device"):
            await take(intake, 5, large)
    await take(intake, 6, large=False)
    assert await cursor(town) == 4
    await take(intake, 5, large)
    assert await cursor(town) == 6
    assert len(await states(town)) == 2


async def take(intake: Intake, uid: int, large: bool) -> Disposition:
    raw = forwarded(PDF, number=uid)
    if large:
        return await intake.too_large(place(uid), raw.partition(b"\n\n")[0] + b"\n\n", 60 * 2**20)
    return await intake.accept(place(uid), raw)


async def test_a_file_store_that_fails_half_way_leaves_no_half_mail(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, written = town.world.blobs._write, []  # type: ignore[attr-defined]

    def second_fails(key: object, data: bytes) -> None:
        written.append(data)
        if len(written) == 2:
            raise OSError(errno.EIO, "Input/output error")
        whole(key, data)

    monkeypatch.setattr(town.world.blobs, "_write", second_fails)
    with pytest.raises(TransientError):
        await receive(place(), forwarded(PDF), town.world)
    assert await states(town) == []
    assert await receive(place(), forwarded(PDF), town.world) is Disposition.ACCEPTED
    assert await states(town) == [State.RECEIVED]


async def test_a_settled_mail_is_not_taken_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    intake = Intake(town.world)
    await take(intake, 5, large=False)
    fill_disk(town, monkeypatch)
    assert await take(intake, 5, large=False) is Disposition.ACCEPTED


async def test_an_approver_who_forwards_is_not_asked_about_their_own(town: Town) -> None:
    object.__setattr__(town.world, "forwarders", frozenset({"asha@meridian.example"}))
    raw = forwarded(PDF, sender="asha@meridian.example")
    await receive(place(), raw, town.world)
    await walk(town)
    assert [question.person.name for question, _, _ in town.messenger.asked] == ["Vikram Shah"]
    assert "Asked Vikram Shah" in await reason(town)


def with_accounts_everywhere() -> bytes:
    """A mail that names an account in its subject, its sender's name, a file's name and the mail it forwards."""
    mail = EmailMessage()
    mail["Authentication-Results"] = PROVED
    mail["From"] = f'"Priya {VENDORS_ACCOUNT}" <{PRIYA}>'
    mail["Subject"] = f"Fwd: pay {VENDORS_ACCOUNT}"
    mail["Message-ID"] = "<m1@meridian.example>"
    mail.set_content(f"---- Forwarded message ----\nFrom: x@y.example\nSubject: {VENDORS_ACCOUNT}\n\nhello")
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename=f"{VENDORS_ACCOUNT}.pdf")
    mail.add_attachment(PDF, maintype="application", subtype="pdf", filename=f"copy {VENDORS_ACCOUNT}.pdf")
    return mail.as_bytes()


async def test_an_account_in_names_and_subjects_is_nowhere_in_clear(town: Town) -> None:
    await receive(place(), with_accounts_everywhere(), town.world)
    async with town.world.store.database.transaction() as connection:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        for table in tables:
            rows = await connection.fetch(f'select t::text as row from "{table["tablename"]}" t')
            assert not any(VENDORS_ACCOUNT in row["row"] for row in rows), table["tablename"]


async def test_an_account_in_names_and_subjects_does_not_silence_the_answer(town: Town) -> None:
    town.reader.fields = fields(invoice_number=None)
    await receive(place(), with_accounts_everywhere(), town.world)
    assert set((await walk(town)).values()) == {State.HELD}
    (mail,) = town.mailer.sent
    for text in (mail.subject, mail.text, mail.html):
        town.world.guard.text(text)
