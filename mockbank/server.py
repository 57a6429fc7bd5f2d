"""The bank on a socket: uvicorn, with a way to hang up on a client in the middle of a request."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

GRACE_SECONDS = 3
"""How long requests under way may take to end once the bank is told to stop."""


class BankProtocol(H11Protocol):
    """HTTP/1.1 whose requests carry `hang_up`, which closes the connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let the requests of this connection abort it."""
        self.app_state = {**self.app_state, "hang_up": transport.abort}
        super().connection_made(transport)


class DroppedConnection(Response):
    """No answer at all: the client sees its connection break and cannot know what happened."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort the connection, then wait until the server has noticed, so that it sends nothing either."""
        hang_up: Callable[[], Any] = scope["state"]["hang_up"]
        hang_up()
        while (await receive())["type"] != "http.disconnect":
            pass


def make_server(app: FastAPI) -> uvicorn.Server:
    """Prepare a server; `run(sockets=[listen(...)])` serves until SIGTERM, SIGINT or `should_exit`."""
    config = uvicorn.Config(
        app,
        http=BankProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return uvicorn.Server(config)


def listen(host: str, port: int) -> socket.socket:
    """Take a port (0: any free one); raises OSError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # asyncio switches Nagle's delay off only for sockets made with an explicit protocol; it costs 40 ms a page.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def is_loopback(host: str) -> bool:
    """Whether an address reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
