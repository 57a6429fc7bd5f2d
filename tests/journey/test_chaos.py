"""The short form of `make chaos`: the real stack while it is killed and broken, and the books after it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SEED = 7
FAULTS = 20
MINUTES = 0.8
LIMIT_S = 480.0
"""Usually two and a half minutes; on a machine that does much else it takes longer, and that is no failure."""


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="cs-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        try:
            done = subprocess.run(
                [
                    *(sys.executable, "-P", "-m", "sandbox", "chaos", "--json", "--folder", folder),
                    *("--seed", str(SEED), "--faults", str(FAULTS), "--minutes", str(MINUTES)),
                ],
                cwd=ROOT,
                env=_environment(),
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            told = late.stderr.decode(errors="replace") if isinstance(late.stderr, bytes) else late.stderr
            pytest.fail(f"not over after {LIMIT_S:.0f} s:\n{(told or '')[-4000:]}")
    assert done.stdout, done.stderr[-4000:]
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last | {"code": done.returncode}


def _environment() -> dict[str, str]:
    from sandbox.demo_places import plain_environment

    return plain_environment()


def test_something_did_go_wrong_while_mails_came_in(figures: dict[str, Any]) -> None:
    assert figures["faults"] >= FAULTS // 2
    assert figures["mails"] >= 3


def test_no_payment_is_doubled(figures: dict[str, Any]) -> None:
    assert figures["double"] == 0


def test_no_mail_is_lost(figures: dict[str, Any]) -> None:
    assert figures["lost"] == 0


def test_no_invoice_is_stuck_and_the_books_agree(figures: dict[str, Any]) -> None:
    assert (figures["stuck"], figures["code"]) == (0, 0)
