"""What we are built of is listed whole, may be joined with our licence, and can be asked about."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.audit_deps import NONE_KNOWN, NOT_ASKED, SOME_KNOWN, audit
from tests.bill_of_materials import EXCEPTIONS, Component, bill, components

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "cyclonedx.json").read_text())


@cache
def parts() -> list[Component]:
    return components()


def named(name: str) -> Component:
    (found,) = [part for part in parts() if part.name == name]
    return found


def test_the_list_is_cyclonedx() -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    made = bill(parts())
    assert [error.message for error in validator.iter_errors(made)] == []
    made["components"][0]["licenses"] = [{"license": {"id": "Imagined-1.0"}}]
    assert not validator.is_valid(made)


def test_the_list_is_the_same_for_the_same_locks() -> None:
    assert bill(components()) == bill(parts())


def test_every_locked_package_is_listed_with_its_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    python = [part for part in parts() if part.ecosystem == "PyPI"]
    named = re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", lock, re.MULTILINE)
    assert [part.name for part in python] == named
    assert sum(len(part.hashes) for part in python) == lock.count("--hash=sha256:")
    npm = json.loads((ROOT / "console" / "package-lock.json").read_text())["packages"]
    wanted = {
        (place.rpartition("node_modules/")[2], facts["version"]) for place, facts in npm.items() if place
    }
    assert {(part.name, part.version) for part in parts() if part.ecosystem == "npm"} == wanted


def test_what_runs_with_the_product_is_told_from_its_tools() -> None:
    assert [named(name).needed for name in ("asyncpg", "starlette", "pdfminer-six", "react")] == [True] * 4
    assert [named(name).needed for name in ("pytest", "mypy", "aiosmtpd", "vite")] == [False] * 4


def test_every_licence_goes_with_ours() -> None:
    assert {
        part.name: part.licence for part in parts() if not part.fits and part.name not in EXCEPTIONS
    } == {}


def test_no_exception_is_kept_without_need() -> None:
    assert {part.name for part in parts() if not part.fits} == set(EXCEPTIONS)


@pytest.mark.parametrize(
    ("licence", "fits"),
    [
        ("MIT OR Proprietary", True),
        ("MIT AND Proprietary", False),
        ("(MIT OR CC0-1.0)", True),
        ("GPL-2.0-only", False),
        ("AGPL-3.0-only", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_a_licence_is_judged_by_its_alternatives_and_parts(licence: str, fits: bool) -> None:
    assert replace(named("asyncpg"), licence=licence).fits is fits


@contextmanager
def osv(answer: Any, status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """A service on a real socket that answers this, and what it was asked."""
    asked: list[Any] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_a_known_hole_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    two = [named("asyncpg"), named("react")]
    with osv({"results": [{}, {"vulns": [{"id": "GHSA-x"}]}]}) as (url, asked):
        assert audit(two, url) == SOME_KNOWN
    assert f"{two[1].purl} (runs with the product): GHSA-x" in capsys.readouterr().out
    assert asked[0]["queries"][0] == {
        "package": {"name": "asyncpg", "ecosystem": "PyPI"},
        "version": two[0].version,
    }


def test_no_known_hole_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    with osv({"results": [{}]}) as (url, _):
        assert audit([named("asyncpg")], url) == NONE_KNOWN
    assert "1 packages asked about, 0 with known holes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "status"),
    [({"results": []}, 200), ({"other": 1}, 200), ({"results": [{}]}, 503), ("no", 200)],
)
def test_an_answer_that_is_none_is_no_clean_bill(
    capsys: pytest.CaptureFixture[str], answer: Any, status: int
) -> None:
    with osv(answer, status) as (url, _):
        assert audit([named("asyncpg")], url) == NOT_ASKED
    assert "NOTHING was checked" in capsys.readouterr().err


def test_a_service_that_is_away_is_no_clean_bill(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit([named("asyncpg")], "http://127.0.0.1:1") == NOT_ASKED
    assert "NOTHING was checked" in capsys.readouterr().err
