"""Bank details over the API: each role's part in changing them, and every way round that must be shut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from schema.people import Role
from tests.integration.api_rig import Api, serving_api
from tests.world import ACCOUNT, OTHER_ACCOUNT, TAX_ID

CHANGES = "/api/v1/bank-changes"
BANK = {
    "beneficiary": "Acme Industrial Supplies Pvt Ltd",
    "account_number": OTHER_ACCOUNT,
    "routing": "ICIC0000104",
    "currency": "INR",
    "country": "IN",
}


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        await served.web.rows(
            "update vendors set phone = '+912266001234', phone_since = now() - interval '90 days'"
        )
        yield served
        for answer in served.web.answers:
            assert ACCOUNT not in answer.text
            assert OTHER_ACCOUNT not in answer.text


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def acme(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = (await api.auditor.get("/api/v1/vendors", params={"q": TAX_ID})).json()["items"][
        0
    ]
    return found


async def proposed(api: Api, **changed: str) -> dict[str, Any]:
    vendor = await acme(api)
    body = {"version": vendor["version"], "bank": BANK | changed, "reason": "Letter of 12 Nov."}
    answer = await api.admin.post(f"/api/v1/vendors/{vendor['id']}/bank-changes", json=body)
    assert answer.status_code == 201, answer.text
    change: dict[str, Any] = answer.json()
    return change


async def called(api: Api) -> dict[str, Any]:
    change = await proposed(api)
    answer = await api.approver.post(
        f"{CHANGES}/{change['id']}/call-back", json={"version": change["version"], "person": "Mr Rao"}
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def cooled(api: Api) -> dict[str, Any]:
    """Called, and a day and an hour ago: only the triggers keep a test from writing that."""
    change = await called(api)
    await api.web.rows("alter table bank_changes disable trigger bank_changes_are_kept")
    await api.web.rows(
        "update bank_changes set proposed_at = proposed_at - interval '25 hours', "
        "called_at = called_at - interval '25 hours', not_before = not_before - interval '25 hours'"
    )
    await api.web.rows("alter table bank_changes enable trigger bank_changes_are_kept")
    return change


async def confirm(client: httpx.AsyncClient, change: dict[str, Any]) -> httpx.Response:
    return await client.post(f"{CHANGES}/{change['id']}/confirm", json={"version": change["version"]})


async def test_an_approver_confirms_what_an_admin_proposed(api: Api) -> None:
    answer = await confirm(api.approver, await cooled(api))
    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
    vendor = await acme(api)
    assert (vendor["account_last4"], vendor["routing"], vendor["payable"]) == ("5544", "ICIC0000104", True)


async def test_a_proposal_stops_payment_and_says_until_when(api: Api) -> None:
    change = await proposed(api)
    vendor = await acme(api)
    assert (vendor["bank_change_id"], vendor["payable"]) == (change["id"], False)
    assert (vendor["account_last4"], change["account_last4"]) == (ACCOUNT[-4:], "5544")
    assert change["confirm_from"] > change["proposed_at"]


@pytest.mark.parametrize("step", ["call-back", "confirm", "reject"])
async def test_only_admins_and_approvers_take_part_in(api: Api, step: str) -> None:
    statuses = await api.statuses("POST", f"{CHANGES}/{UUID(int=7)}/{step}", json={})
    assert {statuses.pop("admin"), statuses.pop("approver")} == {422}
    assert statuses == {"nobody": 401, "clerk": 403, "auditor": 403}


async def test_everyone_signed_in_sees_what_waits_and_whether_it_is_their_own(api: Api) -> None:
    change = await proposed(api)
    for role, client in api.clients.items():
        (waiting,) = (await client.get(CHANGES)).json()["items"]
        assert (waiting["id"], waiting["own"]) == (change["id"], role is Role.ADMIN)
    assert (await api.nobody.get(CHANGES)).status_code == 401


async def test_the_proposer_may_neither_call_nor_confirm(api: Api) -> None:
    change = await cooled(api)
    assert kind(await confirm(api.admin, change)) == (409, "second-person-needed")
    fresh = {"version": change["version"], "person": "Mr Rao"}
    again = await api.admin.post(f"{CHANGES}/{change['id']}/call-back", json=fresh)
    assert kind(again) == (409, "second-person-needed")


async def test_the_proposer_in_another_session_is_still_the_proposer(api: Api) -> None:
    change = await cooled(api)
    elsewhere = await api.sign_in(api.people[Role.ADMIN], stepped_up=True)
    assert kind(await confirm(elsewhere, change)) == (409, "second-person-needed")
    await elsewhere.aclose()


async def test_a_confirmation_needs_a_fresh_proof(api: Api) -> None:
    change = await cooled(api)
    stale = await api.sign_in(api.people[Role.APPROVER])
    assert kind(await confirm(stale, change)) == (403, "step-up-required")
    await stale.aclose()
    await api.web.rows("update sessions set stepped_up_at = now() - interval '11 minutes'")
    assert kind(await confirm(api.approver, change)) == (403, "step-up-required")


async def test_it_cannot_be_confirmed_early(api: Api) -> None:
    assert kind(await confirm(api.approver, await called(api))) == (409, "cooling-off")


async def test_it_cannot_be_confirmed_without_a_call(api: Api) -> None:
    assert kind(await confirm(api.approver, await proposed(api))) == (409, "call-back-needed")


async def test_a_vendor_without_a_number_cannot_be_called(api: Api) -> None:
    await api.web.rows("update vendors set phone = null, phone_since = null")
    change = await proposed(api)
    answer = await api.approver.post(
        f"{CHANGES}/{change['id']}/call-back", json={"version": 1, "person": "Mr Rao"}
    )
    assert kind(answer) == (409, "no-call-back-number")


async def test_the_number_called_is_the_masters_and_none_that_is_given(api: Api) -> None:
    change = await called(api)
    assert change["call_back"]["number"] == "+912266001234"
    answer = await api.approver.post(
        f"{CHANGES}/{change['id']}/call-back",
        json={"version": 2, "person": "Mr Rao", "number": "+919999999999"},
    )
    assert answer.status_code == 422


async def test_of_confirmations_at_once_one_counts(api: Api) -> None:
    change = await cooled(api)
    answers = await asyncio.gather(*(confirm(api.approver, change) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]


async def test_a_vendor_edited_after_the_call_must_be_looked_at_again(api: Api) -> None:
    change, vendor = await cooled(api), await acme(api)
    await api.admin.patch(
        f"/api/v1/vendors/{vendor['id']}", json={"version": vendor["version"], "name": "Acme Holdings"}
    )
    assert kind(await confirm(api.approver, change)) == (409, "stale")


async def test_a_number_changed_after_the_call_ends_it(api: Api) -> None:
    change, vendor = await cooled(api), await acme(api)
    await api.admin.patch(
        f"/api/v1/vendors/{vendor['id']}", json={"version": vendor["version"], "phone": "+919999999999"}
    )
    answer = await confirm(api.approver, change | {"version": change["version"] + 1})
    assert kind(answer) == (409, "bank-details-changed")


async def test_a_second_proposal_waits_for_the_first(api: Api) -> None:
    await proposed(api)
    vendor = await acme(api)
    body = {"version": vendor["version"], "bank": BANK | {"routing": "HDFC0000001"}, "reason": "Another."}
    answer = await api.admin.post(f"/api/v1/vendors/{vendor['id']}/bank-changes", json=body)
    assert kind(answer) == (409, "bank-change-open")


async def test_a_proposal_of_what_is_so_already_is_refused(api: Api) -> None:
    vendor = await acme(api)
    bank = BANK | {"account_number": ACCOUNT, "routing": "HDFC0000485"}
    body = {"version": vendor["version"], "bank": bank, "reason": "Nothing."}
    answer = await api.admin.post(f"/api/v1/vendors/{vendor['id']}/bank-changes", json=body)
    assert kind(answer) == (409, "nothing-changed")


async def test_a_rejected_change_frees_the_vendor_and_cannot_be_confirmed(api: Api) -> None:
    change = await cooled(api)
    path = f"{CHANGES}/{change['id']}"
    rejected = await api.approver.post(
        f"{path}/reject", json={"version": change["version"], "note": "Fraud."}
    )
    assert rejected.json()["status"] == "rejected"
    assert kind(await confirm(api.approver, rejected.json())) == (409, "bank-change-closed")
    vendor = await acme(api)
    assert (vendor["account_last4"], vendor["payable"]) == (ACCOUNT[-4:], True)


@pytest.mark.parametrize("step", ["call-back", "confirm", "reject"])
async def test_an_unknown_change_is_not_found(api: Api, step: str) -> None:
    body = {"version": 1} | ({"person": "Mr Rao"} if step == "call-back" else {})
    assert kind(await api.approver.post(f"{CHANGES}/{uuid4()}/{step}", json=body)) == (404, "not-found")
