"""ID tokens as no provider of ours sends them: other keys, missing claims, and Entra ID's own claim."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.adapters.oidc_token import ENTRA, identity_of, usable
from sandbox.identity_tokens import Signer
from schema.errors import ForgedError

NOW = 1_800_000_000
ISSUER = "https://login.meridian.example"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "s-1",
    "aud": "countersign",
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": "n" * 43,
    "email": "Asha@Meridian.example",
    "email_verified": True,
}
SIGNER = Signer()


def judged(claims: dict[str, Any], keys: list[dict[str, Any]] | None = None, issuer: str = ISSUER) -> str:
    keys = SIGNER.jwks()["keys"] if keys is None else keys
    found = identity_of(
        SIGNER.token(claims), keys, issuer=issuer, client_id="countersign", nonce="n" * 43, now=NOW
    )
    return found.address


def test_a_whole_token_names_its_person_in_small_letters() -> None:
    assert judged(CLAIMS) == "asha@meridian.example"
    assert judged(CLAIMS | {"aud": ["countersign"], "azp": "countersign"}) == "asha@meridian.example"


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_a_token_without_a_claim_it_needs_is_refused(claim: str) -> None:
    with pytest.raises(ForgedError):
        judged({name: value for name, value in CLAIMS.items() if name != claim})


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": "never"},
        {"exp": NOW - 61},
        {"iat": NOW + 61},
        {"nbf": NOW + 61},
        {"sub": ""},
        {"sub": 7},
        {"aud": []},
        {"email": "asha"},
        {"email_verified": 1},
    ],
)
def test_a_claim_of_another_type_or_time_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ForgedError):
        judged(CLAIMS | changed)


@pytest.mark.parametrize(
    "changed", [{"use": "enc"}, {"kid": "another"}, {"kty": "oct", "k": "c2VjcmV0"}, {"n": "AQAB"}, {"n": 7}]
)
def test_a_key_that_does_not_fit_proves_nothing(changed: dict[str, Any]) -> None:
    (key,) = SIGNER.jwks()["keys"]
    with pytest.raises(ForgedError):
        judged(CLAIMS, [key | changed])


def test_of_two_keys_with_one_name_none_is_believed() -> None:
    (key,) = SIGNER.jwks()["keys"]
    with pytest.raises(ForgedError):
        judged(CLAIMS, [key, key])


@pytest.mark.parametrize("noise", ["", "a", "a.b.c", "e30.e30.", "é.é.é", "." * 50_000])
def test_what_is_no_token_is_refused(noise: str) -> None:
    with pytest.raises(ForgedError):
        identity_of(
            noise, SIGNER.jwks()["keys"], issuer=ISSUER, client_id="countersign", nonce="n" * 43, now=NOW
        )


def test_the_word_of_entra_counts_from_entra_alone() -> None:
    unsaid = {name: value for name, value in CLAIMS.items() if name != "email_verified"}
    entra = f"{ENTRA}72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0"
    assert judged(unsaid | {"iss": entra, "xms_edov": True}, issuer=entra) == "asha@meridian.example"
    for refused in ({"iss": entra}, {"iss": entra, "xms_edov": False}):
        with pytest.raises(ForgedError):
            judged(unsaid | refused, issuer=entra)
    with pytest.raises(ForgedError):
        judged(unsaid | {"xms_edov": True})


def test_a_key_for_encryption_signs_nothing() -> None:
    (key,) = SIGNER.jwks()["keys"]
    assert usable(key)
    assert not usable(key | {"use": "enc"})
