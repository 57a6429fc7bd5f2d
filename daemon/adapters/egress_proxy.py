"""The one way out of the bank's browser: a loopback HTTP proxy that connects to allowed hosts only.

`context.route` sees the first hop of a request and no sockets of workers, so it is no network boundary;
a proxy is. Every browser context gets a proxy of its own, which ends with it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

import structlog

from schema.errors import CountersignError

HEAD_LIMIT_BYTES: Final = 65_536
HEAD_LIMIT_S: Final = 10.0
"""How long a client may take to send its request line and headers."""

CONNECT_LIMIT_S: Final = 10.0
CHUNK_BYTES: Final = 65_536
HOSTS_REMEMBERED: Final = 200
"""Blocked hosts that are listed one by one; a page that tries more is counted but not listed."""

_DEFAULT_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_HOP_BY_HOP: Final = (b"proxy-", b"connection:", b"keep-alive:")
"""Headers for the proxy, not for the server (RFC 9110, 7.6.1)."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, order=True)
class Endpoint:
    """A host and its TCP port, the unit of what is allowed."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def of_origin(cls, origin: str) -> Self:
        """The endpoint of a URL; ValueError when it has no host or no known port."""
        url = urlsplit(origin)
        port = url.port or _DEFAULT_PORTS.get(url.scheme)
        if not url.hostname or port is None:
            raise ValueError("not an absolute address")
        return cls(url.hostname.lower(), port)

    @classmethod
    def of_authority(cls, authority: str) -> Self:
        """The endpoint of a CONNECT request's `host:port`; ValueError for anything else."""
        url = urlsplit(f"//{authority}")
        if not url.hostname or url.port is None or url.path or url.username is not None:
            raise ValueError("not host:port")
        return cls(url.hostname.lower(), url.port)


@dataclass(frozen=True)
class _Request:
    """The head of one proxy request: where it wants to go, and the bytes to begin with there."""

    endpoint: Endpoint
    tunnel: bool
    opening: bytes


class EgressProxy:
    """An HTTP and CONNECT proxy that answers 403 to everything but `allowed`; it records what it refused."""

    def __init__(
        self,
        allowed: frozenset[Endpoint],
        *,
        listen_host: str = "127.0.0.1",
        let_out: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """`let_out` is awaited with `host:port` before the first connection there; when it raises, there is none."""
        self._allowed = allowed
        self._let_out = let_out
        self._let = set[Endpoint]()
        self._listen_host = listen_host
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.blocked: dict[Endpoint, int] = {}
        self.blocked_count = 0

    @property
    def port(self) -> int:
        """The port that was given to us."""
        assert self._server is not None, "start() comes first"
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, self._listen_host, 0, limit=HEAD_LIMIT_BYTES)

    async def stop(self) -> None:
        """Stop listening and cut every connection; safe to repeat."""
        if self._server is not None:
            self._server.close()
        self.cut()
        if tasks := list(self._connections):
            await asyncio.wait(tasks, timeout=CONNECT_LIMIT_S)

    def cut(self) -> None:
        """End every connection now, so that the next request must open a new one.

        Chromium repeats a request, a POST too, when a kept-alive connection dies before the answer
        (RFC 9110, 9.2.2 forbids it for what is not idempotent). On a new connection it never does.
        """
        for task, client in self._connections.items():
            client.transport.abort()
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served in a task"
        self._connections[task] = writer
        # A connection ends for many reasons, all of them the peers' business; the page sees its own error.
        try:
            await self._handle(reader, writer)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            _log.debug("egress.connection_ended")
        except asyncio.CancelledError:
            _log.debug("egress.connection_cut")
        finally:
            del self._connections[task]
            writer.close()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_LIMIT_S):
            head = await reader.readuntil(b"\r\n\r\n")
        request = _parse(head)
        if request.endpoint not in self._allowed:
            self._refuse(request.endpoint)
            await _answer(writer, b"403 Forbidden")
            return
        try:
            await self._ask_leave(request.endpoint)
            async with asyncio.timeout(CONNECT_LIMIT_S):
                upstream = await asyncio.open_connection(request.endpoint.host, request.endpoint.port)
        except (OSError, TimeoutError, CountersignError):
            _log.warning("egress.unreachable", host=str(request.endpoint))
            await _answer(writer, b"502 Bad Gateway")
            return
        if request.tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        upstream[1].write(request.opening)
        await _join((reader, writer), upstream)

    async def _ask_leave(self, endpoint: Endpoint) -> None:
        if self._let_out is not None and endpoint not in self._let:
            await self._let_out(str(endpoint))
            self._let.add(endpoint)

    def _refuse(self, endpoint: Endpoint) -> None:
        self.blocked_count += 1
        if endpoint not in self.blocked:
            # The host only: path and query of what a page tried to send out may hold what must stay in.
            _log.warning("egress.blocked", host=str(endpoint))
        if endpoint in self.blocked or len(self.blocked) < HOSTS_REMEMBERED:
            self.blocked[endpoint] = self.blocked.get(endpoint, 0) + 1


def _parse(head: bytes) -> _Request:
    """Read a request head: `CONNECT host:port` or `METHOD http://host/path`; ValueError for anything else."""
    line, _, headers = head.partition(b"\r\n")
    method, target, version = line.split(b" ")
    if method == b"CONNECT":
        return _Request(Endpoint.of_authority(target.decode("ascii")), tunnel=True, opening=b"")
    url = urlsplit(target.decode("ascii"))
    if url.scheme != "http" or url.username is not None:
        raise ValueError("only http is proxied in the clear")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    kept = [h for h in headers.split(b"\r\n") if h and not h.lower().startswith(_HOP_BY_HOP)]
    # One request a connection: what follows on it cannot be meant for another host.
    opening = [method + b" " + path.encode() + b" " + version, *kept, b"Connection: close", b"", b""]
    return _Request(Endpoint.of_origin(url.geturl()), tunnel=False, opening=b"\r\n".join(opening))


async def _answer(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()


_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(client: _Stream, upstream: _Stream) -> None:
    """Copy both ways until the server is done, or the client is gone."""
    sending = asyncio.create_task(_copy(client[0], upstream[1]))
    answering = asyncio.create_task(_copy(upstream[0], client[1]))
    try:
        await asyncio.wait((sending, answering), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, answering):
            task.cancel()
        await asyncio.gather(sending, answering, return_exceptions=True)
        upstream[1].close()
        with contextlib.suppress(OSError):
            await upstream[1].wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
