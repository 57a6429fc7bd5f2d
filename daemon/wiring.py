"""Settings -> World: the only place that picks adapters; opens everything in order and closes it in reverse."""

from __future__ import annotations

import asyncio
import email.policy
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote

import httpx
import structlog
from redis.asyncio import Redis

from daemon.adapters.bank_browser import BankBrowser, BrowserSettings
from daemon.adapters.bank_otp import OneTimePassword
from daemon.adapters.bank_portal import BankPortal
from daemon.adapters.bank_video import link_ffmpeg
from daemon.adapters.blobs_disk import DiskBlobs
from daemon.adapters.files_https import HttpsFiles, PinnedTransport
from daemon.adapters.ledger_webhook import LedgerWebhook
from daemon.adapters.mailbox_imap import ImapAccount, ImapMailbox
from daemon.adapters.mailer_smtp import SmtpMailer
from daemon.adapters.messenger_twilio import TwilioMessenger
from daemon.adapters.model_openrouter import OpenRouterModel
from daemon.adapters.oidc_provider import OidcProvider
from daemon.adapters.traces import OtlpSpans
from daemon.cache import LookupCache
from daemon.clock import DatabaseClock
from daemon.egress import TRACES, Door, EgressTransport, make_secret_guard
from daemon.known_vendors import KnownVendors
from daemon.limits import RateLimiter
from daemon.settings import Settings
from handlers.guard import LeakGuard
from handlers.reading.document import ReadingSettings, read_document, read_together
from handlers.world import World
from schema.document import PagesOf, Reading
from schema.errors import SettingsError
from schema.migrate import fit
from schema.policy import load_policy
from schema.store import Store, open_database, open_store
from schema.trace import NoSpans, Spans
from schema.vault import Vault

log = structlog.get_logger()

MOCK_KEY: Final = "sk-or-v1-mock"


@dataclass(frozen=True)
class SandboxedReader:
    """`handlers.world.Reader`: every document is read in a child process of its own."""

    settings: ReadingSettings

    async def read(self, data: bytes, name: str) -> Reading:
        """All fields; UnreadableDocumentError says why not."""
        return await read_document(data, name, settings=self.settings)

    async def read_together(self, files: Sequence[PagesOf]) -> Reading:
        """The same of pages of one or more files."""
        return await read_together(files, settings=self.settings)


def open_vault(settings: Settings) -> Vault:
    """The vault with the current master key and those it replaced."""
    old = [key.get_secret_value() for key in settings.master_keys_old]
    return Vault(settings.master_key.get_secret_value(), old)


@asynccontextmanager
async def open_books(settings: Settings) -> AsyncIterator[tuple[Store, Vault]]:
    """The store and the vault alone, for chores of the operator."""
    if not settings.master_key.get_secret_value():
        raise SettingsError("MASTER_KEY is not set: make one with `countersign keys new`.")
    vault = open_vault(settings)
    await _compare_schema(settings)
    async with open_database(settings.database, connections=2) as database:
        yield open_store(database), vault


@asynccontextmanager
async def open_world(settings: Settings, *, browser: bool = False) -> AsyncIterator[World]:
    """Everything a step may use; with `browser` Chromium is warm before the first transfer."""
    async with AsyncExitStack() as stack:
        vault = open_vault(settings)
        await _compare_schema(settings)
        database = await stack.enter_async_context(open_database(settings.database))
        redis = Redis.from_url(settings.redis)
        stack.push_async_callback(redis.aclose)
        known = KnownVendors(database, LookupCache(redis, "vendors"))
        store = replace(open_store(database), master=known)
        clock = await _open_clock(store, stack)
        guard = LeakGuard(vault)
        await guard.refresh(store)
        blobs = make_blobs(settings, vault)
        door = make_door(settings, guard, store, blobs, clock)
        spans = await _open_traces(settings, door, stack)
        bank_browser = BankBrowser(browser_settings(settings), door.let_browse)
        stack.push_async_callback(bank_browser.stop)
        if browser:
            await bank_browser.start()
        model = make_model(settings, guard, redis, door)
        stack.push_async_callback(model.aclose)
        messenger = make_messenger(settings, guard, door)
        stack.push_async_callback(messenger.close)
        files = make_files(settings, door)
        stack.push_async_callback(files.aclose)
        yield World(
            store=store,
            vault=vault,
            guard=guard,
            blobs=blobs,
            reader=SandboxedReader(ReadingSettings(tesseract_path=str(settings.tesseract_path))),
            model=model,
            messenger=messenger,
            bank=make_bank(settings, vault, bank_browser, clock, spans),
            mailer=make_mailer(settings, guard, door, clock.unix_s),
            spans=spans,
            files=files,
            ledger=_open_ledger(settings, door, stack),
            identity=_open_identity_provider(settings, door, clock, stack),
            clock=clock,
            policy=load_policy(settings.policy_file),
            approvers=settings.approvers,
            forwarders=settings.forwarders,
            authserv_id=settings.authserv_id,
            mail_domain=mail_domain(settings),
            public_url=settings.public_url,
            bank_origin=settings.bank_url,
            zone=settings.zone,
        )


