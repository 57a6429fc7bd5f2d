"""The company's identity provider: OpenID Connect, Authorization Code with PKCE.

Source: OpenID Connect Core 1.0 and Discovery 1.0; RFC 9700 (security of OAuth), RFC 7636 (PKCE), RFC 9207 (`iss`).
Its description is asked for anew every ten minutes, its keys at each sign-in, so that changed keys need nobody.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from daemon.adapters.oidc_token import KEY_TYPES, identity_of, usable
from daemon.settings import reachable
from handlers.world import SignOnAnswer
from schema.errors import ForgedError, PermanentError, TransientError
from schema.people import Identity, PendingSignOn

DEADLINE_S: Final = 10.0
"""For each request; a person is waiting."""

LARGEST_ANSWER: Final = 256 * 1024
KEPT_S: Final = 600.0
SCOPE: Final = "openid email"
WELL_KNOWN: Final = "/.well-known/openid-configuration"


def _safe(url: str) -> str:
    if not reachable(url) or urlsplit(url).fragment:
        raise ValueError("not https")
    return url


Endpoint = Annotated[str, AfterValidator(_safe)]


class Description(BaseModel):
    """What a provider says of itself (Discovery 1.0, section 3); lists have the defaults of that section."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: Endpoint
    token_endpoint: Endpoint
    jwks_uri: Endpoint
    response_types_supported: tuple[str, ...]
    id_token_signing_alg_values_supported: tuple[str, ...]
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False


class Keys(BaseModel):
    """A JWK Set; a key is read only when a token names it."""

    keys: list[dict[str, Any]]


class Tokens(BaseModel):
    """The answer of the token endpoint; the access token is of no use to us and is not read."""

    id_token: str


class Failure(BaseModel):
    """What the token endpoint says when it refuses (RFC 6749, 5.2)."""

    error: str = "no reason"


Answer = TypeVar("Answer", bound=BaseModel)


class OidcProvider:
    """`handlers.world.IdentityProvider` by OpenID Connect; `now` is Unix time."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        name: str,
        now: Callable[[], float],
        transport: httpx.AsyncBaseTransport,
    ) -> None:
        self.name = name
        self._issuer = issuer
        self._client_id = client_id
        self._credential = base64.b64encode(
            f"{quote_plus(client_id)}:{quote_plus(client_secret)}".encode()
        ).decode()
        self._now = now
        self._known: tuple[float, Description] | None = None
        self._client = httpx.AsyncClient(
            transport=transport,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "Countersign",
            },
            timeout=None,  # noqa: S113 - the total deadline is asyncio's
            follow_redirects=False,
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def address_of(self, pending: PendingSignOn, state: str) -> str:
        """Where to send the browser, with the challenge of `pending.verifier`."""
        there = (await self._description()).authorization_endpoint
        digest = hashlib.sha256(pending.verifier.encode()).digest()
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._client_id,
                "redirect_uri": pending.redirect_uri,
                "scope": SCOPE,
                "state": state,
                "nonce": pending.nonce,
                "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
            }
        )
        return f"{there}{'&' if urlsplit(there).query else '?'}{query}"

    async def redeem(self, pending: PendingSignOn, answer: SignOnAnswer) -> Identity:
        """Exchange the code and judge the ID token; ForgedError says which check did not hold."""
        provider = await self._description()
        missing = answer.iss is None and provider.authorization_response_iss_parameter_supported
        if missing or answer.iss not in (None, self._issuer):
            raise ForgedError("the answer's iss is not that of the provider")
        form = {
            "grant_type": "authorization_code",
            "code": answer.code,
            "redirect_uri": pending.redirect_uri,
            "code_verifier": pending.verifier,
        }
        token = _parsed(Tokens, await self._ask("POST", provider.token_endpoint, form)).id_token
        keys = _parsed(Keys, await self._ask("GET", provider.jwks_uri)).keys
        return identity_of(
            token,
            keys,
            issuer=self._issuer,
            client_id=self._client_id,
            nonce=pending.nonce,
            now=self._now(),
        )

    async def preflight(self) -> list[str]:
        """What an operator should know: sentences, empty when all is well; errors when it does not answer."""
        provider = await self._description()
        keys = _parsed(Keys, await self._ask("GET", provider.jwks_uri)).keys
        problems = []
        if "code" not in provider.response_types_supported:
            problems.append("The provider does not offer the code flow.")
        if "client_secret_basic" not in provider.token_endpoint_auth_methods_supported:
            problems.append("The provider does not take a client secret in the header (client_secret_basic).")
        if KEY_TYPES.keys().isdisjoint(provider.id_token_signing_alg_values_supported):
            problems.append(f"The provider signs with none of {', '.join(KEY_TYPES)}.")
        if not any(usable(key) for key in keys):
            problems.append("The provider publishes no key that signs.")
        return problems

    async def says_pkce(self) -> bool:
        """Whether the provider says that it checks PKCE; some do it and do not say so."""
        return (await self._description()).code_challenge_methods_supported is not None

    async def _description(self) -> Description:
        if self._known and self._now() - self._known[0] < KEPT_S:
            return self._known[1]
        body = await self._ask("GET", f"{self._issuer.rstrip('/')}{WELL_KNOWN}")
        found = _parsed(Description, body)
        if found.issuer != self._issuer:
            raise PermanentError(f"The provider calls itself {found.issuer[:200]}, not OIDC_ISSUER.")
        methods = found.code_challenge_methods_supported
        if methods is not None and "S256" not in methods:
            raise PermanentError("The provider does not check PKCE by S256.")
        self._known = (self._now(), found)
        return found

    async def _ask(self, method: str, url: str, form: Mapping[str, str] | None = None) -> bytes:
        """The body of a 200; the credential goes with a form, and in the header only."""
        headers = {"Authorization": f"Basic {self._credential}"} if form else {}
        try:
            async with (
                asyncio.timeout(DEADLINE_S),
                self._client.stream(method, url, data=form, headers=headers) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        raise PermanentError("The identity provider's answer is too large.")
        except TimeoutError as error:
            raise TransientError(f"{self.name} did not answer within {DEADLINE_S:.0f} seconds.") from error
        except httpx.InvalidURL as error:
            raise PermanentError("OIDC_ISSUER is no address.") from error
        except httpx.HTTPError as error:
            raise TransientError(f"The connection to {self.name} failed; try again.") from error
        if response.status_code == httpx.codes.OK:
            return bytes(body)
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or response.status_code == 429:
            raise TransientError(f"{self.name} answered {response.status_code}; try again.")
        raise _refusal(response.status_code, bytes(body), form is not None)


def _refusal(status: int, body: bytes, redeeming: bool) -> ForgedError | PermanentError:
    """A code that is not good (any more) proves nobody; everything else is for an operator to mend."""
    try:
        reason = Failure.model_validate_json(body).error[:60]
    except ValidationError:
        reason = f"status {status}"
    if redeeming and reason == "invalid_grant":
        return ForgedError("the provider did not accept the code")
    return PermanentError(f"The identity provider refused Countersign itself ({reason}); tell an admin.")


def _parsed(model: type[Answer], body: bytes) -> Answer:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "its form"
        raise PermanentError(f"The identity provider's answer cannot be used ({where}).") from error
