"""Proving once more who one is, before what could do much harm: by a passkey, or by a code from a mail."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field

from daemon.web.api.access import FRESH_FOR, OwnSession, SettingsDep, WorldDep
from daemon.web.api.problems import Problem, problems
from daemon.web.api.sign_in import Input, LimitsDep, refuse_too_many
from daemon.web.passkeys import CredentialInput, PasskeyOptions, ask_for_passkey, passkey_that_signed
from handlers.console_mails import code_mail
from handlers.world import World
from schema.people import Session

router = APIRouter(prefix="/step-up", tags=["sign-in"])
log = structlog.get_logger()

CODE_LASTS: Final = timedelta(minutes=10)
CODE_DIGITS: Final = 8


class Code(Input):
    """The code of the mail; blanks do not matter."""

    code: str = Field(min_length=CODE_DIGITS, max_length=20, examples=["12345678"])


class SteppedUp(BaseModel):
    """Until when the proof counts, in seconds from now."""

    holds_s: int = int(FRESH_FOR.total_seconds())


class CodeSent(BaseModel):
    """Where the code went."""

    detail: str


@router.post(
    "/code", operation_id="requestStepUpCode", summary="Mail me a code", status_code=202, response_model=CodeSent,
    responses=problems(429),
)  # fmt: skip
async def request_code(session: OwnSession, world: WorldDep, limits: LimitsDep) -> CodeSent:
    """Mail a code that only this session can use."""
    await refuse_too_many(limits, "code", str(session.person.id))
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
    now = world.clock.now()
    await world.store.sign_in.put_code(session.id, _tag(world, session, code), at=now, until=now + CODE_LASTS)
    await world.mailer.send(code_mail(session.person, code, CODE_LASTS, world.mail_domain))
    return CodeSent(detail=f"A code is on its way to {session.person.address}.")


@router.post(
    "/code/check", operation_id="stepUpWithCode", summary="Prove who I am with the mailed code",
    response_model=SteppedUp, responses=problems(429),
)  # fmt: skip
async def check_code(body: Code, session: OwnSession, world: WorldDep, limits: LimitsDep) -> SteppedUp:
    """A right code counts once; five wrong ones void it."""
    await refuse_too_many(limits, "guess", str(session.person.id))
    code = "".join(body.code.split())
    if not await world.store.sign_in.guess_code(session.id, _tag(world, session, code), world.clock.now()):
        log.warning("step-up code refused", person=str(session.person.id))
        raise Problem(
            403,
            "code-not-valid",
            "This code does not work",
            "Mistyped, used or too old; have another one mailed.",
        )
    return await _proven(world, session)


@router.post(
    "/passkey/options", operation_id="getStepUpOptions", summary="What my passkey must sign",
    response_model=PasskeyOptions, responses=problems(404),
)  # fmt: skip
async def passkey_options(session: OwnSession, world: WorldDep, settings: SettingsDep) -> PasskeyOptions:
    """A challenge for one of one's own passkeys."""
    own = await world.store.sign_in.passkeys_of(session.person.id)
    if not own:
        raise Problem(
            404, "no-passkey", "No passkey yet", "Have a code mailed; then make a passkey under Settings."
        )
    return await ask_for_passkey(world, settings, "step-up", session.id, own)


@router.post(
    "/passkey", operation_id="stepUpWithPasskey", summary="Prove who I am with a passkey",
    response_model=SteppedUp, responses=problems(429),
)  # fmt: skip
async def check_passkey(
    body: CredentialInput, session: OwnSession, world: WorldDep, settings: SettingsDep, limits: LimitsDep
) -> SteppedUp:
    """Only a passkey of the very person whose session this is."""
    await refuse_too_many(limits, "passkey", str(session.person.id))
    passkey = await passkey_that_signed(world, settings, "step-up", session.id, body)
    if passkey.person_id != session.person.id:
        raise Problem(
            403, "passkey-not-valid", "This passkey does not work", "It is someone else's; use your own."
        )
    return await _proven(world, session)


async def _proven(world: World, session: Session) -> SteppedUp:
    await world.store.people.step_up(session.id, world.clock.now())
    log.info("stepped up", person=str(session.person.id), session=str(session.id))
    return SteppedUp()


def _tag(world: World, session: Session, code: str) -> str:
    """What is kept of a code: bound to its session, and not to be found by trying without our key."""
    return world.vault.sign("step-up", f"{session.id}.{code}")