def _open_ledger(settings: Settings, door: Door, stack: AsyncExitStack) -> LedgerWebhook:
    ledger = LedgerWebhook(settings.ledger_webhook_url, EgressTransport(door, "ledger"))
    stack.push_async_callback(ledger.aclose)
    return ledger


async def _compare_schema(settings: Settings) -> None:
    if ahead := await fit(settings.database):
        log.warning("the schema is newer than this version, which may run beside it", ahead=ahead)


async def _open_clock(store: Store, stack: AsyncExitStack) -> DatabaseClock:
    """The time of the database, kept for as long as the stack is open."""
    clock = DatabaseClock(store.operations.clock)
    await clock.ask()
    stack.callback(asyncio.create_task(clock.keep()).cancel)
    return clock


def _open_identity_provider(
    settings: Settings, door: Door, clock: DatabaseClock, stack: AsyncExitStack
) -> OidcProvider | None:
    provider = make_identity_provider(settings, EgressTransport(door, "identity"), clock.unix_s)
    if provider:
        stack.push_async_callback(provider.aclose)
    return provider


async def _open_traces(settings: Settings, door: Door, stack: AsyncExitStack) -> Spans:
    """Where the work is told, if anywhere; through the door like everything else."""
    if not settings.otel_exporter_otlp_endpoint:
        return NoSpans()
    spans = OtlpSpans(
        settings.otel_exporter_otlp_endpoint,
        headers_of(settings.otel_exporter_otlp_headers.get_secret_value()),
        str(structlog.contextvars.get_contextvars().get("process", "")),
        EgressTransport(door, TRACES),
    )
    stack.push_async_callback(spans.close)
    stack.callback(asyncio.create_task(spans.keep()).cancel)
    door.spans = spans
    return spans


def headers_of(text: str) -> dict[str, str]:
    """`name=value,name=value`, values percent-encoded (OpenTelemetry's environment variables)."""
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


def make_blobs(settings: Settings, vault: Vault) -> DiskBlobs:
    """The file store."""
    return DiskBlobs(settings.blobs_folder, vault)


def mail_domain(settings: Settings) -> str:
    """The domain of our Message-IDs, and of the record's origin."""
    return f"countersign.{settings.mail_from.rpartition('@')[2]}"


def make_mailbox(settings: Settings) -> ImapMailbox:
    """The watched mailbox, not connected."""
    return ImapMailbox(
        ImapAccount(
            host=settings.imap_host,
            port=settings.imap_port,
            user=settings.imap_user,
            password=settings.imap_password.get_secret_value(),
            folder=settings.imap_folder,
            tls=settings.imap_tls == "tls",
            ca_path=settings.imap_ca_file,
        )
    )


def make_door(
    settings: Settings, guard: LeakGuard, store: Store, blobs: DiskBlobs, clock: DatabaseClock
) -> Door:
    """The door that everything outbound goes through; the makers below take None only for the doctor's greetings."""
    codes = OneTimePassword(settings.bank_totp_secret, clock.unix_s).valid
    return Door(guard, make_secret_guard(settings, codes), store, blobs)


