"""A stand-in for Twilio on loopback: the application, put together from REST, control and phone pages.

    app = create_app(TwilioSettings(...))

One server answers for api.twilio.com and content.twilio.com. What is refused at once is in `twilio_checks`,
what happens after the 201 in `twilio_delivery`, what phones do in `twilio_inbound`; faults in `faults`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from sandbox.clock import SimClock
from sandbox.faults import FaultBoard, FaultMiddleware, control_router
from sandbox.phone import phone_router
from sandbox.request_log import RequestLog
from sandbox.twilio_checks import RefusedError
from sandbox.twilio_control import twilio_control_router
from sandbox.twilio_delivery import Delivery
from sandbox.twilio_inbound import Inbound
from sandbox.twilio_rest import rest_router
from sandbox.twilio_state import TwilioSettings, TwilioState
from sandbox.twilio_webhooks import Webhooks

__all__ = ["Sandbox", "TwilioSettings", "create_app"]


@dataclass(frozen=True)
class Sandbox:
    """The parts of a running stand-in, at `app.state.sandbox` for tests that run it in-process."""

    state: TwilioState
    board: FaultBoard
    requests: RequestLog
    webhooks: Webhooks
    delivery: Delivery
    inbound: Inbound

    def reset(self) -> None:
        """Forget messages, templates and webhooks; the configured phones have just joined."""
        self.state.reset()
        self.webhooks.posted.clear()


def create_app(settings: TwilioSettings) -> FastAPI:
    """The whole stand-in; serve it on 127.0.0.1 only."""
    clock = SimClock()
    client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
    sandbox = _sandbox(settings, clock, client)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await sandbox.delivery.close()
        await client.aclose()

    app = FastAPI(title="Twilio, simulated", lifespan=lifespan)
    app.state.sandbox = sandbox
    app.add_middleware(FaultMiddleware, board=sandbox.board, log=sandbox.requests)
    app.add_exception_handler(RefusedError, _refused)
    app.include_router(control_router(sandbox.board, sandbox.requests, clock, sandbox.reset))
    app.include_router(
        twilio_control_router(sandbox.state, sandbox.webhooks, sandbox.delivery, sandbox.inbound)
    )
    app.include_router(rest_router(sandbox.state, sandbox.delivery))
    app.include_router(phone_router(sandbox.state, sandbox.inbound))
    return app


def _sandbox(settings: TwilioSettings, clock: SimClock, client: httpx.AsyncClient) -> Sandbox:
    state, board, requests = TwilioState(settings, clock), FaultBoard(), RequestLog(clock)
    webhooks = Webhooks(state, board, client)
    delivery = Delivery(state, webhooks)
    return Sandbox(state, board, requests, webhooks, delivery, Inbound(state, webhooks, delivery))


async def _refused(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RefusedError):
        raise error
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if error.status == 401 else {}
    return JSONResponse(error.body(), error.status, headers)
