"""CSV files of vendors and purchase orders, in two calls: check row by row, then write what was checked by its hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field, SecretStr

from daemon.web.api.access import WorldDep, allowed
from daemon.web.api.bank_changes import cooling_off
from daemon.web.api.master_models import Answer, Request
from daemon.web.api.masters import actor, objections, one_of_a_kind
from daemon.web.api.problems import Problem, invalid, problems
from daemon.web.api.roles import Permission
from handlers.master_import import NewVendorRow, plan_order, plan_rows, plan_vendor
from handlers.master_rows import (
    ORDER_COLUMNS,
    VENDOR_COLUMNS,
    Row,
    normal_phone,
    order_row,
    read_rows,
    refuse_account_in,
    refuse_no_words_in,
    vendor_row,
)
from handlers.world import World
from schema.errors import PermanentError
from schema.ids import Sha256
from schema.imports import Does, Kind, OrderPlan, VendorPlan
from schema.masking import mask
from schema.people import Person
from schema.vault import sha256

router = APIRouter(tags=["imports"])

VendorEditor = Annotated[Person, Depends(allowed(Permission.VENDORS_EDIT))]
Proposer = Annotated[Person, Depends(allowed(Permission.BANK_DETAILS_PROPOSE))]
OrderEditor = Annotated[Person, Depends(allowed(Permission.ORDERS_EDIT))]


class CsvIn(Request):
    """A whole CSV file with its header line, as text."""

    csv: Annotated[
        SecretStr,
        Field(
            min_length=1,
            max_length=5_000_000,
            examples=[
                "number,vendor_tax_id,currency,total,description,status\nPO-1,27AAPFU0939F1ZV,INR,100,,open\n"
            ],
        ),
    ]


class CheckedIn(Request):
    """The file that was checked, by the hash that its check answered."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RowAnswer(Answer):
    """What one row would do, or what is wrong with it; neither means that it says what is so already."""

    line: int
    name: str | None
    does: tuple[Does, ...]
    error: str | None


class CheckAnswer(Answer):
    """What a file would do; it can be written within an hour when no row is wrong."""

    sha256: str
    valid: bool
    rows: tuple[RowAnswer, ...]
    added: int
    changed: int
    proposed: int


class WrittenAnswer(Answer):
    """What a file did; proposed bank details wait for a second person."""

    added: int
    changed: int
    proposed: int


@router.post(
    "/vendors/import/check",
    operation_id="checkVendorFile",
    summary="Check a CSV file of vendors row by row; writes nothing",
    responses=problems(),
)
async def check_vendors(body: CsvIn, person: VendorEditor, world: WorldDep) -> CheckAnswer:
    """Columns: name, aliases, tax_id, beneficiary_name, account_number, routing, currency, country, email[, phone]."""
    text = body.csv.get_secret_value()

    def parse(row: dict[str, str]) -> NewVendorRow:
        for field in ("name", "aliases", "beneficiary_name", "email"):
            refuse_account_in(field, row[field])
        vendor = vendor_row(row, world.vault)
        for name in (vendor.name, *vendor.aliases):
            refuse_no_words_in("name", name)
        return NewVendorRow(**dict(vendor), phone=normal_phone(row["phone"]))

    with _readable():
        rows = read_rows(text, VENDOR_COLUMNS, parse, optional=("phone",))
    known = await world.store.imports.vendors_now([row.value.tax_id for row in rows if row.value])
    plans = plan_rows(
        rows,
        lambda row: row.tax_id,
        lambda line, row: plan_vendor(line, row, known.get(row.tax_id)),
    )
    names = {plan.value.line: plan.value.profile.name for plan in plans if plan.value}
    return await _checked(Kind.VENDORS, text, plans, names, person, world)


