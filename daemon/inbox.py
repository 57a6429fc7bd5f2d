"""The watch on the mailbox: every mail is handed to the sink, and only then filed away on the server.

1. Connect, select, and sweep the whole folder: it holds only what is not filed away yet.
2. For each mail: its size first, then the mail, then `Sink.accept`, which commits; then file it by disposition.
3. Wait for a push, at most `poll_seconds`; then NOOP and sweep what is new. The push is a hint, the sweep the truth.
4. Whatever breaks, connect again after a pause with jitter.

A mail that cannot be taken now is left where it is and tried again later; it never holds up the next one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

import structlog

from daemon.adapters.mailbox_imap import ImapMailbox
from handlers.cursor import Position, Retry, nap_seconds, try_later, what_is_due
from schema.errors import ConflictError, CountersignError, PermanentError, SettingsError, TransientError
from schema.failpoints import reach
from schema.mail import Disposition, MailPlace
from schema.trace import NoSpans, Spans, Trace, trace_of
from schema.vault import sha256

POLL_S: Final = 60.0
"""How long a lost push can delay a mail; also keeps NAT entries and Gmail's IDLE alive."""

SIZE_LIMIT_BYTES: Final = 25 * 2**20

PAUSE_FIRST_S: Final = 0.5
PAUSE_MOST_S: Final = 15.0
PAUSE_MOST_REFUSED_S: Final = 300.0
"""A refused login is not hammered: the account would be locked."""

PROVE_EVERY_S: Final = 10.0
"""How often a long sweep says that it lives."""

FILING: Final[Mapping[Disposition, str]] = MappingProxyType(
    {
        Disposition.ACCEPTED: "Processed",
        Disposition.IGNORED: "Processed",
        Disposition.QUARANTINED: "Quarantine",
        Disposition.UNREADABLE: "Failed",
    }
)
"""The server's folder for each end of a mail."""

log = structlog.get_logger(__name__)


class Sink(Protocol):
    """Where mails go; each call commits before it returns and may be repeated for the same place."""

    async def cursor(self, account: str, folder: str, uidvalidity: int) -> int:
        """The last uid on record, 0 when there is none."""

    async def accept(self, place: MailPlace, raw: bytes) -> Disposition:
        """Record a mail and say what became of it; the same place or the same bytes have no second effect.

        TransientError to be asked again; PermanentError when it is on record as failed.
        """

    async def too_large(self, place: MailPlace, headers: bytes, size_bytes: int) -> Disposition:
        """Record a mail that is over the size limit and was therefore not fetched."""

    async def proved(self, account: str, folder: str) -> None:
        """The server has just answered: the mailbox is being watched."""


