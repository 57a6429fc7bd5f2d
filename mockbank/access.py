"""What every route asks first: which bank is this, who is logged in, and is the posted form one of ours."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from mockbank.clock import Clock
from mockbank.ledger import Ledger
from mockbank.pages import Pages
from mockbank.sessions import Sessions
from mockbank.settings import Settings

SESSION_COOKIE = "simbank_session"
VISITOR_COOKIE = "simbank_visitor"
"""Ties the log-in form to the browser that fetched it, before there is a session."""

FORM_BYTES_AT_MOST = 64 * 1024
FIELDS_AT_MOST = 20


@dataclass(frozen=True)
class Bank:
    """The bank's parts, made once by `app.create_app`."""

    settings: Settings
    clock: Clock
    ledger: Ledger
    sessions: Sessions
    pages: Pages

    def now(self) -> datetime:
        """The present moment, aware."""
        return self.clock()


@dataclass(frozen=True)
class Session:
    """A log-in that is still good."""

    token: str
    form_token: str


class NotLoggedIn(Exception):  # noqa: N818 - not a fault; it only sends the browser to the log-in page
    """There is no session; `expired` when there has been one."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("not logged in")
        self.expired = expired


def the_bank(request: Request) -> Bank:
    """Give the bank this application serves."""
    bank = request.app.state.bank
    if not isinstance(bank, Bank):
        raise TypeError("bug: the application was not made by create_app")
    return bank


TheBank = Annotated[Bank, Depends(the_bank)]


def logged_in(request: Request, bank: TheBank) -> Session:
    """Give the session and note the request; NotLoggedIn when there is none or it was idle too long."""
    token = request.cookies.get(SESSION_COOKIE)
    if token is None:
        raise NotLoggedIn(expired=False)
    if not bank.sessions.touch(token, bank.now()):
        raise NotLoggedIn(expired=True)
    return Session(token, bank.sessions.form_token(token))


LoggedIn = Annotated[Session, Depends(logged_in)]


class Form(dict[str, str]):
    """A posted form: text fields without blanks around them; a field that was not sent is empty."""

    def __missing__(self, field: str) -> str:
        return ""


async def posted(request: Request) -> Form:
    """Read a small form; 411 without a length, 413 when it is too big."""
    length = request.headers.get("content-length")
    if length is None:
        raise HTTPException(411, "The form came without its length.")
    if int(length) > FORM_BYTES_AT_MOST:
        raise HTTPException(413, "The form is too big.")
    form = await request.form(max_files=0, max_fields=FIELDS_AT_MOST)
    return Form({name: value.strip() for name, value in form.items() if isinstance(value, str)})


def own_form(session: LoggedIn, bank: TheBank, form: Annotated[Form, Depends(posted)]) -> Form:
    """Give a posted form of this session; 403 when its token is another's or missing."""
    if not bank.sessions.form_token_is_right(session.token, form["csrf_token"]):
        raise HTTPException(
            403, "This form is not from your session. Go back, reload the page and try again."
        )
    return form


OwnForm = Annotated[Form, Depends(own_form)]
