"""CSV files over the API: checked row by row, written whole by their hash, and no way around the second person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from handlers.master_rows import ORDER_COLUMNS, VENDOR_COLUMNS
from tests.integration.api_rig import Api, serving_api
from tests.world import ACCOUNT, OTHER_ACCOUNT, TAX_ID

ACME = {
    "name": "Acme Industrial Supplies Pvt Ltd",
    "aliases": "Acme Industrial",
    "tax_id": TAX_ID,
    "beneficiary_name": "Acme Industrial Supplies Pvt Ltd",
    "account_number": ACCOUNT,
    "routing": "HDFC0000485",
    "currency": "INR",
    "country": "IN",
    "email": "",
}
NOVA = ACME | {
    "name": "Nova Prints",
    "aliases": "",
    "tax_id": "29AAGCB7383J1Z4",
    "beneficiary_name": "",
    "account_number": OTHER_ACCOUNT,
}
ORDER = {
    "number": "PO-2026-0999",
    "vendor_tax_id": TAX_ID,
    "currency": "INR",
    "total": "5,00,000.00",
    "description": "Bearings",
    "status": "open",
}
VENDORS, ORDERS = "/api/v1/vendors/import", "/api/v1/purchase-orders/import"


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served
        for answer in served.web.answers:
            assert ACCOUNT not in answer.text
            assert OTHER_ACCOUNT not in answer.text


def csv_of(columns: tuple[str, ...], *rows: dict[str, str]) -> str:
    return "\n".join([",".join(columns), *(",".join(f'"{row[name]}"' for name in columns) for row in rows)])


async def check(client: httpx.AsyncClient, path: str, *rows: dict[str, str]) -> dict[str, Any]:
    columns = VENDOR_COLUMNS if path == VENDORS else ORDER_COLUMNS
    answer = await client.post(f"{path}/check", json={"csv": csv_of(columns, *rows)})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def write(client: httpx.AsyncClient, path: str, checked: dict[str, Any]) -> httpx.Response:
    return await client.post(path, json={"sha256": checked["sha256"]})


async def account_of(api: Api, tax_id: str) -> str:
    vendor = await api.web.town.world.store.master.vendor_by_tax_id(tax_id)
    assert vendor is not None
    return api.web.town.world.vault.open(vendor.account)


async def test_a_check_says_what_each_row_would_do_and_writes_nothing(api: Api) -> None:
    said = await check(api.admin, VENDORS, ACME | {"email": "ar@acme.example"}, NOVA)
    assert [(row["line"], row["does"]) for row in said["rows"]] == [(2, ["change"]), (3, ["add"])]
    assert (said["valid"], said["added"], said["changed"], said["proposed"]) == (True, 1, 1, 0)
    assert len((await api.admin.get("/api/v1/vendors")).json()["items"]) == 1


async def test_a_file_that_says_what_is_so_does_nothing(api: Api) -> None:
    said = await check(api.admin, VENDORS, ACME)
    assert (said["rows"][0]["does"], said["valid"]) == ([], True)
    assert (await write(api.admin, VENDORS, said)).json() == {"added": 0, "changed": 0, "proposed": 0}


@pytest.mark.parametrize(
    "changed",
    [{"account_number": OTHER_ACCOUNT}, {"routing": "ICIC0000104"}, {"beneficiary_name": "Mallory Traders"}],
    ids=["account", "routing", "beneficiary"],
)
async def test_other_bank_details_in_a_file_are_only_proposed(api: Api, changed: dict[str, str]) -> None:
    said = await check(api.admin, VENDORS, ACME | changed)
    assert said["rows"][0]["does"] == ["propose_bank_details"]
    assert (await write(api.admin, VENDORS, said)).json()["proposed"] == 1
    assert await account_of(api, TAX_ID) == ACCOUNT
    (waiting,) = (await api.admin.get("/api/v1/bank-changes")).json()["items"]
    assert (waiting["kind"], waiting["own"]) == ("change", True)


async def test_a_new_vendor_of_a_file_waits_for_a_second_person(api: Api) -> None:
    await write(api.admin, VENDORS, await check(api.admin, VENDORS, NOVA))
    (vendor,) = (await api.admin.get("/api/v1/vendors", params={"changing": True})).json()["items"]
    assert (vendor["name"], vendor["payable"]) == ("Nova Prints", False)


async def test_one_wrong_row_and_nothing_can_be_written(api: Api) -> None:
    said = await check(api.admin, VENDORS, NOVA, ACME | {"account_number": "123"}, NOVA)
    assert [row["error"] is None for row in said["rows"]] == [True, False, False]
    assert "line 2 again" in said["rows"][2]["error"]
    answer = await write(api.admin, VENDORS, said)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-checked")


async def test_a_vendor_changed_since_the_check_is_not_overwritten(api: Api) -> None:
    said = await check(api.admin, VENDORS, ACME | {"email": "ar@acme.example"}, NOVA)
    await api.web.rows("update vendors set version = version + 1")
    answer = await write(api.admin, VENDORS, said)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/stale")
    assert len((await api.admin.get("/api/v1/vendors")).json()["items"]) == 1


async def test_bank_details_that_wait_already_are_a_wrong_row(api: Api) -> None:
    other = ACME | {"account_number": OTHER_ACCOUNT}
    await write(api.admin, VENDORS, await check(api.admin, VENDORS, other))
    said = await check(api.admin, VENDORS, ACME | {"routing": "ICIC0000104"})
    assert "wait already" in said["rows"][0]["error"]


async def test_a_checked_file_is_written_once(api: Api) -> None:
    said = await check(api.admin, VENDORS, NOVA)
    assert [(await write(api.admin, VENDORS, said)).status_code for _ in range(2)] == [200, 404]


async def test_a_file_is_written_by_who_checked_it_within_the_hour(api: Api) -> None:
    said = await check(api.clerk, ORDERS, ORDER)
    assert (await write(api.admin, ORDERS, said)).status_code == 404
    await api.web.rows("update checked_imports set checked_at = checked_at - interval '61 minutes'")
    assert (await write(api.clerk, ORDERS, said)).status_code == 404


async def test_what_is_kept_of_a_checked_file_holds_no_account_number(api: Api) -> None:
    await check(api.admin, VENDORS, NOVA)
    ((kept,),) = await api.web.rows("select rows::text from checked_imports")
    assert OTHER_ACCOUNT not in kept


@pytest.mark.parametrize("text", ["name\n", "", "a,b\n1,2\n", "\x00", "name,tax_id\r\n"])
async def test_a_text_that_is_no_such_file_is_refused(api: Api, text: str) -> None:
    assert (await api.admin.post(f"{VENDORS}/check", json={"csv": text})).status_code == 422


async def test_a_row_with_its_columns_shifted_repeats_no_number(api: Api) -> None:
    said = await check(api.admin, VENDORS, NOVA | {"tax_id": OTHER_ACCOUNT, "email": OTHER_ACCOUNT})
    assert said["valid"] is False


async def test_orders_are_added_and_changed_by_a_clerk(api: Api) -> None:
    rows = [ORDER, ORDER | {"number": "PO-2026-0141", "total": "60,00,000.00"}]
    said = await check(api.clerk, ORDERS, *rows)
    assert [row["does"] for row in said["rows"]] == [["add"], ["change"]]
    assert (await write(api.clerk, ORDERS, said)).json() == {"added": 1, "changed": 1, "proposed": 0}
    (order,) = (await api.clerk.get("/api/v1/purchase-orders", params={"q": "0141"})).json()["items"]
    assert order["total"] == {"amount": "6000000.00", "currency": "INR"}


@pytest.mark.parametrize(
    "changed", [{"vendor_tax_id": "29AAGCB7383J1Z4"}, {"total": "0"}, {"total": "a lakh"}, {"currency": "Rs"}]
)
async def test_a_wrong_order_is_a_wrong_row(api: Api, changed: dict[str, str]) -> None:
    said = await check(api.clerk, ORDERS, ORDER | changed)
    assert (said["valid"], bool(said["rows"][0]["error"])) == (False, True)


async def test_who_may_write_files_of_orders(api: Api) -> None:
    statuses = await api.statuses("POST", f"{ORDERS}/check", json={"csv": csv_of(ORDER_COLUMNS, ORDER)})
    assert statuses == {"nobody": 401, "admin": 200, "approver": 403, "clerk": 200, "auditor": 403}
