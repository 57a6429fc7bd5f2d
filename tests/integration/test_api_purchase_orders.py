"""Purchase orders over the API: made and edited by clerks too, with what their invoices use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api_rig import Api, serving_api
from tests.world import bring, walk

ORDERS = "/api/v1/purchase-orders"


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def known(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = (await api.auditor.get(ORDERS)).json()["items"][0]
    return found


def new(order: dict[str, Any], **changed: Any) -> dict[str, Any]:
    usual = {
        "number": "PO-7",
        "vendor_id": order["vendor_id"],
        "total": {"amount": "1200.50", "currency": "INR"},
        "description": "Paper",
    }
    return usual | changed


async def test_who_may_make_orders(api: Api) -> None:
    order = await known(api)
    statuses = await api.statuses("POST", ORDERS, json=new(order))
    assert statuses == {"nobody": 401, "admin": 201, "approver": 403, "clerk": 409, "auditor": 403}


async def test_an_order_says_what_is_left_of_it(api: Api) -> None:
    await bring(api.web.town, b"one")
    await walk(api.web.town)
    order = await known(api)
    assert order["used"] == {"amount": "84960.00", "currency": "INR"}
    assert order["left"] == {"amount": "4915040.00", "currency": "INR"}


async def test_an_edit_names_the_version_it_saw_and_is_on_the_history(api: Api) -> None:
    order = await known(api)
    path = f"{ORDERS}/{order['id']}"
    answers = await asyncio.gather(
        *(api.clerk.patch(path, json={"version": order["version"], "open": False}) for _ in range(3))
    )
    assert sorted(each.status_code for each in answers) == [200, 409, 409]
    told = (await api.auditor.get(f"{path}/history")).json()["items"]
    assert [(each["who"], each["what"]) for each in told] == [
        ("chitra@meridian.example", "changed"),
        ("operator", "imported"),
    ]
    assert told[0]["changes"] == [{"field": "open", "before": "yes", "after": "no"}]


@pytest.mark.parametrize(
    "changed",
    [
        {"total": {"amount": "0", "currency": "INR"}},
        {"total": {"amount": "1.001", "currency": "INR"}},
        {"total": {"amount": 1.5, "currency": "INR"}},
        {"total": {"amount": "NaN", "currency": "INR"}},
        {"total": {"amount": "1", "currency": "Rs"}},
        {"number": ""},
        {"vendor_id": str(uuid4())},
        {"used": "1"},
    ],
)
async def test_a_wrong_order_is_refused(api: Api, changed: dict[str, Any]) -> None:
    assert (await api.clerk.post(ORDERS, json=new(await known(api), **changed))).status_code == 422


async def test_an_unknown_order_is_not_found(api: Api) -> None:
    for tail in ("", "/history"):
        assert (await api.auditor.get(f"{ORDERS}/{uuid4()}{tail}")).status_code == 404
    answer = await api.clerk.patch(f"{ORDERS}/{uuid4()}", json={"version": 1, "open": False})
    assert answer.status_code == 404


async def test_orders_are_paged_the_newest_first_and_none_is_left_out(api: Api) -> None:
    order = await known(api)
    for number in range(5):
        await api.clerk.post(ORDERS, json=new(order, number=f"PO-{number}"))
    seen: list[str] = []
    params: dict[str, str] = {"limit": "2"}
    while True:
        page = (await api.auditor.get(ORDERS, params=params)).json()
        seen += [each["number"] for each in page["items"]]
        if page["next"] is None:
            break
        params["after"] = page["next"]
    assert seen == ["PO-4", "PO-3", "PO-2", "PO-1", "PO-0", "PO-2026-0141"]
