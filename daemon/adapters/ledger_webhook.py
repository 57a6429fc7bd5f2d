"""The ledger's webhook over HTTPS: one POST, its status, and nothing of the answer is believed but that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx

from schema.errors import PermanentError, TransientError

DEADLINE_S: Final = 30.0


class LedgerWebhook:
    """`handlers.world.Ledger` at one address."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport) -> None:
        self._url = url
        self._client = httpx.AsyncClient(
            transport=transport,
            headers={"User-Agent": "Countersign"},
            timeout=None,  # noqa: S113 - the total deadline is asyncio's
            follow_redirects=False,
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a batch once and say the status; the answer's body is not read."""
        if not self._url:
            raise PermanentError("LEDGER_WEBHOOK_URL is not set any more.")
        try:
            async with (
                asyncio.timeout(DEADLINE_S),
                self._client.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                return response.status_code
        except TimeoutError as error:
            raise TransientError(f"The webhook did not answer within {DEADLINE_S:.0f} seconds.") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise PermanentError("LEDGER_WEBHOOK_URL is no address.") from error
        except httpx.HTTPError as error:
            raise TransientError("The connection to the webhook failed.") from error
