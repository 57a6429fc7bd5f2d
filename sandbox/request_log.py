"""All requests a stand-in got, byte for byte, so that a test can prove what left the product."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections import deque
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from starlette.types import Scope

from sandbox.clock import SimClock

MAX_REQUESTS_KEPT: Final = 2000


class SeenRequest(BaseModel):
    """One request as it arrived; `sha256` is lower-case hex over the exact body bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    at: datetime
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: str
    body_base64: str
    sha256: str
    fault: str | None


class RequestLog:
    """The latest requests, oldest first."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._seen: deque[SeenRequest] = deque(maxlen=MAX_REQUESTS_KEPT)

    def add(self, scope: Scope, body: bytes, fault: str | None) -> None:
        """Keep a request as it came, with the kind of fault that befell it."""
        self._seen.append(
            SeenRequest(
                number=next(self._numbers),
                at=self._clock.now(),
                method=scope["method"],
                path=scope["path"],
                query=scope["query_string"].decode("latin-1"),
                headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]),
                body=body.decode("utf-8", "replace"),
                body_base64=base64.b64encode(body).decode(),
                sha256=hashlib.sha256(body).hexdigest(),
                fault=fault,
            )
        )

    def all(self) -> list[SeenRequest]:
        """What came, oldest first."""
        return list(self._seen)

    def clear(self) -> None:
        """Forget what came."""
        self._seen.clear()
