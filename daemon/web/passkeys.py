"""Passkeys by WebAuthn (w3.org/TR/webauthn-3): options for the browser, and the checks of what it answers.

The only importer of `webauthn`. A challenge is used once, answers only its own purpose and session, and its signature
must come from our own origin, by an authenticator that verified its person.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import structlog
import webauthn
from pydantic import BaseModel, ConfigDict
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from daemon.settings import Settings
from daemon.web.api.access import origins
from daemon.web.api.problems import Problem
from handlers.world import World
from schema.errors import ConflictError
from schema.people import ChallengeId, Passkey, Session, SessionId
from schema.store.sign_in import Purpose

log = structlog.get_logger()

CHALLENGE_BYTES: Final = 32
ANSWER_WITHIN: Final = timedelta(minutes=5)
LARGEST_CREDENTIAL: Final = 20_000
"""Characters of an authenticator's answer; real ones have less than two thousand."""

NOT_VALID: Final = "Try again, or sign in by a mailed link."


class PasskeyOptions(BaseModel):
    """What the browser's `parse...OptionsFromJSON` takes, and the challenge's id to send back with the answer."""

    challenge_id: UUID
    options: dict[str, Any]


class CredentialInput(BaseModel):
    """The browser's `PublicKeyCredential.toJSON()`, and which challenge it answers."""

    model_config = ConfigDict(extra="forbid")

    challenge_id: UUID
    credential: dict[str, Any]


async def ask_for_passkey(
    world: World, settings: Settings, purpose: Purpose, session: SessionId | None, own: Sequence[Passkey] = ()
) -> PasskeyOptions:
    """Options for a proof; without `own` the device offers whatever it has for us."""
    options = webauthn.generate_authentication_options(
        rp_id=relying_party(settings),
        challenge=secrets.token_bytes(CHALLENGE_BYTES),
        timeout=int(ANSWER_WITHIN.total_seconds() * 1000),
        allow_credentials=[PublicKeyCredentialDescriptor(id=each.credential_id) for each in own],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return await _kept(world, purpose, session, options.challenge, webauthn.options_to_json(options))


async def offer_passkey(world: World, settings: Settings, session: Session) -> PasskeyOptions:
    """Options for a new passkey of the person whose session this is."""
    own = await world.store.sign_in.passkeys_of(session.person.id)
    options = webauthn.generate_registration_options(
        rp_id=relying_party(settings),
        rp_name="Countersign",
        user_id=session.person.id.bytes,
        user_name=session.person.address,
        user_display_name=session.person.name,
        challenge=secrets.token_bytes(CHALLENGE_BYTES),
        timeout=int(ANSWER_WITHIN.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each.credential_id) for each in own],
    )
    return await _kept(world, "passkey", session.id, options.challenge, webauthn.options_to_json(options))


async def passkey_that_signed(
    world: World, settings: Settings, purpose: Purpose, session: SessionId | None, answer: CredentialInput
) -> Passkey:
    """The passkey behind an answer that holds; a 403 problem for any other, which all look alike."""
    now = world.clock.now()
    challenge = await world.store.sign_in.take_challenge(
        ChallengeId(answer.challenge_id), purpose, session, now
    )
    passkey = await world.store.sign_in.passkey(_credential_id(answer.credential))
    if challenge is None or passkey is None:
        raise _refused("unknown passkey or challenge")
    try:
        verified = webauthn.verify_authentication_response(
            credential=_small(answer.credential),
            expected_challenge=challenge,
            expected_rp_id=relying_party(settings),
            expected_origin=list(origins(settings)),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused(type(error).__name__) from error
    if not await world.store.sign_in.use_passkey(passkey.id, verified.new_sign_count, now):
        raise _refused("its counter went backwards")
    return passkey


async def add_passkey(
    world: World, settings: Settings, session: Session, name: str, answer: CredentialInput
) -> Passkey:
    """Keep the new passkey of an answer that holds; a 403 problem for any other."""
    now = world.clock.now()
    challenge = await world.store.sign_in.take_challenge(
        ChallengeId(answer.challenge_id), "passkey", session.id, now
    )
    if challenge is None:
        raise _refused("unknown challenge")
    try:
        made = webauthn.verify_registration_response(
            credential=_small(answer.credential),
            expected_challenge=challenge,
            expected_rp_id=relying_party(settings),
            expected_origin=list(origins(settings)),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused(type(error).__name__) from error
    try:
        return await world.store.sign_in.add_passkey(
            session.person,
            name,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            at=now,
        )
    except ConflictError as error:
        raise Problem(409, "passkey-known", "Known already", "This passkey is in use already.") from error


def relying_party(settings: Settings) -> str:
    """The domain passkeys are bound to; they know no addresses of numbers, so this machine is `localhost`."""
    return urlsplit(origins(settings)[-1]).hostname or ""


async def _kept(
    world: World, purpose: Purpose, session: SessionId | None, challenge: bytes, options: str
) -> PasskeyOptions:
    now = world.clock.now()
    identity = await world.store.sign_in.add_challenge(
        purpose, session, challenge, at=now, until=now + ANSWER_WITHIN
    )
    return PasskeyOptions(challenge_id=identity, options=json.loads(options))


def _credential_id(credential: dict[str, Any]) -> bytes:
    try:
        return base64url_to_bytes(str(credential["rawId"]))
    except (KeyError, ValueError) as error:
        raise _refused("no credential") from error


def _small(credential: dict[str, Any]) -> str:
    text = json.dumps(credential)
    if len(text) > LARGEST_CREDENTIAL:
        raise ValueError(len(text))
    return text


def _refused(reason: str) -> Problem:
    log.warning("passkey refused", reason=reason)
    return Problem(403, "passkey-not-valid", "This passkey does not work", NOT_VALID)
