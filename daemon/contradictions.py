"""Settings with which the product can run: what is missing, weak or contradictory, each in one sentence."""

from __future__ import annotations

import base64
import re
from itertools import combinations
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr

from daemon.settings import Settings, load_settings, loopback, reachable
from schema.approval import Person, mailbox_of
from schema.errors import SettingsError

PASSWORDS: Final = ("postgres_password", "redis_password", "imap_password", "smtp_password", "bank_password",
                    "minio_secret_key", "twilio_auth_token")  # fmt: skip

SHORTEST_WEBHOOK_SECRET: Final = 24
"""Characters; it signs what the ledger believes."""

FEWEST_BYTES: Final = 16
"""Different byte values in a random master key: 30 on average."""

_WEAK: Final = frozenset({"changeme", "change-me", "secret", "password", "admin", "postgres", "minioadmin"})

NEEDED: Final[dict[str, str]] = {
    "master_key": "make one with `countersign keys new`",
    "imap_host": "the server of the mailbox invoices are forwarded to",
    "imap_user": "the mailbox invoices are forwarded to",
    "imap_password": "the password of that mailbox",
    "authserv_id": "the name your mail server signs its Authentication-Results with, e.g. mx.google.com",
    "forwarders": "who may forward invoices, as mail addresses with commas",
    "smtp_host": "the server that sends your mail",
    "mail_from": "the address confirmations come from",
    "approvers": "who may approve: Name <address> +phone; Name <address> +phone",
    "public_url": "where the messenger reaches this machine, e.g. https://pay.example.com",
    "twilio_account_sid": "from the Twilio console",
    "twilio_auth_token": "from the Twilio console",
    "bank_url": "the address of the bank's portal",
    "bank_customer_id": "who logs in at the bank",
    "bank_password": "the password at the bank",
    "bank_totp_secret": "the base-32 secret of the bank's one-time passwords",
}
"""What has no sensible default, and what to put there."""

SIGN_ON: Final[dict[str, str]] = {
    "oidc_issuer": "the identity provider's issuer, exactly as it calls itself",
    "oidc_client_id": "what Countersign is registered as there",
    "oidc_client_secret": "the secret of that registration",
    "oidc_name": "the company's sign-in as people know it; it stands on the button",
}
"""Either all or none."""


def complete_settings() -> Settings:
    """Settings with which the product can run; SettingsError says in one sentence what to set."""
    settings = load_settings()
    problems = contradictions(settings)
    if problems:
        raise SettingsError(problems[0])
    return settings


def contradictions(settings: Settings) -> list[str]:
    """Everything missing, weak or contradictory, each in one sentence that says what to set."""
    problems = [
        f"{name.upper()} is not set: {what}."
        for name, what in NEEDED.items()
        if not _given(getattr(settings, name))
    ]
    if not settings.openrouter_mock and not _given(settings.openrouter_api_key):
        problems.append(
            "OPENROUTER_API_KEY is not set: get one at openrouter.ai, or set OPENROUTER_MOCK=true."
        )
    if settings.playwright_executor_mode == "container" and not settings.playwright_server_url:
        problems.append("PLAYWRIGHT_SERVER_URL is not set, but PLAYWRIGHT_EXECUTOR_MODE is container.")
    if settings.imap_tls == "none" and not loopback(settings.imap_host):
        problems.append("IMAP_TLS=none is only for a server on this machine; set IMAP_TLS=tls.")
    if settings.smtp_tls == "none" and not loopback(settings.smtp_host):
        problems.append("SMTP_TLS=none is only for a server on this machine; set SMTP_TLS=starttls.")
    if settings.public_url and not reachable(settings.public_url):
        problems.append("PUBLIC_URL must begin with https://.")
    if settings.ledger_webhook_url:
        if not reachable(settings.ledger_webhook_url):
            problems.append("LEDGER_WEBHOOK_URL must begin with https://.")
        if len(settings.ledger_webhook_secret.get_secret_value()) < SHORTEST_WEBHOOK_SECRET:
            problems.append("LEDGER_WEBHOOK_SECRET is too short: make 32 characters by chance.")
    if settings.otel_exporter_otlp_endpoint and not reachable(settings.otel_exporter_otlp_endpoint):
        problems.append("OTEL_EXPORTER_OTLP_ENDPOINT must begin with https://.")
    problems += _half_set(settings)
    if settings.failpoints and not loopback(urlsplit(settings.public_url).hostname or ""):
        problems.append("FAILPOINTS is only for tests on this machine; leave it empty.")
    problems += _one_for_two(settings.approvers) + _weak(settings)
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(f"TIME_ZONE {settings.time_zone} is not known; write e.g. Asia/Kolkata.")
    return problems


def _half_set(settings: Settings) -> list[str]:
    """Single sign-on is set as a whole or not at all."""
    given = {name: _given(getattr(settings, name)) for name in SIGN_ON}
    if not any(given.values()):
        return []
    missing = [f"{name.upper()} is not set: {SIGN_ON[name]}." for name, there in given.items() if not there]
    if settings.oidc_issuer and not reachable(settings.oidc_issuer):
        missing.append("OIDC_ISSUER must begin with https://.")
    return missing


def _one_for_two(approvers: tuple[Person, ...]) -> list[str]:
    """Two approvers who are one person: by mailbox, or by the phone on which either would answer for both."""
    return [
        f"APPROVERS names {one.name} and {other.name} with one {what}; two people must be two."
        for one, other in combinations(approvers, 2)
        for what, same in (
            ("mailbox", mailbox_of(one.address) == mailbox_of(other.address)),
            ("phone", one.phone == other.phone),
        )
        if same
    ]


def _weak(settings: Settings) -> list[str]:
    """Secrets that are no secrets, and what would write them where they can be read."""
    problems = [
        f"{name.upper()} is a well-known password; choose another."
        for name in PASSWORDS
        if getattr(settings, name).get_secret_value().lower() in _WEAK
    ]
    if any(_guessable(key.get_secret_value()) for key in (settings.master_key, *settings.master_keys_old)):
        problems.append("MASTER_KEY was not made by chance; make one with `countersign keys new`.")
    if settings.master_key in settings.master_keys_old:
        problems.append("MASTER_KEYS_OLD holds MASTER_KEY itself; put only the keys there that it replaced.")
    if not loopback(urlsplit(settings.bank_url).hostname or ""):
        problems += [
            f"{name.upper()} is that of the simulated bank; use the real one."
            for name in ("bank_password", "bank_totp_secret")
            if getattr(settings, name).get_secret_value().lower().startswith("simulated")
        ]
    if re.search(r"\bpw:|\*", settings.debug):
        problems.append("DEBUG makes Playwright write what it types, passwords too; leave it empty.")
    return problems


def _guessable(master_key: str) -> bool:
    """Whether 32 bytes are surely not random: fewer than 16 different ones come once in 10^16 keys."""
    try:
        return 0 < len(set(base64.b64decode(master_key, validate=True))) < FEWEST_BYTES
    except ValueError:
        return False  # that it is no key at all is said by the vault


def _given(value: Any) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)
