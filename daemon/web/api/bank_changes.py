"""Where a vendor's money goes: proposed by one person, called about and confirmed by another, freshly proven one."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from daemon.web.api.access import Fresh, Reader, WorldDep, allowed
from daemon.web.api.master_models import BankChangeAnswer, CallBack, Noted, Proposal, change_answer
from daemon.web.api.masters import actor, objections, sealed
from daemon.web.api.paging import LONGEST_PAGE, Page
from daemon.web.api.problems import not_found, problems
from daemon.web.api.roles import Permission
from daemon.web.api.vendors import the_vendor
from handlers.in_force import with_policy_in_force
from handlers.world import World
from schema.bank_change import BankChange
from schema.people import Person

router = APIRouter(tags=["bank details"])

Proposer = Annotated[Person, Depends(allowed(Permission.BANK_DETAILS_PROPOSE))]
Confirmer = Annotated[Person, Depends(allowed(Permission.BANK_DETAILS_CONFIRM))]


@router.get(
    "/bank-changes",
    operation_id="listOpenBankChanges",
    summary="Bank details that wait",
    responses=problems(),
)
async def list_open_changes(person: Reader, world: WorldDep) -> Page[BankChangeAnswer]:
    """All bank details that wait for a second person, the oldest first; at most 200."""
    waiting = await world.store.bank_changes.waiting(LONGEST_PAGE)
    return Page(items=[change_answer(change, person.id, name) for name, change in waiting], next=None)


@router.get(
    "/vendors/{vendor_id}/bank-changes",
    operation_id="listVendorBankChanges",
    summary="A vendor's changes of bank details",
    responses=problems(404),
)
async def list_changes(vendor_id: UUID, person: Reader, world: WorldDep) -> Page[BankChangeAnswer]:
    """The newest hundred changes of a vendor's bank details, confirmed, rejected and open."""
    card = await the_vendor(vendor_id, world)
    changes = await world.store.bank_changes.of(card.id)
    return Page(items=[change_answer(change, person.id, card.name) for change in changes], next=None)


@router.post(
    "/vendors/{vendor_id}/bank-changes",
    operation_id="proposeBankDetails",
    summary="Propose new bank details",
    status_code=201,
    responses=problems(404, 409),
)
async def propose_bank_details(
    vendor_id: UUID, body: Proposal, person: Proposer, world: WorldDep
) -> BankChangeAnswer:
    """Propose where a vendor's money is to go; nothing is paid to it until a second person confirmed or rejected."""
    card = await the_vendor(vendor_id, world)
    details = sealed(body.bank, world)
    with objections():
        change = await world.store.bank_changes.propose(
            card.id,
            body.version,
            details,
            body.reason,
            by=actor(person),
            at=world.clock.now(),
            cooling_off=await cooling_off(world),
        )
    return await _answer(change, person, world)


@router.post(
    "/bank-changes/{change_id}/call-back",
    operation_id="recordCallBack",
    summary="Record the call to the vendor",
    responses=problems(404, 409),
)
async def record_call(
    change_id: UUID, body: CallBack, person: Confirmer, world: WorldDep
) -> BankChangeAnswer:
    """Record that the vendor was called on the number in the master, never one from the letter, and said yes."""
    await _change(change_id, world)
    with objections():
        await world.store.bank_changes.call(
            change_id, body.version, body.person, body.note, by=actor(person), at=world.clock.now()
        )
    return await _answer(change_id, person, world)


@router.post(
    "/bank-changes/{change_id}/confirm",
    operation_id="confirmBankDetails",
    summary="Confirm new bank details",
    dependencies=[Fresh],
    responses=problems(404, 409),
)
async def confirm_bank_details(
    change_id: UUID, body: Noted, person: Confirmer, world: WorldDep
) -> BankChangeAnswer:
    """Put the details into the master: another person than the proposer, after the call and the cooling-off."""
    await _change(change_id, world)
    with objections():
        await world.store.bank_changes.confirm(
            change_id, body.version, body.note, by=actor(person), at=world.clock.now()
        )
    return await _answer(change_id, person, world)


@router.post(
    "/bank-changes/{change_id}/reject",
    operation_id="rejectBankDetails",
    summary="Reject or withdraw new bank details",
    responses=problems(404, 409),
)
async def reject_bank_details(
    change_id: UUID, body: Noted, person: Confirmer, world: WorldDep
) -> BankChangeAnswer:
    """End a change without effect; whoever proposed it may withdraw it so."""
    await _change(change_id, world)
    with objections():
        await world.store.bank_changes.reject(
            change_id, body.version, body.note, by=actor(person), at=world.clock.now()
        )
    return await _answer(change_id, person, world)


async def cooling_off(world: World) -> timedelta:
    """How long new bank details wait, by the policy in force."""
    policy = (await with_policy_in_force(world)).policy
    return timedelta(hours=policy.bank_changes.cooling_off_hours)


async def _change(change: UUID, world: World) -> BankChange:
    found = await world.store.bank_changes.one(change)
    if found is None:
        raise not_found("change of bank details")
    return found


async def _answer(change: UUID, person: Person, world: World) -> BankChangeAnswer:
    found = await _change(change, world)
    return change_answer(found, person.id, (await the_vendor(found.vendor_id, world)).name)
