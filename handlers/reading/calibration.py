"""Turns what a reader thinks of a value into how often such values were right; from calibration.toml, pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final

from handlers.reading.marked import Found

Knots = Sequence[tuple[float, float]]
"""Pairs of a reader's confidence and the share that was right, rising in both."""

ANY: Final = "any"


def calibrated(name: str, found: Found[Any]) -> float:
    """The share of right values among those like this one; what an e-invoice states is not judged."""
    curves = _curves().get(found.source, {})
    knots = curves.get(name) or curves.get(ANY)
    return found.confidence if knots is None else along(knots, found.confidence)


def along(knots: Knots, confidence: float) -> float:
    """The height of the line through the knots, level beyond its ends."""
    if confidence <= knots[0][0]:
        return min(confidence, knots[0][1])
    for (x0, y0), (x1, y1) in pairwise(knots):
        if confidence <= x1:
            return y0 + (y1 - y0) * (confidence - x0) / (x1 - x0)
    return knots[-1][1]


@cache
def _curves() -> Mapping[str, Mapping[str, Knots]]:
    return tomllib.loads((files("handlers.reading") / "calibration.toml").read_text("utf-8"))
