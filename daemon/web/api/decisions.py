"""What a person does with a held invoice: let it go on, end it, correct what was read, ask who sent it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from daemon.web.api.access import WorldDep, allowed
from daemon.web.api.invoice_row import Answer
from daemon.web.api.invoices import Identity, the_invoice
from daemon.web.api.problems import FieldError, Problem, invalid, problems
from daemon.web.api.roles import Permission
from handlers.correct import correct_fields
from schema.correction import FieldFaultError
from schema.ids import InvoiceId
from schema.masking import mask
from schema.people import Person
from schema.states import State

router = APIRouter(tags=["invoices"])

Decider = Annotated[Person, Depends(allowed(Permission.INVOICES_DECIDE))]
Corrector = Annotated[Person, Depends(allowed(Permission.INVOICES_CORRECT))]

Version = Annotated[int, Field(ge=0, le=2**31 - 1, description="The version you have seen.", examples=[4])]
Reason = Annotated[str, Field(max_length=500, examples=["Sent twice; the first one was paid."])]
Target = Literal["received", "extracted", "paying", "rejected"]


class Request(BaseModel):
    """A body: nothing in it that we did not name, and texts without blanks around them."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Decision(Request):
    """Where a held invoice goes: one of its `ways`. A rejection needs a reason; the forwarder reads it."""

    version: Version
    target: Target
    reason: Reason = ""


class FieldValues(Request):
    """New values by field name, in normal form; null says that the document has no such value."""

    version: Version
    values: Annotated[
        dict[str, Annotated[str, Field(max_length=500)] | None],
        Field(min_length=1, max_length=20, examples=[{"total": "84960.00", "due_date": "2026-12-01"}]),
    ]


class ForwarderAsked(Request):
    """What the forwarder is asked, by mail in the thread of the invoice."""

    version: Version
    question: Annotated[str, Field(min_length=1, max_length=500, examples=["Which order is this for?"])]


class Moved(Answer):
    """How the invoice stands now."""

    version: int
    state: State


@router.post(
    "/invoices/{invoice_id}/decide",
    operation_id="decideInvoice",
    summary="Let a held invoice go on, or end it",
    response_model=Moved,
    responses=problems(404, 409),
)
async def decide(invoice_id: Identity, body: Decision, person: Decider, world: WorldDep) -> Moved:
    """Move a held invoice through the one door; the record keeps who and why."""
    await the_invoice(invoice_id, world)
    target, note = State(body.target), decision_note(person, State(body.target), body.reason)
    version = await world.store.corrections.decide(
        InvoiceId(invoice_id), body.version, target, by=person, note=note, at=world.clock.now()
    )
    return Moved(version=version, state=target)


@router.patch(
    "/invoices/{invoice_id}/fields",
    operation_id="correctInvoice",
    summary="Correct what was read of a held invoice, and have it judged again",
    response_model=Moved,
    responses=problems(404, 409),
)
async def correct(invoice_id: Identity, body: FieldValues, person: Corrector, world: WorldDep) -> Moved:
    """Payee and account are not among the fields: they come from the vendor master alone."""
    invoice = await the_invoice(invoice_id, world)
    try:
        version = await correct_fields(invoice, body.version, body.values, person, world)
    except FieldFaultError as error:
        faults = [FieldError(field=error.field, message=error.message)]
        raise Problem(
            422, "invalid", "Not valid", "Mend the fields that are named.", errors=faults
        ) from error
    return Moved(version=version, state=State.EXTRACTED)


@router.post(
    "/invoices/{invoice_id}/ask-forwarder",
    operation_id="askForwarder",
    summary="Ask the forwarder of a held invoice, in the same mail thread",
    response_model=Moved,
    responses=problems(404, 409),
)
async def ask(invoice_id: Identity, body: ForwarderAsked, person: Decider, world: WorldDep) -> Moved:
    """The question is on record at once; the street sends the mail."""
    await the_invoice(invoice_id, world)
    version = await world.store.corrections.ask(
        InvoiceId(invoice_id), body.version, str(mask(body.question)), by=person, at=world.clock.now()
    )
    return Moved(version=version, state=State.HELD)


def decision_note(person: Person, target: State, reason: str) -> str:
    """The sentence for the record; a rejection without a reason is a 422 problem."""
    if target is State.REJECTED:
        if not reason:
            raise invalid("reason", "say why; the forwarder reads it")
        return f"Rejected by {person.name}: {mask(reason)}"
    words = {State.PAYING: "The bank is asked again", State.RECEIVED: "It is read again"}
    note = f"{words.get(target, 'It is judged again')}, says {person.name}"
    return f"{note}: {mask(reason)}" if reason else note
