"""The bank's front door: log in, log out."""

import secrets
from hmac import compare_digest
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from mockbank.access import (
    SESSION_COOKIE,
    VISITOR_COOKIE,
    Bank,
    Form,
    LoggedIn,
    OwnForm,
    TheBank,
    posted,
)
from mockbank.clock import BANK_ZONE
from mockbank.ledger import Door
from mockbank.pages import moved

router = APIRouter()


@router.get("/login")
def login_page(request: Request, bank: TheBank, expired: str = "") -> Response:
    """Show the log-in form."""
    visitor = request.cookies.get(VISITOR_COOKIE) or secrets.token_urlsafe(32)
    notice = "Your session has ended because it was idle. Please log in again." if expired else None
    return _login_form(bank, visitor, notice=notice)


@router.post("/login")
def log_in(request: Request, bank: TheBank, form: Annotated[Form, Depends(posted)]) -> Response:
    """Begin a session; a wrong password is counted and the fifth locks the door."""
    visitor = request.cookies.get(VISITOR_COOKIE, "")
    if not visitor or not bank.sessions.form_token_is_right(visitor, form["csrf_token"]):
        raise HTTPException(403, "This log-in form is not from this browser. Reload the page and try again.")
    now = bank.now()
    locked = bank.ledger.tries(Door.LOGIN, now).locked_until
    if locked is None and _is_customer(bank, form):
        bank.ledger.clear_tries(Door.LOGIN)
        answer = moved("/")
        _give_cookie(answer, SESSION_COOKIE, bank.sessions.open(now))
        answer.delete_cookie(VISITOR_COOKIE, path="/", httponly=True, samesite="strict")
        return answer
    locked = locked or bank.ledger.count_wrong(Door.LOGIN, now).locked_until
    if locked is not None:
        alert = f"Log-in is locked until {locked.astimezone(BANK_ZONE):%H:%M %Z} after five wrong tries."
        return _login_form(bank, visitor, status=423, alert=alert)
    return _login_form(bank, visitor, status=401, alert="Customer ID or password is wrong.")


@router.post("/logout")
def log_out(session: LoggedIn, bank: TheBank, _form: OwnForm) -> Response:
    """End the session."""
    bank.sessions.close(session.token)
    answer = moved("/login")
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def _is_customer(bank: Bank, form: Form) -> bool:
    right_id = compare_digest(form["customer_id"].encode(), bank.settings.customer_id.encode())
    right_password = compare_digest(
        form["password"].encode(), bank.settings.password.get_secret_value().strip().encode()
    )
    return right_id and right_password


def _login_form(
    bank: Bank, visitor: str, *, status: int = 200, alert: str | None = None, notice: str | None = None
) -> Response:
    token = bank.sessions.form_token(visitor)
    answer = bank.pages.page("login.html", status=status, visitor_token=token, alert=alert, notice=notice)
    _give_cookie(answer, VISITOR_COOKIE, visitor)
    return answer


def _give_cookie(answer: Response, name: str, value: str) -> None:
    # Not `secure`: the bank listens on plain HTTP on the loopback address.
    answer.set_cookie(name, value, path="/", httponly=True, samesite="strict")
