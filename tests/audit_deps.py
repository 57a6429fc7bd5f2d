"""Asks OSV (https://osv.dev) for known holes of everything that is locked, Python's and npm's: `make audit-deps`.

Ends with 0 when none is known, 1 when one is, and 2, saying so, when the service could not be asked. It is told
names and versions, nothing else.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, Final

import httpx
from pydantic import BaseModel, Field, ValidationError

from tests.bill_of_materials import Component, components

OSV: Final = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S: Final = 60.0
NONE_KNOWN, SOME_KNOWN, NOT_ASKED = 0, 1, 2


class _Hole(BaseModel):
    id: str


class _Answer(BaseModel):
    vulns: Annotated[tuple[_Hole, ...], Field(default=())]
    next_page_token: str | None = None


class _Answers(BaseModel):
    """https://google.github.io/osv.dev/post-v1-querybatch/: one for each question, in their order."""

    results: tuple[_Answer, ...]


class NotAskedError(Exception):
    """OSV could not be asked, or gave no answer that can be read; this says nothing about the packages."""


def known_holes(parts: list[Component], url: str = OSV) -> dict[str, list[str]]:
    """The ids of known holes by package URL; NotAskedError when that can not be told of every package."""
    questions = [
        {"package": {"name": part.name, "ecosystem": part.ecosystem}, "version": part.version}
        for part in parts
    ]
    try:
        answer = httpx.post(url, json={"queries": questions}, timeout=TIMEOUT_S).raise_for_status()
        results = _Answers.model_validate_json(answer.content).results
    except (httpx.HTTPError, ValidationError) as error:
        raise NotAskedError(f"{url}: {type(error).__name__}: {str(error).splitlines()[0]}") from error
    if len(results) != len(parts):
        raise NotAskedError(f"{url} answered {len(results)} of {len(parts)} questions")
    return {
        part.purl: [*(hole.id for hole in result.vulns), *(["and more"] if result.next_page_token else [])]
        for part, result in zip(parts, results, strict=True)
        if result.vulns
    }


def audit(parts: list[Component], url: str = OSV) -> int:
    """Ask, print what is known, and return the exit code."""
    try:
        holes = known_holes(parts, url)
    except NotAskedError as error:
        print(f"audit-deps: OSV could not be asked, so NOTHING was checked. {error}", file=sys.stderr)  # noqa: T201
        return NOT_ASKED
    needed = {part.purl for part in parts if part.needed}
    for purl, ids in sorted(holes.items()):
        where = "runs with the product" if purl in needed else "builds and tests it"
        print(f"{purl} ({where}): {', '.join(ids)}; see https://osv.dev/{ids[0]}")  # noqa: T201
    print(f"audit-deps: {len(parts)} packages asked about, {len(holes)} with known holes")  # noqa: T201
    return SOME_KNOWN if holes else NONE_KNOWN


if __name__ == "__main__":
    raise SystemExit(audit(components(), os.environ.get("OSV_URL", OSV)))
