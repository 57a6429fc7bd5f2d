"""Signing in by the company's own identity provider: begun here, and finished here in the same browser.

The provider sends the browser back to a page of the console, which changes nothing; its script then asks for `finish`
with what came. So nobody can be signed in by a link that someone else made: the cookie must be that of the beginning,
and the request the console's own. Source: RFC 9700, 2.1 and 4.7 (CSRF); OpenID Connect Core 1.0, 3.1.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from daemon.web.api.access import SettingsDep, WorldDep, origins, token_hash
from daemon.web.api.problems import Problem, problems
from daemon.web.api.session_cookie import open_session
from daemon.web.api.sign_in import FromConsole, Input, LimitsDep, SignedIn, refuse_too_many
from handlers.world import IdentityProvider, SignOnAnswer
from schema.errors import ConflictError, CountersignError, ForgedError
from schema.people import PendingSignOn

router = APIRouter(prefix="/sign-in/sso", tags=["sign-in"])
log = structlog.get_logger()

COOKIE: Final = "__Host-countersign-sso"
"""Of the browser that began; no session, and worth nothing without the state and the provider's code."""

LASTS: Final = timedelta(minutes=10)
TOKEN_BYTES: Final = 32
RETURNS_TO: Final = "/sign-in/sso"
"""The console's page that the provider sends people back to; registered there with the origin before it."""

OWN_PATH: Final = r"^/([!-.0-9:-\[\]-~][!-\[\]-~]*)?$"
"""A path of the console: visible ASCII without a backslash, and no second slash after the first."""

NOT_BEGUN: Final = "It was not begun in this browser, was used already, or took too long. Begin anew."
NOT_PROVEN: Final = (
    "What the provider sent does not prove who you are. Begin anew; if it happens again, tell an admin."
)
DECLINED: Final = "The provider did not sign you in ({error}). Begin anew, or sign in by a mailed link."


class SignOnRequest(Input):
    """Where the person was headed, as a path of the console."""

    next: str = Field(default="/", max_length=2000, pattern=OWN_PATH, examples=["/invoices"])


class SignOnBegun(BaseModel):
    """Where to send this browser."""

    url: str


class SignOnReturn(Input):
    """What stands in the address the provider sent the browser back to: a code, or the error why there is none."""

    state: str = Field(
        min_length=20, max_length=200, examples=["Zk3v1bq8Tn0cR5uXy7LwPa2dGh9JsQfE4mKtVi6oBzA"]
    )
    code: str | None = Field(default=None, min_length=1, max_length=4000, examples=["SplxlOBeZQQYbYS6WxSbIA"])
    error: str | None = Field(default=None, max_length=100, pattern="^[ -~]*$", examples=[None])
    iss: str | None = Field(default=None, max_length=500, examples=["https://login.meridian.example"])


class SignedOn(SignedIn):
    """Who is signed in now, and the path they were headed for."""

    next: str


def the_provider(world: WorldDep) -> IdentityProvider:
    """The identity provider; a 404 problem where none is set."""
    if world.identity is None:
        raise Problem(404, "no-single-sign-on", "Not offered", "Sign in by a mailed link or a passkey.")
    return world.identity


Provider = Depends(the_provider)


@router.post(
    "",
    operation_id="beginSingleSignOn",
    summary="Begin to sign in by the company's own sign-in",
    response_model=SignOnBegun,
    responses=problems(404, 429),
    dependencies=[FromConsole],
)
async def begin(
    body: SignOnRequest,
    request: Request,
    response: Response,
    world: WorldDep,
    settings: SettingsDep,
    limits: LimitsDep,
    provider: IdentityProvider = Provider,
) -> SignOnBegun:
    """Keep what the answer must fit, mark this browser, and say where to go."""
    await refuse_too_many(limits, "sso", "everyone")
    browser, state = secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(TOKEN_BYTES)
    # Refused above when it is none of ours; a cookie comes back only to the very name it was set at.
    origin = request.headers.get("Origin") or origins(settings)[-1]
    pending = PendingSignOn(
        nonce=secrets.token_urlsafe(TOKEN_BYTES),
        verifier=secrets.token_urlsafe(TOKEN_BYTES),
        redirect_uri=f"{origin}{RETURNS_TO}",
        next_path=body.next,
    )
    url, now = await provider.address_of(pending, state), world.clock.now()
    await world.store.sign_in.begin_sign_on(
        pending, state_sha256=token_hash(state), browser_sha256=token_hash(browser), at=now, until=now + LASTS
    )
    response.set_cookie(
        COOKIE,
        browser,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return SignOnBegun(url=url)


@router.post(
    "/finish",
    operation_id="finishSingleSignOn",
    summary="Sign in with what the provider sent back",
    response_model=SignedOn,
    responses=problems(404, 429),
    dependencies=[FromConsole],
)
async def finish(
    body: SignOnReturn,
    request: Request,
    response: Response,
    world: WorldDep,
    limits: LimitsDep,
    provider: IdentityProvider = Provider,
) -> SignedOn:
    """Sign in the person of this address; nobody is added, and no proof for a step-up comes with it."""
    await refuse_too_many(limits, "sso", "everyone")
    now = world.clock.now()
    pending = await world.store.sign_in.take_sign_on(
        token_hash(body.state), token_hash(request.cookies.get(COOKIE, "")), now
    )
    if pending is None:
        raise _refused("no such beginning in this browser", NOT_BEGUN)
    if body.code is None:
        error = body.error or "no reason"
        raise _refused(f"the provider said {error}", DECLINED.format(error=error))
    try:
        identity = await provider.redeem(pending, SignOnAnswer(body.code, body.iss))
    except ForgedError as error:
        raise _refused(error.sentence, NOT_PROVEN) from error
    except CountersignError as error:
        log.warning("single sign-on failed", reason=error.sentence)
        raise
    try:
        person = await world.store.sign_in.person_behind(identity, now)
    except (ForgedError, ConflictError) as error:
        raise _refused(f"{error.sentence} ({identity.subject})", error.sentence) from error
    await open_session(world, person, request, response, how="sso")
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return SignedOn(id=str(person.id), address=person.address, name=person.name, next=pending.next_path)


def _refused(reason: str, sentence: str) -> Problem:
    log.warning("single sign-on refused", reason=reason)
    return Problem(403, "sign-on-not-valid", "You are not signed in", sentence)
