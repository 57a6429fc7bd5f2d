"""Who is asking: the session behind a cookie, what it may do, and that a change was meant."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

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

KEY_PREFIX: Final = "cs_"
"""How an API key begins, so that scanners for leaked secrets can know one."""

FRESH_FOR: Final = timedelta(minutes=10)
"""How long a fresh proof of identity counts."""

LOOPBACK: Final = "127.0.0.1"

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
    key = bearer(request.headers)
    # Whoever gives a key is judged by it alone: a browser sends none by itself, so no other site can have begun it.
    if key is None:
        refuse_foreign(request, settings)
    session = await session_of(world, request.headers, request.cookies)
    if session is None:
        raise Problem(401, "not-signed-in", "Not signed in", NOT_SIGNED_IN)
    return session


async def session_of(world: World, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Session | None:
    """The session behind a key or a cookie; None when there is none that holds."""
    now, key, token = world.clock.now(), bearer(headers), cookies.get(COOKIE)
    if key is not None:
        return (
            await world.store.api_keys.session(token_hash(key), now) if key.startswith(KEY_PREFIX) else None
        )
    return await world.store.people.session(token_hash(token), now) if token else None


SessionDep = Annotated[Session, Depends(signed_in)]


async def in_person(session: SessionDep) -> Session:
    """The session of a person; a 403 problem for a program with a key."""
    if session.scopes is not None:
        raise Problem(403, "forbidden", "Not allowed", "A key cannot do this; sign in as yourself.")
    return session


OwnSession = Annotated[Session, Depends(in_person)]


async def freshly_proven(session: OwnSession, world: WorldDep) -> Person:
    """The person asking, who proved within ten minutes to be themselves; else a 403 problem that says how."""
    at = session.stepped_up_at
    if at is None or world.clock.now() - at > FRESH_FOR:
        raise Problem(
            403,
            "step-up-required",
            "Prove that it is you",
            "Use your passkey or a mailed code, then try again.",
        )
    return session.person


Fresh = Depends(freshly_proven)


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
        if session.scopes is not None and permission not in session.scopes:
            raise Problem(
                403,
                "forbidden",
                "Not allowed",
                f"This key's scopes do not include {permission}; make another.",
            )
        return session.person

    return check


Reader = Annotated[Person, Depends(allowed(Permission.READ))]


def refuse_foreign(request: Request, settings: Settings) -> None:
    """A 403 problem for a change without our header, or with the Origin of another site."""
    if request.method in SAFE:
        return
    origin = request.headers.get("Origin")
    if request.headers.get(MEANT) != "1" or (origin is not None and origin not in origins(settings)):
        raise Problem(
            403, "foreign-request", "Not allowed", "This request did not come from the console itself."
        )


def origins(settings: Settings) -> tuple[str, ...]:
    """Where the console is served; on this machine also by the name `localhost`, which passkeys need."""
    parts = urlsplit(settings.public_url)
    own = f"{parts.scheme}://{parts.netloc}"
    if parts.hostname != LOOPBACK:
        return (own,)
    return (own, own.replace(LOOPBACK, "localhost", 1))


def bearer(headers: Mapping[str, str]) -> str | None:
    """The key of an Authorization header, or None; one of another scheme is a key that opens nothing."""
    given = headers.get("authorization")
    if given is None:
        return None
    scheme, _, key = given.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def token_hash(token: str) -> Sha256:
    """Lower-case hex SHA-256 of a cookie's or key's value; random enough to need no salt."""
    return Sha256(hashlib.sha256(token.encode()).hexdigest())
