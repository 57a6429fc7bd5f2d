"""One's own sessions: where one is signed in, each to be ended."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from daemon.web.api.access import OwnSession, WorldDep
from daemon.web.api.paging import Page
from daemon.web.api.problems import not_found, problems
from schema.people import SessionId

router = APIRouter(prefix="/sessions", tags=["sign-in"])


class SessionRow(BaseModel):
    """A place where one is signed in; `current` is the one that asks."""

    id: UUID
    agent: str
    method: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


@router.get(
    "",
    operation_id="listSessions",
    summary="Where I am signed in",
    response_model=Page[SessionRow],
    responses=problems(),
)
async def sessions(session: OwnSession, world: WorldDep) -> Page[SessionRow]:
    """The sessions that hold, the last used first."""
    held = await world.store.people.sessions_of(session.person, world.clock.now())
    rows = [
        SessionRow(
            id=each.id,
            agent=each.device,
            method=each.how,
            created_at=each.created_at,
            seen_at=each.seen_at,
            expires_at=each.expires_at,
            current=each.id == session.id,
        )
        for each in held
    ]
    return Page(items=rows, next=None)


@router.delete(
    "/{session_id}",
    operation_id="endSession",
    summary="End one of my sessions",
    status_code=204,
    responses=problems(404),
)
async def end_session(session_id: UUID, session: OwnSession, world: WorldDep) -> Response:
    """End it; only one's own."""
    if not await world.store.people.end_session_of(
        SessionId(session_id), session.person.id, at=world.clock.now()
    ):
        raise not_found("session")
    return Response(status_code=204)
