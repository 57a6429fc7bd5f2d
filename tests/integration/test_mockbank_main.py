"""The mock bank as a command: it says where it is, stops when told, and refuses what it should."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

SECONDS = 20


def bank(*options: str, **variables: str) -> subprocess.Popen[str]:
    """Start the command with nothing in the environment but what is named."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("MOCKBANK_")}
    return subprocess.Popen(
        [sys.executable, "-m", "mockbank", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=own | variables,
    )


def refusal(*options: str) -> tuple[int, str]:
    process = bank(*options)
    _, complaint = process.communicate(timeout=SECONDS)
    return process.returncode, complaint


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_in_peace(tmp_path: Path, number: signal.Signals) -> None:
    process = bank(MOCKBANK_PORT="0", MOCKBANK_DATABASE=str(tmp_path / "bank.sqlite3"), PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    address = re.search(r"SIMULATED bank at (http://127\.0\.0\.1:\d+/)", process.stdout.readline())
    assert address is not None
    assert httpx.get(address[1] + "healthz").json() == {"status": "ok", "simulated": True}
    process.send_signal(number)
    _, complaint = process.communicate(timeout=SECONDS)
    assert (process.returncode, complaint) == (0, "")


def test_it_refuses_an_address_beyond_this_machine(tmp_path: Path) -> None:
    code, complaint = refusal(
        "--port", "0", "--database", str(tmp_path / "bank.sqlite3"), "--host", "0.0.0.0"
    )
    assert (code, "--allow-remote" in complaint) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_it_says_when_the_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, complaint = refusal("--port", port, "--database", str(tmp_path / "bank.sqlite3"))
    assert (code, "cannot listen there: Address already in use" in complaint, port in complaint) == (
        2,
        True,
        True,
    )


def test_it_says_when_the_ledger_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear bank, this is not a ledger. " * 40)
    for path in (tmp_path / "letter.txt", tmp_path / "no" / "folder"):
        code, complaint = refusal("--port", "0", "--database", str(path))
        assert (code, f"cannot use {path} as the ledger" in complaint) == (2, True)


@pytest.mark.parametrize(
    ("option", "value", "part"),
    [
        ("--totp-secret", "hunter2", "totp_secret: Value error, must be base32"),
        ("--session-minutes", "0", "session_minutes"),
        ("--balance-inr", "-1", "balance_inr"),
        ("--balance-eur", "much", "not an amount"),
    ],
)
def test_it_names_the_option_that_is_wrong(tmp_path: Path, option: str, value: str, part: str) -> None:
    code, complaint = refusal("--port", "0", "--database", str(tmp_path / "bank.sqlite3"), option, value)
    assert (code, part in complaint) == (2, True)
