"""The outside as steps see it: small protocols that `daemon.wiring` fills with real clients; no network here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from handlers.guard import LeakGuard
from schema.approval import Person, Question
from schema.document import PagesOf, Reading
from schema.ids import Address, BlobKey, MessageSid, Phone
from schema.mail import OutgoingMail
from schema.masking import Masked, MaskedInvoice
from schema.people import Identity, PendingSignOn
from schema.policy import Policy
from schema.store import Store
from schema.trace import NoSpans, Spans
from schema.transfer import Draft, Permit, Receipt, Transfer
from schema.vault import Vault
from schema.verdict import ActionPlan, ModelReply


class Blobs(Protocol):
    """Where files are kept: put is durable when it returns and safe to repeat; the key is the SHA-256."""

    async def put(self, data: bytes) -> BlobKey:
        """Keep `data` and return its key."""

    async def get(self, key: BlobKey) -> bytes:
        """The bytes kept under `key`; PermanentError when there are none, ForgedError when altered."""


class Reader(Protocol):
    """Reads one untrusted document in a bounded child process."""

    async def read(self, data: bytes, name: str) -> Reading:
        """All fields; UnreadableDocumentError says why not."""

    async def read_together(self, files: Sequence[PagesOf]) -> Reading:
        """The same of pages of one or more files, as one document with pages from 1."""


class Model(Protocol):
    """The language model behind OpenRouter."""

    async def validate(self, system: str, invoice: MaskedInvoice) -> ModelReply:
        """Ask once; TransientError to try again, PermanentError when the reply cannot be used."""


class Messenger(Protocol):
    """WhatsApp. Creating a message is not idempotent at the provider, so `find` comes before `ask`."""

    async def ask(self, question: Question, text: Masked, media_url: str) -> MessageSid:
        """Send text, picture and two buttons once; TransientError only when surely nothing was sent."""

    async def find(self, question: Question) -> MessageSid | None:
        """The message of this question if one was sent before."""

    async def note(self, to: Phone, text: Masked) -> MessageSid:
        """Send a plain text."""


class Bank(Protocol):
    """The bank's portal, driven through its pages."""

    async def prepare(self, transfer: Transfer, plan: ActionPlan) -> Draft:
        """Fill the form up to the confirm page, read it back, take the masked screenshot, leave."""

    async def find(self, transfer: Transfer) -> Receipt | None:
        """The booked transfer with this reference, or None when the bank surely has none."""

    async def pay(
        self, transfer: Transfer, plan: ActionPlan, permit: Permit, start: Callable[[], Awaitable[None]]
    ) -> Receipt:
        """Fill again, compare every term with the permit, enter the OTP, submit once, read the receipt.

        `start` is awaited once, just before the click: it puts START on record, or raises ConflictError.
        TermsChangedError before anything was submitted; OutcomeUnknownError when it was and no answer came.
        """


class Mailer(Protocol):
    """Outgoing mail."""

    async def send(self, mail: OutgoingMail) -> None:
        """Hand the mail to the server; TransientError when it was surely not taken."""


@dataclass(frozen=True)
class FetchedFile:
    """A file as it came; `origin` is its address without query."""

    name: str
    data: bytes
    origin: str


class Files(Protocol):
    """Hosted files, from allowed hosts only."""

    async def fetch(self, address: str) -> FetchedFile:
        """The file at an address; PermanentError when it may not or cannot be had, TransientError to try again."""


class Ledger(Protocol):
    """The ledger's webhook."""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """The HTTP status; TransientError when no answer came, PermanentError when nothing may be sent."""


@dataclass(frozen=True)
class SignOnAnswer:
    """What a browser brought back from the identity provider; `iss` is None where it names none (RFC 9207)."""

    code: str
    iss: str | None


class IdentityProvider(Protocol):
    """The company's own sign-in, by OpenID Connect."""

    name: str
    """The words on its button."""

    async def address_of(self, pending: PendingSignOn, state: str) -> str:
        """Where to send the browser; TransientError when the provider does not answer."""

    async def redeem(self, pending: PendingSignOn, answer: SignOnAnswer) -> Identity:
        """Who signed in there; ForgedError when the answer proves nobody, TransientError to try again."""


class Clock(Protocol):
    """Time, so that tests own it."""

    def now(self) -> datetime:
        """Now, aware, in UTC."""


@dataclass(frozen=True)
class World:
    """Everything a step may use."""

    store: Store
    vault: Vault
    guard: LeakGuard
    blobs: Blobs
    reader: Reader
    model: Model
    messenger: Messenger
    bank: Bank
    mailer: Mailer
    files: Files
    ledger: Ledger
    identity: IdentityProvider | None
    clock: Clock
    policy: Policy
    approvers: tuple[Person, ...]
    forwarders: frozenset[Address]
    authserv_id: str
    mail_domain: str
    public_url: str
    bank_origin: str
    zone: ZoneInfo
    spans: Spans = field(default_factory=NoSpans)
