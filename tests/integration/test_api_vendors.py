"""The vendor master over the API: who may do what, two people at once, and no account number in any answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.api_rig import Api, serving_api
from tests.world import ACCOUNT, OTHER_ACCOUNT, TAX_ID

VENDORS = "/api/v1/vendors"
BANK = {
    "beneficiary": "Nova Prints LLP",
    "account_number": "9988 7766 5544",
    "routing": "icic0000104",
    "currency": "inr",
    "country": "in",
}
NOVA: dict[str, Any] = {
    "name": "Nova Prints",
    "tax_id": "29 aagcb7383j1z4",
    "aliases": ["Nova"],
    "email": "ar@nova.example",
    "phone": "+91 98000 00009",
    "bank": BANK,
}


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served
        for answer in served.web.answers:
            assert ACCOUNT not in answer.text
            assert OTHER_ACCOUNT not in answer.text


async def acme(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = (await api.auditor.get(VENDORS, params={"q": TAX_ID})).json()["items"][0]
    return found


async def made(api: Api) -> dict[str, Any]:
    answer = await api.admin.post(VENDORS, json=NOVA)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_everyone_signed_in_reads_vendors(api: Api) -> None:
    assert await api.statuses("GET", VENDORS) == {
        "nobody": 401,
        "admin": 200,
        "approver": 200,
        "clerk": 200,
        "auditor": 200,
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", VENDORS),
        ("PATCH", f"{VENDORS}/{UUID(int=7)}"),
        ("POST", f"{VENDORS}/{UUID(int=7)}/block"),
        ("POST", f"{VENDORS}/{UUID(int=7)}/unblock"),
        ("POST", f"{VENDORS}/import/check"),
        ("POST", f"{VENDORS}/import"),
        ("POST", f"{VENDORS}/{UUID(int=7)}/bank-changes"),
    ],
)
async def test_only_an_admin_changes_vendors(api: Api, method: str, path: str) -> None:
    statuses = await api.statuses(method, path, json={})
    assert statuses.pop("admin") == 422
    assert statuses == {"nobody": 401, "approver": 403, "clerk": 403, "auditor": 403}


async def test_a_vendor_is_made_in_its_normal_form_and_not_paid_yet(api: Api) -> None:
    vendor = await made(api)
    assert (vendor["tax_id"], vendor["phone"]) == ("29AAGCB7383J1Z4", "+919800000009")
    assert (vendor["routing"], vendor["account_masked"]) == ("ICIC0000104", "XXXXXX5544")
    assert (vendor["payable"], vendor["bank_confirmed"]) == (False, False)


async def test_a_tax_id_is_taken_once(api: Api) -> None:
    answers = await asyncio.gather(*(api.admin.post(VENDORS, json=NOVA) for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a short account": ({"bank": BANK | {"account_number": "12345678"}}, "account_number"),
    "an IFSC with the letter O": ({"bank": BANK | {"routing": "ICICO000104"}}, "routing"),
    "a wrong IBAN": (
        {"bank": BANK | {"country": "DE", "account_number": "DE89370400440532013001"}},
        "account",
    ),
    "a name of nothing but a legal form": ({"name": "Pvt. Ltd."}, "name"),
    "an alias of nothing but a legal form": ({"aliases": ["GmbH"]}, "aliases"),
    "no name": ({"name": "  "}, "name"),
    "an account in the name": ({"name": f"Nova {OTHER_ACCOUNT}"}, "name"),
    "a phone without a country": ({"phone": "09800000009"}, "phone"),
    "a field nobody knows": ({"blocked": True}, "blocked"),
    "an account as a number": ({"bank": BANK | {"account_number": int(OTHER_ACCOUNT)}}, "account_number"),
    "an account as a list": ({"bank": BANK | {"account_number": [OTHER_ACCOUNT]}}, "account_number"),
    "an endless account": ({"bank": BANK | {"account_number": OTHER_ACCOUNT * 9}}, "account_number"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_form_is_refused_without_repeating_the_number_with(api: Api, what: str) -> None:
    changed, field = WRONG[what]
    answer = await api.admin.post(VENDORS, json=NOVA | changed)
    assert answer.status_code == 422
    assert field in answer.json()["errors"][0]["field"]


async def test_an_edit_names_the_version_it_saw(api: Api) -> None:
    vendor = await acme(api)
    path, version = f"{VENDORS}/{vendor['id']}", vendor["version"]
    answers = await asyncio.gather(
        *(api.admin.patch(path, json={"version": version, "name": f"Acme {n}"}) for n in range(3))
    )
    assert sorted(each.status_code for each in answers) == [200, 409, 409]
    stale = next(each for each in answers if each.status_code == 409)
    assert (kind(stale), stale.json()["version"]) == ((409, "stale"), version + 1)


async def test_an_edit_leaves_what_it_does_not_name(api: Api) -> None:
    vendor = await made(api)
    answer = await api.admin.patch(
        f"{VENDORS}/{vendor['id']}", json={"version": vendor["version"], "email": None}
    )
    assert answer.json() | {"version": 1, "updated_at": vendor["updated_at"]} == vendor | {"email": None}


@pytest.mark.parametrize(
    "field", ["beneficiary", "routing", "account_number", "currency", "tax_id", "blocked"]
)
async def test_an_edit_cannot_touch_where_money_goes(api: Api, field: str) -> None:
    vendor = await acme(api)
    answer = await api.admin.patch(
        f"{VENDORS}/{vendor['id']}", json={"version": vendor["version"], field: "ICIC0000104"}
    )
    assert answer.status_code == 422


async def test_a_vendor_is_blocked_and_unblocked_with_a_reason(api: Api) -> None:
    vendor = await acme(api)
    path = f"{VENDORS}/{vendor['id']}"
    blocked = await api.admin.post(f"{path}/block", json={"version": vendor["version"], "reason": "Dispute."})
    assert (blocked.json()["blocked"], blocked.json()["payable"]) == (True, False)
    again = {"version": blocked.json()["version"], "reason": "Settled."}
    assert (await api.admin.post(f"{path}/unblock", json=again)).json()["payable"] is True
    told = (await api.auditor.get(f"{path}/history")).json()["items"]
    assert [(each["what"], each["note"]) for each in told[:2]] == [
        ("unblocked", "Settled."),
        ("blocked", "Dispute."),
    ]


@pytest.mark.parametrize("tail", ["", "/history", "/bank-changes"])
async def test_an_unknown_vendor_is_not_found(api: Api, tail: str) -> None:
    assert kind(await api.auditor.get(f"{VENDORS}/{uuid4()}{tail}")) == (404, "not-found")


async def test_vendors_are_paged_by_name_and_none_is_left_out(api: Api) -> None:
    for number in range(7):
        tax_id = f"29AAGCB738{number}J1Z4"
        await api.admin.post(VENDORS, json=NOVA | {"name": f"Nova {number % 3}", "tax_id": tax_id})
    seen, after = [], None
    while True:
        params = {"limit": "3"} | ({"after": after} if after else {})
        page = (await api.auditor.get(VENDORS, params=params)).json()
        seen += [(each["name"].lower(), each["id"]) for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == 8


@pytest.mark.parametrize("after", ["x", "W10", "WyJ4Il0", "////", "é"])
async def test_a_cursor_that_is_none_of_ours_is_refused(api: Api, after: str) -> None:
    assert (await api.auditor.get(VENDORS, params={"after": after})).status_code == 422


@pytest.mark.parametrize(("q", "found"), [("acme ind", 1), ("%", 0), ("_", 0), (TAX_ID[:6], 1), ("\x00", 1)])
async def test_vendors_are_searched_by_plain_text(api: Api, q: str, found: int) -> None:
    assert len((await api.auditor.get(VENDORS, params={"q": q})).json()["items"]) == found


async def test_the_history_of_a_vendor_says_what_was_changed(api: Api) -> None:
    vendor = await made(api)
    path = f"{VENDORS}/{vendor['id']}"
    await api.admin.patch(path, json={"version": vendor["version"], "name": "Nova Press"})
    newest = (await api.auditor.get(f"{path}/history", params={"limit": 1})).json()
    (entry,) = newest["items"]
    assert (entry["who"], entry["what"]) == ("nadia@meridian.example", "changed")
    assert entry["changes"] == [{"field": "name", "before": "Nova Prints", "after": "Nova Press"}]
    older = await api.auditor.get(f"{path}/history", params={"after": newest["next"]})
    assert [each["what"] for each in older.json()["items"]] == ["bank details proposed", "added"]


async def test_a_stored_script_stays_text(api: Api) -> None:
    name = "<script>alert(1)</script>"
    answer = await api.admin.post(VENDORS, json=NOVA | {"name": name})
    assert answer.json()["name"] == name
    assert answer.headers["content-type"] == "application/json"
