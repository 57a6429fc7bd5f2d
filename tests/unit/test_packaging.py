"""The names of our packages are also names of other people's: `schema` and `python-daemon` would take our place."""

from __future__ import annotations

import importlib
import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("daemon", "handlers", "mockbank", "sandbox", "schema")
ALSO_OURS = ("tests", "deploy", "console")


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


def test_every_dependency_of_the_product_is_in_the_lock() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    wanted = {re.split(r"[\[<>=!~ ]", each, maxsplit=1)[0].lower() for each in project["dependencies"]}
    assert wanted - locked == set()
