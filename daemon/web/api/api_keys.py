"""Keys for programs: shown once when they are made, with scopes and an end, taken back at any time."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from daemon.web.api.access import KEY_PREFIX, Fresh, WorldDep, allowed, token_hash
from daemon.web.api.paging import Page
from daemon.web.api.problems import invalid, not_found, problems
from daemon.web.api.roles import Permission
from schema.people import ApiKey, ApiKeyId, Person

router = APIRouter(prefix="/api-keys", tags=["people"])

Admin = Annotated[Person, Depends(allowed(Permission.KEYS_EDIT))]

KEY_BYTES: Final = 32
HINT_CHARS: Final = 9

NEVER: Final = frozenset(
    {Permission.PEOPLE_EDIT, Permission.POLICY_EDIT, Permission.KEYS_EDIT, Permission.BANK_DETAILS_CONFIRM}
)
"""What needs a fresh proof of a person can never be a program's."""


class NewKey(BaseModel):
    """What a new key may do, and for how long."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "Bookkeeping", "days": 90, "scopes": ["read", "export"]}},
    )

    name: str = Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")
    days: int = Field(ge=1, le=366)
    scopes: list[Permission] = Field(min_length=1, max_length=len(Permission))


class KeyRow(BaseModel):
    """A key without the key: `hint` is how it begins."""

    id: UUID
    name: str
    hint: str
    scopes: list[Permission]
    made_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class MadeKey(KeyRow):
    """A new key; `key` is shown this once and kept nowhere."""

    key: str


@router.get(
    "",
    operation_id="listApiKeys",
    summary="Keys that hold",
    response_model=Page[KeyRow],
    responses=problems(),
)
async def keys(_: Admin, world: WorldDep) -> Page[KeyRow]:
    """All keys that hold, the newest first."""
    held = await world.store.api_keys.holding(world.clock.now())
    return Page(items=[KeyRow(**_row(each)) for each in held], next=None)


@router.post(
    "", operation_id="makeApiKey", summary="Make a key", status_code=201, response_model=MadeKey,
    responses=problems(), dependencies=[Fresh],
)  # fmt: skip
async def make_key(body: NewKey, admin: Admin, world: WorldDep) -> MadeKey:
    """Make a key that acts for who makes it, within its scopes and never beyond what they may then."""
    if never := sorted(NEVER & set(body.scopes)):
        raise invalid("scopes", f"{', '.join(never)} needs a person; no key can have it")
    key, now = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES), world.clock.now()
    made = await world.store.api_keys.add(
        admin,
        body.name.strip(),
        token_hash(key),
        hint=key[:HINT_CHARS],
        scopes=tuple(sorted(set(body.scopes))),
        at=now,
        until=now + timedelta(days=body.days),
    )
    return MadeKey(**_row(made), key=key)


@router.delete(
    "/{key_id}", operation_id="endApiKey", summary="Take a key back", status_code=204, responses=problems(404),
    dependencies=[Fresh],
)  # fmt: skip
async def end_key(key_id: UUID, admin: Admin, world: WorldDep) -> Response:
    """It opens nothing from now on."""
    if not await world.store.api_keys.end(ApiKeyId(key_id), admin, world.clock.now()):
        raise not_found("key")
    return Response(status_code=204)


def _row(key: ApiKey) -> dict[str, object]:
    return key.model_dump()
