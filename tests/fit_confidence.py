"""`python -m tests.fit_confidence FOLDER`: fits handlers/reading/calibration.toml to documents with known truth.

Only documents whose SHA-256 begins with 0 to b are fitted to; the others tell whether the fit holds elsewhere. Each
set counts alike, however many documents of one layout it holds: what comes next has another layout.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
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


@dataclass(frozen=True)
class Seen:
    """A value that the truth judges; `fit` is False if it only tells how well the fit holds."""

    origin: str
    source: str
    name: str
    confidence: float
    right: bool
    fit: bool


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


def observe(job: tuple[str, Path, Truth]) -> list[Seen]:
    """Each value of a document that the truth judges, and whether it is right."""
    origin, path, truth = job
    made = read(path)
    if made is None:
        return []
    seen = []
    for name in (item.name for item in fields(Fields)):
        found, wanted = getattr(made.fields, name), truth.values.get(name)
        if found is not None and wanted is not None and found.source != "xml":
            right = agrees(name, str(found.value), wanted)
            fit = truth.sha256[0] in FITTED
            seen.append(Seen(origin, found.source, name, found.confidence, right, fit))
    return seen


def fitted(values: Iterable[tuple[float, bool, float]]) -> list[tuple[float, float]]:
    """Knots of a rising line from confidence, right or wrong, and weight.

    Shares of right values in bins, drawn to the reader's own opinion, then made to rise.
    """
    bins: dict[int, list[tuple[float, bool, float]]] = defaultdict(list)
    for value in values:
        bins[max(i for i, edge in enumerate(EDGES) if value[0] >= edge)].append(value)
    blocks: list[tuple[float, float, float]] = []
    for key in sorted(bins):
        weight = sum(w for _, _, w in bins[key])
        mean = sum(confidence * w for confidence, _, w in bins[key]) / weight
        share = (sum(right * w for _, right, w in bins[key]) + DOUBT * mean) / (weight + DOUBT)
        blocks.append((mean, share, weight))
    return [(round(x, 3), round(min(y, MOST), 3)) for x, y in _rising(blocks)]


def _rising(blocks: Sequence[tuple[float, float, float]]) -> Iterator[tuple[float, float]]:
    """Pool neighbours that fall (pool adjacent violators); each keeps its own place on the line."""
    pools: list[list[tuple[float, float, float]]] = []
    for block in blocks:
        pools.append([block])
        while len(pools) > 1 and _height(pools[-2]) >= _height(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    for pool in pools:
        for x, _, _ in pool:
            yield x, _height(pool)


def _height(pool: Sequence[tuple[float, float, float]]) -> float:
    return sum(y * n for _, y, n in pool) / sum(n for _, _, n in pool)


def curves(seen: Sequence[Seen]) -> dict[str, dict[str, Knots]]:
    """A line for each source and field with enough values, and one for the rest."""
    made: dict[str, dict[str, Knots]] = {}
    for source in sorted({item.source for item in seen}):
        kept = [item for item in seen if item.source == source and item.fit]
        lines: dict[str, list[Seen]] = {ANY: kept}
        for item in kept:
            lines.setdefault(item.name, []).append(item)
        made[source] = {n: fitted(_weighed(v)) for n, v in lines.items() if n == ANY or len(v) >= OWN_CURVE}
    return made


def _weighed(seen: Sequence[Seen]) -> list[tuple[float, bool, float]]:
    """The values, those of each set together as heavy as those of any other."""
    sizes = Counter(item.origin for item in seen)
    return [(item.confidence, item.right, len(seen) / (len(sizes) * sizes[item.origin])) for item in seen]


def main(folder: Path, jobs: int) -> None:
    """Read all sets, write the table, print how well it holds on both parts."""
    work = [
        (f"{name}:{variant}", path, truth)
        for name, variant in SETS for path, truth in truths_of(folder, name, variant)
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
            (along(made[i.source].get(i.name) or made[i.source][ANY], i.confidence), i.right)
            for i in seen if i.source in made and i.fit is part
        ]  # fmt: skip
        sure = [right for confidence, right in after if confidence >= 0.9]
        gap = sum(c for c, _ in after) - sum(right for _, right in after)
        sys.stdout.write(
            f"{'fitted' if part else 'others'}: {len(after)} values, mean gap {gap / max(len(after), 1):+.3f}, "
            f"sure {len(sure)}, of these wrong {sure.count(False)}\n"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
