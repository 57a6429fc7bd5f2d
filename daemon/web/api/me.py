"""Who I am: the person signed in, what they may do, and signing out."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from daemon.web.api.access import OwnSession, SessionDep, WorldDep
from daemon.web.api.problems import problems
from daemon.web.api.roles import Permission, may
from daemon.web.api.session_cookie import clear_cookie
from schema.people import Role

router = APIRouter(tags=["people"])


class Me(BaseModel):
    """The person signed in; `may` holds the permissions of their role."""

    id: str
    address: str
    name: str
    role: Role
    may: list[Permission]
    time_zone: str
    expires_at: datetime
    stepped_up_at: datetime | None


@router.get("/me", operation_id="getMe", summary="Who is signed in", response_model=Me, responses=problems())
async def me(session: SessionDep, world: WorldDep) -> Me:
    """The person behind this session."""
    person = session.person
    return Me(
        id=str(person.id),
        address=person.address,
        name=person.name,
        role=person.role,
        may=[
            each
            for each in Permission
            if may(person.role, each) and (session.scopes is None or each in session.scopes)
        ],
        time_zone=str(world.zone),
        expires_at=session.expires_at,
        stepped_up_at=session.stepped_up_at,
    )


@router.post(
    "/sign-out", operation_id="signOut", summary="End this session", status_code=204, responses=problems()
)
async def sign_out(session: OwnSession, world: WorldDep) -> Response:
    """End the session here and now."""
    await world.store.people.end_session(session.id, at=world.clock.now())
    response = Response(status_code=204)
    clear_cookie(response)
    return response
