"""Addresses, credentials and settings of one demo run; the product learns them as any other environment."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sandbox.identity_provider import IdentitySettings
from sandbox.mail_front import AUTHSERV_ID
from sandbox.mails import APPROVER_PHONES, PAYMENT_MAILBOX, PRIYA, RAHUL
from sandbox.openrouter import OpenRouterSettings
from sandbox.outside import OutsideSettings
from sandbox.ports import LOOPBACK, free_ports
from sandbox.services import Services
from sandbox.twilio_state import TwilioSettings

TOTP_SECRET: Final = "SIMULATEDBANKSECRETFORDEMOUSEONL"
OPENROUTER_KEY: Final = "sk-or-v1-simulated"
KEEP_RUNS: Final = 3


@dataclass(frozen=True)
class Places:
    """Where everything of one run listens and lies."""

    folder: Path
    run: Path
    mailbox: str
    smtp: int
    openrouter: int
    twilio: int
    bank: int
    web: int
    identity: int

    @property
    def public_url(self) -> str:
        """Where the web face answers."""
        return f"http://{LOOPBACK}:{self.web}"

    @property
    def console_url(self) -> str:
        """The console, by a name: passkeys know no numbers."""
        return f"http://localhost:{self.web}/"

    @property
    def phone_url(self) -> str:
        """The simulated phones."""
        return f"http://{LOOPBACK}:{self.twilio}/phone"

    @property
    def bank_url(self) -> str:
        """The simulated bank."""
        return f"http://{LOOPBACK}:{self.bank}"


def choose_places(folder: Path) -> Places:
    """Free ports and a folder of its own for this run; only the newest runs are kept."""
    runs = folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    old = sorted(path for path in runs.iterdir() if path.is_dir())
    for path in old[: max(0, len(old) - KEEP_RUNS + 1)]:
        _remove(path)
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    run = runs / name
    run.mkdir()
    smtp, openrouter, twilio, bank, web, identity = free_ports(6)
    user, _, domain = PAYMENT_MAILBOX.partition("@")
    mailbox = f"{user}-{name[-4:]}@{domain}"
    return Places(folder, run, mailbox, smtp, openrouter, twilio, bank, web, identity)


def outside_settings(places: Places, services: Services, numbers: frozenset[str]) -> OutsideSettings:
    """The stand-ins; `numbers` are the account numbers that must never reach the model."""
    password = services.mail.password
    return OutsideSettings(
        smtp_port=places.smtp,
        openrouter_port=places.openrouter,
        twilio_port=places.twilio,
        identity_port=places.identity,
        lmtp=str(services.mail.lmtp_path),
        domains=frozenset({"countersign.example", "meridian.example"}),
        users={address_of(who): password for who in (PRIYA, RAHUL, places.mailbox)},
        openrouter=OpenRouterSettings(api_key=OPENROUTER_KEY, forbidden_numbers=numbers),
        twilio=TwilioSettings(
            account_sid="AC" + secrets.token_hex(16),
            auth_token=secrets.token_hex(16),
            inbound_url=f"{places.public_url}/webhooks/twilio/inbound#rc=5&rp=all",
            public_base=places.public_url,
            actual_base=places.public_url,
            joined=tuple(APPROVER_PHONES.values()),
            names={phone: name_of(who) for who, phone in APPROVER_PHONES.items()},
        ),
        identity=IdentitySettings(
            issuer=f"http://{LOOPBACK}:{places.identity}",
            client_secret=secrets.token_urlsafe(24),
            redirect_uris=frozenset({f"{places.public_url}/sign-in/sso", f"{places.console_url}sign-in/sso"}),
            people=tuple((name_of(who), address_of(who)) for who in (PRIYA, RAHUL)),
        ),
    )


def product_environment(
    places: Places, services: Services, outside: OutsideSettings, database_url: str, *, video: bool
) -> dict[str, str]:
    """Every setting of the product for this run; nothing in it says that it is a demo."""
    password = services.mail.password
    return {
        "MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "OPENROUTER_API_KEY": OPENROUTER_KEY,
        "OPENROUTER_URL": f"http://{LOOPBACK}:{places.openrouter}/api/v1",
        "TWILIO_ACCOUNT_SID": outside.twilio.account_sid,
        "TWILIO_AUTH_TOKEN": outside.twilio.auth_token,
        "TWILIO_WHATSAPP_NUMBER": outside.twilio.sender,
        "TWILIO_API_URL": f"http://{LOOPBACK}:{places.twilio}",
        "DATABASE_URL": database_url,
        "REDIS_URL": services.redis_url,
        "IMAP_HOST": LOOPBACK,
        "IMAP_PORT": str(services.mail.imaps_port),
        "IMAP_USER": places.mailbox,
        "IMAP_PASSWORD": password,
        "IMAP_CA_FILE": str(services.mail.ca_path),
        "AUTHSERV_ID": AUTHSERV_ID,
        "FORWARDERS": f"{address_of(PRIYA)},{address_of(RAHUL)}",
        "SMTP_HOST": LOOPBACK,
        "SMTP_PORT": str(places.smtp),
        "SMTP_TLS": "none",
        "SMTP_USER": places.mailbox,
        "SMTP_PASSWORD": password,
        "MAIL_FROM": places.mailbox,
        "APPROVERS": "; ".join(f"{who} {phone}" for who, phone in APPROVER_PHONES.items()),
        "POLICY_FILE": str(Path(__file__).resolve().parent.parent / "deploy" / "policy.toml"),
        "CONSOLE_ADMINS": PRIYA,
        **_sign_on(outside.identity),
        "PUBLIC_URL": places.public_url,
        "WEB_PORT": str(places.web),
        "BLOBS_FOLDER": str(places.run / "blobs"),
        "BACKUP_FOLDER": str(places.run / "backups"),
        "BANK_URL": places.bank_url,
        "BANK_CUSTOMER_ID": "LLB10482",
        "BANK_PASSWORD": "simulated-bank-password",
        "BANK_TOTP_SECRET": TOTP_SECRET,
        **(_video(places) if video else {}),
    }


def _sign_on(provider: IdentitySettings) -> dict[str, str]:
    return {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": provider.client_id,
        "OIDC_CLIENT_SECRET": provider.client_secret,
        "OIDC_NAME": "Meridian (SIMULATED)",
    }


def _video(places: Places) -> dict[str, str]:
    return {
        "VIDEO_FOLDER": str(places.run / "video"),
        "PLAYWRIGHT_BROWSERS_PATH": str(places.run / "browsers"),
    }


def bank_environment(places: Places) -> dict[str, str]:
    """The simulated bank's own settings."""
    return {
        "MOCKBANK_PORT": str(places.bank),
        "MOCKBANK_DATABASE": str(places.run / "bank.sqlite3"),
        "MOCKBANK_PASSWORD": "simulated-bank-password",
        "MOCKBANK_TOTP_SECRET": TOTP_SECRET,
    }


def plain_environment() -> dict[str, str]:
    """What every child needs of ours: paths and locale, none of the caller's settings."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    }


def write_run_file(places: Places, environment: dict[str, str]) -> Path:
    """`run.env`, readable by its owner only: how `countersign send` and `status` find this run."""
    path = places.folder / "run.env"
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("".join(f"{name}={json.dumps(value)}\n" for name, value in environment.items()))
    return path


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """A command of this very interpreter."""
    return (sys.executable, "-P", "-m", module, *arguments)


def address_of(who: str) -> str:
    """`Priya Nair <priya@...>` -> `priya@...`."""
    return who.partition("<")[2].rstrip(">") or who


def name_of(who: str) -> str:
    """`Priya Nair <priya@...>` -> `Priya Nair`."""
    return who.partition("<")[0].strip()


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()
