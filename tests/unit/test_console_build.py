"""The console as it was built: small at first sight, from one origin, nothing that a strict policy forbids."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "daemon" / "web" / "static" / "console"
FIRST_VIEW_BYTES = 150_000
"""Script that the first page needs, gzipped."""


@cache
def manifest() -> dict[str, Any]:
    """Vite's list of modules: source -> file and what it imports."""
    listed: dict[str, Any] = json.loads((BUILT / "manifest.json").read_text())
    return listed


def needed(source: str) -> set[str]:
    """The files that a module needs before it runs, its own included."""
    found: set[str] = set()
    waiting = [source]
    while waiting:
        entry = manifest()[waiting.pop()]
        if entry["file"] not in found:
            found.add(entry["file"])
            waiting += entry.get("imports", [])
    return found


def pages() -> list[str]:
    return [source for source in manifest() if source.startswith("src/pages/")]


@pytest.mark.parametrize("page", ["src/pages/today/page.tsx", "src/pages/sign-in/page.tsx"])
def test_a_first_view_is_small(page: str) -> None:
    files = needed("index.html") | needed(page)
    assert sum(len(gzip.compress((BUILT / file).read_bytes())) for file in files) < FIRST_VIEW_BYTES


def test_pages_are_fetched_when_they_are_wanted() -> None:
    first = needed("index.html")
    assert pages()
    assert [page for page in pages() if manifest()[page]["file"] in first] == []


def test_the_page_has_nothing_inline() -> None:
    html = (BUILT / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", html) == []


def test_everything_comes_from_one_origin() -> None:
    addresses = re.findall(r'(?:src|href)="([^"]+)"', (BUILT / "index.html").read_text())
    assert addresses
    assert [address for address in addresses if not re.match(r"/assets/[\w.-]+$", address)] == []
    styles = "".join(path.read_text() for path in BUILT.glob("assets/*.css"))
    assert re.findall(r"@import|url\((?!['\"]?/assets/)", styles) == []


def test_no_module_makes_code_of_text() -> None:
    scripts = {path.name: path.read_text() for path in BUILT.glob("assets/*.js")}
    assert [name for name, text in scripts.items() if re.search(r"\beval\(|new Function\(", text)] == []


def test_no_source_writes_html() -> None:
    sources = {
        path: path.read_text()
        for path in (ROOT / "console" / "src").rglob("*.ts*")
        if not path.name.endswith(".gen.d.ts")
    }
    writing = re.compile(
        r"dangerouslySetInnerHTML|\b(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write"
    )
    assert [str(path.relative_to(ROOT)) for path, text in sources.items() if writing.search(text)] == []


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "console" / "package-lock.json").read_text()
