"""An entry of the append-only record, its canonical bytes and its leaf hash."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

from schema.document import Frozen
from schema.ids import InvoiceId, Sha256
from schema.transfer import canonical

LEAF_PREFIX: Final = b"\x00"
"""RFC 6962, 2.1: a leaf is hashed with this prefix, an inner node with another, so neither passes for the other."""


class Entry(Frozen):
    """One thing that happened to one invoice; `version` counts from 0 and has no gaps.

    `facts` is JSON, free of account numbers. Times are UTC, written with microseconds.
    """

    invoice_id: InvoiceId
    version: int
    step: str
    source: str
    target: str
    actor: str
    at: datetime
    note: str
    facts: dict[str, Any]


def entry_bytes(entry: Entry) -> bytes:
    """The canonical JSON that is hashed and exported."""
    return canonical(entry.model_dump(mode="json"))


def leaf_hash(entry: Entry) -> Sha256:
    """The RFC 6962 leaf hash of an entry, lower-case hex."""
    return Sha256(hashlib.sha256(LEAF_PREFIX + entry_bytes(entry)).hexdigest())
