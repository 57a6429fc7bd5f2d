"""The one door for what leaves the house: looked through for secrets and written down before it goes.

The ledger is written first: when it cannot be, nothing leaves. So a line in it means "was about to leave".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import quote, quote_plus, unquote_to_bytes, urlsplit
from uuid import UUID

import httpx
import structlog

from daemon.settings import Settings
from handlers.guard import LeakGuard
from handlers.world import Blobs
from schema.errors import LeakError, TransientError
from schema.ids import InvoiceId
from schema.masking import mask
from schema.store import Store
from schema.store.operations import Departure
from schema.trace import NoSpans, Spans
from schema.vault import sha256

SHORTEST_SECRET: Final = 8
"""A shorter one would be found by chance; `doctor` calls it weak."""

SECRETS: Final = (
    "master_key", "openrouter_api_key", "twilio_auth_token", "postgres_password", "redis_password",
    "ledger_webhook_secret", "oidc_client_secret",
    "imap_password", "smtp_password", "minio_secret_key", "bank_password", "bank_totp_secret",
    "otel_exporter_otlp_headers",
)  # fmt: skip
"""The settings whose values never belong into a body; a service's own credential goes in a header."""

_SIX_DIGITS: Final = re.compile(r"(?<!\d)\d{6}(?!\d)")

TRACES: Final = "traces"
"""The kind of what goes to a collector of traces."""

log = structlog.get_logger(__name__)

Codes = Callable[[], frozenset[str]]
"""The one-time passwords that are worth something at this moment."""


class SecretGuard:
    """Knows the raw secrets of the settings in the forms they could leave in: plain, URL-encoded, base64."""

    def __init__(self, secrets: Iterable[str], codes: Codes) -> None:
        kept = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        self._forms = tuple(sorted({form.encode() for secret in kept for form in _forms(secret)}))
        self._codes = codes

    def check(self, body: bytes) -> None:
        """LeakError for a secret; TransientError for what is a valid one-time password, by chance or not.

        Such a password is worth nothing a minute and a half later, so the same bytes may go then.
        """
        if any(form in body for form in self._forms):
            raise LeakError("Outbound bytes held a password or key of ours, so they were not sent.")
        if not self._codes().isdisjoint(_SIX_DIGITS.findall(body.decode("utf-8", "replace"))):
            raise TransientError("Outbound bytes held a one-time password that is valid now; sent later.")


class Door:
    """Lets bodies out: no known account number, no secret of ours, and a line in the ledger first."""

    def __init__(
        self,
        guard: LeakGuard,
        secrets: SecretGuard,
        store: Store,
        blobs: Blobs,
    ) -> None:
        self._guard = guard
        self._secrets = secrets
        self._store = store
        self._blobs = blobs
        self.spans: Spans = NoSpans()

    async def let_out(self, kind: str, method: str, destination: str, body: bytes) -> None:
        """Check the exact bytes of a body and write it down.

        LeakError and TransientError as the guards say; TransientError when the ledger does not answer.
        """
        await self._check(kind, body)
        masked = mask(body.decode("utf-8", "replace")).encode()
        departure = Departure(
            kind=kind,
            method=method,
            destination=destination,
            sha256=sha256(body),
            size_bytes=len(body),
            body_key=await self._blobs.put(masked) if body else None,
            invoice_id=bound_invoice(),
        )
        await self._store.operations.record_egress(departure)

    async def _check(self, kind: str, body: bytes) -> None:
        """Look through a body as it is and as a form reads it; what is refused is counted, too."""
        for form in {body, unquote_to_bytes(body.replace(b"+", b" "))}:
            reason = "account"
            try:
                self._guard.body(form)
                reason = "secret"
                self._secrets.check(form)
            except (LeakError, TransientError) as error:
                reason = "code" if isinstance(error, TransientError) else reason
                log.error("refused to let out", kind=kind, reason=reason)
                # The refusal stands, also when it cannot be counted.
                with suppress(TransientError):
                    await self._store.measures.record_refusal(kind, reason, bound_invoice())
                raise

    async def let_browse(self, endpoint: str) -> None:
        """Write down that the bank's browser connects somewhere; what it says there is the bank adapter's own."""
        await self._store.operations.record_egress(
            Departure(kind="bank", method="CONNECT", destination=endpoint, invoice_id=bound_invoice())
        )

    async def let_mail_out(self, to: str, content: bytes) -> None:
        """Check the exact bytes of a mail and write it down."""
        await self.let_out("mail", "MAIL", to, content)


class EgressTransport(httpx.AsyncBaseTransport):
    """An httpx transport that goes through the door; give it to every client."""

    def __init__(self, door: Door, kind: str, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self._door, self._kind = door, kind
        self._inner = inner or httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let the request out and answer as the network does."""
        body = await request.aread()
        # What tells of the work is no work to tell of.
        spans = NoSpans() if self._kind == TRACES else self._door.spans
        with spans.span(f"{self._kind} {request.method}", kind=self._kind, method=request.method) as marks:
            await self._door.let_out(self._kind, request.method, place_of(str(request.url)), body)
            response = await self._inner.handle_async_request(request)
            marks.mark(status=response.status_code)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def make_secret_guard(settings: Settings, codes: Codes) -> SecretGuard:
    """The guard of all secrets of the settings."""
    values = [getattr(settings, name).get_secret_value() for name in SECRETS]
    return SecretGuard([*values, *(key.get_secret_value() for key in settings.master_keys_old)], codes)


def place_of(url: str) -> str:
    """Scheme, host, port and path of a URL, masked; a query may hold what must not be read in a ledger."""
    parts = urlsplit(url)
    return mask(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl())


def bound_invoice() -> InvoiceId | None:
    """The invoice that is being worked on, as `advance` binds it for the log."""
    bound = structlog.contextvars.get_contextvars().get("invoice")
    try:
        return InvoiceId(UUID(str(bound))) if bound else None
    except ValueError:
        return None


def _forms(secret: str) -> set[str]:
    """A secret plain, URL-encoded, and in base64 at each of the three places it can begin at (RFC 4648).

    Of a base64 form only the characters that the secret alone decides are kept.
    """
    raw, encoded = secret.encode(), set[str]()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode()
        own = text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        encoded |= {own, own.replace("+", "-").replace("/", "_")}
    return {secret, quote(secret, safe=""), quote_plus(secret), *encoded}
