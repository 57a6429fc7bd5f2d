"""`python -m tests.fit_confidence FOLDER`: fits handlers/reading/calibration.toml to documents with known truth.

Only documents whose SHA-256 begins with 0 to b are fitted to; the others tell whether the fit holds elsewhere.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Final

from handlers.reading.answer import Made, Order, Unreadable
from handlers.reading.calibration import ANY, Knots, along
from handlers.reading.fields import Fields
from handlers.reading.sniff import sniff
from sandbox.reading_score import SETS, Truth, agrees, truths_of

FITTED: Final = frozenset("0123456789ab")
EDGES: Final = (0.0, 0.5, 0.6, 0.7, 0.78, 0.84, 0.88, 0.915, 0.945, 1.01)
DOUBT: Final = 8
"""So many imagined documents hold the reader's own opinion: few real ones do not overrule it."""

OWN_CURVE: Final = 25
"""A field with fewer values shares the curve of all."""

MOST: Final = 0.985
Seen = tuple[str, str, float, bool, bool]
"""Source, field, confidence, right, fitted to."""


def read(path: Path) -> Made | None:
    """What is read from a file before its confidence is calibrated."""
    data = path.read_bytes()
    order = Order(path.name, "tesseract", 10, 60)
    kind = sniff(data, order.name)
    if kind == "pdf":
        from handlers.reading.pdf import read_pdf as reader
    elif kind == "image":
        from handlers.reading.picture import read_picture as reader
    else:
        from handlers.reading.plain import read_plain as reader
    try:
        return reader(data, order)
    except Unreadable:
        return None


def observe(job: tuple[Path, Truth]) -> list[Seen]:
    """Each value of a document that the truth judges, and whether it is right."""
    path, truth = job
    made = read(path)
    if made is None:
        return []
    seen = []
    for name in (item.name for item in fields(Fields)):
        found, wanted = getattr(made.fields, name), truth.values.get(name)
        if found is not None and wanted is not None and found.source != "xml":
            right = agrees(name, str(found.value), wanted)
            seen.append((found.source, name, found.confidence, right, truth.sha256[0] in FITTED))
    return seen


def fitted(values: Iterable[tuple[float, bool]]) -> list[tuple[float, float]]:
    """Knots of a rising line: shares of right values in bins, drawn to the reader's opinion, then made to rise."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, right in values:
        bins[max(i for i, edge in enumerate(EDGES) if confidence >= edge)].append((confidence, right))
    blocks: list[tuple[float, float, int]] = []
    for key in sorted(bins):
        kept = bins[key]
        mean = sum(confidence for confidence, _ in kept) / len(kept)
        share = (sum(right for _, right in kept) + DOUBT * mean) / (len(kept) + DOUBT)
        blocks.append((mean, share, len(kept)))
    return [(round(x, 3), round(min(y, MOST), 3)) for x, y in _rising(blocks)]


def _rising(blocks: Sequence[tuple[float, float, int]]) -> Iterator[tuple[float, float]]:
    """Pool neighbours that fall (pool adjacent violators); each keeps its own place on the line."""
    pools: list[list[tuple[float, float, int]]] = []
    for block in blocks:
        pools.append([block])
        while len(pools) > 1 and _height(pools[-2]) >= _height(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    for pool in pools:
        for x, _, _ in pool:
            yield x, _height(pool)


def _height(pool: Sequence[tuple[float, float, int]]) -> float:
    return sum(y * n for _, y, n in pool) / sum(n for _, _, n in pool)


def curves(seen: Sequence[Seen]) -> dict[str, dict[str, Knots]]:
    """A line for each source and field with enough values, and one for the rest."""
    made: dict[str, dict[str, Knots]] = {}
    for source in sorted({item[0] for item in seen}):
        by_field: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for where, name, confidence, right, fit in seen:
            if where == source and fit:
                by_field[name].append((confidence, right))
                by_field[ANY].append((confidence, right))
        made[source] = {n: fitted(v) for n, v in by_field.items() if len(v) >= OWN_CURVE}
    return made


def main(folder: Path, jobs: int) -> None:
    """Read all sets, write the table, print how well it holds on both parts."""
    work = [
        (path, truth) for name, variant in SETS for path, truth in truths_of(folder, name, variant)
        if name != "xml_only"
    ]  # fmt: skip
    with ProcessPoolExecutor(jobs) as pool:
        seen = [item for found in pool.map(observe, work, chunksize=1) for item in found]
    made = curves(seen)
    target = Path(__file__).parents[1] / "handlers" / "reading" / "calibration.toml"
    head = [line for line in target.read_text().splitlines() if line.startswith("#")]
    for source, lines in made.items():
        head += ["", f"[{source}]"]
        head += [f"{name} = {json.dumps(knots)}" for name, knots in sorted(lines.items())]
    target.write_text("\n".join(head) + "\n")
    for part in (True, False):
        after = [
            (along(made[s].get(n) or made[s][ANY], c), right) for s, n, c, right, fit in seen if fit is part
        ]
        sure = [right for confidence, right in after if confidence >= 0.9]
        gap = sum(c for c, _ in after) - sum(right for _, right in after)
        sys.stdout.write(
            f"{'fitted' if part else 'others'}: {len(after)} values, mean gap {gap / max(len(after), 1):+.3f}, "
            f"sure {len(sure)}, of these wrong {sure.count(False)}\n"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
