"""The main job before one's eyes: mails go out, a table shows each invoice on its way, the phones answer."""

from __future__ import annotations

import asyncio
import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sandbox.demo_places import address_of
from sandbox.demo_stack import Stack
from sandbox.demo_street import Street, Traveller
from sandbox.mails import DemoMail, ExpectedOutcome, build
from sandbox.ports import LOOPBACK

POLL_S: Final = 0.2
LIMIT_S: Final = 240.0
"""On two slow cores everything is over in a minute; after four something is wrong."""

LONGEST_GAP_S: Final = 10.0

THINK_S: Final = 1.0
"""How long the simulated approver looks at a message before answering."""

COLOURS: Final = {"paid": "green", "rejected": "red", "held": "yellow", "quarantined": "magenta"}


@dataclass(frozen=True)
class Sent:
    """A mail on its way; `at` is Unix time when the server took it."""

    mail: DemoMail
    message_id: str
    at: float


@dataclass
class Result:
    """What one expected document came to."""

    sent: Sent
    expected: ExpectedOutcome
    traveller: Traveller | None = None
    disposition: str | None = None
    reason: str = ""

    @property
    def end(self) -> str:
        """Where it stands, in the words of `ExpectedOutcome`."""
        if self.disposition == "quarantined":
            return "quarantined"
        if self.traveller is None:
            return ""
        without = self.traveller.end == "rejected" and not self.traveller.document
        return "no_invoice" if without else self.traveller.end

    @property
    def done(self) -> bool:
        """Whether it is at its end."""
        return self.end == "quarantined" or (self.traveller is not None and self.traveller.done)

    @property
    def as_expected(self) -> bool:
        """Whether state, reason and approvals are those that were expected."""
        words = all(word.lower() in self.reason.lower() for word in self.expected.reason_words)
        approvals = self.traveller.approvals if self.traveller else 0
        return (
            self.done and self.end == self.expected.state and words and approvals >= self.expected.approvals
        )

    @property
    def ask_seconds(self) -> float | None:
        """From the mail's acceptance by the server to the question on the phone."""
        if self.traveller is None or self.traveller.asked_at is None:
            return None
        return self.traveller.asked_at.timestamp() - self.sent.at


@dataclass
class Show:
    """The running demo."""

    stack: Stack
    street: Street
    console: Console
    by_hand: bool
    sent: list[Sent] = field(default_factory=list)
    tapped: set[str] = field(default_factory=set)
    seen_at: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.time)

    async def run(self, mails: Sequence[DemoMail]) -> list[Result]:
        """Send all mails and watch until everything is at its end, or the time is over."""
        sending = asyncio.create_task(self._send(mails))
        limit = None if self.by_hand else LIMIT_S
        results: list[Result] = []
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            with Live(console=self.console, auto_refresh=False, transient=False) as live:
                told: dict[str, str] = {}
                while limit is None or time.time() - self.started < limit:
                    results = await self._results()
                    self._tell(live, results, told)
                    if sending.done() and all(result.done for result in results):
                        break
                    if not self.by_hand:
                        await self._answer(client)
                    await asyncio.sleep(POLL_S)
        await sending
        return results

    async def _send(self, mails: Sequence[DemoMail]) -> None:
        for mail in mails:
            await self._let_some_pass()
            message = build(mail, self.stack.places.mailbox)
            sender = address_of(mail.forwarder)
            await asyncio.to_thread(self._submit, message.as_bytes(), sender, mail.authenticated)
            self.sent.append(Sent(mail, str(message["Message-ID"]), time.time()))

    async def _let_some_pass(self) -> None:
        """People forward one mail after the other: wait until fewer than two documents wait to be read."""
        deadline = time.time() + LONGEST_GAP_S
        while time.time() < deadline:
            results = await self._results()
            unread = sum(
                r.disposition is None or (r.traveller is not None and r.end == "received") for r in results
            )
            if unread < 2:
                return
            await asyncio.sleep(POLL_S)

    def _submit(self, content: bytes, sender: str, authenticated: bool) -> None:
        with smtplib.SMTP(LOOPBACK, self.stack.places.smtp, timeout=20) as smtp:
            if authenticated:
                smtp.login(sender, self.stack.outside.users[sender])
            smtp.sendmail(sender, [self.stack.places.mailbox], content)

    async def _results(self) -> list[Result]:
        travellers, mails = await self.street.travellers(), await self.street.mails()
        results = []
        for sent in self.sent:
            mine = {t.document: t for t in travellers if t.message_id == sent.message_id}
            disposition, reason = mails.get(sent.message_id, (None, ""))
            for expected in sent.mail.expected:
                traveller = mine.get(expected.document or "")
                told = traveller.reason if traveller else reason
                results.append(Result(sent, expected, traveller, disposition, told))
        return results

    async def _answer(self, client: httpx.AsyncClient) -> None:
        """Tap the button of each new message, as the script of the demo wants it."""
        for question in await self.street.questions():
            sid = question["message_sid"]
            first = self.seen_at.setdefault(sid, time.time())
            if sid in self.tapped or time.time() - first < THINK_S:
                continue
            reject = any(
                expected.document == question["document"]
                and sent.message_id == question["message_id"]
                and address_of(expected.rejected_by or "") == question["approver"]
                for sent in self.sent
                for expected in sent.mail.expected
            )
            url = f"http://{LOOPBACK}:{self.stack.places.twilio}/phone/{question['phone']}/tap"
            content = {"message_sid": sid, "button": "Reject" if reject else "Approve"}
            answer = await client.post(url, json=content)
            if answer.is_success:
                self.tapped.add(sid)

    def _tell(self, live: Live, results: list[Result], told: dict[str, str]) -> None:
        """On a terminal the table; elsewhere one line for each change."""
        if self.console.is_terminal:
            live.update(self._table(results), refresh=True)
            return
        for result in results:
            key = f"{result.sent.mail.name}/{result.expected.document}"
            state = result.end or "on its way"
            if told.get(key) != state:
                told[key] = state
                self.console.print(
                    f"{time.time() - result.sent.at:6.1f} s  {key:<42} {state}", highlight=False
                )

    def _table(self, results: list[Result]) -> Table:
        table = Table(title="Invoices on the street", title_justify="left", show_edge=False, expand=True)
        for column in ("mail", "document", "state", "seconds", "why"):
            table.add_column(column, justify="right" if column == "seconds" else "left", no_wrap=True)
        for result in results:
            state = result.end or "on its way"
            end = result.traveller.moved_at.timestamp() if result.traveller and result.done else time.time()
            table.add_row(
                result.sent.mail.name,
                result.expected.document or "-",
                Text(state, style=COLOURS.get(state, "cyan")),
                f"{end - result.sent.at:.1f}",
                result.traveller.last_error or result.reason if result.traveller else result.reason,
            )
        return table
