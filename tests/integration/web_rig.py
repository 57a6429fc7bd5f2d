"""The web app with its real world, beside a street over the same database, and Twilio's signature."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import httpx
from fastapi import FastAPI
from twilio.request_validator import RequestValidator

from daemon.settings import Settings
from daemon.web.app import create_app
from handlers.links import audit_url, media_url, question_token
from schema.approval import Question
from schema.ids import BlobKey, InvoiceId
from schema.states import State
from schema.store import open_database
from schema.vault import new_master_key
from tests.world import ASHA, VIKRAM, Town, bring, make_town, only, stock, walk

ACCOUNT_SID = "AC" + "0a" * 16
AUTH_TOKEN = "a-secret-of-the-tests-only"
PUBLIC = "https://pay.example"
FORM = "application/x-www-form-urlencoded"
INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"


@dataclass
class Web:
    """The app, a client of it, and the street whose invoices it shows."""

    app: FastAPI
    client: httpx.AsyncClient
    town: Town
    database_url: str
    answers: list[httpx.Response] = field(default_factory=list)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(path, **options)

    async def post(
        self, form: dict[str, str], path: str = INBOUND, *, url: str | None = None, **headers: str
    ) -> httpx.Response:
        """A webhook signed as Twilio does; `url` is what the signature is made for."""
        signature = RequestValidator(AUTH_TOKEN).compute_signature(url or f"{PUBLIC}{path}", form)
        return await self.raw(urlencode(form), path, **({"X-Twilio-Signature": signature} | headers))

    async def raw(self, body: str | bytes, path: str = INBOUND, **headers: str | bytes) -> httpx.Response:
        named = {"Content-Type": FORM, **headers}
        encoded = {n.encode(): v if isinstance(v, bytes) else v.encode() for n, v in named.items()}
        return await self.client.post(path, content=body, headers=list(encoded.items()))

    async def tap(
        self, verdict: str = "A", *, sid: int = 1, phone: str | None = None, index: int = 0
    ) -> httpx.Response:
        """Asha taps a button of the message she got."""
        return await self.post(self.tapped(verdict, sid=sid, phone=phone, index=index))

    def tapped(
        self, verdict: str = "A", *, sid: int = 1, phone: str | None = None, index: int = 0
    ) -> dict[str, str]:
        question = self.question(index)
        token = question_token(self.town.world.vault, question.id)
        return inbound(phone or question.person.phone, sid=sid, ButtonPayload=f"{verdict}.{token}")

    def question(self, index: int = 0) -> Question:
        return self.town.messenger.asked[index][0]

    async def asked(self) -> InvoiceId:
        """An invoice about which people were asked."""
        await bring(self.town, b"one")
        await walk(self.town)
        return await only(self.town)

    async def state(self) -> State:
        (line,) = await self.town.world.store.views.invoices()
        return line.state

    def audit_path(self, invoice: InvoiceId) -> str:
        world = self.town.world
        return audit_url(world.vault, "", invoice, world.clock.now())

    def media_path(self, key: BlobKey) -> str:
        world = self.town.world
        return media_url(world.vault, "", key, world.clock.now())

    async def rows(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.database_url)
        try:
            return [tuple(row) for row in await connection.fetch(statement, *arguments)]
        finally:
            await connection.close()

    async def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table with the transaction that wrote it: equal exactly when nothing was written."""
        tables = await self.rows("select tablename::text from pg_tables where schemaname = 'public'")
        return {
            table: await self.rows(f'select xmin::text, t::text from "{table}" t order by t::text')
            for (table,) in tables
        }


def inbound(phone: str = ASHA.phone, *, sid: int = 1, **changed: str) -> dict[str, str]:
    """The form of an inbound message."""
    form = {
        "AccountSid": ACCOUNT_SID,
        "MessageSid": f"SM{sid:032x}",
        "From": f"whatsapp:{phone}",
        "To": "whatsapp:+14155238886",
        "Body": "",
    }
    return form | changed


def web_settings(database_url: str, redis_url: str, folder: Path, **changed: Any) -> Settings:
    """Settings of the tests; nothing is read from the environment of whoever runs them."""
    usual: dict[str, Any] = {
        "master_key": new_master_key(),
        "database_url": database_url,
        "redis_url": redis_url,
        "openrouter_mock": True,
        "imap_host": "127.0.0.1",
        "imap_user": "pay@countersign.example",
        "imap_password": "unused",
        "imap_tls": "none",
        "authserv_id": "mx.countersign.example",
        "forwarders": frozenset({"priya@meridian.example"}),
        "smtp_host": "127.0.0.1",
        "smtp_tls": "none",
        "mail_from": "pay@pay.example",
        "approvers": (ASHA, VIKRAM),
        "public_url": PUBLIC,
        "twilio_account_sid": ACCOUNT_SID,
        "twilio_auth_token": AUTH_TOKEN,
        "twilio_api_url": "http://127.0.0.1:1",
        "blobs_folder": folder,
        "bank_url": "http://127.0.0.1:1",
        "bank_customer_id": "MERIDIAN",
        "bank_password": "unused",
        "bank_totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    }
    return Settings(_env_file=None, **(usual | changed))


@asynccontextmanager
async def serving_web(database_url: str, redis_url: str, folder: Path, **changed: Any) -> AsyncIterator[Web]:
    """The app within its lifespan, and a street with a stocked vendor master."""
    settings = web_settings(database_url, redis_url, folder, **changed)
    app = create_app(settings)
    async with open_database(database_url, connections=3) as database, app.router.lifespan_context(app):
        town = make_town(database, folder, settings.master_key.get_secret_value())
        await stock(town)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1:8080") as client:
            web = Web(app, client, town, database_url)

            async def keep(response: httpx.Response) -> None:
                await response.aread()
                web.answers.append(response)

            client.event_hooks["response"].append(keep)
            yield web
