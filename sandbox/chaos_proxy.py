"""A wire between the product and the mail server that can be cut, go deaf, or say BYE: half-open TCP on demand."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from sandbox.ports import LOOPBACK

CHUNK_BYTES: Final = 65_536
HANG_UP_S: Final = 0.05
BYE: Final = b"* BYE Server shutting down.\r\n"


@dataclass(eq=False)
class Wire:
    """One connection: what comes on either side is passed on, unless it is deaf."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    deaf: bool = False
    deaf_to_idle: bool = False

    def close(self) -> None:
        """End both sides."""
        self.client.close()
        self.server.close()


@dataclass
class Proxy:
    """Listens on `port` and passes on to `target`; each fault befalls the connections that stand now."""

    port: int
    target: int
    wires: set[Wire] = field(default_factory=set)

    async def start(self) -> asyncio.Server:
        """Listen."""
        return await asyncio.start_server(self._connect, LOOPBACK, self.port)

    def go_deaf(self) -> int:
        """Half-open: packets vanish both ways, no FIN and no RST; how many connections."""
        for wire in self.wires:
            wire.deaf = True
        return len(self.wires)

    def ignore_idle(self) -> int:
        """From the next IDLE on the server seems to say nothing any more."""
        for wire in self.wires:
            wire.deaf_to_idle = True
        return len(self.wires)

    def say_bye(self) -> int:
        """The server takes its leave, in IDLE as anywhere, and closes."""
        standing = [wire for wire in self.wires if not wire.deaf]
        for wire in standing:
            wire.client.write(BYE)
            wire.close()
        return len(standing)

    async def hang_up(self) -> None:
        """End every connection and wait until nobody is busy with one."""
        while self.wires:
            for wire in self.wires:
                wire.close()
            await asyncio.sleep(HANG_UP_S)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.close()
            return
        wire = Wire(writer, far_writer)
        self.wires.add(wire)
        try:
            await asyncio.gather(self._up(wire, reader), self._down(wire, far_reader))
        finally:
            self.wires.discard(wire)
            wire.close()

    async def _up(self, wire: Wire, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK_BYTES):
                if wire.deaf_to_idle and b" IDLE" in data.upper():
                    wire.deaf = True
                if not wire.deaf:
                    wire.server.write(data)
        wire.close()

    async def _down(self, wire: Wire, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK_BYTES):
                if not wire.deaf:
                    wire.client.write(data)
        if not wire.deaf:
            wire.close()
