"""Every setting of the product, from the environment or `.env`; the only reader of the environment."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from daemon.secret_files import SecretFiles
from schema.approval import Person
from schema.document import Frozen
from schema.errors import SettingsError
from schema.ids import Address, Phone

RUNNING_STACK: Final = Path(".countersign/run.env")
"""Written by the local stack while it is up, so that `countersign send` and `status` find it."""

SHIPPED_POLICY: Final = Path(__file__).resolve().parent.parent / "deploy" / "policy.toml"

_PERSON: Final = re.compile(
    r"^(?P<name>[^<>]+?)\s*<(?P<address>[^<>@\s]+@[^<>@\s]+)>\s*(?P<phone>\+[0-9]{8,15})$"
)
_HOSTED: Final = re.compile(r"(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?::[0-9]{1,5})?")
"""A name with a dot whose last part is no number, so never an address of a machine."""

_ADMIN: Final = re.compile(r"^(?P<name>[^<>]+?)\s*<(?P<address>[^<>@\s]+@[^<>@\s]+)>$")

Port = Annotated[int, Field(ge=1, le=65535)]
PathOrNone = Annotated[Path | None, BeforeValidator(lambda value: value or None)]
"""An empty setting is no path; pathlib takes it for the working directory."""


class Admin(Frozen):
    """Who may admit others to the console, from the first start on."""

    name: str
    address: Address


class Settings(BaseSettings):
    """All settings; names are those of `.env.example`, upper case. Secrets never show in a repr."""

    model_config = SettingsConfigDict(
        env_file=(".env", RUNNING_STACK), extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Files of secrets come before the environment, where the secret itself may stand empty."""
        files = SecretFiles(settings_cls, dotenv_settings, env_settings)
        return init_settings, files, env_settings, dotenv_settings

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
    imap_ca_file: PathOrNone = None
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
    smtp_ca_file: PathOrNone = None
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
    policy_file: Path = SHIPPED_POLICY
    public_url: str = ""
    web_host: str = "127.0.0.1"
    web_port: Port = 8080
    time_zone: str = "Asia/Kolkata"
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_name: str = ""
    master_key: SecretStr = SecretStr("")
    master_keys_old: Annotated[tuple[SecretStr, ...], NoDecode] = ()

    blobs_folder: Path = Path("blobs")
    backup_folder: Path = Path("backups")
    backup_hour: Annotated[int, Field(ge=0, le=23)] = 2
    pg_dump_path: PathOrNone = None
    minio_access_key: SecretStr = SecretStr("")
    minio_secret_key: SecretStr = SecretStr("")

    bank_url: str = ""
    bank_customer_id: str = ""
    bank_password: SecretStr = SecretStr("")
    bank_totp_secret: SecretStr = SecretStr("")
    playwright_executor_mode: Literal["host", "container"] = "host"
    playwright_server_url: str = ""
    chromium_path: PathOrNone = None
    video_folder: PathOrNone = None
    playwright_browsers_path: PathOrNone = None

    tesseract_path: Path = Path("/usr/bin/tesseract")
    heartbeat_file: PathOrNone = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    debug: str = ""
    failpoints: str = ""
    otel_exporter_otlp_endpoint: str = ""
    otel_exporter_otlp_headers: SecretStr = SecretStr("")

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

    @field_validator("groq_models_served", "master_keys_old", mode="before")
    @classmethod
    def _split_plainly(cls, value: Any) -> Any:
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


def load_settings() -> Settings:
    """Read the environment; SettingsError names the first setting that is malformed."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "a setting"
        raise SettingsError(f"{name}: {first['msg']}.") from error


def loopback(host: str) -> bool:
    """Whether a host is this machine; a name that only begins with 127 is not, and may be anyone's."""
    try:
        return host in ("", "localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def reachable(url: str) -> bool:
    """Whether a request may be sent there: by HTTPS, or in the clear on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and loopback(host)))


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
