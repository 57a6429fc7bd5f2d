"""The vendor master: listed, made, edited and blocked; where money goes is changed in `bank_changes` only."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from daemon.web.api.access import Reader, WorldDep, allowed
from daemon.web.api.master_models import (
    HistoryAnswer,
    Reasoned,
    VendorAnswer,
    VendorEdit,
    VendorIn,
    vendor_answer,
)
from daemon.web.api.masters import actor, form, history_page, last_id, one_of_a_kind, page_of, sealed
from daemon.web.api.paging import After, Limit, Page
from daemon.web.api.problems import not_found, problems
from daemon.web.api.roles import Permission
from handlers.master_rows import FieldError, normal_phone, normal_tax_id, refuse_no_words_in
from handlers.world import World
from schema.history import Subject
from schema.ids import VendorId
from schema.people import Person
from schema.vendors import VendorCard, VendorFilter, VendorProfile

router = APIRouter(prefix="/vendors", tags=["vendors"])

Editor = Annotated[Person, Depends(allowed(Permission.VENDORS_EDIT))]
Text = Annotated[str | None, Query(max_length=200, description="In name, alias or tax id.")]

STILL: Final = {"name", "aliases", "email", "phone"}


@router.get("", operation_id="listVendors", summary="Vendors by name", responses=problems())
async def list_vendors(
    _: Reader,
    world: WorldDep,
    q: Text = None,
    blocked: Annotated[bool | None, Query(description="Only the blocked ones, or only the others.")] = None,
    changing: Annotated[
        bool | None, Query(description="Whether bank details wait for a second person.")
    ] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[VendorAnswer]:
    """Vendors in the order of their names."""
    which = VendorFilter(text=q, blocked=blocked, changing=changing)
    last = last_id(after)
    cards = await world.store.vendors.page(which, after=VendorId(last) if last else None, limit=limit + 1)
    shown, following = page_of(cards, limit, lambda card: str(card.id))
    return Page(items=[vendor_answer(card) for card in shown], next=following)


@router.post(
    "", operation_id="createVendor", summary="Make a vendor", status_code=201, responses=problems(409)
)
async def create_vendor(body: VendorIn, person: Editor, world: WorldDep) -> VendorAnswer:
    """Make a vendor; it is paid only after a second person confirmed its bank details."""
    with form():
        tax_id, phone = normal_tax_id(body.tax_id), normal_phone(body.phone or "")
        if not tax_id:
            raise FieldError("tax_id", "is empty; vendors are recognised by it")
        _refuse_nameless(body.name, body.aliases)
    profile = VendorProfile(name=body.name, aliases=body.aliases, email=body.email, phone=phone)
    with one_of_a_kind("vendor (with this tax id)"):
        vendor = await world.store.vendors.add(
            tax_id, profile, sealed(body.bank, world), by=actor(person), at=world.clock.now()
        )
    return vendor_answer(await the_vendor(vendor, world))


@router.get("/{vendor_id}", operation_id="getVendor", summary="One vendor", responses=problems(404))
async def get_vendor(vendor_id: UUID, _: Reader, world: WorldDep) -> VendorAnswer:
    """One vendor."""
    return vendor_answer(await the_vendor(vendor_id, world))


@router.patch(
    "/{vendor_id}", operation_id="editVendor", summary="Edit a vendor", responses=problems(404, 409)
)
async def edit_vendor(vendor_id: UUID, body: VendorEdit, person: Editor, world: WorldDep) -> VendorAnswer:
    """Change name, aliases, mail address or telephone number; what is left out stays, null empties."""
    card = await the_vendor(vendor_id, world)
    wanted = body.model_dump(include=STILL & body.model_fields_set)
    with form():
        if "name" in wanted and not wanted["name"]:
            raise FieldError("name", "is empty")
        if "phone" in wanted:
            wanted["phone"] = normal_phone(wanted["phone"] or "")
    wanted["aliases"] = wanted.get("aliases", card.aliases) or ()
    profile = VendorProfile.model_validate(card.model_dump(include=STILL) | wanted)
    with form():
        _refuse_nameless(profile.name, profile.aliases)
    await world.store.vendors.edit(card.id, body.version, profile, by=actor(person), at=world.clock.now())
    return vendor_answer(await the_vendor(vendor_id, world))


@router.post(
    "/{vendor_id}/block",
    operation_id="blockVendor",
    summary="Stop paying a vendor",
    responses=problems(404, 409),
)
async def block_vendor(vendor_id: UUID, body: Reasoned, person: Editor, world: WorldDep) -> VendorAnswer:
    """Stop paying a vendor; what was approved already is held before the click."""
    return await _block(vendor_id, body, person, world, blocked=True)


@router.post(
    "/{vendor_id}/unblock",
    operation_id="unblockVendor",
    summary="Pay a vendor again",
    responses=problems(404, 409),
)
async def unblock_vendor(vendor_id: UUID, body: Reasoned, person: Editor, world: WorldDep) -> VendorAnswer:
    """Pay a vendor again; what was held meanwhile stays held until someone decides."""
    return await _block(vendor_id, body, person, world, blocked=False)


@router.get(
    "/{vendor_id}/history",
    operation_id="listVendorHistory",
    summary="Every change of a vendor",
    responses=problems(404),
)
async def vendor_history(
    vendor_id: UUID, _: Reader, world: WorldDep, limit: Limit = 50, after: After = None
) -> Page[HistoryAnswer]:
    """Every change of a vendor, the newest first."""
    await the_vendor(vendor_id, world)
    return await history_page(world, Subject.VENDOR, str(vendor_id), after, limit)


async def the_vendor(vendor: UUID, world: World) -> VendorCard:
    """The vendor of this id; a 404 problem when there is none."""
    card = await world.store.vendors.card(VendorId(vendor))
    if card is None:
        raise not_found("vendor")
    return card


def _refuse_nameless(name: str, aliases: tuple[str, ...]) -> None:
    refuse_no_words_in("name", name)
    for alias in aliases:
        refuse_no_words_in("aliases", alias)


async def _block(
    vendor: UUID, body: Reasoned, person: Person, world: World, *, blocked: bool
) -> VendorAnswer:
    card = await the_vendor(vendor, world)
    await world.store.vendors.block(
        card.id, body.version, blocked=blocked, reason=body.reason, by=actor(person), at=world.clock.now()
    )
    return vendor_answer(await the_vendor(vendor, world))
