"""Strange values to the rooms of the masters: refused or taken as text, never a fault of ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api_rig import Api, serving_api

BANK = {
    "beneficiary": "X",
    "account_number": "99887766554",
    "routing": "ICIC0000104",
    "currency": "INR",
    "country": "IN",
}
VENDOR: dict[str, Any] = {
    "name": "X",
    "tax_id": "T1",
    "email": "a@b.example",
    "phone": "+4930123456",
    "bank": BANK,
}
STRANGE: list[Any] = ["\x00", "\ud800", "a" * 10_000, "नया ₹", "'; drop table vendors; --", "1e400"]
STRANGE += [10**30, -1, None, [], {}, True]


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def sent(api: Api, method: str, path: str, body: Any) -> int:
    answer = await api.admin.request(
        method, path, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    return answer.status_code


async def test_no_value_of_a_vendor_is_a_fault_of_ours(api: Api) -> None:
    for field in VENDOR:
        for strange in STRANGE:
            assert await sent(api, "POST", "/api/v1/vendors", VENDOR | {field: strange}) < 500, (
                field,
                strange,
            )
    for field in BANK:
        for strange in STRANGE:
            body = VENDOR | {"bank": BANK | {field: strange}}
            assert await sent(api, "POST", "/api/v1/vendors", body) < 500, (field, strange)


async def test_no_value_of_an_order_is_a_fault_of_ours(api: Api) -> None:
    order = (await api.admin.get("/api/v1/purchase-orders")).json()["items"][0]
    usual = {"number": "N", "vendor_id": order["vendor_id"], "total": {"amount": "1", "currency": "INR"}}
    for field in ("number", "vendor_id", "total", "description", "open"):
        for strange in STRANGE:
            body = usual | {field: strange}
            assert await sent(api, "POST", "/api/v1/purchase-orders", body) < 500, (field, strange)
    for amount in (*STRANGE, "9" * 18, "0." + "0" * 30 + "1"):
        body = usual | {"number": str(amount), "total": {"amount": amount, "currency": "INR"}}
        assert await sent(api, "POST", "/api/v1/purchase-orders", body) < 500, amount


async def test_no_text_of_a_policy_or_a_file_is_a_fault_of_ours(api: Api) -> None:
    texts = [*STRANGE, "[" * 5000, "a = " + "[" * 5000, "[limits]\ntwo_people_above = { INR = 1e9999999 }\n"]
    for text in texts:
        for path in ("validate", "what-if"):
            assert await sent(api, "POST", f"/api/v1/policy/{path}", {"text": text}) < 500, (
                path,
                str(text)[:40],
            )
        for kind in ("vendors", "purchase-orders"):
            body = {"csv": text}
            assert await sent(api, "POST", f"/api/v1/{kind}/import/check", body) < 500, (kind, str(text)[:40])


async def test_no_search_and_no_cursor_is_a_fault_of_ours(api: Api) -> None:
    for room in ("vendors", "purchase-orders", "policy/versions", "policy/history", "insight/invoices"):
        for strange in ("\x00", "%", "a" * 300, "W10", "WzFlMzBd", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMF0"):
            params = {"q": strange, "after": strange, "measure": "spend", "key": strange}
            answer = await api.admin.get(f"/api/v1/{room}", params=params)
            assert answer.status_code < 500, (room, strange)
            answer = await api.admin.get(f"/api/v1/{room}", params=params | {"after": "", "q": strange})
            assert answer.status_code < 500, (room, strange)
            params.pop("after")
            assert (await api.admin.get(f"/api/v1/{room}", params=params)).status_code < 500, (room, strange)
