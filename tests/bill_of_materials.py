"""What we are built of, by the two locks and what is installed, as CycloneDX; and whether each licence fits ours.

`python -m tests.bill_of_materials dist/countersign.cdx.json` writes the list (`make sbom`). It asks no network.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tomllib
import uuid
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[1]
PYTHON_LOCK: Final = ROOT / "requirements.lock"
NPM_LOCK: Final = ROOT / "console" / "package-lock.json"
NAMESPACE: Final = uuid.UUID("6f0d6a9e-43a7-5f0c-9a3c-0c7f5a2f7d10")

COMPATIBLE: Final = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD License", "BlueOak-1.0.0", "CC0-1.0", "GPL-3.0-only",
        "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0",
    }
)  # fmt: skip
"""May be joined with a work under GPL-3.0-only (https://www.gnu.org/licenses/license-list.html)."""

EXCEPTIONS: Final = {
    "pycountry": "LGPL-2.1-only lets us take it under any later GPL (its section 3), so under version 3.",
    "regex": "CNRI-Python, for its part from Python 1.6's `re`: the FSF finds that text incompatible for its "
    "choice of law, and CNRI gave the same code a compatible one with Python 1.6.1. dateparser wants it. Open: ask its "
    "author, or read dates without it.",
}
"""Each with the reason why it is here all the same; a test fails on any other."""

NOT_ON_LINUX: Final = {"async-timeout": "Apache-2.0", "colorama": "BSD-3-Clause"}
"""Locked for other systems and Pythons, never installed here, so their metadata can not be asked."""

ONLY_IN_ITS_FILE: Final = {"promql-parser": "MIT"}
"""Whose metadata is silent, and whose LICENSE file says it."""

_SAID_OTHERWISE: Final = {
    "Apache 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0", "BSD": "BSD License", "BSD 2-Clause License": "BSD-2-Clause",
    "ISC License": "ISC", "MIT License": "MIT", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD-3-Clause, Apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
}  # fmt: skip


@dataclass(frozen=True)
class Component:
    """One locked package."""

    name: str
    version: str
    ecosystem: str
    """`PyPI` or `npm`, as OSV names them."""

    licence: str
    """An SPDX expression, where the package gives one."""

    hashes: tuple[tuple[str, str], ...]
    """Algorithm and hex digest of every file that the lock allows."""

    needed: bool
    """It runs with the product; the others build and test it."""

    @property
    def purl(self) -> str:
        """The package URL: https://github.com/package-url/purl-spec."""
        kind = {"PyPI": "pypi", "npm": "npm"}[self.ecosystem]
        return f"pkg:{kind}/{quote(self.name, safe='/')}@{self.version}"

    @property
    def fits(self) -> bool:
        """Its licence goes with GPL-3.0-only: one of its alternatives does, with all of its parts."""
        alternatives = self.licence.strip("()").split(" OR ")
        return any(set(each.split(" AND ")) <= COMPATIBLE for each in alternatives)


def components() -> list[Component]:
    """Everything that is locked, Python's and npm's."""
    return [*_python_packages(), *_npm_packages()]


def bill(parts: list[Component]) -> dict[str, Any]:
    """The list as CycloneDX 1.6; equal locks give equal bytes, so it bears no date."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    seed = PYTHON_LOCK.read_text("utf-8") + NPM_LOCK.read_text("utf-8") + project["version"]
    name, version = project["name"], project["version"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, seed)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"pkg:pypi/{name}@{version}",
                "name": name,
                "version": version,
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
                "purl": f"pkg:pypi/{name}@{version}",
            }
        },
        "components": [_entry(part) for part in parts],
    }


def _entry(part: Component) -> dict[str, Any]:
    single = re.fullmatch(r"[A-Za-z0-9.-]+", part.licence)
    unnamed = part.licence == "BSD License"  # which of them, the package does not say
    return {
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "scope": "required" if part.needed else "excluded",
        "hashes": [{"alg": algorithm, "content": digest} for algorithm, digest in part.hashes],
        "licenses": [
            {"license": {"name": part.licence}}
            if unnamed
            else {"license": {"id": part.licence}}
            if single
            else {"expression": part.licence}
        ],
        "purl": part.purl,
    }


def _python_packages() -> list[Component]:
    needed = _runtime()
    text = re.sub(r"\\\n\s+", " ", PYTHON_LOCK.read_text("utf-8"))
    found = []
    for name, version, rest in re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)(.*)$", text, re.MULTILINE):
        hashes = tuple(("SHA-256", digest) for digest in re.findall(r"sha256:([0-9a-f]{64})", rest))
        found.append(Component(name, version, "PyPI", _licence(name), hashes, name in needed))
    return found


def _licence(name: str) -> str:
    try:
        said = distribution(name).metadata
    except PackageNotFoundError:
        return NOT_ON_LINUX.get(name, "unknown")
    classifiers = [each.split(" :: ")[-1] for each in said.get_all("Classifier") or [] if "License" in each]
    stated = [word for name in ("License-Expression", "License") for word in said.get_all(name) or [] if word]
    words: str = (stated or classifiers[-1:] or [ONLY_IN_ITS_FILE.get(name, "unknown")])[0]
    return _SAID_OTHERWISE.get(words, words)


def _runtime() -> set[str]:
    """The names of what the installed product needs to run, and what they need in turn."""
    waiting, found = [("countersign", "")], set[str]()
    while waiting:
        name, extra = waiting.pop()
        for line in _requirements(name):
            wanted = Requirement(line)
            key = re.sub(r"[-_.]+", "-", wanted.name).lower()
            if (not wanted.marker or wanted.marker.evaluate({"extra": extra})) and key not in found:
                found.add(key)
                waiting += [(key, each) for each in ("", *wanted.extras)]
    return found


def _requirements(name: str) -> list[str]:
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        return []  # of another system


def _npm_packages() -> list[Component]:
    found: dict[str, Component] = {}
    for place, facts in json.loads(NPM_LOCK.read_text("utf-8"))["packages"].items():
        if not place:
            continue
        name = facts.get("name") or place.rpartition("node_modules/")[2]
        hashes = tuple(_npm_hash(each) for each in facts.get("integrity", "").split())
        part = Component(name, facts["version"], "npm", facts["license"], hashes, not facts.get("dev", False))
        found[part.purl] = part
    return list(found.values())


def _npm_hash(integrity: str) -> tuple[str, str]:
    algorithm, _, digest = integrity.partition("-")
    return f"SHA-{algorithm.removeprefix('sha')}", base64.b64decode(digest).hex()


if __name__ == "__main__":
    target, parts = Path(sys.argv[1]), components()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill(parts), indent=2) + "\n")
    sys.stdout.write(
        f"{target}: {len(parts)} packages, {sum(part.needed for part in parts)} run with the product\n"
    )
