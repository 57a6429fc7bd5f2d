"""Opening a session: the one place where a browser is given the cookie that lets it in."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

import structlog
from fastapi import Request, Response

from daemon.web.api.access import COOKIE, token_hash
from handlers.world import World
from schema.people import Person, SessionId

log = structlog.get_logger()

LASTS: Final = timedelta(days=7)
"""However much a session is used, its person proves themselves again after a week."""

TOKEN_BYTES: Final = 32


async def open_session(
    world: World, person: Person, request: Request, response: Response, *, how: str
) -> SessionId:
    """Sign a person in. The token is always new: one that was put into the browser before opens nothing."""
    now, token = world.clock.now(), secrets.token_urlsafe(TOKEN_BYTES)
    device = request.headers.get("User-Agent", "")
    before = request.cookies.get(COOKIE)
    session = await world.store.people.open_session(
        person.id, token_hash(token), how=how, device=device, at=now, until=now + LASTS
    )
    if before and (old := await world.store.people.session(token_hash(before), now)):
        await world.store.people.end_session(old.id, at=now)
    log.info("signed in", person=str(person.id), session=str(session), how=how)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return session


def clear_cookie(response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
