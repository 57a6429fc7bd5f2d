"""What the customer has: accounts, beneficiaries, statement."""

from fastapi import APIRouter
from starlette.responses import Response

from mockbank.access import Bank, Form, LoggedIn, OwnForm, Session, TheBank
from mockbank.ifsc import bank_name, compact
from mockbank.ledger import LISTED_AT_MOST
from mockbank.pages import moved
from mockbank.terms import Problems, check_payee

RECENT = 5

router = APIRouter()


@router.get("/")
def dashboard(session: LoggedIn, bank: TheBank) -> Response:
    """Show the accounts and the newest transfers."""
    return bank.pages.page(
        "dashboard.html",
        form_token=session.form_token,
        customer_id=bank.settings.customer_id,
        accounts=bank.ledger.accounts(),
        transfers=bank.ledger.transfers()[:RECENT],
        here="accounts",
    )


@router.get("/statement")
def statement(session: LoggedIn, bank: TheBank, reference: str | None = None) -> Response:
    """Show all transfers, or the one with exactly this reference."""
    wanted = (reference or "").strip()
    return bank.pages.page(
        "statement.html",
        form_token=session.form_token,
        reference=wanted,
        transfers=bank.ledger.transfers(wanted or None),
        listed_at_most=LISTED_AT_MOST,
        here="statement",
    )


@router.get("/beneficiaries")
def beneficiaries(session: LoggedIn, bank: TheBank) -> Response:
    """Show the payees and the form for a new one."""
    return _beneficiaries_page(bank, session, Form(), {})


@router.post("/beneficiaries")
def add_beneficiary(session: LoggedIn, bank: TheBank, form: OwnForm) -> Response:
    """Put a payee in the list, or say what is wrong."""
    problems = check_payee(form)
    if problems:
        return _beneficiaries_page(bank, session, form, problems)
    number, routing = compact(form["account_number"]), compact(form["routing"])
    if not bank.ledger.add_beneficiary(form["beneficiary_name"], number, routing):
        return _beneficiaries_page(
            bank, session, form, {"account_number": "This account is in the list already"}
        )
    return moved("/beneficiaries")


@router.post("/beneficiaries/{beneficiary_id}/remove")
def remove_beneficiary(beneficiary_id: int, bank: TheBank, _form: OwnForm) -> Response:
    """Take a payee off the list."""
    bank.ledger.remove_beneficiary(beneficiary_id)
    return moved("/beneficiaries")


def _beneficiaries_page(bank: Bank, session: Session, form: Form, problems: Problems) -> Response:
    return bank.pages.page(
        "beneficiaries.html",
        status=422 if problems else 200,
        form_token=session.form_token,
        beneficiaries=bank.ledger.beneficiaries(),
        bank_name=bank_name,
        form=form,
        problems=problems,
        here="beneficiaries",
    )
