"""`countersign doctor`: try every service as the product would, and say what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError
from rich.console import Console

from daemon.adapters.bank_browser import BankBrowser
from daemon.adapters.blobs_disk import DiskBlobs
from daemon.contradictions import contradictions
from daemon.settings import Settings
from daemon.wiring import (
    browser_settings,
    make_identity_provider,
    make_mailbox,
    make_mailer,
    make_messenger,
    make_model,
    open_vault,
)
from handlers.guard import LeakGuard
from schema.errors import CountersignError
from schema.migrate import fit
from schema.policy import load_policy
from schema.store import open_database, open_store

EACH_S: Final = 30.0
LANGUAGES: Final = ("eng", "hin", "mar", "guj")

RECORD_TRIGGERS: Final = 2
"""On each table of the record: one against UPDATE and DELETE, one against TRUNCATE."""

WELL, WARNING, WRONG = "[green]✓[/]", "[yellow]![/]", "[red]✗[/]"


@dataclass(frozen=True)
class Diagnosis:
    """What was found of one part; `mend` says what to do and is empty when all is well."""

    part: str
    found: str
    mend: str = ""
    serious: bool = True


async def examine(settings: Settings) -> int:
    """Examine everything, print it, and return 0 when nothing serious is wrong."""
    console = Console(highlight=False)
    serious = False
    for problem in contradictions(settings):
        console.print(f"{WRONG} settings     {problem}")
        serious = True
    for part, look in EXAMINATIONS.items():
        for diagnosis in await _look(part, look, settings):
            mark = WELL if not diagnosis.mend else WRONG if diagnosis.serious else WARNING
            console.print(
                f"{mark} {diagnosis.part:<12} {diagnosis.found} {diagnosis.mend}".rstrip(), soft_wrap=True
            )
            serious |= bool(diagnosis.mend) and diagnosis.serious
    console.print("\nSomething must be mended." if serious else "\nAll is well.")
    return 1 if serious else 0


Look = Callable[[Settings], Awaitable[list[Diagnosis]]]


async def _look(part: str, look: Look, settings: Settings) -> list[Diagnosis]:
    try:
        async with asyncio.timeout(EACH_S):
            return await look(settings)
    except CountersignError as error:
        return [Diagnosis(part, "", error.sentence)]
    except TimeoutError:
        return [Diagnosis(part, "", f"Does not answer within {EACH_S:.0f} s.")]


async def _database(settings: Settings) -> list[Diagnosis]:
    async with open_database(settings.database, connections=1) as database:
        await open_store(database).views.ready()
    if ahead := await fit(settings.database):
        newer = f"its schema is newer ({', '.join(ahead)}), and made to run beside this version"
        return [Diagnosis("database", f"answers; {newer}")]
    return [Diagnosis("database", "answers, and its schema is up to date")]


async def _record(settings: Settings) -> list[Diagnosis]:
    async with open_database(settings.database, connections=1) as database:
        guards = await open_store(database).record.guards()
    if any(guard.triggers < RECORD_TRIGGERS for guard in guards):
        bare = ", ".join(guard.table for guard in guards if guard.triggers < RECORD_TRIGGERS)
        return [
            Diagnosis("record", "", f"Triggers that keep the record append-only are gone or off: {bare}.")
        ]
    if not all(guard.insert_only for guard in guards):
        mend = (
            "but its owner may switch that off: run deploy/record_owner.sql as the database's administrator."
        )
        return [Diagnosis("record", "is append-only by triggers", mend, serious=False)]
    return [Diagnosis("record", "is append-only, and INSERT-only for us")]


async def _ledger(settings: Settings) -> list[Diagnosis]:
    async with open_database(settings.database, connections=1) as database:
        problems = await open_store(database).operations.unaccounted()
    if problems:
        first = problems[0]
        return [
            Diagnosis(
                "ledger",
                f"disagrees with the record about {len(problems)} request(s):",
                f"{first.problem}: {first.sha256[:16]}…, invoice {first.invoice_id}; look into it.",
                serious=False,
            )
        ]
    return [Diagnosis("ledger", "holds every request of the record, and no other")]


async def _redis(settings: Settings) -> list[Diagnosis]:
    try:
        async with Redis.from_url(settings.redis, socket_timeout=5) as client:
            await client.ping()
            kept = await client.config_get("appendonly", "maxmemory-policy")
    except (RedisError, OSError) as error:
        return [Diagnosis("redis", "", f"REDIS_URL does not answer: {error}")]
    if kept.get("maxmemory-policy") != "noeviction":
        return [
            Diagnosis(
                "redis", "answers", "but may drop keys: set maxmemory-policy noeviction.", serious=False
            )
        ]
    return [Diagnosis("redis", "answers")]


async def _keys_and_files(settings: Settings) -> list[Diagnosis]:
    vault = open_vault(settings)
    DiskBlobs(settings.blobs_folder, vault)
    policy = load_policy(settings.policy_file)
    return [
        Diagnosis("files", f"{settings.blobs_folder} can be written"),
        Diagnosis("policy", f"{settings.policy_file} is version {policy.version}"),
    ]


async def _mailbox(settings: Settings) -> list[Diagnosis]:
    async with make_mailbox(settings) as mailbox:
        await mailbox.status()
    return [Diagnosis("mailbox", f"{settings.imap_user} can be read")]


async def _mailer(settings: Settings) -> list[Diagnosis]:
    await make_mailer(settings, _guard(settings), None).check()
    return [Diagnosis("mailer", f"{settings.smtp_host} takes mail from us")]


async def _model(settings: Settings) -> list[Diagnosis]:
    async with Redis.from_url(settings.redis) as redis:
        model = make_model(settings, _guard(settings), redis, None)
        try:
            problems = await model.preflight()
        finally:
            await model.aclose()
    if not problems:
        return [Diagnosis("openrouter", f"answers and has {settings.groq_model}")]
    return [
        Diagnosis("openrouter", "", problem, serious="model" not in problem.lower()) for problem in problems
    ]


async def _messenger(settings: Settings) -> list[Diagnosis]:
    messenger = make_messenger(settings, _guard(settings), None)
    try:
        await messenger.check()
    finally:
        await messenger.close()
    return [Diagnosis("twilio", "knows our account")]


async def _identity(settings: Settings) -> list[Diagnosis]:
    provider = make_identity_provider(settings, httpx.AsyncHTTPTransport(trust_env=False))
    if provider is None:
        return []
    try:
        problems = await provider.preflight()
        silent = not await provider.says_pkce()
    finally:
        await provider.aclose()
    if problems:
        return [Diagnosis("identity", "", problem) for problem in problems]
    unsaid = "but does not say that it checks PKCE (S256): make sure that it does." if silent else ""
    return [Diagnosis("identity", f"{settings.oidc_issuer} signs people in", unsaid, serious=False)]


async def _browser(settings: Settings) -> list[Diagnosis]:
    browser = BankBrowser(browser_settings(settings))
    try:
        await browser.start()
    finally:
        await browser.stop()
    return [Diagnosis("browser", "starts")]


async def _addresses(settings: Settings) -> list[Diagnosis]:
    found = []
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        for part, url, mend in (
            ("bank", settings.bank_url, "BANK_URL does not answer"),
            ("web", f"{settings.public_url}/healthz", "PUBLIC_URL does not reach `countersign web`"),
        ):
            try:
                answer = await client.get(url)
                reached = answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR
                found.append(
                    Diagnosis(part, f"{url} answers", "" if reached else f"with {answer.status_code}.")
                )
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                found.append(Diagnosis(part, "", f"{mend}: {type(error).__name__}.", serious=part == "bank"))
    return found


async def _webhook(settings: Settings) -> list[Diagnosis]:
    """The way to the ledger: name, route and certificate. Nothing is sent: a POST would be taken for a batch."""
    if not settings.ledger_webhook_url:
        return [Diagnosis("webhook", "is not set; batches are fetched from the console")]
    url = httpx.URL(settings.ledger_webhook_url)
    tls = httpx.create_ssl_context(trust_env=False) if url.scheme == "https" else None
    port = url.port or (443 if tls else 80)
    try:
        _, writer = await asyncio.open_connection(url.host, port, ssl=tls)
        writer.close()
    except socket.gaierror:
        return [Diagnosis("webhook", "", f"{url.host} has no address: look at LEDGER_WEBHOOK_URL.")]
    except ssl.SSLError as error:
        return [Diagnosis("webhook", f"{url.host} answers", f"but does not prove who it is: {error.reason}.")]
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return [Diagnosis("webhook", "", f"{url.host}:{port} cannot be reached: {reason}.")]
    return [Diagnosis("webhook", f"{url.host}:{port} can be reached"), *await _deliveries(settings)]


async def _deliveries(settings: Settings) -> list[Diagnosis]:
    async with open_database(settings.database, connections=1) as database:
        store = open_store(database)
        troubled = await store.measures.troubled_deliveries(await store.operations.clock())
    return [
        Diagnosis("webhook", f"batch {each.number}", f"was not taken: {each.problem}", serious=False)
        for each in troubled
    ]


async def _tesseract(settings: Settings) -> list[Diagnosis]:
    path = shutil.which(str(settings.tesseract_path))
    if path is None:
        return [Diagnosis("tesseract", "", f"TESSERACT_PATH {settings.tesseract_path} is no program.")]
    child = await asyncio.create_subprocess_exec(path, "--list-langs", stdout=-1, stderr=-1)
    out, _ = await child.communicate()
    missing = [language for language in LANGUAGES if language not in out.decode().split()]
    if missing:
        packages = " ".join(f"tesseract-ocr-{language}" for language in missing)
        return [
            Diagnosis(
                "tesseract", "", f"lacks languages: apt-get install {packages}", serious="eng" in missing
            )
        ]
    return [Diagnosis("tesseract", f"reads {', '.join(LANGUAGES)}")]


def _guard(settings: Settings) -> LeakGuard:
    return LeakGuard(open_vault(settings))


EXAMINATIONS: Final[dict[str, Look]] = {
    "keys": _keys_and_files,
    "database": _database,
    "ledger": _ledger,
    "record": _record,
    "redis": _redis,
    "mailbox": _mailbox,
    "mailer": _mailer,
    "openrouter": _model,
    "twilio": _messenger,
    "identity": _identity,
    "browser": _browser,
    "addresses": _addresses,
    "webhook": _webhook,
    "tesseract": _tesseract,
}
"""In the order an operator would mend things."""
