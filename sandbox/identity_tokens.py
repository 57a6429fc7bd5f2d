"""ID tokens of the simulated identity provider: signed as they should be, or spoilt in a way that was asked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cached_property
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_BITS: Final = 2048
KID: Final = "simulated-1"
LATE_S: Final = {"expired": -7200, "from_the_future": 7200}


class Signer:
    """The provider's RSA key, and another one that it never published; both are made when first needed."""

    @cached_property
    def _own(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65537, KEY_BITS)

    @cached_property
    def _other(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(65537, KEY_BITS)

    def jwks(self) -> dict[str, Any]:
        """The published key as a JWK Set (RFC 7517)."""
        numbers = self._own.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID}
        return {"keys": [key | {"n": _number(numbers.n), "e": _number(numbers.e)}]}

    def token(self, claims: dict[str, Any], flaw: str | None = None) -> str:
        """A JWS in compact form (RFC 7515); with a flaw, one of `faults.TOKEN_KINDS`, it must not be believed."""
        claims = _spoilt(claims, flaw)
        if flaw == "unsigned":
            return _joined({"alg": "none", "typ": "JWT"}, claims) + "."
        if flaw == "public_key_as_secret":
            body = _joined({"alg": "HS256", "typ": "JWT", "kid": KID}, claims)
            pem = self._own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return f"{body}.{_base64(hmac.new(pem, body.encode(), hashlib.sha256).digest())}"
        body = _joined({"alg": "RS256", "typ": "JWT", "kid": KID}, claims)
        key = self._other if flaw == "other_key" else self._own
        signature = key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
        if flaw == "changed_after":
            body = _joined(
                {"alg": "RS256", "typ": "JWT", "kid": KID}, claims | {"email": "priya@evil.example"}
            )
        return f"{body}.{_base64(signature)}"


def _spoilt(claims: dict[str, Any], flaw: str | None) -> dict[str, Any]:
    changed: dict[str, dict[str, Any]] = {
        "wrong_nonce": {"nonce": "of-another-sign-in"},
        "wrong_audience": {"aud": "another-client"},
        "second_audience": {"aud": [claims.get("aud"), "another-client"]},
        "other_party": {"azp": "another-client"},
        "wrong_issuer": {"iss": "https://another.example"},
        "unverified_address": {"email_verified": False},
        "verified_in_words": {"email_verified": "true"},
        "other_subject": {"sub": "another-subject"},
    }
    if flaw in LATE_S:
        changed[flaw] = {name: claims[name] + LATE_S[flaw] for name in ("iat", "exp")}
    return claims | changed.get(flaw or "", {})


def _joined(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"


def _number(value: int) -> str:
    return _base64(value.to_bytes(-(-value.bit_length() // 8), "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
