"""aioimaplib 2.0.3 made safe: it parses without recursion and a lost connection fails what waits for it.

Bare, the library hangs for ever after a lost connection, dies of more than some 950 response lines in one read,
drops a push that arrives with the reply to DONE, and leaks its socket (its issues #110, #118). This module reaches
into private names, so the pin in pyproject.toml moves only together with the contract tests of test_mailbox_imap.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final

from aioimaplib import aioimaplib

MAX_LITERAL_BYTES: Final = 128 * 2**20
"""No mail we ask for is larger; a server that announces more is broken and would eat our memory."""

RESPONSES_AFTER_LOSS: Final = b"connection lost"


class Lost(ConnectionError):  # noqa: N818  # reads as what happened: the connection was lost
    """The connection is gone or makes no sense any more; it must be thrown away."""


class ArmouredProtocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]  # the library ships no types
    """The library's protocol with an iterative parser and an honest end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop, None)
        self.pending_sync_command: aioimaplib.Command | None = None
        self.lost: Lost | None = None
        self.gone: asyncio.Event = asyncio.Event()
        self.exists_told: bool = False

    def data_received(self, data: bytes) -> None:
        """Parse; any surprise in the foreign parser makes the connection unusable, so it is ended."""
        try:
            super().data_received(data)
        except Exception as error:
            self.fail(Lost(f"protocol error: {error!r}"))
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell everyone who waits."""
        self.fail(Lost(f"connection lost: {error!r}" if error else "the server closed the connection"))
        super().connection_lost(error)

    async def welcome(self, greeting: bytes) -> None:
        """Read the greeting; a BYE or nonsense ends the connection instead of a forgotten task."""
        try:
            await super().welcome(greeting)
        except (aioimaplib.AioImapException, OSError, IndexError) as error:
            self.fail(Lost(f"not greeted: {error}"))
            self.transport.abort()

    async def execute(self, command: aioimaplib.Command, scrub: str | None = None) -> aioimaplib.Response:
        """Send a command, unless the connection is known to be gone."""
        if self.lost is not None:
            raise Lost(str(self.lost))
        return await super().execute(command, scrub)

    def fail(self, reason: Lost) -> None:
        """End every pending command with `reason` and wake whoever waits for a push."""
        if self.lost is None:
            self.lost = reason
        self.state = aioimaplib.LOGOUT
        pending = [*self.pending_async_commands.values(), self.pending_sync_command]
        self.pending_async_commands.clear()
        self.pending_sync_command = None
        for command in filter(None, pending):
            command._exception = reason
            command.close(RESPONSES_AFTER_LOSS, "KO")
        self.idle_queue.put_nowait(aioimaplib.STOP_WAIT_SERVER_PUSH)
        self.gone.set()

    def _handle_responses(
        self,
        data: bytes,
        line_handler: Callable[[bytes, Any], Any],
        current_cmd: aioimaplib.Command | None = None,
    ) -> None:
        position, command = 0, current_cmd
        while position < len(data):
            if command is not None and command.wait_literal_data():
                position = _take_literal(command, data, position)
            end = data.find(aioimaplib.CRLF, position)
            if end < 0:
                raise aioimaplib.IncompleteRead(command, data[position:])
            line, position = data[position:end], end + 2
            command = _literal_follows(line, line_handler(line, command))
        if self.pending_sync_command is not None:
            self.pending_sync_command.flush()
        if command is not None and command.wait_data():
            raise aioimaplib.IncompleteRead(command)

    def _untagged_response(self, line: bytes) -> aioimaplib.Command | None:
        # Told in the answer to another command, new mail is not told again in IDLE, and the library forgets it.
        if line.upper().endswith(b" EXISTS"):
            self.exists_told = True
        return super()._untagged_response(line)

    def _response_done(self, line: bytes) -> None:
        # A push read together with the reply to DONE would be lost with the command that buffers it.
        if self.pending_sync_command is not None:
            self.pending_sync_command.flush()
        super()._response_done(line)

    def _continuation(self, line: bytes) -> None:
        waiting = self.pending_sync_command
        if waiting is not None and waiting.name == "AUTHENTICATE":
            # XOAUTH2: the server sends the error as a challenge and waits for an empty answer before its NO.
            self.transport.write(aioimaplib.CRLF)
            return
        super()._continuation(line)


def _take_literal(command: aioimaplib.Command, data: bytes, position: int) -> int:
    needed = command._expected_size - len(command._resp_literal_data)
    command.append_literal_data(data[position : position + needed])
    if command.wait_literal_data():
        raise aioimaplib.IncompleteRead(command)
    return position + int(needed)


def _literal_follows(line: bytes, command: aioimaplib.Command | None) -> aioimaplib.Command | None:
    announced = aioimaplib.literal_data_re.match(line)
    if announced:
        size_bytes = int(announced.group("size"))
        if size_bytes > MAX_LITERAL_BYTES:
            raise Lost(f"the server announced {size_bytes} bytes")
        command = command or aioimaplib.Command("NIL", "unused")
        command.begin_literal_data(size_bytes)
        return command
    return command if command is not None and command.wait_data() else None


class ArmouredClient(aioimaplib.IMAP4):  # type: ignore[misc]  # the library ships no types
    """The library's client on the armoured protocol, with a close that leaves nothing behind."""

    def create_client(
        self,
        host: str,
        port: int,
        loop: asyncio.AbstractEventLoop | None,
        conn_lost_cb: object = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Start connecting; called by the library's constructor."""
        running = loop or asyncio.get_running_loop()
        self.protocol = ArmouredProtocol(running)
        self._client_task = running.create_task(
            running.create_connection(
                lambda: self.protocol,
                host,
                port,
                ssl=ssl_context,
                server_hostname=host if ssl_context else None,
            )
        )

    async def greeted(self) -> None:
        """Wait for the server's greeting; OSError or Lost when there is none to wait for."""
        await self._client_task
        hello = asyncio.ensure_future(self.protocol.wait("AUTH|NONAUTH"))
        gone = asyncio.ensure_future(self.protocol.gone.wait())
        try:
            await asyncio.wait({hello, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hello.cancel()
            gone.cancel()
        if self.protocol.lost is not None:
            raise Lost(str(self.protocol.lost))

    async def hard_close(self) -> None:
        """Drop the connection and end every task of the library; safe at any moment and to repeat."""
        self._client_task.cancel()
        if self._idle_waiter is not None:
            self._idle_waiter.cancel()
        if self.protocol.transport is not None:
            self.protocol.transport.abort()
        tasks = [self._client_task, *self.tasks, *self.protocol.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
