"""The exceptions: what stopped and waits for a person, with its owner, and what is done with many at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from daemon.web.api.access import Reader, WorldDep, allowed
from daemon.web.api.decisions import Reason, Request, Version, decision_note
from daemon.web.api.invoice_models import OwnerShown
from daemon.web.api.invoice_row import Answer, Sum, line, name, sum_of
from daemon.web.api.invoices import make_key, read_key, the_invoice
from daemon.web.api.paging import After, Limit, Page
from daemon.web.api.problems import Problem, invalid, problem_of, problems
from daemon.web.api.roles import Permission, may
from handlers.resume import resume_target
from handlers.world import World
from schema.errors import CountersignError, TransientError
from schema.ids import InvoiceId
from schema.people import Person, PersonId
from schema.states import State
from schema.store.invoices import ExceptionLine

router = APIRouter(tags=["exceptions"])

LONGEST_BULK = 200

Claimer = Annotated[Person, Depends(allowed(Permission.EXCEPTIONS_CLAIM))]
Group = Annotated[
    str | None,
    Query(max_length=60, pattern=r"^[a-z_]+$", description="The rule that holds it, or where it stopped."),
]


class ExceptionRow(Answer):
    """A held invoice; `group` is the rule that holds it, or the state in which it stopped.

    `answered`: the forwarder has answered what they were asked, and nothing was done since.
    """

    id: UUID
    version: int
    number: str | None
    vendor: str | None
    total: Sum | None
    reason: str
    group: str
    since: datetime
    owner: OwnerShown | None
    answered: bool


class Item(Request):
    """One invoice as it was seen."""

    id: UUID
    version: Version


class Bulk(Request):
    """The same for many: `reject` needs a reason, `assign` a person; `resume` sends each on from where it stopped."""

    action: Literal["resume", "reject", "claim", "release", "assign"]
    items: Annotated[list[Item], Field(min_length=1, max_length=LONGEST_BULK)]
    reason: Reason = ""
    to: UUID | None = None


class ItemResult(Answer):
    """What became of one item; `detail` says why it was not done."""

    id: UUID
    done: bool
    version: int | None
    type: str | None
    detail: str


class BulkResult(Answer):
    """Each item's own result, in the order they were given."""

    results: list[ItemResult]


@router.get(
    "/exceptions",
    operation_id="listExceptions",
    summary="Held invoices, the longest held first",
    response_model=Page[ExceptionRow],
    responses=problems(),
)
async def list_exceptions(
    person: Reader,
    world: WorldDep,
    owner: Annotated[Literal["mine", "nobody"] | None, Query(description="Whose.")] = None,
    group: Group = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[ExceptionRow]:
    """One page of the queue."""
    lines = await world.store.invoices.exceptions(
        owner=person.id if owner == "mine" else None,
        nobodys=owner == "nobody",
        group=group,
        after=read_key(after),
        limit=limit + 1,
    )
    return Page(
        items=[_row(each) for each in lines[:limit]],
        next=make_key(lines[limit - 1].since, lines[limit - 1].id) if len(lines) > limit else None,
    )


@router.post(
    "/exceptions/bulk",
    operation_id="actOnExceptions",
    summary="Claim, release, assign, resume or reject several held invoices",
    response_model=BulkResult,
    responses=problems(),
)
async def act(body: Bulk, person: Claimer, world: WorldDep) -> BulkResult:
    """Each item stands for itself: what cannot be done says why, and the others are done."""
    if body.action in ("resume", "reject") and not may(person.role, Permission.INVOICES_DECIDE):
        raise Problem(403, "forbidden", "Not allowed", "Your role does not decide about invoices.")
    if body.action == "reject" and not body.reason:
        raise invalid("reason", "say why; the forwarder reads it")
    owner = await _new_owner(body, person, world)
    seen = {item.id: item for item in body.items}
    return BulkResult(results=[await _one(item, body, person, owner, world) for item in seen.values()])


async def _one(item: Item, body: Bulk, person: Person, owner: PersonId | None, world: World) -> ItemResult:
    try:
        version = await _do(item, body, person, owner, world)
    except TransientError:
        raise  # nothing more can be done now; what was done is on record, and the same again is harmless
    except (Problem, CountersignError) as error:
        problem = error if isinstance(error, Problem) else problem_of(error)
        return ItemResult(
            id=item.id, done=False, version=None, type=f"/problems/{problem.name}", detail=problem.detail
        )
    return ItemResult(id=item.id, done=True, version=version, type=None, detail="")


async def _do(item: Item, body: Bulk, person: Person, owner: PersonId | None, world: World) -> int:
    invoice, store, now = await the_invoice(item.id, world), world.store.corrections, world.clock.now()
    if body.action in ("claim", "release", "assign"):
        await store.own(
            InvoiceId(item.id), item.version, owner, by=person, at=now, over=body.action == "assign"
        )
        return invoice.version
    target = State.REJECTED if body.action == "reject" else await resume_target(invoice, world)
    note = decision_note(person, target, body.reason)
    return await store.decide(InvoiceId(item.id), item.version, target, by=person, note=note, at=now)


async def _new_owner(body: Bulk, person: Person, world: World) -> PersonId | None:
    if body.action != "assign":
        if body.to is not None:
            raise invalid("to", "only an assignment names a person")
        return person.id if body.action == "claim" else None
    owner = await world.store.people.person(PersonId(body.to)) if body.to else None
    if owner is None or not owner.active or not may(owner.role, Permission.EXCEPTIONS_CLAIM):
        raise invalid("to", "not a person who may look after exceptions")
    return owner.id


def _row(each: ExceptionLine) -> ExceptionRow:
    return ExceptionRow(
        id=each.id,
        version=each.version,
        number=name(each.number or each.document),
        vendor=name(each.vendor),
        total=sum_of(each.total),
        reason=line(each.reason),
        group=each.group,
        since=each.since,
        owner=OwnerShown(id=each.owner.id, name=each.owner.name) if each.owner else None,
        answered=each.answered,
    )
