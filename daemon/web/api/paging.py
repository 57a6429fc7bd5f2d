"""Pages by key: a cursor names the last row seen, so that a list of any length costs the same and never skips."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from daemon.web.api.problems import invalid

T = TypeVar("T")

LONGEST_PAGE: Final = 200
LONGEST_CURSOR: Final = 500

Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="How many at most.")]
After = Annotated[
    str | None, Query(max_length=LONGEST_CURSOR, description="`next` of the page before; opaque.")
]


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the following one, null at the end."""

    items: list[T]
    next: str | None


def make_cursor(*keys: str | int) -> str:
    """An opaque cursor for the keys of the last row of a page."""
    return base64.urlsafe_b64encode(json.dumps(keys).encode()).rstrip(b"=").decode()


def read_cursor(cursor: str | None, *kinds: type[str] | type[int]) -> tuple[str | int, ...] | None:
    """The keys of a cursor, each of its kind; None for no cursor, a 422 problem for what is none of ours."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        keys = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise invalid("after", "not a cursor of this list") from error
    fits = isinstance(keys, list) and len(keys) == len(kinds)
    if not fits or not all(type(key) is kind for key, kind in zip(keys, kinds, strict=True)):
        raise invalid("after", "not a cursor of this list")
    return tuple(keys)
