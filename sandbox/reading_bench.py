"""`make bench-reading`: reads documents whose truth is known, and says how well, how surely, how fast.

The product is used through `countersign extract` only. The documents lie where COUNTERSIGN_CORPORA says and are no part
of the product; sets that are missing are skipped. The last line is JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from sandbox.demo_places import plain_environment, python
from sandbox.reading_load import memory_of, speed_of
from sandbox.reading_score import FIELDS, SETS, Score, truths_of

MAX_WRONG_AND_SURE: Final = 0.005
SHOWN: Final = tuple(name for name in FIELDS if name != "ifsc")
PUBLISHED: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("zf_layouts", "stripped"): {
        "invoice_number": "13/38", "issue_date": "32/40", "total": "24/39", "account": "25/28",
    },
    ("zf_layouts", "scan200"): {
        "invoice_number": "16/38", "issue_date": "30/40", "total": "22/39", "account": "23/28",
    },
    ("zf_visual", "stripped"): {
        "invoice_number": "21/120", "issue_date": "65/120", "total": "103/120", "account": "44/45",
    },
    ("gst_ttm", "docs"): {"invoice_number": "65/65", "issue_date": "65/65", "total": "0/65", "account": "0/65"},
    ("gst_ttm", "scan200"): {"invoice_number": "65/65", "issue_date": "65/65", "total": "34/65", "account": "0/65"},
    ("sroie", "docs"): {"issue_date": "431/626", "total": "359/625"},
}  # fmt: skip
"""Right of asked, by invoice2data 1.0.1 or the best other reader; on whole sets, of which ours are a part."""


def bench(*, jobs: int, memory: int, speed: bool, only: Sequence[str] = ()) -> int:
    """Run everything; the exit status is 0 if at most one value in two hundred is wrong and sure."""
    console = Console(width=200)
    folder = Path(os.environ.get("COUNTERSIGN_CORPORA", ""))
    scores: dict[str, Score] = {}
    skipped: dict[str, str] = {}
    for name, variant in SETS:
        label = name if variant == "docs" else f"{name}:{variant}"
        if only and label not in only:
            continue
        score = _scored(folder, name, variant, jobs) if str(folder) != "." else None
        if score is None:
            skipped[label] = (
                "COUNTERSIGN_CORPORA is not set" if str(folder) == "." else "the folder is missing"
            )
        else:
            scores[label] = score
            console.print(_shares(label, score, PUBLISHED.get((name, variant), {})))
    for label, reason in skipped.items():
        console.print(f"{label}: skipped, {reason}")
    if scores:
        console.print(_reliability(scores))
    texts, scans = _samples(folder, "stripped", "docs"), _samples(folder, "scan200", "scan200")
    ratios = speed_of(texts, scans) if speed else {}
    held = memory_of(texts + _samples(folder, "docs", "docs"), memory) if memory else {}
    for what, value in (ratios | held).items():
        console.print(f"{what.replace('_', ' ')}: {value}")
    sure = sum(tally.wrong_and_sure for score in scores.values() for tally in score.fields.values())
    asked = sum(tally.asked for score in scores.values() for tally in score.fields.values())
    told = {
        "sets": {label: _plain(score) for label, score in scores.items()}, "skipped": skipped,
        "asked": asked, "wrong_and_sure": sure, **ratios, **held,
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")
    return 0 if sure <= MAX_WRONG_AND_SURE * asked else 1


def read_all(paths: Sequence[Path], jobs: int) -> dict[str, dict[str, Any]]:
    """What `countersign extract` says of each file, by its name."""
    command = python("daemon", "extract", "--json", "--jobs", str(jobs), *map(str, paths))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=plain_environment(), check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(row["file"]).name: row for row in rows}


def _scored(folder: Path, name: str, variant: str, jobs: int) -> Score | None:
    known = list(truths_of(folder, name, variant))
    if not known:
        return None
    rows, score = read_all([path for path, _ in known], jobs), Score()
    for path, truth in known:
        cells = rows.get(path.name, {}).get("fields", {})
        for field, wanted in truth.values.items():
            cell = cells.get(field) or {}
            if wanted is not None:
                value = cell.get("value")
                score.count(
                    field, wanted, None if value is None else str(value), float(cell.get("confidence") or 0)
                )
    return score


def _samples(folder: Path, variant: str, other: str, most: int = 3) -> list[Path]:
    """Some PDFs of each set, the smallest first: text layers, or pictures."""
    found: list[Path] = []
    for name in dict.fromkeys(name for name, _ in SETS):
        for known in (variant, other):
            files = sorted((folder / name / known).glob("*.pdf"), key=lambda path: path.stat().st_size)
            if files:
                found += files[:most]
                break
    return found


def _shares(label: str, score: Score, published: Mapping[str, str]) -> Table:
    table = Table(title=label, title_justify="left", show_edge=False)
    table.add_column("field")
    for column in ("asked", "right", "not found", "wrong and sure", "other readers"):
        table.add_column(column, justify="right")
    for name in SHOWN:
        tally = score.fields[name]
        if tally.asked:
            table.add_row(
                name.replace("_", " "), str(tally.asked), f"{tally.right / tally.asked:.1%}",
                f"{tally.absent / tally.asked:.1%}", str(tally.wrong_and_sure), published.get(name, ""),
            )  # fmt: skip
    return table


def _reliability(scores: Mapping[str, Score]) -> Table:
    """By tenth of confidence, how many values were right: structured, text layer, picture."""
    table = Table(title="confidence and right values", title_justify="left", show_edge=False)
    table.add_column("confidence")
    kinds: dict[str, dict[int, list[int]]] = {}
    for label, score in scores.items():
        kind = "pictures" if label.endswith("scan200") or label == "sroie" else "text and XML"
        for tenth, (count, right) in score.reliability.items():
            cell = kinds.setdefault(kind, {}).setdefault(tenth, [0, 0])
            cell[0] += count
            cell[1] += right
    for kind in kinds:
        table.add_column(kind, justify="right")
    for tenth in range(10):
        cells = [kinds[kind].get(tenth) for kind in kinds]
        if any(cells):
            table.add_row(
                f"{tenth / 10:.1f} to {tenth / 10 + 0.1:.1f}",
                *(f"{cell[1]}/{cell[0]} = {cell[1] / cell[0]:.1%}" if cell else "" for cell in cells),
            )
    return table


def _plain(score: Score) -> dict[str, list[int]]:
    """Asked, right, not found, wrong and sure."""
    return {
        name: [tally.asked, tally.right, tally.absent, tally.wrong_and_sure]
        for name, tally in score.fields.items()
        if tally.asked
    }
