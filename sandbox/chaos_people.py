"""The people of a chaos run: forwarders who send as long as little is under way, approvers who answer what they get."""

from __future__ import annotations

import asyncio
import random
import smtplib
import time
from dataclasses import dataclass, field
from typing import Final

import httpx

from sandbox.chaos_invoices import Order, mail_of, plan_order
from sandbox.chaos_stack import ChaosStack
from sandbox.chaos_watch import Asked, Watch
from sandbox.demo_places import address_of
from sandbox.ports import LOOPBACK

UNDER_WAY: Final = 9
SEND_PAUSE_S: Final = 0.5
SMTP_S: Final = 15.0
THINK_S: Final = 0.5
ASK_AGAIN_S: Final = 8.0
"""Who tapped and saw nothing happen writes the text reply after this long."""

HTTP: Final = httpx.Timeout(10.0)


@dataclass
class People:
    """Senders and approvers; `orders` maps Message-ID to what was sent."""

    stack: ChaosStack
    watch: Watch
    rng: random.Random
    orders: dict[str, Order] = field(default_factory=dict)
    sending: bool = True
    _answered: dict[str, float] = field(default_factory=dict)

    async def send(self) -> None:
        """Forward invoices until told to stop; a mail counts once the server took it."""
        while self.sending:
            if self.watch.unsettled < UNDER_WAY:
                await self._send_one()
            await asyncio.sleep(SEND_PAUSE_S)

    async def answer(self) -> None:
        """Tap the button of each question, and reply by text when nothing came of it."""
        async with httpx.AsyncClient(trust_env=False, timeout=HTTP) as client:
            while True:
                for question in self.watch.questions:
                    await self._answer(client, question)
                await asyncio.sleep(THINK_S)

    async def _send_one(self) -> None:
        order = plan_order(self.rng, len(self.orders))
        mail = mail_of(order, self.stack.places.mailbox)
        content, sender = mail.as_bytes(), address_of(order.forwarder)
        while True:
            try:
                await asyncio.to_thread(self._hand_over, sender, content)
                break
            except (OSError, smtplib.SMTPException):
                await asyncio.sleep(SEND_PAUSE_S)  # as a mail program does: keep it and try again
        message_id = str(mail["Message-ID"])
        self.orders[message_id] = order
        self.watch.sent[message_id] = order.refused_by_the_bank

    def _hand_over(self, sender: str, content: bytes) -> None:
        with smtplib.SMTP(LOOPBACK, self.stack.places.smtp, timeout=SMTP_S) as smtp:
            smtp.login(sender, self.stack.outside.users[sender])
            smtp.sendmail(sender, [self.stack.places.mailbox], content)

    async def _answer(self, client: httpx.AsyncClient, question: Asked) -> None:
        before, now = self._answered.get(question.id), time.monotonic()
        if before is not None and now - before < ASK_AGAIN_S:
            return
        order = self.orders.get(question.message_id)
        if order is None:
            return
        self._answered[question.id] = now
        verdict = "Reject" if order.rejected else "Approve"
        phone = f"{self.stack.twilio_url}/phone/{question.phone}"
        try:
            if before is None:
                await client.post(
                    f"{phone}/tap", json={"message_sid": question.message_sid, "button": verdict}
                )
            else:
                await client.post(f"{phone}/text", json={"text": f"{verdict.upper()} {question.code}"})
        except httpx.HTTPError:
            del self._answered[question.id]
