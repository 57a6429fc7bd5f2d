"""Faults on demand: whom they befall, how often, and that they can be undone."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import ValidationError

from sandbox.clock import SimClock
from sandbox.faults import (
    HTTP_KINDS,
    TOKEN_KINDS,
    WEBHOOK_KINDS,
    Fault,
    FaultBoard,
    FaultMiddleware,
    FaultRule,
    Match,
    control_router,
)
from sandbox.request_log import RequestLog


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app, board, clock = FastAPI(), FaultBoard(), SimClock()
    log = RequestLog(clock)
    app.add_middleware(FaultMiddleware, board=board, log=log)
    app.include_router(control_router(board, log, clock, lambda: None))

    @app.post("/echo")
    async def echo(request: Request) -> dict[str, str]:
        return {"body": (await request.body()).decode()}

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://stand-in") as made:
        yield made


def test_every_kind_is_for_requests_or_webhooks_or_tokens() -> None:
    assert not HTTP_KINDS & WEBHOOK_KINDS
    assert not (HTTP_KINDS | WEBHOOK_KINDS) & TOKEN_KINDS
    assert len(HTTP_KINDS | WEBHOOK_KINDS | TOKEN_KINDS) == 29


def test_a_fault_spares_the_first_and_ends() -> None:
    board = FaultBoard()
    board.add(FaultRule(fault=Fault(kind="status", after=1, times=2)))
    happened = [board.take(HTTP_KINDS, "GET", "/", b"") is not None for _ in range(4)]
    assert happened == [False, True, True, False]


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(method="post"), True),
        (Match(method="GET"), False),
        (Match(path="/v1/*"), True),
        (Match(path="/v1"), False),
        (Match(contains="Acme"), True),
        (Match(contains="Zeta"), False),
    ],
)
def test_a_fault_befalls_only_what_it_matches(match: Match, fits: bool) -> None:
    assert match.fits("POST", "/v1/Content", b"for Acme") is fits


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValidationError):
        FaultRule.model_validate({"fault": {"kind": "earthquake"}})


async def test_a_fault_is_set_over_http_and_happens_once(client: httpx.AsyncClient) -> None:
    rule = {"fault": {"kind": "status", "status": 429, "headers": {"Retry-After": "2"}}}
    assert (await client.post("/__sim__/faults", json=rule)).status_code == 201
    failed, passed = [await client.post("/echo", content="x") for _ in range(2)]
    assert (failed.status_code, failed.headers["retry-after"]) == (429, "2")
    assert passed.json() == {"body": "x"}


async def test_a_cut_connection_is_an_error_in_process_too(client: httpx.AsyncClient) -> None:
    await client.post("/__sim__/faults", json={"fault": {"kind": "reset"}})
    with pytest.raises(ConnectionResetError):
        await client.post("/echo", content="x")


async def test_every_request_is_kept_byte_for_byte(client: httpx.AsyncClient) -> None:
    await client.post("/echo", content="धन".encode())
    [seen] = (await client.get("/__sim__/requests")).json()
    assert seen["sha256"] == hashlib.sha256("धन".encode()).hexdigest()
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/echo", "धन")


async def test_reset_forgets_requests_faults_and_time(client: httpx.AsyncClient) -> None:
    await client.post("/__sim__/faults", json={"fault": {"kind": "html_error", "times": 9}})
    await client.post("/__sim__/clock", json={"advance_s": 86400})
    await client.post("/__sim__/reset")
    assert (await client.get("/__sim__/requests")).json() == []
    assert (await client.post("/echo", content="x")).status_code == 200
