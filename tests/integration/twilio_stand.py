"""The Twilio stand-in and a small product on real sockets, for the tests of everything around WhatsApp."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response

from daemon.adapters.messenger_twilio import TwilioMessenger
from daemon.web.twilio_webhook import InboundMessage, StatusUpdate, parse_inbound, parse_status, twiml
from sandbox.twilio_api import Sandbox, TwilioSettings, create_app
from schema.approval import Person, Question, code_of
from schema.errors import ForgedError
from schema.ids import Address, InvoiceId, Phone, QuestionId, Sha256
from schema.masking import Masked

ACCOUNT = "AC" + "0a" * 16
TOKEN = "a-secret-of-the-tests-only-0123"
PUBLIC = "https://pay.example.com"
ASHA = Phone("+919800000001")
VIKRAM = Phone("+919800000002")
STRANGER = Phone("+919800000099")
PICTURE = f"{PUBLIC}/media/shot.png"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)
TEXT = Masked(
    "*Pay INR 1,18,000.00 to Acme Industrial Supplies?*\nAccount XXXXXX1234, by NEFT.\nChecks passed."
)
DEADLINE_S = 10.0


@dataclass
class Product:
    """What the product got, and how it is to answer."""

    inbound: list[InboundMessage] = field(default_factory=list)
    statuses: list[StatusUpdate] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    reply: str | None = None
    failures: int = 0
    public: str = PUBLIC
    picture: bytes | None = PNG
    picture_type: str = "image/png"


@dataclass
class Stand:
    """Everything a test needs, running."""

    sandbox: Sandbox
    product: Product
    api_url: str
    control: httpx.AsyncClient
    guarded: list[str] = field(default_factory=list)

    def messenger(self, **changes: Any) -> TwilioMessenger:
        """The adapter as it is wired, with some arguments changed."""
        usual: dict[str, Any] = {
            "account_sid": ACCOUNT,
            "auth_token": TOKEN,
            "sender": "+14155238886",
            "public_url": PUBLIC,
            "api_url": self.api_url,
            "guard": self.guarded.append,
            "timeout_s": 5.0,
        }
        return TwilioMessenger(**{**usual, **changes})

    async def fault(
        self, kind: str, path: str | None = "*/Messages.json", method: str | None = "POST", **more: Any
    ) -> None:
        """Let something fail."""
        rule = {"match": {"path": path, "method": method}, "fault": {"kind": kind, **more}}
        (await self.control.post("/__sim__/faults", json=rule)).raise_for_status()

    async def renew(self) -> None:
        """Make everything as it was at the start; starting servers anew for each test would take most of its time."""
        await self.sandbox.delivery.close()
        (await self.control.post("/__sim__/reset")).raise_for_status()
        vars(self.product).update(vars(Product()))
        self.guarded.clear()

    async def settled(self) -> None:
        """Wait until the stand-in has nothing under way."""
        async with asyncio.timeout(DEADLINE_S):
            await self.sandbox.delivery.idle()

    async def inbox(self, number: str = ASHA) -> list[dict[str, Any]]:
        """The chat of a phone when all is delivered."""
        await self.settled()
        answer = await self.control.get(f"/__sim__/phone/{number}/inbox")
        messages: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return messages

    def creates(self) -> int:
        """How many requests to create a message arrived."""
        return sum(
            r.method == "POST" and r.path.endswith("/Messages.json") for r in self.sandbox.requests.all()
        )

    async def phone(self, verb: str, number: str = ASHA, **body: Any) -> dict[str, Any]:
        """Let a phone do something, and wait for all that follows."""
        answer = await self.control.post(f"/__sim__/phone/{number}/{verb}", json=body)
        await self.settled()
        done: dict[str, Any] = answer.raise_for_status().json()
        return done


def make_question(phone: Phone = ASHA, asked_at: datetime | None = None) -> Question:
    """A question as the step makes it."""
    identity, now = QuestionId(uuid4()), asked_at or datetime.now(UTC)
    return Question(
        id=identity,
        invoice_id=InvoiceId(uuid4()),
        person=Person(name="Asha Rao", address=Address("asha@example.com"), phone=phone),
        fingerprint=Sha256("0" * 64),
        token=f"{identity.hex}.s1gn4ture_of-the.tests",
        code=code_of(identity),
        asked_at=now,
        expires_at=now + timedelta(hours=24),
    )


@asynccontextmanager
async def stand(**changes: Any) -> AsyncIterator[Stand]:
    """Start the stand-in and the product on free ports; `changes` are of the stand-in's settings."""
    product = Product()
    async with AsyncExitStack() as stack:
        actual = await stack.enter_async_context(serving(product_app(product)))
        usual: dict[str, Any] = {
            "account_sid": ACCOUNT,
            "auth_token": TOKEN,
            "inbound_url": f"{PUBLIC}/webhooks/twilio/inbound#rc=3&rp=all",
            "public_base": PUBLIC,
            "actual_base": actual,
            "joined": (ASHA, VIKRAM),
            "names": {ASHA: "Asha Rao", VIKRAM: "Vikram Shah"},
        }
        app = create_app(TwilioSettings(**{**usual, **changes}))
        api_url = await stack.enter_async_context(serving(app))
        control = await stack.enter_async_context(httpx.AsyncClient(base_url=api_url, timeout=DEADLINE_S))
        yield Stand(app.state.sandbox, product, api_url, control)


def product_app(product: Product) -> FastAPI:
    """Webhooks that verify and remember, and one picture."""
    app = FastAPI()

    @app.post("/webhooks/twilio/{kind}")
    async def webhook(kind: str, request: Request) -> Response:
        if product.failures:
            product.failures -= 1
            return Response(status_code=500)
        query = f"?{request.url.query}" if request.url.query else ""
        url, body = f"{product.public}{request.url.path}{query}", await request.body()
        try:
            if kind == "status":
                update = parse_status(url, request.headers, body, auth_token=TOKEN, account_sid=ACCOUNT)
                product.statuses.append(update)
                return Response(status_code=204)
            product.inbound.append(
                parse_inbound(url, request.headers, body, auth_token=TOKEN, account_sid=ACCOUNT)
            )
        except ForgedError as error:
            product.forged.append(error.sentence)
            return Response(status_code=403)
        return Response(twiml(product.reply), media_type="text/xml")

    @app.api_route("/media/shot.png", methods=["GET", "HEAD"])
    async def picture() -> Response:
        if product.picture is None:
            return Response(status_code=404)
        return Response(product.picture, media_type=product.picture_type)

    return app


@asynccontextmanager
async def serving(app: FastAPI, port: int = 0) -> AsyncIterator[str]:
    """Serve an application on this port of the loopback, or on a free one."""
    listener = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([listener]))
    async with asyncio.timeout(DEADLINE_S):
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
