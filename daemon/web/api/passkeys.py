"""Passkeys: signing in with one, making one, taking one away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from daemon.web.api.access import Fresh, OwnSession, SettingsDep, WorldDep
from daemon.web.api.paging import Page
from daemon.web.api.problems import Problem, not_found, problems
from daemon.web.api.session_cookie import open_session
from daemon.web.api.sign_in import FromConsole, LimitsDep, SignedIn, refuse_too_many
from daemon.web.passkeys import (
    NOT_VALID,
    CredentialInput,
    PasskeyOptions,
    add_passkey,
    ask_for_passkey,
    offer_passkey,
    passkey_that_signed,
)
from schema.people import Passkey, PasskeyId

router = APIRouter(tags=["sign-in"])


class PasskeyRow(BaseModel):
    """One of my passkeys."""

    id: UUID
    name: str
    created_at: datetime
    used_at: datetime | None


class NewPasskey(CredentialInput):
    """A new passkey, with the name its owner knows it by."""

    name: str = Field(
        min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$", examples=["Laptop"]
    )


@router.post(
    "/sign-in/passkey/options", operation_id="getPasskeySignInOptions", summary="What a passkey must sign",
    response_model=PasskeyOptions, responses=problems(429), dependencies=[FromConsole],
)  # fmt: skip
async def sign_in_options(world: WorldDep, settings: SettingsDep, limits: LimitsDep) -> PasskeyOptions:
    """A challenge for whoever comes; nobody is named, so nothing is learnt about who is known here."""
    await refuse_too_many(limits, "consume", "passkey options")
    return await ask_for_passkey(world, settings, "sign-in", None)


@router.post(
    "/sign-in/passkey", operation_id="signInWithPasskey", summary="Sign in with a passkey",
    response_model=SignedIn, responses=problems(429), dependencies=[FromConsole],
)  # fmt: skip
async def sign_in(
    body: CredentialInput,
    request: Request,
    response: Response,
    world: WorldDep,
    settings: SettingsDep,
    limits: LimitsDep,
) -> SignedIn:
    """Sign in as whose passkey signed; that was a fresh proof, too."""
    await refuse_too_many(limits, "consume", "passkey")
    passkey = await passkey_that_signed(world, settings, "sign-in", None, body)
    person = await world.store.people.person(passkey.person_id)
    if person is None or not person.active:
        raise Problem(403, "passkey-not-valid", "This passkey does not work", NOT_VALID)
    session = await open_session(world, person, request, response, how="passkey")
    await world.store.people.step_up(session, world.clock.now())
    return SignedIn(id=str(person.id), address=person.address, name=person.name)


@router.get(
    "/passkeys", operation_id="listPasskeys", summary="My passkeys", response_model=Page[PasskeyRow],
    responses=problems(),
)  # fmt: skip
async def passkeys(session: OwnSession, world: WorldDep) -> Page[PasskeyRow]:
    """All of one's own, the oldest first."""
    own = await world.store.sign_in.passkeys_of(session.person.id)
    return Page(items=[_row(each) for each in own], next=None)


@router.post(
    "/passkeys/options", operation_id="getNewPasskeyOptions", summary="What a new passkey must be",
    response_model=PasskeyOptions, responses=problems(), dependencies=[Fresh],
)  # fmt: skip
async def new_options(session: OwnSession, world: WorldDep, settings: SettingsDep) -> PasskeyOptions:
    """Options for a new passkey; needs a fresh proof, or a session left open would make itself lasting."""
    return await offer_passkey(world, settings, session)


@router.post(
    "/passkeys", operation_id="addPasskey", summary="Keep a new passkey", status_code=201,
    response_model=PasskeyRow, responses=problems(409), dependencies=[Fresh],
)  # fmt: skip
async def add(body: NewPasskey, session: OwnSession, world: WorldDep, settings: SettingsDep) -> PasskeyRow:
    """Keep what the browser made."""
    return _row(await add_passkey(world, settings, session, body.name.strip(), body))


@router.delete(
    "/passkeys/{passkey_id}", operation_id="removePasskey", summary="Remove one of my passkeys", status_code=204,
    responses=problems(404), dependencies=[Fresh],
)  # fmt: skip
async def remove(passkey_id: UUID, session: OwnSession, world: WorldDep) -> Response:
    """Remove it; only one's own."""
    if not await world.store.sign_in.remove_passkey(PasskeyId(passkey_id), session.person, world.clock.now()):
        raise not_found("passkey")
    return Response(status_code=204)


def _row(passkey: Passkey) -> PasskeyRow:
    return PasskeyRow(
        id=passkey.id, name=passkey.name, created_at=passkey.created_at, used_at=passkey.used_at
    )