@router.post(
    "/vendors/import",
    operation_id="writeVendorFile",
    summary="Write a CSV file of vendors that was checked",
    responses=problems(404, 409),
)
async def write_vendors(body: CheckedIn, person: VendorEditor, _: Proposer, world: WorldDep) -> WrittenAnswer:
    """All rows or none. Other bank details than the master's are only proposed, and so are those of new vendors."""
    digest = Sha256(body.sha256)
    with objections(), one_of_a_kind("vendor (with this tax id)"):
        plans = await world.store.imports.write_vendors(
            digest,
            f"From a CSV file, SHA-256 {digest[:12]}.",
            by=actor(person),
            at=world.clock.now(),
            cooling_off=await cooling_off(world),
        )
    return _written(plans)


@router.post(
    "/purchase-orders/import/check",
    operation_id="checkPurchaseOrderFile",
    summary="Check a CSV file of purchase orders row by row; writes nothing",
    responses=problems(),
)
async def check_orders(body: CsvIn, person: OrderEditor, world: WorldDep) -> CheckAnswer:
    """Columns: number, vendor_tax_id, currency, total, description, status."""
    text = body.csv.get_secret_value()
    with _readable():
        rows = read_rows(text, ORDER_COLUMNS, order_row)
    values = [row.value for row in rows if row.value]
    orders = await world.store.imports.orders_now([row.number for row in values])
    vendors = await world.store.imports.vendors_now([row.vendor_tax_id for row in values])
    plans = plan_rows(
        rows,
        lambda row: row.number,
        lambda line, row: plan_order(line, row, orders.get(row.number), vendors),
    )
    names = {plan.value.line: plan.value.number for plan in plans if plan.value}
    return await _checked(Kind.PURCHASE_ORDERS, text, plans, names, person, world)


@router.post(
    "/purchase-orders/import",
    operation_id="writePurchaseOrderFile",
    summary="Write a CSV file of purchase orders that was checked",
    responses=problems(404, 409),
)
async def write_orders(body: CheckedIn, person: OrderEditor, world: WorldDep) -> WrittenAnswer:
    """All rows or none, as they were checked."""
    with one_of_a_kind("purchase order (with this number)"):
        plans = await world.store.imports.write_orders(
            Sha256(body.sha256), by=actor(person), at=world.clock.now()
        )
    return _written(plans)


@contextmanager
def _readable() -> Iterator[None]:
    """A text that is no such file at all, as a 422 problem."""
    try:
        yield
    except PermanentError as error:
        raise invalid("csv", error.sentence) from error


async def _checked(
    kind: Kind,
    text: str,
    plans: Sequence[Row[VendorPlan]] | Sequence[Row[OrderPlan]],
    names: dict[int, str],
    person: Person,
    world: World,
) -> CheckAnswer:
    digest = sha256(text.encode("utf-8", "replace"))
    valid = bool(plans) and all(plan.value for plan in plans)
    good = [plan.value for plan in plans if plan.value]
    if valid:
        await world.store.imports.keep(kind, digest, good, by=actor(person), at=world.clock.now())
    rows = tuple(
        RowAnswer(
            line=plan.line,
            name=str(mask(names[plan.line])) if plan.value else None,
            does=plan.value.does if plan.value else (),
            error=str(mask(plan.error)) if plan.error else None,
        )
        for plan in plans
    )
    return CheckAnswer(sha256=digest, valid=valid, rows=rows, **_counts(good))


def _written(plans: Sequence[VendorPlan] | Sequence[OrderPlan] | None) -> WrittenAnswer:
    if plans is None:
        raise Problem(
            404,
            "not-checked",
            "Not checked",
            "You have checked no such file within the last hour; check it first.",
        )
    return WrittenAnswer(**_counts(plans))


def _counts(plans: Sequence[VendorPlan | OrderPlan]) -> dict[str, int]:
    done = [does for plan in plans for does in plan.does]
    return {
        "added": done.count(Does.ADD),
        "changed": done.count(Does.CHANGE),
        "proposed": done.count(Does.PROPOSE),
    }
