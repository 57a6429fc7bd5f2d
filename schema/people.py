"""The people of the console: who may sign in and in which role."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from schema.document import Frozen
from schema.errors import PermanentError
from schema.ids import Address, Sha256

PersonId = NewType("PersonId", UUID)
SessionId = NewType("SessionId", UUID)
PasskeyId = NewType("PasskeyId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
ChallengeId = NewType("ChallengeId", UUID)


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
    scopes: frozenset[str] | None = None
    """Of an API key: all that it may do, as far as its maker may; None for a person who is signed in."""


class Passkey(Frozen):
    """A credential on a device of a person; `public_key` is a COSE_Key."""

    id: PasskeyId
    person_id: PersonId
    name: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    created_at: datetime
    used_at: datetime | None


class Identity(Frozen):
    """Whom an identity provider vouches for: `subject` never changes at `issuer`; the address was verified there."""

    issuer: str
    subject: str
    address: Address


class PendingSignOn(Frozen):
    """A sign-in at the identity provider that was begun: what its answer must fit, and where the person was headed."""

    nonce: str
    verifier: str
    redirect_uri: str
    next_path: str


class ApiKey(Frozen):
    """A key for a program, without the key itself; `hint` is how it begins."""

    id: ApiKeyId
    name: str
    hint: str
    scopes: tuple[str, ...]
    made_by: Address
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class LastAdminError(PermanentError):
    """The last admin stays one; make someone else an admin first."""
