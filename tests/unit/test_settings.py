"""Settings: what is missing, weak or contradictory is one sentence that says what to set; secrets never show."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from daemon.contradictions import NEEDED, PASSWORDS, complete_settings, contradictions
from daemon.secret_files import LARGEST_BYTES, secret_names
from daemon.settings import Settings, load_settings
from schema.errors import SettingsError
from schema.vault import new_master_key

SECRET = "s3cret-of-the-tests"
COMPLETE: dict[str, Any] = {
    "master_key": SECRET,
    "imap_host": "imap.example",
    "imap_user": "pay@countersign.example",
    "imap_password": SECRET,
    "authserv_id": "mx.example",
    "forwarders": "Priya@Meridian.example, ravi@meridian.example;asha@meridian.example",
    "smtp_host": "smtp.example",
    "mail_from": "pay@countersign.example",
    "approvers": "Asha Rao <Asha@meridian.example> +919800000001; Vikram Shah <v@meridian.example> +919800000002",
    "public_url": "https://pay.example/",
    "twilio_account_sid": "AC0",
    "twilio_auth_token": SECRET,
    "bank_url": "https://bank.example/",
    "bank_customer_id": "MERIDIAN",
    "bank_password": SECRET,
    "bank_totp_secret": SECRET,
    "openrouter_api_key": SECRET,
}

CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "no model key": (
        {"openrouter_api_key": ""},
        "OPENROUTER_API_KEY is not set: get one at openrouter.ai, or set OPENROUTER_MOCK=true.",
    ),
    "a container without address": (
        {"playwright_executor_mode": "container"},
        "PLAYWRIGHT_SERVER_URL is not set, but PLAYWRIGHT_EXECUTOR_MODE is container.",
    ),
    "half a single sign-on": (
        {"oidc_issuer": "https://login.example", "oidc_client_id": "c", "oidc_name": "Example"},
        "OIDC_CLIENT_SECRET is not set: the secret of that registration.",
    ),
    "a single sign-on without issuer": (
        {"oidc_client_id": "c", "oidc_client_secret": SECRET, "oidc_name": "Example"},
        "OIDC_ISSUER is not set: the identity provider's issuer, exactly as it calls itself.",
    ),
    "an issuer in clear": (
        {
            "oidc_issuer": "http://login.example",
            "oidc_client_id": "c",
            "oidc_client_secret": SECRET,
            "oidc_name": "Example",
        },
        "OIDC_ISSUER must begin with https://.",
    ),
    "clear IMAP": (
        {"imap_tls": "none"},
        "IMAP_TLS=none is only for a server on this machine; set IMAP_TLS=tls.",
    ),
    "clear SMTP": (
        {"smtp_tls": "none"},
        "SMTP_TLS=none is only for a server on this machine; set SMTP_TLS=starttls.",
    ),
    "one phone for two approvers": (
        {"approvers": "Asha Rao <asha@meridian.example> +919800000001; V <v@meridian.example> +919800000001"},
        "APPROVERS names Asha Rao and V with one phone; two people must be two.",
    ),
    "one mailbox for two approvers": (
        {
            "approvers": "Asha Rao <asha@meridian.example> +919800000001; A <Asha+2@meridian.example> +919800000002"
        },
        "APPROVERS names Asha Rao and A with one mailbox; two people must be two.",
    ),
    "a clear public address": ({"public_url": "http://pay.example"}, "PUBLIC_URL must begin with https://."),
    "a master key of one byte": (
        {"master_key": base64.b64encode(b"A" * 32).decode()},
        "MASTER_KEY was not made by chance; make one with `countersign keys new`.",
    ),
    "a master key that is a phrase": (
        {"master_key": base64.b64encode(b"this is a secret, this is a key!").decode()},
        "MASTER_KEY was not made by chance; make one with `countersign keys new`.",
    ),
    "a master key that replaced itself": (
        {"master_key": (key := new_master_key()), "master_keys_old": key},
        "MASTER_KEYS_OLD holds MASTER_KEY itself; put only the keys there that it replaced.",
    ),
    "the simulated bank's secret": (
        {"bank_totp_secret": "SIMULATEDBANKSECRETFORDEMOUSEONL"},
        "BANK_TOTP_SECRET is that of the simulated bank; use the real one.",
    ),
    "Playwright's own log": (
        {"debug": "pw:api"},
        "DEBUG makes Playwright write what it types, passwords too; leave it empty.",
    ),
    "every program's own log": (
        {"debug": "*"},
        "DEBUG makes Playwright write what it types, passwords too; leave it empty.",
    ),
    "an unknown zone": (
        {"time_zone": "India/Pune"},
        "TIME_ZONE India/Pune is not known; write e.g. Asia/Kolkata.",
    ),
    "a zone out of the folder": (
        {"time_zone": "../../etc/passwd"},
        "TIME_ZONE ../../etc/passwd is not known; write e.g. Asia/Kolkata.",
    ),
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting comes from the environment or the folder of whoever runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def settings(**changed: Any) -> Settings:
    return Settings(**(COMPLETE | changed))


def test_complete_settings_contradict_nothing() -> None:
    assert contradictions(settings()) == []


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_missing_is_named_with_what_to_put_there(name: str) -> None:
    assert contradictions(settings(**{name: ""})) == [f"{name.upper()} is not set: {NEEDED[name]}."]


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_it_is_said_in_one_sentence_that_there_is(what: str) -> None:
    changed, sentence = CONTRADICTIONS[what]
    assert contradictions(settings(**changed)) == [sentence]


@pytest.mark.parametrize("name", PASSWORDS)
@pytest.mark.parametrize("password", ["changeme", "Password", "minioadmin"])
def test_a_well_known_password_is_refused_and_not_repeated(name: str, password: str) -> None:
    assert contradictions(settings(**{name: password})) == [
        f"{name.upper()} is a well-known password; choose another."
    ]


def test_a_fresh_master_key_is_good_enough() -> None:
    assert contradictions(settings(master_key=new_master_key())) == []


def test_the_mock_model_needs_no_key() -> None:
    assert contradictions(settings(openrouter_api_key="", openrouter_mock=True)) == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_a_server_on_this_machine_may_be_reached_in_the_clear(host: str) -> None:
    local = {"imap_host": host, "imap_tls": "none", "smtp_host": host, "smtp_tls": "none"}
    assert contradictions(settings(**local)) == []


@pytest.mark.parametrize("host", ["127.0.0.1.example.com", "127.example.com", "localhost.example.com"])
def test_a_name_that_only_begins_like_this_machine_is_another(host: str) -> None:
    assert len(contradictions(settings(imap_host=host, imap_tls="none"))) == 1


@pytest.mark.parametrize("url", ["pay.example", "ftp://localhost", "javascript:alert(1)"])
def test_a_public_address_that_is_no_address_is_refused(url: str) -> None:
    assert len(contradictions(settings(public_url=url))) == 1


def test_the_first_contradiction_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (COMPLETE | {"time_zone": "Mars/Olympus"}).items():
        monkeypatch.setenv(name.upper(), value)
    with pytest.raises(SettingsError, match=r"^TIME_ZONE Mars/Olympus is not known"):
        complete_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMAP_PORT", "70000"),
        ("OPENROUTER_MOCK", "maybe"),
        ("SMTP_TLS", "ssl"),
        ("APPROVERS", "Asha Rao"),
        ("APPROVERS", "Asha Rao <asha@meridian.example> 98000"),
    ],
)
def test_a_malformed_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: "):
        load_settings()


def test_forwarders_and_approvers_are_read_without_regard_to_case() -> None:
    read = settings()
    assert read.forwarders == {"priya@meridian.example", "ravi@meridian.example", "asha@meridian.example"}
    assert [(person.name, person.address) for person in read.approvers] == [
        ("Asha Rao", "asha@meridian.example"),
        ("Vikram Shah", "v@meridian.example"),
    ]


def test_addresses_lose_the_slash_that_would_be_doubled() -> None:
    assert (settings().public_url, settings().bank_url) == ("https://pay.example", "https://bank.example")


def test_no_secret_shows_in_a_repr_a_dump_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = settings(database_url=f"postgresql://u:{SECRET}@h/d", redis_url=f"redis://:{SECRET}@h/0")
    assert SECRET not in repr(shown) + str(shown) + str(shown.model_dump()) + shown.model_dump_json()
    monkeypatch.setenv("IMAP_PORT", SECRET)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert SECRET not in str(refused.value)


def test_every_setting_with_a_secret_name_is_kept_as_a_secret() -> None:
    secretive = re.compile(
        r"password|secret|token|api_key|access_key|master_key|database_url|redis_url|otlp_headers"
    )
    secret = (SecretStr, tuple[SecretStr, ...])
    kept = {name for name, member in Settings.model_fields.items() if member.annotation in secret}
    assert {name for name in Settings.model_fields if secretive.search(name)} == kept


@given(st.text(min_size=1).filter(lambda text: "\x00" not in text))
def test_any_password_survives_the_way_into_an_address(password: str) -> None:
    read = settings(postgres_password=password, redis_password=password)
    from urllib.parse import unquote

    assert unquote(urlsplit(read.database).password or "") == password
    assert unquote(urlsplit(read.redis).password or "") == password
    assert urlsplit(read.redis).port == 6379


def test_a_password_in_the_address_of_redis_stays() -> None:
    read = settings(redis_url="redis://:given@h:1/2", redis_password="other")
    assert read.redis == "redis://:given@h:1/2"


def test_a_user_in_the_address_of_redis_stays() -> None:
    read = settings(redis_url="redis://countersign@h:1/2", redis_password="pw")
    assert read.redis == "redis://countersign:pw@h:1/2"


def test_a_given_database_address_is_used_as_it_is() -> None:
    assert settings(database_url="postgresql://a:b@c/d").database == "postgresql://a:b@c/d"


def test_a_dotenv_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("IMAP_HOST=from-file\nSMTP_HOST=from-file\n")
    monkeypatch.setenv("SMTP_HOST", "from-environment")
    read = load_settings()
    assert (read.imap_host, read.smtp_host) == ("from-file", "from-environment")


@pytest.mark.parametrize("name", secret_names(Settings))
def test_every_secret_may_come_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "secret").write_text(f" {SECRET}\r\n")
    monkeypatch.setenv(name.upper(), "")  # as `.env` has it when nothing was filled in
    monkeypatch.setenv(f"{name.upper()}_FILE", str(tmp_path / "secret"))
    read = getattr(load_settings(), name)
    (value,) = read if isinstance(read, tuple) else (read,)
    assert value.get_secret_value() == (SECRET if isinstance(read, tuple) else f" {SECRET}")


def test_a_file_may_be_named_in_dotenv_too(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / ".env").write_text(f"IMAP_PASSWORD=\nIMAP_PASSWORD_FILE={tmp_path / 'secret'}\n")
    assert load_settings().imap_password.get_secret_value() == SECRET


def test_what_is_no_secret_comes_from_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "host").write_text("imap.example")
    monkeypatch.setenv("IMAP_HOST_FILE", str(tmp_path / "host"))
    assert load_settings().imap_host == ""


def test_a_secret_given_twice_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("BANK_PASSWORD", SECRET)
    monkeypatch.setenv("BANK_PASSWORD_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value) == "BANK_PASSWORD and BANK_PASSWORD_FILE are both set: leave one of them out."


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "which cannot be read: No such file or directory."),
        (b"\xff\xfe", "which holds no text."),
        (b"x" * (LARGEST_BYTES + 1), "which is too large for a secret."),
    ],
)
def test_a_file_that_is_no_secret_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("MASTER_KEY_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value) == f"MASTER_KEY_FILE names {tmp_path / 'secret'}, {complaint}"


def test_an_empty_file_is_an_empty_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    monkeypatch.setenv("MASTER_KEY_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match=r"^MASTER_KEY is not set"):
        complete_settings()


def test_an_empty_path_is_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    optional = [name for name, member in Settings.model_fields.items() if member.annotation == Path | None]
    assert "chromium_path" in optional
    for name in optional:
        monkeypatch.setenv(name.upper(), "")
    assert [name for name in optional if getattr(load_settings(), name) is not None] == []
