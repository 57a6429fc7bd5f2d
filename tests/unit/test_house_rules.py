"""The house's rules that a linter does not know, each with the reason in its name."""

from __future__ import annotations

import ast
import configparser
import json
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from daemon.adapters.bank_guard import LAUNCH_ARGUMENTS
from daemon.settings import Settings
from daemon.supervisor import read_procfile

ROOT = Path(__file__).parents[2]
PACKAGES = ("daemon", "handlers", "mockbank", "sandbox", "schema")
MODULE_LINES = 400
FUNCTION_LINES = 50
FIRST_LINE_COLUMNS = 120

MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PRODUCT = [path for path in MODULES if path.relative_to(ROOT).parts[0] in ("daemon", "handlers", "schema")]

ONLY_HERE = {
    "aioimaplib": ["daemon/adapters/mailbox_imap.py", "daemon/adapters/imap_armour.py"],
    "aiosmtplib": ["daemon/adapters/mailer_smtp.py"],
    "apscheduler": ["daemon/schedule.py"],
    "arq": ["daemon/queue.py", "daemon/worker.py"],
    "asyncpg": ["schema/store/*.py", "schema/migrate.py"],
    "authres": ["handlers/door.py"],
    "cryptography": ["schema/vault.py", "schema/checkpoint.py", "schema/verifier.py"],
    "jwt": ["daemon/adapters/oidc_token.py"],
    "mailparser": ["handlers/reading/mail.py"],
    "opentelemetry": ["daemon/adapters/traces.py"],
    "pdfplumber": ["handlers/reading/*.py"],
    "pikepdf": ["handlers/reading/*.py"],
    "playwright": ["daemon/adapters/bank_*.py"],
    "pyotp": ["daemon/adapters/bank_otp.py"],
    "pypdfium2": ["handlers/reading/*.py"],
    "pytesseract": ["handlers/reading/*.py"],
    "schwifty": ["daemon/imports.py", "handlers/*.py", "handlers/reading/*.py", "schema/*.py"],
    "twilio": ["daemon/adapters/messenger_twilio.py", "daemon/web/twilio_webhook.py"],
    "webauthn": ["daemon/web/passkeys.py"],
}
"""A third-party client is imported by one module of the product, so that changing it is rewriting one file."""

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common"}
ENVIRONMENT_READERS = {"daemon/settings.py", "daemon/__main__.py"}
"""`__main__` hands the whole environment on to the processes it starts and reads nothing of it."""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


def purpose(path: Path) -> str:
    return (ast.get_docstring(tree(path)) or "").split("\n", 1)[0]


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def makes_floats(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "float"
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def test_the_rules_see_the_whole_house() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(PACKAGES)


def test_a_module_fits_in_a_head() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in (*MODULES, *TESTS)}
    assert {path: length for path, length in lengths.items() if length > MODULE_LINES} == {}


def test_a_function_fits_on_a_screen() -> None:
    long = [
        f"{name(path)}:{each.lineno} {each.name} has {lines(each)} lines"
        for path in (*MODULES, *TESTS)
        for each in functions(path)
        if lines(each) > FUNCTION_LINES
    ]
    assert long == []


def test_a_module_says_what_it_is_for_in_one_line() -> None:
    assert [name(path) for path in MODULES if not 0 < len(purpose(path)) <= FIRST_LINE_COLUMNS] == []


def test_a_module_is_named_for_its_one_idea() -> None:
    assert [name(path) for path in MODULES if FORBIDDEN_NAMES & set(path.stem.split("_"))] == []


@pytest.mark.parametrize(("library", "homes"), ONLY_HERE.items(), ids=list(ONLY_HERE))
def test_a_third_party_client_has_one_home(library: str, homes: list[str]) -> None:
    users = [name(path) for path in PRODUCT if library in imported(path)]
    assert [user for user in users if not any(fnmatch(user, home) for home in homes)] == []


def test_only_the_settings_read_the_environment() -> None:
    readers = {name(path) for path in PRODUCT if re.search(r"\bos\.environ\b|\bgetenv\(", path.read_text())}
    assert readers - ENVIRONMENT_READERS == set()


def test_everything_outbound_has_one_door() -> None:
    clients = re.compile(
        r"httpx\.(?:AsyncClient|Client|AsyncHTTPTransport|get|post)\(|aiosmtplib\.(?:SMTP|send)\(|urlopen\("
    )
    users = {name(path) for path in PRODUCT if clients.search(path.read_text())}
    # The doctor's greetings carry nothing of an invoice.
    assert users - {"daemon/doctor.py"} == {
        "daemon/egress.py",
        "daemon/wiring.py",  # the inner transport of fetched files, which the door's own wraps
        "daemon/adapters/files_https.py",
        "daemon/adapters/ledger_webhook.py",
        "daemon/adapters/mailer_smtp.py",
        "daemon/adapters/messenger_twilio.py",
        "daemon/adapters/model_openrouter.py",
        "daemon/adapters/oidc_provider.py",
        "daemon/adapters/traces.py",
    }


@pytest.mark.parametrize("path", ["schema/money.py", "schema/transfer.py", "handlers/rules.py"])
def test_money_is_never_a_float(path: str) -> None:
    assert [node for node in ast.walk(tree(ROOT / path)) if makes_floats(node)] == []


def test_nothing_is_left_to_do() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME)\b|type: ignore\b(?!\[)")
    assert [name(path) for path in PRODUCT if unfinished.search(path.read_text())] == []


def test_the_example_lists_exactly_the_settings() -> None:
    listed = re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(field.upper() for field in Settings.model_fields)


def test_the_units_of_systemd_run_what_the_procfile_runs() -> None:
    runs = set()
    for unit in (ROOT / "deploy" / "systemd").glob("*.service"):
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read(unit)
        command = parser["Service"]["ExecStart"].partition("/bin/countersign ")[2]
        queues = ("documents", "reasoning", "browser") if unit.stem.endswith("@") else ("",)
        runs |= {command.replace("%i", queue) for queue in queues}
    entries = read_procfile(ROOT / "deploy" / "Procfile")
    assert runs == {" ".join(entry.args[4:]) for entry in entries}


@pytest.mark.parametrize("script", ["deploy/setup.sh", "deploy/install_packages.sh"])
def test_a_shell_script_is_portable(script: str) -> None:
    assert subprocess.run(["sh", "-n", str(ROOT / script)], check=False).returncode == 0


def test_the_browser_of_a_container_starts_with_the_guards_arguments() -> None:
    server = json.loads((ROOT / "deploy" / "playwright-server.json").read_text())
    assert server["args"] == list(LAUNCH_ARGUMENTS)
    assert server["chromiumSandbox"] is True
