"""A stand-in for the company's identity provider: OpenID Connect with PKCE, as strict as a real one, on loopback.

    python -m sandbox.identity_provider --port 8604 --redirect-uri http://localhost:8080/sign-in/sso

Its page lists the people; whoever is clicked is signed in. Transport faults, the request log and the clock are those
of `sandbox.faults`; a fault of `TOKEN_KINDS` spoils the next ID token. Source: OpenID Connect Core 1.0, RFC 6749,
RFC 7636, RFC 9207.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlencode

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader
from pydantic import BaseModel, ConfigDict

from sandbox.clock import SimClock
from sandbox.faults import TOKEN_KINDS, FaultBoard, FaultMiddleware, control_router
from sandbox.identity_tokens import Signer
from sandbox.ports import LOOPBACK
from sandbox.request_log import RequestLog

CODE_LASTS: Final = timedelta(seconds=60)
TOKEN_LASTS: Final = timedelta(minutes=5)
NEEDED: Final = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge")

_PAGES: Final = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)


class IdentitySettings(BaseModel):
    """One client registered at the stand-in, and the people it knows: name and mail address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    client_id: str = "countersign"
    client_secret: str = "simulated-client-secret"
    redirect_uris: frozenset[str] = frozenset()
    people: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Grant:
    """What a code stands for; it is good once."""

    asked: Mapping[str, str]
    name: str
    address: str
    until: datetime


class TokenError(Exception):
    """The token endpoint refuses (RFC 6749, 5.2)."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status


class Desk:
    """What the routes share: the client's registration, the codes that are out, the key."""

    def __init__(self, settings: IdentitySettings, clock: SimClock, board: FaultBoard) -> None:
        self.settings, self._clock, self._board = settings, clock, board
        self.signer = Signer()
        self._codes: dict[str, Grant] = {}

    def reset(self) -> None:
        """Forget the codes that are out."""
        self._codes.clear()

    def known(self, asked: Mapping[str, str]) -> bool:
        """Whether client and return address are exactly as registered; otherwise nobody is sent anywhere."""
        registered = asked.get("redirect_uri") in self.settings.redirect_uris
        return registered and asked.get("client_id") == self.settings.client_id

    def problem(self, asked: Mapping[str, str]) -> str | None:
        """The error for a request of a known client (RFC 6749, 4.1.2.1)."""
        if asked.get("response_type") != "code":
            return "unsupported_response_type"
        if "openid" not in asked.get("scope", "").split():
            return "invalid_scope"
        if any(not asked.get(name) for name in NEEDED) or asked.get("code_challenge_method") != "S256":
            return "invalid_request"
        return None

    def back(self, asked: Mapping[str, str], **answer: str) -> Response:
        """Send the browser back with the answer, the state it brought, and our name."""
        query = urlencode({**answer, "state": asked.get("state", ""), "iss": self.settings.issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 303)

    def sign_in(self, asked: Mapping[str, str], address: str) -> Response:
        """Give a code for one of the people; for anyone else the answer is access_denied."""
        name = next((name for name, known in self.settings.people if known == address), None)
        if name is None:
            return self.back(asked, error="access_denied")
        code = secrets.token_urlsafe(24)
        self._codes[code] = Grant(asked, name, address, self._clock.now() + CODE_LASTS)
        return self.back(asked, code=code)

    def exchange(self, authorization: str, form: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The token answer for a code; TokenError for anything that does not fit."""
        if not self._is_client(authorization):
            raise TokenError("invalid_client", 401)
        if form.get("grant_type") != "authorization_code":
            raise TokenError("unsupported_grant_type")
        grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or grant.until < self._clock.now():
            raise TokenError("invalid_grant")
        challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        fits = (grant.asked["redirect_uri"], grant.asked["code_challenge"])
        if (form.get("redirect_uri"), challenge) != fits:
            raise TokenError("invalid_grant")
        fault = self._board.take(TOKEN_KINDS, "POST", "/token", body)
        token = self.signer.token(self._claims(grant), fault.kind if fault else None)
        return {
            "access_token": secrets.token_urlsafe(24),
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LASTS.total_seconds()),
            "id_token": token,
        }

    def _is_client(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode()
        except ValueError:
            return False
        user, _, password = given.partition(":")
        own = (self.settings.client_id, self.settings.client_secret)
        return scheme.lower() == "basic" and (unquote_plus(user), unquote_plus(password)) == own

    def _claims(self, grant: Grant) -> dict[str, Any]:
        now = int(self._clock.now().timestamp())
        return {
            "iss": self.settings.issuer,
            "sub": hashlib.sha256(grant.address.encode()).hexdigest()[:24],
            "aud": self.settings.client_id,
            "iat": now,
            "exp": now + int(TOKEN_LASTS.total_seconds()),
            "nonce": grant.asked["nonce"],
            "name": grant.name,
            "email": grant.address,
            "email_verified": True,
        }


def create_app(settings: IdentitySettings) -> FastAPI:
    """The stand-in as an ASGI application with a memory of its own."""
    clock, board = SimClock(), FaultBoard()
    log = RequestLog(clock)
    desk = Desk(settings, clock, board)
    app = FastAPI(title="SIMULATED identity provider", openapi_url=None)
    app.include_router(_routes(desk))
    app.include_router(control_router(board, log, clock, desk.reset))
    app.add_middleware(FaultMiddleware, board=board, log=log)
    return app


def _routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/.well-known/openid-configuration")
    async def description() -> dict[str, Any]:
        return _description(desk.settings.issuer)

    @router.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return desk.signer.jwks()

    @router.get("/authorize")
    async def ask(request: Request) -> Response:
        asked = dict(request.query_params)
        if not desk.known(asked):
            return HTMLResponse("<h1>SIMULATED: this client or return address is not registered.</h1>", 400)
        if problem := desk.problem(asked):
            return desk.back(asked, error=problem)
        return HTMLResponse(_PAGES.get_template("identity.html").render(people=desk.settings.people))

    @router.post("/authorize")
    async def choose(request: Request) -> Response:
        asked, form = dict(request.query_params), await _form(request)
        if not desk.known(asked) or desk.problem(asked):
            return HTMLResponse("<h1>SIMULATED: begin anew.</h1>", 400)
        return desk.sign_in(asked, form.get("address", ""))

    @router.post("/token")
    async def token(request: Request) -> Response:
        headers = {"Cache-Control": "no-store"}
        authorization = request.headers.get("authorization", "")
        try:
            answer = desk.exchange(authorization, await _form(request), await request.body())
        except TokenError as refused:
            return JSONResponse({"error": refused.error}, refused.status, headers)
        return JSONResponse(answer, headers=headers)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return router


def _description(issuer: str) -> dict[str, Any]:
    """Discovery 1.0, section 3."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def main() -> None:
    """Serve on loopback until ended."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.identity_provider", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--redirect-uri", action="append", default=[])
    parser.add_argument("--person", action="append", default=[], metavar="NAME,ADDRESS")
    given = parser.parse_args()
    people = [each.partition(",") for each in given.person]
    settings = IdentitySettings(
        issuer=f"http://{LOOPBACK}:{given.port}",
        redirect_uris=frozenset(given.redirect_uri),
        people=tuple((name, address) for name, _, address in people),
    )
    uvicorn.run(create_app(settings), host=LOOPBACK, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
