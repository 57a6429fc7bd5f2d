"""All stand-ins but the bank in one process: border mail server, OpenRouter, Twilio with its phones, identity provider.

python -m sandbox outside CONFIG.json
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from sandbox import identity_provider, mail_front, openrouter, twilio_api
from sandbox.identity_provider import IdentitySettings
from sandbox.mail_front import FrontSettings
from sandbox.openrouter import OpenRouterSettings
from sandbox.ports import LOOPBACK
from sandbox.twilio_state import TwilioSettings


class OutsideSettings(BaseModel):
    """Ports and profiles of the stand-ins; `users` maps a forwarder's address to the submission password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smtp_port: int
    openrouter_port: int
    twilio_port: int
    identity_port: int
    lmtp: str
    domains: frozenset[str]
    users: dict[str, str]
    openrouter: OpenRouterSettings
    twilio: TwilioSettings
    identity: IdentitySettings


def run(config: Path) -> None:
    """Serve until SIGTERM."""
    settings = OutsideSettings.model_validate_json(config.read_bytes())
    asyncio.run(_serve(settings))


def run_front(config: Path) -> None:
    """Serve the border mail server alone until SIGTERM, so that it can be restarted alone."""
    settings = OutsideSettings.model_validate_json(config.read_bytes())
    asyncio.run(_serve_front(settings))


async def _serve_front(settings: OutsideSettings) -> None:
    stopping = _stopping()
    async with _front(settings):
        await stopping.wait()


def _stopping() -> asyncio.Event:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def _front(settings: OutsideSettings) -> mail_front.MailFront:
    return mail_front.create_front(
        FrontSettings(
            lmtp=settings.lmtp, domains=settings.domains, users=settings.users, port=settings.smtp_port
        )
    )


async def _serve(settings: OutsideSettings) -> None:
    stopping, front = _stopping(), _front(settings)
    await front.start()
    servers = [
        _server(openrouter.create_app(settings.openrouter), settings.openrouter_port),
        _server(twilio_api.create_app(settings.twilio), settings.twilio_port),
        _server(identity_provider.create_app(settings.identity), settings.identity_port),
    ]
    running = [asyncio.create_task(server._serve()) for server in servers]
    await asyncio.wait([asyncio.create_task(stopping.wait()), *running], return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    await front.stop()
    await asyncio.gather(*running)


def _server(app: FastAPI, port: int) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app, host=LOOPBACK, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=2
        )
    )
