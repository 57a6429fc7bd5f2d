"""The mailbox that forwarders write to, over IMAP: list, fetch, file away, and wait for a push.

Every call has a time limit; a time-out or a broken connection throws the connection away and raises
TransientError, after which `connect` starts afresh. IDLE is a hint only: what is in the folder is what
`search_after` says (RFC 3501, RFC 2177, RFC 6851).
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeVar

from aioimaplib import aioimaplib

from daemon.adapters.imap_armour import ArmouredClient, Lost
from schema.errors import ConflictError, SettingsError, TransientError

CONNECT_TIMEOUT_S: Final = 20
COMMAND_TIMEOUT_S: Final = 20
FETCH_TIMEOUT_S: Final = 120
"""A mail of the largest size over a poor line."""

IDLE_ANSWER_S: Final = 10
"""How long the server may take to say `+ idling`, and to answer DONE."""

WITHOUT_IDLE_S: Final = 5
"""How often we look on a server that cannot IDLE."""

BUSY_CODES: Final = (b"[UNAVAILABLE]", b"[INUSE]", b"[LIMIT]", b"[SERVERBUG]", b"[ALREADYEXISTS]")
"""Response codes of a NO to LOGIN that do not blame the password (RFC 5530)."""

T = TypeVar("T")


class IdleReason(StrEnum):
    """Why `idle` came back."""

    PUSH = "push"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class ImapAccount:
    """Where the mailbox is and how to log in.

    `tls` is implicit TLS (port 993), checked against `ca_path` or the system's authorities; without it only a
    loopback host is allowed. With `token` (an access token, fresh at each call) XOAUTH2 replaces the password.
    """

    host: str
    port: int
    user: str
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    tls: bool = True
    ca_path: Path | None = None
    token: Callable[[], Awaitable[str]] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """How this account is called in records: `user@host`, or the user alone when it is an address."""
        return self.user if "@" in self.user else f"{self.user}@{self.host}"


class ImapMailbox:
    """One connection to one folder; not for concurrent use."""

    def __init__(
        self,
        account: ImapAccount,
        *,
        command_timeout_s: float = COMMAND_TIMEOUT_S,
        fetch_timeout_s: float = FETCH_TIMEOUT_S,
        idle_answer_s: float = IDLE_ANSWER_S,
    ) -> None:
        self.account = account
        self._command_timeout_s = command_timeout_s
        self._fetch_timeout_s = fetch_timeout_s
        self._idle_answer_s = idle_answer_s
        self._client: ArmouredClient | None = None
        self._folders: set[str] = set()

    async def __aenter__(self) -> ImapMailbox:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        """Whether the connection has not been found dead yet."""
        return self._client is not None and self._client.protocol.lost is None

    async def connect(self) -> None:
        """Connect, log in and select the folder, within 20 s in all; SettingsError when the login is refused."""
        await self.close()
        context = _tls(self.account)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                self._client = ArmouredClient(self.account.host, self.account.port, ssl_context=context)
                await self._client.greeted()
                await self._log_in(self._client)
                await self._client.protocol.capability()
            await self.status()
        except ssl.SSLCertVerificationError as error:
            await self.close()
            raise SettingsError(
                f"The certificate of {self.account.host} is not trusted ({error.verify_message}); set IMAP_CA_PATH."
            ) from error
        except (TimeoutError, OSError, aioimaplib.AioImapException) as error:
            await self.close()
            where = f"{self.account.host}:{self.account.port}"
            raise TransientError(f"The mailbox at {where} could not be reached: {error!r}.") from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Drop the connection; safe at any moment and to repeat."""
        client, self._client = self._client, None
        if client is not None:
            await client.hard_close()

    async def status(self) -> tuple[int, int]:
        """UIDVALIDITY and UIDNEXT of the folder as they are now (it is selected again); UIDNEXT 0 is unknown."""
        reply = await self._run(lambda c: c.select(aioimaplib.quoted(self.account.folder)))
        # What SELECT tells is where we start from, not news.
        self._alive().protocol.exists_told = False
        if reply.result != "OK":
            raise SettingsError(f"The mailbox has no folder {self.account.folder}; check IMAP_FOLDER.")
        text = _text(reply.lines)
        uidvalidity = re.search(rb"\[UIDVALIDITY (\d+)\]", text, re.IGNORECASE)
        uidnext = re.search(rb"\[UIDNEXT (\d+)\]", text, re.IGNORECASE)
        if uidvalidity is None:
            raise TransientError("The mail server did not say the folder's UIDVALIDITY.")
        return int(uidvalidity[1]), int(uidnext[1]) if uidnext else 0

    async def search_after(self, last_uid: int) -> list[int]:
        """The uids above `last_uid`, ascending; no charset is sent, because Exchange refuses it."""
        self._alive().protocol.exists_told = False
        reply = await self._run(lambda c: c.uid_search(f"UID {last_uid + 1}:*", charset=None))
        self._must_be_ok(reply, "UID SEARCH")
        # `n:*` always names the last mail, also when its uid is below n.
        numbers = {int(word) for line in reply.lines[:-1] for word in bytes(line).split() if word.isdigit()}
        return sorted(uid for uid in numbers if uid > last_uid)

    async def size(self, uid: int) -> int:
        """Size in bytes; ConflictError when the mail is no longer there."""
        reply = await self._run(lambda c: c.uid("fetch", str(uid), "(UID RFC822.SIZE)"))
        for text, _ in self._answers(reply, uid):
            found = re.search(rb"RFC822\.SIZE (\d+)", text, re.IGNORECASE)
            if found:
                return int(found[1])
        raise ConflictError(f"Mail {uid} is no longer in the folder.")

    async def headers(self, uid: int) -> bytes:
        """The header block; ConflictError when the mail is no longer there."""
        return await self._section(uid, "BODY.PEEK[HEADER]", self._command_timeout_s)

    async def fetch(self, uid: int) -> bytes:
        """The whole mail, without marking it as read; ConflictError when it is no longer there."""
        return await self._section(uid, "BODY.PEEK[]", self._fetch_timeout_s)

    async def file_away(self, uid: int, folder: str) -> bool:
        """Move a mail to `folder`, which is made if need be; False when it was no longer there.

        By UID MOVE where the server has it, else by COPY, STORE and UID EXPUNGE.
        """
        await self._ensure_folder(folder)
        target = aioimaplib.quoted(folder)
        if self._has("MOVE"):
            reply = await self._run(lambda c: c.uid("move", str(uid), target))
            return await self._surely_moved(uid, reply)
        reply = await self._run(lambda c: c.uid("copy", str(uid), target))
        self._must_be_ok(reply, "UID COPY")
        copied = b"[COPYUID " in _text(reply.lines)
        if self._has("UIDPLUS") and not copied:
            return False
        await self._run(lambda c: c.uid("store", str(uid), "+FLAGS.SILENT", r"(\Deleted)"))
        if self._has("UIDPLUS"):
            reply = await self._run(lambda c: c.uid("expunge", str(uid)))
            self._must_be_ok(reply, "UID EXPUNGE")
        # Without UIDPLUS a plain EXPUNGE would take other people's deleted mail too: the mark has to do.
        return True

    async def noop(self) -> None:
        """A round trip; the proof that the connection lives."""
        self._must_be_ok(await self._run(lambda c: c.noop()), "NOOP")

    async def idle(self, seconds: float) -> IdleReason:
        """Wait for a push that tells of mail, at most `seconds`; flag changes and "still here" do not count.

        Mail that was told since the last search, in the answer to some other command, counts as a push.
        """
        if self._alive().protocol.exists_told:
            return IdleReason.PUSH
        if not self._has("IDLE"):
            await asyncio.sleep(min(seconds, WITHOUT_IDLE_S))
            return IdleReason.TIMEOUT
        client = self._alive()
        # The library's own timer is set beyond ours: it only puts a word in the queue.
        idling = await self._bounded(client.idle_start(timeout=seconds + 3600), self._idle_answer_s)
        try:
            reason = await self._pushed(client, seconds)
        except BaseException:
            await self.close()
            raise
        client.idle_done()
        reply = await self._bounded(idling, self._idle_answer_s)
        self._must_be_ok(reply, "IDLE")
        return reason

    async def _pushed(self, client: ArmouredClient, seconds: float) -> IdleReason:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    lines = await client.protocol.idle_queue.get()
                    if client.protocol.lost is not None or any(
                        bytes(one).startswith(b"BYE") for one in lines
                    ):
                        raise TransientError("The mail server ended the connection while we waited.")
                    if any(bytes(one).upper().endswith((b" EXISTS", b" RECENT")) for one in lines):
                        return IdleReason.PUSH
        return IdleReason.TIMEOUT

    async def _log_in(self, client: ArmouredClient) -> None:
        account = self.account
        try:
            if account.token is not None:
                reply = await client.protocol.xoauth2(account.user, await account.token())
            else:
                reply = await client.protocol.login(aioimaplib.quoted(account.user), account.password)
        except ValueError as error:
            raise SettingsError("IMAP_USER or IMAP_PASSWORD holds a line break.") from error
        if reply.result == "OK":
            return
        text = _text(reply.lines)
        if any(code in text for code in BUSY_CODES):
            raise TransientError(f"The mail server is busy: {text.decode('ascii', 'replace')[:200]}")
        raise SettingsError(
            f"The mailbox {account.name} refused the login; check IMAP_USER and IMAP_PASSWORD (or the token)."
        )

    async def _section(self, uid: int, section: str, limit_s: float) -> bytes:
        reply = await self._run(
            lambda c: c.protocol.fetch(str(uid), f"(UID {section})", by_uid=True), limit_s
        )
        for _, literals in self._answers(reply, uid):
            # NIL, or no bytes at all: it went while the server read it. An empty mail does not exist.
            if literals and literals[0]:
                return literals[0]
        raise ConflictError(f"Mail {uid} is no longer in the folder.")

    def _answers(self, reply: aioimaplib.Response, uid: int) -> Iterator[tuple[bytes, list[bytes]]]:
        """The FETCH answers about this uid; others, told unasked (flags), may stand between them."""
        self._must_be_ok(reply, "UID FETCH")
        for text, literals in _fetch_answers(reply.lines):
            named = re.search(rb"\bUID (\d+)", text, re.IGNORECASE)
            if named and int(named[1]) == uid:
                yield text, literals

    async def _ensure_folder(self, folder: str) -> None:
        if folder in self._folders:
            return
        # NO means in practice that it exists; if it does not, the move says so.
        await self._run(lambda c: c.create(aioimaplib.quoted(folder)))
        self._folders.add(folder)

    async def _surely_moved(self, uid: int, reply: aioimaplib.Response) -> bool:
        """A MOVE of a missing mail is answered OK too, so COPYUID must say that something moved."""
        text = _text(reply.lines)
        if b"[EXPUNGEISSUED]" not in text:
            self._must_be_ok(reply, "UID MOVE")
        if reply.result == "OK" and b"[COPYUID " in text:
            return True
        if uid in await self.search_after(uid - 1):
            raise TransientError(
                f"The mail server moved nothing although it said {reply.result} (mail {uid})."
            )
        return reply.result == "OK" and not self._has("UIDPLUS")

    def _has(self, capability: str) -> bool:
        return bool(self._alive().has_capability(capability))

    def _alive(self) -> ArmouredClient:
        if self._client is None:
            raise TransientError("The mailbox is not connected.")
        return self._client

    @staticmethod
    def _must_be_ok(reply: aioimaplib.Response, command: str) -> None:
        if reply.result != "OK":
            said = _text(reply.lines).decode("ascii", "replace")[:200]
            raise TransientError(f"The mail server answered {command} with {reply.result}: {said}")

    async def _run(
        self,
        command: Callable[[ArmouredClient], Awaitable[aioimaplib.Response]],
        limit_s: float | None = None,
    ) -> aioimaplib.Response:
        return await self._bounded(command(self._alive()), limit_s or self._command_timeout_s)

    async def _bounded(self, work: Awaitable[T], limit_s: float) -> T:
        try:
            async with asyncio.timeout(limit_s):
                return await work
        except (TimeoutError, OSError, aioimaplib.AioImapException) as error:
            await self.close()
            what = "did not answer in time" if isinstance(error, TimeoutError) else f"failed: {error}"
            raise TransientError(f"The mail server {what}.") from error
        except asyncio.CancelledError:
            # A command cut in the middle leaves its answer to the next one.
            await self.close()
            raise


def _tls(account: ImapAccount) -> ssl.SSLContext | None:
    if account.tls:
        try:
            return ssl.create_default_context(cafile=str(account.ca_path) if account.ca_path else None)
        except OSError as error:
            raise SettingsError(f"The CA file {account.ca_path} cannot be read.") from error
    if not _is_loopback(account.host):
        raise SettingsError("IMAP without TLS is allowed on loopback only; set IMAP_TLS=true.")
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _text(lines: Sequence[bytes | bytearray]) -> bytes:
    return b"\n".join(bytes(line) for line in lines if isinstance(line, bytes))


def _fetch_answers(lines: Sequence[bytes | bytearray]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Group response lines by message: the text outside literals, and the literals."""
    text, literals = b"", list[bytes]()
    for line in lines:
        if isinstance(line, bytes) and re.match(rb"\d+ FETCH \(", line):
            if text:
                yield text, literals
            text, literals = line, []
        elif isinstance(line, bytearray):
            literals.append(bytes(line))
        elif text:
            text += b" " + line
    if text:
        yield text, literals


__all__ = ["IdleReason", "ImapAccount", "ImapMailbox", "Lost"]
