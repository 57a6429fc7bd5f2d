"""The people of the console: who may come in, and in which role."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from daemon.web.api.access import Fresh, Reader, WorldDep, allowed
from daemon.web.api.master_models import HistoryAnswer
from daemon.web.api.masters import history_page
from daemon.web.api.paging import After, Limit, Page, make_cursor, read_cursor
from daemon.web.api.problems import Problem, not_found, problems
from daemon.web.api.roles import Permission
from schema.errors import ConflictError
from schema.history import Subject
from schema.ids import Address
from schema.people import Person, PersonId, Role

router = APIRouter(prefix="/people", tags=["people"])

Admin = Annotated[Person, Depends(allowed(Permission.PEOPLE_EDIT))]


class PersonRow(BaseModel):
    """Someone who may sign in, or who once might (`active` false)."""

    id: UUID
    address: str
    name: str
    role: Role
    active: bool
    version: int
    created_at: datetime
    signed_in_at: datetime | None


class NewPerson(BaseModel):
    """Whom to let in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"address": "nadia@meridian.example", "name": "Nadia Iyer", "role": "clerk"}
        },
    )

    address: str = Field(min_length=3, max_length=254, pattern=r"^[^@\s<>\x00]+@[^@\s<>\x00]+$")
    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")
    role: Role


class PersonChange(BaseModel):
    """What to change; what is left out stays. `version` is the one that was looked at."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"version": 3, "role": "approver"}}
    )

    version: int = Field(ge=1, le=2**31 - 1)
    name: str | None = Field(None, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")
    role: Role | None = None
    active: bool | None = None


@router.get(
    "", operation_id="listPeople", summary="Everyone, by address", response_model=Page[PersonRow],
    responses=problems(),
)  # fmt: skip
async def people(_: Reader, world: WorldDep, limit: Limit = 50, after: After = None) -> Page[PersonRow]:
    """A page of people."""
    keys = read_cursor(after, str)
    found = await world.store.people.people(after=Address(str(keys[0])) if keys else None, limit=limit + 1)
    more = make_cursor(found[limit - 1].address) if len(found) > limit else None
    return Page(items=[_row(each) for each in found[:limit]], next=more)


@router.post(
    "", operation_id="addPerson", summary="Let someone in", status_code=201, response_model=PersonRow,
    responses=problems(409), dependencies=[Fresh],
)  # fmt: skip
async def add_person(body: NewPerson, admin: Admin, world: WorldDep) -> PersonRow:
    """Add a person; they sign in with a link they ask for."""
    try:
        person = await world.store.people.add(
            Address(body.address.lower()),
            body.name.strip(),
            body.role,
            at=world.clock.now(),
            by=admin.address,
        )
    except ConflictError as error:
        raise Problem(
            409,
            "address-taken",
            "Known already",
            "Someone with this address is in the list; change them there.",
        ) from error
    return _row(person)


@router.get(
    "/{person_id}", operation_id="getPerson", summary="One person", response_model=PersonRow,
    responses=problems(404),
)  # fmt: skip
async def person(person_id: UUID, _: Reader, world: WorldDep) -> PersonRow:
    """One person."""
    found = await world.store.people.person(PersonId(person_id))
    if found is None:
        raise not_found("person")
    return _row(found)


@router.patch(
    "/{person_id}", operation_id="changePerson", summary="Change name or role, or let someone out or in again",
    response_model=PersonRow, responses=problems(404, 409), dependencies=[Fresh],
)  # fmt: skip
async def change_person(person_id: UUID, body: PersonChange, admin: Admin, world: WorldDep) -> PersonRow:
    """Change a person. Nobody changes their own role: so one admin alone can neither rise nor lock all out."""
    if person_id == admin.id and (body.role not in (None, admin.role) or body.active is False):
        raise Problem(
            409,
            "own-role",
            "Not your own",
            "Nobody changes their own role or leaves by themselves; ask another admin.",
        )
    named: dict[str, Any] = body.model_dump(exclude={"version"})
    changed = await world.store.people.change(
        PersonId(person_id), version=body.version, by=admin.address, at=world.clock.now(), **named
    )
    if changed is None:
        raise not_found("person")
    return _row(changed)


@router.post(
    "/{person_id}/sign-out", operation_id="signPersonOut", summary="End all sessions of a person", status_code=204,
    responses=problems(404), dependencies=[Fresh],
)  # fmt: skip
async def sign_person_out(person_id: UUID, admin: Admin, world: WorldDep) -> Response:
    """Sign a person out everywhere."""
    found = await world.store.people.person(PersonId(person_id))
    if found is None:
        raise not_found("person")
    await world.store.people.end_sessions(found, by=admin.address, at=world.clock.now())
    return Response(status_code=204)


@router.get(
    "/{person_id}/history", operation_id="listPersonHistory", summary="What was changed of a person, newest first",
    response_model=Page[HistoryAnswer], responses=problems(),
)  # fmt: skip
async def history(
    person_id: UUID, _: Reader, world: WorldDep, limit: Limit = 50, after: After = None
) -> Page[HistoryAnswer]:
    """A page of the history."""
    return await history_page(world, Subject.PERSON, str(person_id), after, limit)


def _row(person: Person) -> PersonRow:
    return PersonRow(**person.model_dump())
