"""Every setting of the product, from the environment or `.env`; the only reader of the environment."""

from __future__ import annotations

import base64
import re
from ipaddress import ip_address
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schema.approval import Person, mailbox_of
from schema.document import Frozen
from schema.errors import SettingsError
from schema.ids import Address, Phone

RUNNING_STACK: Final = Path(".countersign/run.env")
"""Written by the local stack while it is up, so that `countersign send` and `status` find it."""

_PERSON: Final = re.compile(
    r"^(?P<name>[^<>]+?)\s*<(?P<address>[^<>@\s]+@[^<>@\s]+)>\s*(?P<phone>\+[0-9]{8,15})$"
)
_HOSTED: Final = re.compile(r"(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?::[0-9]{1,5})?")
"""A name with a dot whose last part is no number, so never an address of a machine."""

_ADMIN: Final = re.compile(r"^(?P<name>[^<>]+?)\s*<(?P<address>[^<>@\s]+@[^<>@\s]+)>$")
PASSWORDS: Final = ("postgres_password", "redis_password", "imap_password", "smtp_password", "bank_password",
                    "minio_secret_key", "twilio_auth_token")  # fmt: skip

SHORTEST_WEBHOOK_SECRET: Final = 24
"""Characters; it signs what the ledger believes."""

FEWEST_BYTES: Final = 16
"""Different byte values in a random master key: 30 on average."""

_WEAK: Final = frozenset({"changeme", "change-me", "secret", "password", "admin", "postgres", "minioadmin"})

Port = Annotated[int, Field(ge=1, le=65535)]


class Admin(Frozen):
    """Who may admit others to the console, from the first start on."""

    name: str
    address: Address


