"""Load the named SQL statements of `schema/sql/queries/`: `-- name: x`, comment, statement."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

_NAME: Final = re.compile(r"^-- name: (?P<name>\w+)$", re.MULTILINE)


@cache
def load(room: str) -> dict[str, str]:
    """The statements of one room (`street`, `mails`, ...) by name, comments kept."""
    text = (files("schema") / "sql" / "queries" / f"{room}.sql").read_text("utf-8")
    parts = _NAME.split(text)[1:]
    return {name: body.strip().rstrip(";") for name, body in zip(parts[::2], parts[1::2], strict=True)}


ROOMS: Final = (
    "street",
    "mails",
    "master",
    "approvals",
    "views",
    "operations",
    "keys",
    "record",
    "history",
    "vendors",
    "orders",
    "bank_changes",
    "imports",
    "policies",
    "insight",
    "people",
    "audit_log",
    "invoices",
    "corrections",
    "uploads",
    "today",
    "sign_in",
    "api_keys",
    "first_answers",
    "exports",
    "arrangements",
    "measures",
)
"""The files there are; a test prepares every statement against the migrated schema."""
