"""Who is asking: the session behind a cookie, what it may do, and that a change was meant."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Request

from daemon.settings import Settings
from daemon.web.api.problems import Problem
from daemon.web.api.roles import Permission, may
from handlers.world import World
from schema.ids import Sha256
from schema.people import Person, Session

COOKIE: Final = "__Host-countersign"
"""The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis, 4.1.3.2)."""

MEANT: Final = "X-Countersign"
"""A header that no form and no link of another site can set without asking first (CORS)."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

NOT_SIGNED_IN: Final = "Sign in, and try again."


def the_world(request: Request) -> World:
    """The world of this process."""
    world: World = request.app.state.world
    return world


def the_settings(request: Request) -> Settings:
    """The settings of this process."""
    settings: Settings = request.app.state.settings
    return settings


WorldDep = Annotated[World, Depends(the_world)]
SettingsDep = Annotated[Settings, Depends(the_settings)]


async def signed_in(request: Request, world: WorldDep, settings: SettingsDep) -> Session:
    """The session of this request; a 401 problem without one, 403 for a change that another site began."""
    refuse_foreign(request, settings)
    token = request.cookies.get(COOKIE)
    session = await world.store.people.session(token_hash(token), world.clock.now()) if token else None
    if session is None:
        raise Problem(401, "not-signed-in", "Not signed in", NOT_SIGNED_IN)
    return session


SessionDep = Annotated[Session, Depends(signed_in)]


def allowed(permission: Permission) -> Callable[[Session], Awaitable[Person]]:
    """A dependency: the person asking, when their role has this permission; else a 403 problem."""

    async def check(session: SessionDep) -> Person:
        if not may(session.person.role, permission):
            raise Problem(
                403,
                "forbidden",
                "Not allowed",
                f"Your role ({session.person.role}) does not include this ({permission}); ask an admin.",
            )
        return session.person

    return check


Reader = Annotated[Person, Depends(allowed(Permission.READ))]


def refuse_foreign(request: Request, settings: Settings) -> None:
    """A 403 problem for a change without our header, or with the Origin of another site."""
    if request.method in SAFE:
        return
    origin = request.headers.get("Origin")
    if request.headers.get(MEANT) != "1" or (origin is not None and origin != settings.public_url):
        raise Problem(
            403, "foreign-request", "Not allowed", "This request did not come from the console itself."
        )


def token_hash(token: str) -> Sha256:
    """Lower-case hex SHA-256 of a cookie's or key's value; random enough to need no salt."""
    return Sha256(hashlib.sha256(token.encode()).hexdigest())
