"""Signing in by a mailed link. Opening it changes nothing, so mail scanners are harmless; its button works once."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, BackgroundTasks, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from daemon.web.api.access import SettingsDep, WorldDep, origins, refuse_foreign, token_hash
from daemon.web.api.problems import Problem, problems
from daemon.web.api.session_cookie import open_session
from daemon.web.sign_in_limits import Limits
from handlers.console_mails import sign_in_mail
from handlers.world import World
from schema.errors import CountersignError, TransientError
from schema.ids import Address
from schema.people import Person

router = APIRouter(prefix="/sign-in", tags=["sign-in"])
log = structlog.get_logger()

LINK_LASTS: Final = timedelta(minutes=15)
TOKEN_BYTES: Final = 32

USED: Final = "This link was used already, is too old, or is not ours. Ask for a new one."


class Input(BaseModel):
    """A request's body; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class LinkRequest(Input):
    """Whom to mail a link."""

    address: str = Field(
        min_length=3, max_length=254, pattern=r"^[^@\s<>]+@[^@\s<>]+$", examples=["nadia@meridian.example"]
    )


class LinkToken(Input):
    """What stands in a mailed link behind `#token=`."""

    token: str = Field(
        min_length=20, max_length=100, examples=["q2Ff0S4mXo3kVt1cR8bYw7uLp5eNzGd6hAiJ9sQvK0E"]
    )


class Accepted(BaseModel):
    """The same for every address, known or not."""

    detail: str = "If this address may sign in, a link is on its way to it."


class SingleSignOn(BaseModel):
    """The company's own sign-in, begun by a POST to `/sign-in/sso`: the name on its button."""

    name: str = Field(examples=["Meridian"])


class Methods(BaseModel):
    """The ways to sign in here; `oidc` is null where the company has no sign-in of its own."""

    link: bool
    passkey: bool
    oidc: SingleSignOn | None


class SignedIn(BaseModel):
    """Who is signed in now."""

    id: str
    address: str
    name: str


def from_console(request: Request, settings: SettingsDep) -> None:
    """Refuse what another site began: whoever signs a person in unasked could watch what they do then."""
    refuse_foreign(request, settings)


FromConsole = Depends(from_console)


def limits_of(request: Request) -> Limits:
    """The limits of this process."""
    limits: Limits = request.app.state.limits
    return limits


LimitsDep = Annotated[Limits, Depends(limits_of)]


@router.get(
    "/methods",
    operation_id="getSignInMethods",
    summary="How people may sign in here",
    response_model=Methods,
    responses=problems(),
)
async def methods(world: WorldDep) -> Methods:
    """The ways in."""
    oidc = SingleSignOn(name=world.identity.name) if world.identity else None
    return Methods(link=True, passkey=True, oidc=oidc)


@router.post(
    "/link",
    operation_id="requestSignInLink",
    summary="Mail a link that signs in",
    status_code=202,
    response_model=Accepted,
    responses=problems(429),
    dependencies=[FromConsole],
)
async def request_link(
    body: LinkRequest, tasks: BackgroundTasks, world: WorldDep, settings: SettingsDep, limits: LimitsDep
) -> Accepted:
    """Answer the same, and as fast, whether the address is known or not; the mail goes out behind the answer."""
    address = Address(body.address.lower())
    await refuse_too_many(limits, "link", address)
    tasks.add_task(_mail_link, world, address, origins(settings)[-1])
    return Accepted()


@router.post(
    "/consume",
    operation_id="consumeSignInLink",
    summary="Sign in with a mailed link",
    response_model=SignedIn,
    responses=problems(429),
    dependencies=[FromConsole],
)
async def consume(
    body: LinkToken, request: Request, response: Response, world: WorldDep, limits: LimitsDep
) -> SignedIn:
    """Sign in; the link is used up."""
    await refuse_too_many(limits, "consume", "everyone")
    person = await world.store.sign_in.use_link(token_hash(body.token), world.clock.now())
    if person is None:
        log.warning("sign-in link refused")
        raise Problem(403, "link-not-valid", "This link does not work", USED)
    await open_session(world, person, request, response, how="link")
    return SignedIn(id=str(person.id), address=person.address, name=person.name)


async def make_link(world: World, person: Person, origin: str) -> str:
    """A fresh link for this person. The token stands behind `#`, so that no server and no referrer sees it."""
    token, now = secrets.token_urlsafe(TOKEN_BYTES), world.clock.now()
    await world.store.sign_in.add_link(person.id, token_hash(token), at=now, until=now + LINK_LASTS)
    return f"{origin}/sign-in#token={token}"


async def refuse_too_many(limits: Limits, kind: str, who: str) -> None:
    """A 429 problem when this was asked for too often."""
    try:
        await limits.take(kind, who)
    except TransientError as error:
        wait = str(max(1, round(error.retry_after_s or 1)))
        raise Problem(
            429,
            "too-many-requests",
            "Too often",
            f"Try again in {wait} seconds.",
            headers={"Retry-After": wait},
        ) from error


async def _mail_link(world: World, address: Address, origin: str) -> None:
    """Behind the answer: nothing that happens here may be told apart by who asked."""
    try:
        person = await world.store.people.person_by_address(address)
        if person is None or not person.active:
            log.info("no sign-in link for a stranger")
            return
        url = await make_link(world, person, origin)
        await world.mailer.send(sign_in_mail(person, url, LINK_LASTS, world.mail_domain))
        log.info("sign-in link mailed", person=str(person.id))
    except CountersignError as error:
        log.error("sign-in link not mailed", reason=error.sentence)
