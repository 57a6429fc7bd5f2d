"""The people of the console: who may sign in and in which role."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from schema.document import Frozen
from schema.ids import Address, Sha256

PersonId = NewType("PersonId", UUID)
SessionId = NewType("SessionId", UUID)


class Role(StrEnum):
    """What a person is here for; what each may do is the table in `daemon/web/api/roles.py`."""

    ADMIN = "admin"
    APPROVER = "approver"
    CLERK = "clerk"
    AUDITOR = "auditor"


class Person(Frozen):
    """Someone who may sign in; the mail address is their identity."""

    id: PersonId
    address: Address
    name: str
    role: Role
    active: bool
    version: int
    created_at: datetime
    signed_in_at: datetime | None


class Session(Frozen):
    """A sign-in that holds: `token_sha256` is of the cookie, `stepped_up_at` of the last fresh proof of identity."""

    id: SessionId
    token_sha256: Sha256
    person: Person
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    stepped_up_at: datetime | None
    how: str
    device: str
