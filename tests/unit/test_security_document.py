"""SECURITY.md answers every ground, and each test it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text("utf-8")
GROUNDS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| (?:\d+|P\d|LLM\d\d|ASI\d\d) \|", line)
]
NUMBERS = [
    *map(str, range(1, 25)),
    *(f"P{n}" for n in range(1, 8)),
    *(f"{list_}{n:02}" for list_ in ("LLM", "ASI") for n in range(1, 11)),
]
STATES = ("met", "partly", "open", "not applicable")
PROOFS = sorted({proof for row in GROUNDS for proof in re.findall(r"`(tests/[^`]+)`", row[3])})
PROMISES = re.compile(
    r"\b(injection-proof|unbreakable|immutable|tamper-proof|compliant|100 ?% secure)\b", re.I
)


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_ground_is_answered_once() -> None:
    assert [row[0] for row in GROUNDS] == NUMBERS


@pytest.mark.parametrize("row", GROUNDS, ids=lambda row: row[0])
def test_an_answer_has_a_control_a_proof_and_a_state(row: list[str]) -> None:
    assert len(row) == 5
    assert row[2]
    assert row[4] in STATES
    assert ("`tests/" in row[3]) == (row[4] in ("met", "partly"))


@pytest.mark.parametrize("row", [row for row in GROUNDS if row[4] == "partly"], ids=lambda row: row[0])
def test_what_is_met_in_part_says_what_is_left(row: list[str]) -> None:
    assert "Left: " in row[2]


@pytest.mark.parametrize("proof", PROOFS)
def test_a_test_that_is_named_exists(proof: str) -> None:
    path, _, name = proof.partition("::")
    assert name in names_in(path)


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md", "ARCHITECTURE.md"])
def test_no_document_claims_what_nobody_can_promise(name: str) -> None:
    assert PROMISES.search((ROOT / name).read_text("utf-8")) is None
