"""The console's API over the real app and database, with someone signed in for each role."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from types import MappingProxyType
from typing import Any

import httpx
import uvicorn

from daemon.web.api.access import COOKIE, MEANT, token_hash
from schema.ids import Address
from schema.mail import OutgoingMail
from schema.people import Person, Role
from tests.integration.web_rig import Web, serving_web
from tests.world import FakeMailer

NAMES = {Role.ADMIN: "Nadia", Role.APPROVER: "Arjun", Role.CLERK: "Chitra", Role.AUDITOR: "Usha"}


@dataclass
class Api:
    """The app, and a client for each role; `nobody` is not signed in."""

    web: Web
    people: Mapping[Role, Person]
    clients: Mapping[Role, httpx.AsyncClient]
    nobody: httpx.AsyncClient
    mails: list[OutgoingMail] = field(default_factory=list)
    """What was mailed to people, the last one last."""

    @property
    def admin(self) -> httpx.AsyncClient:
        return self.clients[Role.ADMIN]

    @property
    def approver(self) -> httpx.AsyncClient:
        return self.clients[Role.APPROVER]

    @property
    def clerk(self) -> httpx.AsyncClient:
        return self.clients[Role.CLERK]

    @property
    def auditor(self) -> httpx.AsyncClient:
        return self.clients[Role.AUDITOR]

    async def statuses(self, method: str, path: str, **options: Any) -> dict[str, int]:
        """How a request is answered to everyone: who may do it, at a look."""
        answers = {
            role.value: (await client.request(method, path, **options)).status_code
            for role, client in self.clients.items()
        }
        return {"nobody": (await self.nobody.request(method, path, **options)).status_code} | answers

    def browser(self) -> httpx.AsyncClient:
        """A browser of its own in which nobody is signed in; it keeps cookies."""
        return _client(self.web)

    async def sign_in(self, person: Person, *, stepped_up: bool = False) -> httpx.AsyncClient:
        """Another client in which this person is signed in."""
        return _client(self.web, await self.open_session(person, stepped_up=stepped_up))

    async def open_session(self, person: Person, *, stepped_up: bool = False) -> str:
        """A session of this person; its cookie's value."""
        world, token, now = self.web.town.world, token_urlsafe(32), datetime.now(UTC)
        session = await world.store.people.open_session(
            person.id, token_hash(token), how="link", device="test", at=now, until=now + timedelta(days=7)
        )
        if stepped_up:
            await self.web.rows("update sessions set stepped_up_at = $2 where id = $1", session, now)
        return token


@asynccontextmanager
async def serving_api(database_url: str, redis_url: str, folder: Path, **changed: Any) -> AsyncIterator[Api]:
    """The app within its lifespan, one person of each role signed in and freshly proven."""
    async with serving_web(database_url, redis_url, folder, **changed) as web:
        people = {
            role: await web.town.world.store.people.add(
                Address(f"{name.lower()}@meridian.example"), name, role, at=datetime.now(UTC)
            )
            for role, name in NAMES.items()
        }
        mailer = FakeMailer()
        web.app.state.world = replace(web.app.state.world, mailer=mailer)
        api = Api(web, MappingProxyType(people), {}, _client(web), mailer.sent)
        api.clients = {role: await api.sign_in(person, stepped_up=True) for role, person in people.items()}
        yield api
        for client in (*api.clients.values(), api.nobody):
            await client.aclose()


@asynccontextmanager
async def serving_socket(
    database_url: str, redis_url: str, folder: Path, *, port: int = 0, **changed: Any
) -> AsyncIterator[tuple[Api, str]]:
    """The app on this port of the machine or a free one, and its origin."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with serving_api(database_url, redis_url, folder, public_url=origin, **changed) as api:
            # The app's lifespan is open already, and signals are pytest's.
            config = uvicorn.Config(
                api.web.app, lifespan="off", log_level="error", timeout_graceful_shutdown=1
            )
            server = uvicorn.Server(config)
            running = asyncio.create_task(server._serve([listener]))
            try:
                yield api, origin
            finally:
                server.should_exit = True
                await running


def _client(web: Web, token: str | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(web.app, raise_app_exceptions=False)
    public: str = web.app.state.settings.public_url
    headers = {MEANT: "1", "Origin": public} | ({"Cookie": f"{COOKIE}={token}"} if token else {})
    return httpx.AsyncClient(transport=transport, base_url=public, headers=headers)
