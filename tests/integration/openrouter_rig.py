"""The stand-in for OpenRouter on a port of its own, its desk, and clients of the product that ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from daemon.adapters.model_openrouter import OpenRouterModel
from sandbox.openrouter import OpenRouterSettings, create_app
from schema.errors import TransientError
from schema.masking import MaskedInvoice, mask

KEY = "sk-or-v1-of-the-tests"
ACCOUNT = "50210012341234"
ALLOWED = ("x-ai/grok-4.1-fast*", "x-ai/grok-4.3*")
CHAT = {"path": "/api/v1/chat/completions"}
INVOICE = MaskedInvoice(
    vendor_name="Asha Traders",
    po_id="PO-2026-0117",
    amount="118000.00",
    currency="INR",
    issue_date=None,
    due_date=None,
    account_last4="1234",
    tax_id="27AAPFU0939F1ZV",
    excerpt=mask(f"ASHA TRADERS 27AAPFU0939F1ZV PO-2026-0117 Total INR 1,18,000.00 A/c {ACCOUNT}"),
)


class Freely:
    """A limiter that counts and never refuses."""

    def __init__(self) -> None:
        self.taken = 0

    async def take(self) -> None:
        self.taken += 1


class Exhausted:
    async def take(self) -> None:
        raise TransientError("The rate limit for the model is reached.", retry_after_s=9)


def no_guard(body: bytes) -> int:
    return 0


@asynccontextmanager
async def served(settings: OpenRouterSettings) -> AsyncIterator[str]:
    """The stand-in on a port of its own; yields its address."""
    config = uvicorn.Config(create_app(settings), port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    settings = OpenRouterSettings(api_key=KEY, latency_s=0.02, forbidden_numbers=frozenset({ACCOUNT}))
    async with served(settings) as url:
        yield url


@pytest.fixture
async def control(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """The stand-in's own desk; what was set is undone afterwards."""
    async with httpx.AsyncClient(base_url=address, trust_env=False, verify=False) as client:
        yield client
        (await client.post("/__sim__/reset")).raise_for_status()


MakeModel = Callable[..., OpenRouterModel]


@pytest.fixture
async def make_model(address: str, control: httpx.AsyncClient) -> AsyncIterator[MakeModel]:
    made: list[OpenRouterModel] = []

    def make(**changes: Any) -> OpenRouterModel:
        settings: dict[str, Any] = {
            "url": f"{address}/api/v1",
            "api_key": KEY,
            "model": "x-ai/grok-4.1-fast",
            "allowed_served": ALLOWED,
            "guard": no_guard,
            "limiter": Freely(),
            "total_deadline_s": 5,
        }
        made.append(OpenRouterModel(**settings | changes))
        return made[-1]

    yield make
    for model in made:
        await model.aclose()


async def set_fault(control: httpx.AsyncClient, **fault: Any) -> None:
    (await control.post("/__sim__/faults", json={"match": CHAT, "fault": fault})).raise_for_status()


async def seen(control: httpx.AsyncClient) -> list[dict[str, Any]]:
    requests: list[dict[str, Any]] = (await control.get("/__sim__/requests")).json()
    return requests


def of(name: str) -> MaskedInvoice:
    return INVOICE.model_copy(update={"vendor_name": f"Asha Traders {name}"})
