"""The portal: routes, error pages and the bank's parts put together by `create_app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, Response

from mockbank import routes_accounts, routes_login, routes_transfer
from mockbank.access import SESSION_COOKIE, Bank, NotLoggedIn, the_bank
from mockbank.clock import Clock, system_clock
from mockbank.ledger import Ledger
from mockbank.money import minor_of_decimal
from mockbank.pages import SAFETY_HEADERS, STATIC_TYPES, Pages, moved, static_file
from mockbank.sessions import Sessions
from mockbank.settings import Settings


def create_app(settings: Settings, clock: Clock = system_clock) -> FastAPI:
    """Open the ledger and make the portal; the ledger is closed when the application shuts down."""
    bank = Bank(settings, clock, _open_ledger(settings), _sessions(settings), Pages())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        bank.ledger.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.bank = bank
    app.add_api_route("/healthz", _health, methods=["GET"])
    app.add_api_route("/static/{name}", _static, methods=["GET"])
    for routes in (routes_login, routes_accounts, routes_transfer):
        app.include_router(routes.router)
    app.add_exception_handler(NotLoggedIn, _to_login)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _broken)
    return app


def _open_ledger(settings: Settings) -> Ledger:
    opening = {"INR": minor_of_decimal(settings.balance_inr), "EUR": minor_of_decimal(settings.balance_eur)}
    return Ledger(settings.database, opening, settings.totp_secret.get_secret_value())


def _sessions(settings: Settings) -> Sessions:
    return Sessions(timedelta(minutes=settings.session_minutes))


def _health() -> Response:
    return JSONResponse({"status": "ok", "simulated": True}, headers=SAFETY_HEADERS)


def _static(name: str) -> Response:
    if name not in STATIC_TYPES:
        raise HTTPException(404, "There is no such page.")
    headers = SAFETY_HEADERS | {"Cache-Control": "public, max-age=3600"}
    return Response(static_file(name), media_type=STATIC_TYPES[name], headers=headers)


def _to_login(_request: Request, error: Exception) -> Response:
    expired = isinstance(error, NotLoggedIn) and error.expired
    answer = moved("/login?expired=1" if expired else "/login")
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, StarletteHTTPException):
        raise TypeError("bug: this handler is for HTTP errors only") from error
    phrase = HTTPStatus(error.status_code).phrase
    sentence = "There is no such page." if error.detail == phrase else error.detail
    return _error_page(request, error.status_code, sentence, dict(error.headers or {}))


def _unreadable(request: Request, _error: Exception) -> Response:
    return _error_page(request, 404, "There is no such page.", {})


def _broken(request: Request, _error: Exception) -> Response:
    return _error_page(
        request, 500, "Something went wrong on our side. Check the statement before you pay again.", {}
    )


def _error_page(request: Request, status: int, sentence: str, headers: dict[str, str]) -> Response:
    bank = the_bank(request)
    return bank.pages.page(
        "error.html",
        status=status,
        headers=headers,
        title=HTTPStatus(status).phrase,
        code=status,
        sentence=sentence,
    )
