"""The simulated identity provider on a real socket, and what a browser does there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from sandbox.identity_provider import IdentitySettings, create_app
from sandbox.ports import free_port
from tests.integration.twilio_stand import serving

CLERK: Final = "chitra@meridian.example"
ADMIN: Final = "nadia@meridian.example"
STRANGER: Final = "who@meridian.example"
PEOPLE: Final = (("Chitra", CLERK), ("Nadia", ADMIN), ("Who", STRANGER))
SECRET: Final = "of-the-tests/+only, with:signs"
"""Signs that must survive the header's encoding."""


@dataclass
class Provider:
    """The stand-in, and a client of it that follows no redirect."""

    settings: IdentitySettings
    client: httpx.AsyncClient

    @property
    def connected(self) -> dict[str, str]:
        """The settings of the product that connect it."""
        return {
            "oidc_issuer": self.settings.issuer,
            "oidc_client_id": self.settings.client_id,
            "oidc_client_secret": SECRET,
            "oidc_name": "Meridian",
        }

    async def choose(self, url: str, address: str) -> httpx.Response:
        """Go where the console sends people and click one of them."""
        assert (await self.client.get(url)).status_code == 200
        return await self.client.post(url, data={"address": address})

    async def sign_in(self, url: str, address: str = CLERK) -> dict[str, str]:
        """What stands in the address that the browser is sent back to."""
        answer = await self.choose(url, address)
        assert answer.status_code == 303
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def spoil(self, kind: str, path: str = "/token", **more: Any) -> None:
        """Let the next request there go wrong."""
        rule = {"match": {"path": path}, "fault": {"kind": kind, **more}}
        (await self.client.post("/__sim__/faults", json=rule)).raise_for_status()

    async def seen(self, path: str) -> list[dict[str, Any]]:
        """The requests that came there."""
        return [each for each in (await self.client.get("/__sim__/requests")).json() if each["path"] == path]


@asynccontextmanager
async def serving_provider(*origins: str) -> AsyncIterator[Provider]:
    """The stand-in, with the console of these origins as its client."""
    port = free_port()
    settings = IdentitySettings(
        issuer=f"http://127.0.0.1:{port}",
        client_secret=SECRET,
        redirect_uris=frozenset(f"{origin}/sign-in/sso" for origin in origins),
        people=PEOPLE,
    )
    async with (
        serving(create_app(settings), port) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        yield Provider(settings, client)
