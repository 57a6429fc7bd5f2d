"""Purchase orders: listed, made, edited, opened and closed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from daemon.web.api.access import Reader, WorldDep, allowed
from daemon.web.api.master_models import HistoryAnswer, OrderAnswer, OrderEdit, OrderIn, order_answer
from daemon.web.api.masters import actor, history_page, last_id, one_of_a_kind, page_of
from daemon.web.api.paging import After, Limit, Page
from daemon.web.api.problems import invalid, not_found, problems
from daemon.web.api.roles import Permission
from handlers.world import World
from schema.history import Subject
from schema.ids import PurchaseOrderId, VendorId
from schema.money import Money
from schema.orders import OrderCard, OrderFilter, OrderTerms
from schema.people import Person

router = APIRouter(prefix="/purchase-orders", tags=["purchase orders"])

Editor = Annotated[Person, Depends(allowed(Permission.ORDERS_EDIT))]


@router.get("", operation_id="listPurchaseOrders", summary="Purchase orders", responses=problems())
async def list_orders(
    _: Reader,
    world: WorldDep,
    q: Annotated[str | None, Query(max_length=200, description="In number, description or vendor.")] = None,
    vendor_id: UUID | None = None,
    open: Annotated[bool | None, Query(description="Only the open ones, or only the closed.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> Page[OrderAnswer]:
    """Purchase orders, the newest first, with what their live invoices use."""
    which = OrderFilter(text=q, vendor=VendorId(vendor_id) if vendor_id else None, open=open)
    last = last_id(after)
    cards = await world.store.orders.page(
        which, before=PurchaseOrderId(last) if last else None, limit=limit + 1
    )
    shown, following = page_of(cards, limit, lambda card: str(card.id))
    return Page(items=[order_answer(card) for card in shown], next=following)


@router.post(
    "",
    operation_id="createPurchaseOrder",
    summary="Make a purchase order",
    status_code=201,
    responses=problems(409),
)
async def create_order(body: OrderIn, person: Editor, world: WorldDep) -> OrderAnswer:
    """Make a purchase order; its number is one of a kind and stays."""
    _refuse_nothing(body.total)
    vendor = await world.store.vendors.card(VendorId(body.vendor_id))
    if vendor is None:
        raise invalid("vendor_id", "there is no such vendor")
    terms = OrderTerms(total=body.total, description=body.description, open=body.open)
    with one_of_a_kind("purchase order (with this number)"):
        order = await world.store.orders.add(
            body.number, vendor.id, terms, by=actor(person), at=world.clock.now()
        )
    return order_answer(await the_order(order, world))


@router.get(
    "/{order_id}", operation_id="getPurchaseOrder", summary="One purchase order", responses=problems(404)
)
async def get_order(order_id: UUID, _: Reader, world: WorldDep) -> OrderAnswer:
    """One purchase order with what its live invoices use."""
    return order_answer(await the_order(order_id, world))


@router.patch(
    "/{order_id}",
    operation_id="editPurchaseOrder",
    summary="Edit a purchase order",
    responses=problems(404, 409),
)
async def edit_order(order_id: UUID, body: OrderEdit, person: Editor, world: WorldDep) -> OrderAnswer:
    """Change total or description, close it or open it again; what is left out or null stays."""
    card = await the_order(order_id, world)
    if body.total is not None:
        _refuse_nothing(body.total)
    wanted = {
        name: value for name in ("total", "description", "open") if (value := getattr(body, name)) is not None
    }
    terms = card.terms.model_copy(update=wanted)
    await world.store.orders.edit(card.id, body.version, terms, by=actor(person), at=world.clock.now())
    return order_answer(await the_order(order_id, world))


@router.get(
    "/{order_id}/history",
    operation_id="listPurchaseOrderHistory",
    summary="Every change of a purchase order",
    responses=problems(404),
)
async def order_history(
    order_id: UUID, _: Reader, world: WorldDep, limit: Limit = 50, after: After = None
) -> Page[HistoryAnswer]:
    """Every change of a purchase order, the newest first."""
    await the_order(order_id, world)
    return await history_page(world, Subject.PURCHASE_ORDER, str(order_id), after, limit)


async def the_order(order: UUID, world: World) -> OrderCard:
    """The purchase order of this id; a 404 problem when there is none."""
    card = await world.store.orders.card(PurchaseOrderId(order))
    if card is None:
        raise not_found("purchase order")
    return card


def _refuse_nothing(total: Money) -> None:
    if total.amount <= 0:
        raise invalid("total.amount", "must be a sum above zero")
