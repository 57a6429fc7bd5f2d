"""The names of our packages are also names of other people's: `schema` and `python-daemon` would take our place."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("daemon", "handlers", "mockbank", "sandbox", "schema")
ALSO_OURS = ("tests", "deploy", "console")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("package", OURS)
def test_a_package_is_imported_from_this_checkout(package: str) -> None:
    assert Path(str(importlib.import_module(package).__file__)).parent == ROOT / package


@pytest.mark.parametrize("package", [*OURS, *ALSO_OURS])
def test_no_other_distribution_brings_a_package_of_our_name(package: str) -> None:
    assert set(packages_distributions().get(package, [])) <= {"countersign"}


def test_no_folder_of_tests_shadows_a_package() -> None:
    assert [each for each in (ROOT / "tests").rglob("*") if each.is_dir() and each.name in OURS] == []


def test_the_lock_names_no_registry() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()


def test_every_locked_package_is_pinned_and_hashed() -> None:
    entries = re.sub(r"\\\n\s+", " ", (ROOT / "requirements.lock").read_text()).splitlines()
    bare = [
        entry for entry in entries if not re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+ .*--hash=sha256:", entry)
    ]
    assert len(entries) > 50
    assert bare == []


def test_every_dependency_is_in_the_lock() -> None:
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert declared(PROJECT["project"]["dependencies"]) - locked == set()
    assert declared(PROJECT["dependency-groups"]["demo"]) - locked == set()


@pytest.mark.parametrize("package", OURS)
def test_whatever_a_package_imports_is_declared(package: str) -> None:
    allowed = declared(PROJECT["project"]["dependencies"])
    if package == "sandbox":
        allowed |= declared(PROJECT["dependency-groups"]["demo"])
    providers = packages_distributions()
    foreign = imported(ROOT / package) - set(sys.stdlib_module_names) - set(OURS)
    assert [name for name in sorted(foreign) if not {plain(each) for each in providers[name]} & allowed] == []


def declared(requirements: list[str]) -> set[str]:
    return {plain(re.split(r"[\[<>=!~ ]", each, maxsplit=1)[0]) for each in requirements}


def plain(distribution: str) -> str:
    """As PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imported(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                found.add(node.module.split(".")[0])
    return found
