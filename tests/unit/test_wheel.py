"""The wheel holds what runs and nothing else, and the changelog names what an upgrade must be careful with."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from schema.migrate import BESIDE, migrations

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("daemon", "handlers", "mockbank", "sandbox", "schema")
READ_FROM_DEPLOY = {"deploy/Procfile", "deploy/policy.toml", "deploy/record_owner.sql"}
DATA = (".html", ".css", ".js", ".sql", ".toml", ".svg", ".pdf", ".jpg", ".csv", ".txt", ".woff2")
SECRET = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|sk-or-v1-[0-9a-f]{16}|\bAKIA[0-9A-Z]{16}\b")
FIRST = 1
"""The migration that began 0.1.0; there was no code before it."""


def build(folder: Path) -> Path:
    done = subprocess.run(
        (sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(build(tmp_path_factory.mktemp("wheel"))) as opened:
        yield opened


def tracked() -> set[str]:
    """What git knows of the packages, the new and not yet added too."""
    listed = subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *PACKAGES),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {path for path in listed.stdout.splitlines() if (ROOT / path).is_file()}


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    console = "daemon/web/static/console"
    built = {
        str(path.relative_to(ROOT))
        for path in (ROOT / console).rglob("*")
        if path.is_file() and path.name != "setup.stamp"
    }
    assert f"{console}/index.html" in built
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == tracked() | built | READ_FROM_DEPLOY


def test_what_the_code_reads_beside_itself_is_there(wheel: zipfile.ZipFile) -> None:
    held = set(wheel.namelist())
    wanted = [path for path in tracked() if path.endswith(DATA)]
    assert len(wanted) > 60
    assert set(wanted) <= held
    named = re.compile(r'"deploy" / "([\w.]+)"')
    sources = [(ROOT / path).read_text() for path in tracked() if path.endswith(".py")]
    assert {f"deploy/{name}" for text in sources for name in named.findall(text)} == READ_FROM_DEPLOY


def test_no_code_looks_for_its_files_in_the_working_directory() -> None:
    asking = re.compile(r'Path\("(?:deploy|sandbox|schema|daemon|handlers|mockbank)/')
    sources = {path: (ROOT / path).read_text() for path in tracked() if path.endswith(".py")}
    assert [path for path, text in sources.items() if asking.search(text)] == []


def test_no_secret_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    held = {name: wheel.read(name) for name in wheel.namelist()}
    assert [name for name in held if re.search(r"(^|/)\.|\.env|\.(pem|key|p12)$|run\.env", name)] == []
    assert [name for name, data in held.items() if SECRET.search(data)] == []


def test_the_metadata_are_the_projects(wheel: zipfile.ZipFile) -> None:
    info = f"countersign-{PROJECT['version']}.dist-info"
    said = email.message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert (said["Name"], said["Version"]) == ("countersign", PROJECT["version"])
    assert said["License-Expression"] == "GPL-3.0-only"
    assert said["Requires-Python"] == "<3.12,>=3.11"
    assert "Private :: Do Not Upload" in said.get_all("Classifier", [])
    assert len(said.get_all("Requires-Dist", [])) == len(PROJECT["dependencies"])
    assert wheel.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert "countersign = daemon.__main__:main" in wheel.read(f"{info}/entry_points.txt").decode()


def test_the_same_files_make_the_same_bytes(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    first = Path(str(wheel.filename)).read_bytes()
    assert sha256(build(tmp_path).read_bytes()).hexdigest() == sha256(first).hexdigest()


def test_each_migration_that_stops_older_code_is_named_to_operators() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    upgrading = "".join(re.findall(r"^### Upgrading\n(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL))
    careful = {name for name, sql in migrations() if int(name[:4]) > FIRST and stops_older_code(name, sql)}
    assert careful - set(re.findall(r"`(\d{4}_\w+)`", upgrading)) == set()


def stops_older_code(name: str, sql: str) -> bool:
    """The code that knew only of the migration before it may not run beside it."""
    said = BESIDE.search(sql)
    return said is None or int(said[1]) >= int(name[:4])


def test_what_a_migration_says_of_older_code_is_a_migration_before_it_or_itself() -> None:
    numbers = [name[:4] for name, _ in migrations()]
    said = {name: found[1] for name, sql in migrations() if (found := BESIDE.search(sql))}
    assert [name for name, since in said.items() if since not in numbers or since > name[:4]] == []


def test_a_version_has_its_section() -> None:
    sections = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sections[0] == "Unreleased"
    assert sections[1].startswith(f"{PROJECT['version']} - ")
    assert [each for each in sections[1:] if not re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", each)] == []