class Settings(BaseSettings):
    """All settings; names are those of `.env.example`, upper case. Secrets never show in a repr."""

    model_config = SettingsConfigDict(
        env_file=(".env", RUNNING_STACK), extra="ignore", hide_input_in_errors=True
    )

    openrouter_api_key: SecretStr = SecretStr("")
    openrouter_url: str = "https://openrouter.ai/api/v1"
    openrouter_mock: bool = False
    groq_model: str = "x-ai/grok-4.1-fast"
    groq_models_served: Annotated[tuple[str, ...], NoDecode] = ("x-ai/grok-4.1-fast*", "x-ai/grok-4.3*")
    openrouter_per_minute: Annotated[int, Field(ge=1)] = 60
    openrouter_per_hour: Annotated[int, Field(ge=1)] = 1000

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_whatsapp_number: str = "+14155238886"
    twilio_api_url: str = "https://api.twilio.com"

    postgres_user: str = "countersign"
    postgres_password: SecretStr = SecretStr("")
    postgres_db: str = "countersign"
    postgres_host: str = "127.0.0.1"
    postgres_port: Port = 5432
    database_url: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    redis_password: SecretStr = SecretStr("")

    imap_host: str = ""
    imap_port: Port = 993
    imap_user: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_tls: Literal["tls", "none"] = "tls"
    imap_ca_file: Path | None = None
    imap_folder: str = "INBOX"
    imap_poll_seconds: Annotated[int, Field(ge=5, le=540)] = 60
    mail_max_bytes: Annotated[int, Field(ge=100_000)] = 35 * 2**20
    authserv_id: str = ""
    forwarders: Annotated[frozenset[Address], NoDecode] = frozenset()
    upload_hosts: Annotated[frozenset[str], NoDecode] = frozenset()

    smtp_host: str = ""
    smtp_port: Port = 587
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_ca_file: Path | None = None
    mail_from: Address = Address("")

    company_name: str = ""
    tally_company: str = ""
    tally_purchase_ledger: str = "Purchase Accounts"
    tally_bank_ledger: str = "Bank Accounts"
    ledger_webhook_url: str = ""
    ledger_webhook_secret: SecretStr = SecretStr("")

    approvers: Annotated[tuple[Person, ...], NoDecode] = ()
    console_admins: Annotated[tuple[Admin, ...], NoDecode] = ()
    alarm_to: Annotated[tuple[Address, ...], NoDecode] = ()
    policy_file: Path = Path("deploy/policy.toml")
    public_url: str = ""
    web_host: str = "127.0.0.1"
    web_port: Port = 8080
    time_zone: str = "Asia/Kolkata"
    master_key: SecretStr = SecretStr("")
    master_keys_old: Annotated[tuple[SecretStr, ...], NoDecode] = ()

    blobs_folder: Path = Path("blobs")
    backup_folder: Path = Path("backups")
    backup_hour: Annotated[int, Field(ge=0, le=23)] = 2
    pg_dump_path: Path | None = None
    minio_access_key: SecretStr = SecretStr("")
    minio_secret_key: SecretStr = SecretStr("")

    bank_url: str = ""
    bank_customer_id: str = ""
    bank_password: SecretStr = SecretStr("")
    bank_totp_secret: SecretStr = SecretStr("")
    playwright_executor_mode: Literal["host", "container"] = "host"
    playwright_server_url: str = ""
    chromium_path: Path | None = None
    video_folder: Path | None = None
    playwright_browsers_path: Path | None = None

    tesseract_path: Path = Path("/usr/bin/tesseract")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    debug: str = ""
    failpoints: str = ""
    otel_exporter_otlp_endpoint: str = ""
    otel_exporter_otlp_headers: SecretStr = SecretStr("")

    @field_validator("groq_models_served", mode="before")
    @classmethod
    def _split_models(cls, value: Any) -> Any:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("forwarders", mode="before")
    @classmethod
    def _split_forwarders(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return frozenset(part.strip().lower() for part in re.split(r"[,;]", value) if part.strip())

    @field_validator("upload_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        hosts = frozenset(part.strip().lower() for part in value.split(",") if part.strip())
        if not all(_HOSTED.fullmatch(host) for host in hosts):
            raise ValueError(
                "write names of hosts with commas, e.g. files.example.com, invoices.example.com:8443"
            )
        return hosts

    @field_validator("alarm_to", mode="before")
    @classmethod
    def _split_recipients(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(part.strip().lower() for part in re.split(r"[,;]", value) if part.strip())

    @field_validator("master_keys_old", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("approvers", mode="before")
    @classmethod
    def _split_approvers(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(_person(part.strip()) for part in value.split(";") if part.strip())

    @field_validator("console_admins", mode="before")
    @classmethod
    def _split_admins(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(_admin(part.strip()) for part in value.split(";") if part.strip())

    @field_validator("public_url", "bank_url", "openrouter_url", "twilio_api_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def database(self) -> str:
        """DATABASE_URL, or the address made of the POSTGRES_* settings."""
        if self.database_url.get_secret_value():
            return self.database_url.get_secret_value()
        password = quote(self.postgres_password.get_secret_value(), safe="")
        place = f"{self.postgres_host}:{self.postgres_port}/{self.postgres_db}"
        return f"postgresql://{quote(self.postgres_user, safe='')}:{password}@{place}"

    @property
    def redis(self) -> str:
        """REDIS_URL, with REDIS_PASSWORD put in when the address has none."""
        url, password = self.redis_url.get_secret_value(), self.redis_password.get_secret_value()
        parts = urlsplit(url)
        if not password or parts.password:
            return url
        user, place = parts.username or "", parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}").geturl()

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people read times and the bank dates payments."""
        return ZoneInfo(self.time_zone)


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


def load_settings() -> Settings:
    """Read the environment; SettingsError names the first setting that is malformed."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "a setting"
        raise SettingsError(f"{name}: {first['msg']}.") from error


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
    if settings.imap_tls == "none" and not _loopback(settings.imap_host):
        problems.append("IMAP_TLS=none is only for a server on this machine; set IMAP_TLS=tls.")
    if settings.smtp_tls == "none" and not _loopback(settings.smtp_host):
        problems.append("SMTP_TLS=none is only for a server on this machine; set SMTP_TLS=starttls.")
    if settings.public_url and not _reachable(settings.public_url):
        problems.append("PUBLIC_URL must begin with https://.")
    if settings.ledger_webhook_url:
        if not _reachable(settings.ledger_webhook_url):
            problems.append("LEDGER_WEBHOOK_URL must begin with https://.")
        if len(settings.ledger_webhook_secret.get_secret_value()) < SHORTEST_WEBHOOK_SECRET:
            problems.append("LEDGER_WEBHOOK_SECRET is too short: make 32 characters by chance.")
    if settings.otel_exporter_otlp_endpoint and not _reachable(settings.otel_exporter_otlp_endpoint):
        problems.append("OTEL_EXPORTER_OTLP_ENDPOINT must begin with https://.")
    if settings.failpoints and not _loopback(urlsplit(settings.public_url).hostname or ""):
        problems.append("FAILPOINTS is only for tests on this machine; leave it empty.")
    problems += _one_for_two(settings.approvers) + _weak(settings)
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(f"TIME_ZONE {settings.time_zone} is not known; write e.g. Asia/Kolkata.")
    return problems


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
    if not _loopback(urlsplit(settings.bank_url).hostname or ""):
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


def _loopback(host: str) -> bool:
    """Whether a host is this machine; a name that only begins with 127 is not, and may be anyone's."""
    try:
        return host in ("", "localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def _reachable(url: str) -> bool:
    """Whether a messenger may be sent there: by HTTPS, or in the clear on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _loopback(host)))


def _admin(text: str) -> Admin:
    match = _ADMIN.match(text)
    if match is None:
        raise ValueError("write each admin as `Name <address>`, with semicolons between")
    return Admin(name=match["name"].strip(), address=Address(match["address"].lower()))


def _person(text: str) -> Person:
    match = _PERSON.match(text)
    if match is None:
        raise ValueError("write each approver as `Name <address> +phone`, with semicolons between")
    return Person(
        name=match["name"].strip(), address=Address(match["address"].lower()), phone=Phone(match["phone"])
    )
