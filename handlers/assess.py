"""extracted -> assessed: masked facts to Grok, a strictly parsed answer back, both bodies hashed and kept."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

from pydantic import ValidationError

from handlers.world import World
from schema.document import InvoiceFields
from schema.errors import ActionsRefusedError, PermanentError, TransientError
from schema.failpoints import reach
from schema.invoice import Invoice
from schema.masking import MaskedInvoice, mask
from schema.outcome import Outcome
from schema.states import State
from schema.verdict import (
    ActionPlan,
    Assessment,
    ModelAnswer,
    ModelReply,
    accept_actions,
    parse_answer,
)

EXCERPT_CHARACTERS: Final = 4000
"""Two pages of an invoice; more costs money and says nothing new."""

TRIES: Final = 2
"""A model that twice answers out of form will do so again; then a person looks."""


async def assess(invoice: Invoice, world: World) -> Outcome:
    """Ask the model about the masked facts; an answer out of form holds the invoice, with both hashes on record."""
    assert invoice.reading is not None
    assert invoice.text_key is not None
    text = (await world.blobs.get(invoice.text_key)).decode()
    payload = masked_invoice(invoice.reading.fields, text, invoice.account_last4)
    await reach("model.before")
    with world.spans.span("ask the model") as marks:
        reply = await world.model.validate(prompt(), payload)
        marks.mark(model=reply.served_model)
    await reach("model.after")
    facts = await _keep(reply, world)
    try:
        answer = parse_answer(reply.content)
    except PermanentError as error:
        if invoice.attempts < TRIES:
            raise TransientError(error.sentence) from error
        return Outcome(target=State.HELD, note=error.sentence, facts=facts)
    plan, refusal = _judge_actions(answer, world.bank_origin)
    assessment = Assessment(
        report=answer.report,
        actions_raw=tuple(action.model_dump(mode="json") for action in answer.actions),
        plan=plan,
        refusal=refusal,
        requested_model=reply.requested_model,
        served_model=reply.served_model,
        provider=reply.provider,
        request_sha256=reply.request_sha256,
        response_sha256=reply.response_sha256,
        request_key=facts["request_key"],
        response_key=facts["response_key"],
        accounts_checked=world.guard.body(reply.request),
        cost_usd=reply.cost_usd,
    )
    note = f"Grok: {answer.report.verdict}, risk {answer.report.risk}" + ("" if plan else "; actions refused")
    return Outcome(target=State.ASSESSED, note=note, facts=facts, assessment=assessment)


def masked_invoice(fields: InvoiceFields, text: str, account_last4: str | None) -> MaskedInvoice:
    """The facts that may leave; a value of the wrong form is left out, not bent into shape."""
    amount = fields.total.value
    facts: dict[str, Any] = {
        "vendor_name": fields.seller_name.value,
        "po_id": fields.po_number.value,
        "amount": None if amount is None else f"{amount:f}",
        "currency": fields.currency.value,
        "issue_date": fields.issue_date.value,
        "due_date": fields.due_date.value,
        "account_last4": account_last4,
        "tax_id": fields.seller_tax_id.value,
        "excerpt": mask(mask(text)[:EXCERPT_CHARACTERS]),
    }
    try:
        return MaskedInvoice(**facts)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        if "excerpt" in wrong:
            raise PermanentError("The document's text could not be masked safely.") from error
        return MaskedInvoice(**{name: None if name in wrong else value for name, value in facts.items()})


@cache
def prompt() -> str:
    """The system prompt; its text is part of the request and so of the request's hash."""
    return (files("handlers") / "prompts" / "assess.md").read_text("utf-8")


def _judge_actions(answer: ModelAnswer, bank_origin: str) -> tuple[ActionPlan | None, str | None]:
    try:
        return accept_actions(answer.actions, bank_origin=bank_origin), None
    except ActionsRefusedError as error:
        return None, error.sentence


async def _keep(reply: ModelReply, world: World) -> dict[str, Any]:
    """Keep both bodies and say in the record where, by whom and with which hashes."""
    return {
        "request_sha256": reply.request_sha256,
        "response_sha256": reply.response_sha256,
        "request_key": await world.blobs.put(reply.request),
        "response_key": await world.blobs.put(reply.response),
        "requested_model": reply.requested_model,
        "served_model": reply.served_model,
        "provider": reply.provider,
        "seconds": str(round(reply.seconds, 2)),
    }
