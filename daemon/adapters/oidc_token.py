"""Judges an ID token: who signed it, for whom, when, and for which sign-in.

Source: OpenID Connect Core 1.0, 3.1.3.7; RFC 8725 (JWT best current practice). A token is believed only if every
check holds, and its claims are read after its signature.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Final

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schema.errors import ForgedError
from schema.ids import Address
from schema.people import Identity

KEY_TYPES: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
"""The signatures that are believed. `none`, and HMAC with what is no secret, are on no list."""

LEEWAY_S: Final = 60
"""How far the provider's clock may be off."""

ENTRA: Final = "https://login.microsoftonline.com/"
"""Entra ID sends no `email_verified`; its `xms_edov` says that the mail's domain is the tenant's own."""

_CODEC: Final = jwt.PyJWT(
    {
        "verify_signature": True,
        "enforce_minimum_key_length": True,
        # The claims are judged here, by the time of the database; the library would ask this machine's clock.
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": False,
        "verify_iss": False,
        "verify_sub": False,
        "verify_jti": False,
    }
)


class Claims(BaseModel):
    """The claims that are read; a token without one that is needed, or of another type, is refused."""

    model_config = ConfigDict(strict=True, frozen=True)

    iss: str
    sub: Annotated[str, Field(min_length=1, max_length=255)]
    aud: str | list[str]
    exp: int | float
    iat: int | float
    nbf: int | float | None = None
    nonce: str
    azp: str | None = None
    email: Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=254)]
    email_verified: bool | None = None
    xms_edov: bool | int | str | None = None


def identity_of(
    token: str, keys: list[dict[str, Any]], *, issuer: str, client_id: str, nonce: str, now: float
) -> Identity:
    """Whom a token vouches for; `keys` are the provider's JWKs, `now` is Unix time.

    ForgedError says which check did not hold; that is for our log, not for who brought the token.
    """
    try:
        claims = Claims.model_validate(_signed(token, keys))
    except ValidationError as error:
        raise ForgedError(f"claim {error.errors()[0]['loc']}: {error.errors()[0]['type']}") from error
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    checks = {
        "iss is another provider": claims.iss == issuer,
        # Nobody else is trusted with what is meant for us, so that a second audience is refused too.
        "aud is not ours alone": audience == [client_id],
        "azp is another client": claims.azp in (None, client_id),
        "it has expired": now < claims.exp + LEEWAY_S,
        "it is from the future": claims.iat <= now + LEEWAY_S and (claims.nbf or 0) <= now + LEEWAY_S,
        "nonce is of another sign-in": hmac.compare_digest(claims.nonce.encode(), nonce.encode()),
        "the address is not verified": claims.email_verified is True or _owned_by_tenant(claims),
    }
    failed = [what for what, holds in checks.items() if not holds]
    if failed:
        raise ForgedError(f"ID token: {failed[0]}")
    return Identity(issuer=claims.iss, subject=claims.sub, address=Address(claims.email.lower()))


def usable(key: dict[str, Any]) -> bool:
    """Whether a JWK may be one that signs tokens for us."""
    return key.get("kty") in KEY_TYPES.values() and key.get("use") in (None, "sig")


def _signed(token: str, keys: list[dict[str, Any]]) -> dict[str, Any]:
    """The claims of a token that one of the keys signed; exactly the key it names, when it names one."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in KEY_TYPES:
            raise ForgedError(f"ID token: alg {str(algorithm)[:20]} is not believed")
        fitting = [
            key
            for key in keys
            if usable(key) and key["kty"] == KEY_TYPES[algorithm] and (kid is None or key.get("kid") == kid)
        ]
        if len(fitting) != 1:
            raise ForgedError(f"ID token: {len(fitting)} keys of the provider fit it")
        key = jwt.PyJWK(fitting[0], algorithm)
        claims: dict[str, Any] = _CODEC.decode(token, key, algorithms=[algorithm])
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ForgedError(f"ID token: {type(error).__name__}") from error
    return claims


def _owned_by_tenant(claims: Claims) -> bool:
    return claims.iss.startswith(ENTRA) and claims.xms_edov in (True, 1, "1", "true")