def make_mailer(
    settings: Settings, guard: LeakGuard, door: Door | None, now: Callable[[], float] = time.time
) -> SmtpMailer:
    """Outgoing mail of ours, dated by `now`, which is Unix time."""
    return SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_from,
        guard=guard.text,
        username=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
        tls=settings.smtp_tls,
        ca_path=settings.smtp_ca_file,
        now=lambda: datetime.fromtimestamp(now(), UTC),
        let_out=door.let_mail_out if door else None,
        spans=door.spans if door else NoSpans(),
    )


def make_messenger(settings: Settings, guard: LeakGuard, door: Door | None) -> TwilioMessenger:
    """WhatsApp by Twilio."""
    return TwilioMessenger(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        sender=settings.twilio_whatsapp_number,
        public_url=settings.public_url,
        api_url=settings.twilio_api_url,
        guard=guard.text,
        transport=EgressTransport(door, "messenger") if door else None,
    )


def make_files(settings: Settings, door: Door) -> HttpsFiles:
    """Hosted files, from the hosts of UPLOAD_HOSTS."""
    pinned = PinnedTransport(httpx.AsyncHTTPTransport(trust_env=False))
    transport = EgressTransport(door, "fetch", pinned)
    return HttpsFiles(settings.upload_hosts, transport, largest_bytes=settings.mail_max_bytes)


def make_identity_provider(
    settings: Settings, transport: httpx.AsyncBaseTransport, now: Callable[[], float] = time.time
) -> OidcProvider | None:
    """The company's own sign-in, or None where none is set; `now` is Unix time."""
    if not settings.oidc_issuer:
        return None
    return OidcProvider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        name=settings.oidc_name,
        now=now,
        transport=transport,
    )


def make_bank(
    settings: Settings, vault: Vault, browser: BankBrowser, clock: DatabaseClock, spans: Spans
) -> BankPortal:
    """The bank's portal."""
    return BankPortal(
        origin=settings.bank_url,
        customer_id=settings.bank_customer_id,
        password=settings.bank_password,
        totp_secret=settings.bank_totp_secret,
        vault=vault,
        browser=browser,
        now=clock.unix_s,
        spans=spans,
    )


async def submit_mail(settings: Settings, mail: EmailMessage, forwarder: str) -> None:
    """Send a mail as a forwarder would, with the forwarder's own login and SMTP_PASSWORD."""
    mailer = SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=forwarder,
        guard=lambda _: None,
        username=forwarder,
        password=settings.smtp_password.get_secret_value(),
        tls=settings.smtp_tls,
        ca_path=settings.smtp_ca_file,
    )
    await mailer.hand_over(settings.imap_user, mail.as_bytes(policy=email.policy.SMTP))


def browser_settings(settings: Settings) -> BrowserSettings:
    """Where the browser comes from; for a recording Debian's ffmpeg is put where Playwright looks for one."""
    if settings.video_folder and settings.playwright_browsers_path:
        link_ffmpeg(settings.playwright_browsers_path)
    return BrowserSettings(
        mode=settings.playwright_executor_mode,
        chromium_path=settings.chromium_path,
        ws_url=settings.playwright_server_url or None,
        video_folder=settings.video_folder,
        browsers_path=settings.playwright_browsers_path,
    )


def make_model(settings: Settings, guard: LeakGuard, redis: Redis, door: Door | None) -> OpenRouterModel:
    """Grok behind OpenRouter, within our own rate; OPENROUTER_MOCK answers in this process instead."""
    mock = settings.openrouter_mock
    inner = _mock_transport() if mock else None
    return OpenRouterModel(
        settings.openrouter_url,
        MOCK_KEY if mock else settings.openrouter_api_key.get_secret_value(),
        settings.groq_model,
        settings.groq_models_served,
        guard.body,
        RateLimiter(redis, "openrouter", settings.openrouter_per_minute, settings.openrouter_per_hour),
        transport=EgressTransport(door, "model", inner) if door else inner,
    )


def _mock_transport() -> httpx.AsyncBaseTransport:
    """OpenRouter's stand-in in this process: the one place where the product may reach for the sandbox."""
    try:
        from sandbox.openrouter import OpenRouterSettings, create_app
    except ModuleNotFoundError as error:
        raise SettingsError("OPENROUTER_MOCK=true needs the sandbox, which is not installed here.") from error
    return httpx.ASGITransport(create_app(OpenRouterSettings(api_key=MOCK_KEY)))
