"""`make tamper` in short: the product's own commands, a superuser who falsifies, the verifier as an auditor runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ENTRIES = 400
LIMIT_S = 300.0


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sandbox", "tamper", "--entries", str(ENTRIES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last


@pytest.mark.parametrize("how", ["edit", "delete", "reorder", "truncate", "rewrite"])
def test_a_superusers_falsification_is_noticed(figures: dict[str, Any], how: str) -> None:
    assert figures[how] is True


def test_it_is_noticed_in_time(figures: dict[str, Any]) -> None:
    assert 0 < figures["verify_s"] < 5