class InboxWatch:
    """The endless loop over one folder of one mailbox; two of them on one mailbox do no harm."""

    def __init__(
        self,
        mailbox: ImapMailbox,
        sink: Sink,
        *,
        poll_seconds: float = POLL_S,
        size_limit_bytes: int = SIZE_LIMIT_BYTES,
        filing: Mapping[Disposition, str] = FILING,
        spans: Spans = NoSpans(),  # noqa: B008 - it holds nothing
    ) -> None:
        self._mailbox = mailbox
        self._sink = sink
        self._poll_seconds = poll_seconds
        self._size_limit_bytes = size_limit_bytes
        self._filing = filing
        self._spans = spans
        self._account = mailbox.account.name
        self._folder = mailbox.account.folder
        self._position = Position(0)
        self._left: dict[int, Retry] = {}
        self._decided: dict[int, tuple[Trace, Disposition]] = {}
        self._proved_at = 0.0

    async def run(self) -> None:
        """Watch until cancelled."""
        failures = 0
        while True:
            most_s = PAUSE_MOST_S
            try:
                await self._mailbox.connect()
                # What an earlier connection left undone is still in the folder, so look at all of it again.
                self._position = Position(self._position.uidvalidity)
                while True:
                    await self.sweep()
                    failures = 0
                    await self._mailbox.idle(nap_seconds(self._left, time.monotonic(), self._poll_seconds))
                    await self._mailbox.noop()
            except SettingsError as error:
                most_s = PAUSE_MOST_REFUSED_S
                log.error("mailbox refused", account=self._account, reason=error.sentence)
            except CountersignError as error:
                log.warning("mailbox lost", account=self._account, reason=error.sentence, failures=failures)
            except Exception:
                log.exception("mailbox watch failed", account=self._account)
            finally:
                await self._mailbox.close()
            await asyncio.sleep(pause_seconds(failures, most_s))
            failures += 1

    async def sweep(self) -> int:
        """Take every mail that is due and return how many were filed away."""
        uidvalidity, _ = await self._mailbox.status()
        after = self._position.look_after(uidvalidity)
        if uidvalidity != self._position.uidvalidity:
            self._position = Position(uidvalidity)
            self._left.clear()
            self._decided.clear()
        done_up_to = await self._sink.cursor(self._account, self._folder, uidvalidity)
        listed = await self._mailbox.search_after(after)
        filed = 0
        for uid in what_is_due(listed, done_up_to, self._left, time.monotonic()):
            filed += await self._take(
                MailPlace(account=self._account, folder=self._folder, uidvalidity=uidvalidity, uid=uid)
            )
            await self._prove(PROVE_EVERY_S)
        self._position = Position(uidvalidity, max([after, *listed]))
        await self._prove(0)
        return filed

    async def _take(self, place: MailPlace) -> bool:
        """Decide and file one mail; a mail that fails is put off, a lost connection ends the sweep."""
        try:
            filed = await self._decide_and_file(place)
        except CountersignError as error:
            self._put_off(place, error.sentence)
            if not self._mailbox.connected:
                raise
            return False
        except Exception:
            # A fault of ours with this mail must not stop the others; the mail stays where it is.
            log.exception("mail could not be taken", uid=place.uid)
            self._put_off(place, "unexpected error")
            return False
        finally:
            structlog.contextvars.unbind_contextvars("trace")
        self._left.pop(place.uid, None)
        self._decided.pop(place.uid, None)
        return filed

    async def _decide_and_file(self, place: MailPlace) -> bool:
        started = time.monotonic()
        if place.uid not in self._decided:
            since_ns = time.time_ns()
            try:
                size_bytes = await self._mailbox.size(place.uid)
                content = await self._content(place, size_bytes)
                await reach("mail.fetched")
            except ConflictError:
                return False
            # From here on every line and every span, in whatever process, has the id of these bytes.
            trace = trace_of(sha256(content))
            structlog.contextvars.bind_contextvars(trace=trace)
            with self._spans.span("mail", trace, since_ns=since_ns) as marks:
                with self._spans.span("fetch", since_ns=since_ns):
                    pass
                disposition = await self._decide(place, content, size_bytes)
                marks.mark(disposition=disposition.value)
            self._decided[place.uid] = trace, disposition
            await reach("mail.accepted")
        trace, disposition = self._decided[place.uid]
        structlog.contextvars.bind_contextvars(trace=trace)
        with self._spans.span("file away", trace):
            filed = await self._mailbox.file_away(place.uid, self._filing[disposition])
        await reach("mail.filed")
        seconds = round(time.monotonic() - started, 3)
        log.info("mail filed", uid=place.uid, disposition=disposition, moved=filed, seconds=seconds)
        return filed

    async def _content(self, place: MailPlace, size_bytes: int) -> bytes:
        if size_bytes > self._size_limit_bytes:
            return await self._mailbox.headers(place.uid)
        return await self._mailbox.fetch(place.uid)

    async def _decide(self, place: MailPlace, content: bytes, size_bytes: int) -> Disposition:
        try:
            if size_bytes > self._size_limit_bytes:
                return await self._sink.too_large(place, content, size_bytes)
            return await self._sink.accept(place, content)
        except PermanentError as error:
            log.warning("mail failed", uid=place.uid, reason=error.sentence)
            return Disposition.UNREADABLE
        except ConflictError as error:
            # Another watch is at it: look again later, when it is filed away or left for us.
            raise TransientError("Another watch has this mail in hand.") from error

    def _put_off(self, place: MailPlace, reason: str) -> None:
        retry = try_later(self._left.get(place.uid), time.monotonic())
        self._left[place.uid] = retry
        log.warning("mail put off", uid=place.uid, reason=reason, attempts=retry.attempts)

    async def _prove(self, at_most_every_s: float) -> None:
        now = time.monotonic()
        if now - self._proved_at >= at_most_every_s:
            await self._sink.proved(self._account, self._folder)
            self._proved_at = now


def pause_seconds(failures: int, most_s: float) -> float:
    """How long to wait before the next try to connect: doubling, at most `most_s`, with jitter."""
    longest = min(PAUSE_FIRST_S * 2.0 ** min(failures, 20), most_s)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load, guards nothing
