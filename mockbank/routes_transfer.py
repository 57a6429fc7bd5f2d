"""Paying: the form, the confirm page with its one-time password, the receipt."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from mockbank.access import Bank, Form, LoggedIn, OwnForm, Session, TheBank
from mockbank.clock import BANK_ZONE, bank_day
from mockbank.faults import Fault, fault_of, tampered
from mockbank.ifsc import bank_name
from mockbank.ledger import Answer, Booked, Door, Draft, Locked, Refused, WrongCode
from mockbank.pages import moved
from mockbank.server import DroppedConnection
from mockbank.terms import CURRENCIES, DAYS_AHEAD, RAILS, Problems, Terms, check_terms

router = APIRouter()

MAINTENANCE_S = 20
"""How long a client is told to wait; a real bank says minutes, and whoever tries this out has no minutes."""


@router.get("/transfer")
def transfer_form(session: LoggedIn, bank: TheBank) -> Response:
    """Show an empty transfer form, dated today."""
    return _transfer_page(bank, session, Form(date=bank_day(bank.now()).isoformat()), {})


@router.post("/transfer")
def fill_transfer(session: LoggedIn, bank: TheBank, form: OwnForm) -> Response:
    """Check the form and keep it as a draft; every problem comes back beside its field."""
    terms = check_terms(form, bank_day(bank.now()))
    problems = terms if isinstance(terms, dict) else _ledger_problems(bank, terms)
    if problems or isinstance(terms, dict):
        return _transfer_page(bank, session, form, problems)
    if fault_of(terms.amount_minor) is Fault.TAMPERED:
        terms = replace(terms, account_number=tampered(terms.account_number))
    return moved(f"/transfer/{bank.ledger.save_draft(terms)}/confirm")


@router.get("/transfer/{draft_id}/confirm")
def confirm_page(draft_id: str, session: LoggedIn, bank: TheBank) -> Response:
    """Show what would be paid; a draft that is booked shows its receipt instead."""
    draft = _draft(bank, draft_id)
    if draft.transfer_id is not None:
        return moved(f"/receipt/{draft.transfer_id}")
    locked = bank.ledger.tries(Door.OTP, bank.now()).locked_until
    return _confirm_page(
        bank, session, draft, alert=_locked_sentence(locked) if locked else None, closed=bool(locked)
    )


@router.post("/transfer/{draft_id}/confirm")
async def confirm(draft_id: str, session: LoggedIn, bank: TheBank, form: OwnForm) -> Response:
    """Book the draft once its one-time password is right; a magic amount goes wrong here."""
    draft = await run_in_threadpool(_draft, bank, draft_id)
    fault = fault_of(draft.terms.amount_minor)
    if fault is Fault.MAINTENANCE:
        sentence = "Payments are under maintenance. Nothing was booked; please try again later."
        raise HTTPException(503, sentence, headers={"Retry-After": str(MAINTENANCE_S)})
    answer = await run_in_threadpool(bank.ledger.confirm, draft_id, form["otp"], bank.now())
    if isinstance(answer, Booked) and fault is Fault.SLOW:
        await asyncio.sleep(bank.settings.slow_seconds)
    if isinstance(answer, Booked) and fault is Fault.DROPPED:
        # Also for a draft booked before: Chromium repeats a POST by itself when a kept connection breaks.
        return DroppedConnection()
    return _answer_page(bank, session, draft, answer)


@router.post("/transfer/{draft_id}/cancel")
def cancel(draft_id: str, bank: TheBank, _form: OwnForm) -> Response:
    """Give the draft up; one that is booked shows its receipt instead."""
    bank.ledger.cancel_draft(draft_id)
    draft = bank.ledger.draft(draft_id)
    return moved(f"/receipt/{draft.transfer_id}" if draft and draft.transfer_id else "/")


@router.get("/receipt/{transfer_id}")
def receipt(transfer_id: int, session: LoggedIn, bank: TheBank) -> Response:
    """Show a transfer that was booked."""
    transfer = bank.ledger.transfer(transfer_id)
    if transfer is None:
        raise HTTPException(404, "There is no such receipt.")
    return bank.pages.page(
        "receipt.html",
        form_token=session.form_token,
        transfer=transfer,
        debit=bank.ledger.account(transfer.terms.currency),
        here="statement",
    )


def _draft(bank: Bank, draft_id: str) -> Draft:
    draft = bank.ledger.draft(draft_id)
    if draft is None:
        raise HTTPException(404, "There is no such transfer to confirm.")
    if draft.cancelled:
        raise HTTPException(410, "This transfer was cancelled. Nothing was booked.")
    return draft


def _ledger_problems(bank: Bank, terms: Terms) -> Problems:
    problems = {}
    if bank.ledger.reference_is_booked(terms.reference):
        problems["reference"] = "Reference already used"
    if bank.ledger.account(terms.currency).balance_minor < terms.amount_minor:
        problems["amount"] = "The balance is too low for this amount"
    return problems


def _answer_page(bank: Bank, session: Session, draft: Draft, answer: Answer) -> Response:
    match answer:
        case Booked(transfer_id):
            return moved(f"/receipt/{transfer_id}")
        case WrongCode(left):
            tries = "1 try" if left == 1 else f"{left} tries"
            return _confirm_page(
                bank, session, draft, status=403, alert=f"Wrong one-time password, {tries} left"
            )
        case Locked(until):
            return _confirm_page(bank, session, draft, status=423, alert=_locked_sentence(until), closed=True)
        case Refused(why):
            alert = f"{why}. Nothing was booked."
            return _confirm_page(bank, session, draft, status=409, alert=alert, closed=True)


def _locked_sentence(until: datetime) -> str:
    return f"One-time password locked until {until.astimezone(BANK_ZONE):%H:%M %Z} after five wrong tries"


def _transfer_page(bank: Bank, session: Session, form: Form, problems: Problems) -> Response:
    today = bank_day(bank.now())
    return bank.pages.page(
        "transfer.html",
        status=422 if problems else 200,
        form_token=session.form_token,
        form=form,
        problems=problems,
        accounts=bank.ledger.accounts(),
        rails=list(RAILS),
        currencies=CURRENCIES,
        today=today,
        latest=today + timedelta(days=DAYS_AHEAD),
        here="transfer",
    )


def _confirm_page(
    bank: Bank,
    session: Session,
    draft: Draft,
    *,
    status: int = 200,
    alert: str | None = None,
    closed: bool = False,
) -> Response:
    terms = draft.terms
    return bank.pages.page(
        "confirm.html",
        status=status,
        form_token=session.form_token,
        draft=draft,
        terms=terms,
        debit=bank.ledger.account(terms.currency),
        payee_bank=bank_name(terms.routing),
        new_payee=not bank.ledger.is_beneficiary(terms.account_number, terms.routing),
        alert=alert,
        closed=closed,
        here="transfer",
    )
