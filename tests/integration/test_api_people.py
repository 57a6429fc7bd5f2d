"""The people of the console and keys for programs: who may change them, and how far."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from daemon.web.api.access import MEANT
from schema.people import Role
from tests.integration.api_rig import Api, serving_api
from tests.integration.web_rig import PUBLIC

PEOPLE = "/api/v1/people"
KEYS = "/api/v1/api-keys"
NEW = {"address": "New@Meridian.example", "name": "New Clerk", "role": "clerk"}
KEY = {"name": "Books", "days": 30, "scopes": ["read"]}


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def row(api: Api, role: Role) -> dict[str, Any]:
    found: dict[str, Any] = (await api.admin.get(f"{PEOPLE}/{api.people[role].id}")).json()
    return found


async def test_only_an_admin_lets_people_in(api: Api) -> None:
    assert await api.statuses("POST", PEOPLE, json=NEW) == {
        "nobody": 401, "admin": 201, "approver": 403, "clerk": 403, "auditor": 403,
    }  # fmt: skip


async def test_an_address_is_one_person_however_it_is_spelt(api: Api) -> None:
    assert (await api.admin.post(PEOPLE, json=NEW)).json()["address"] == "new@meridian.example"
    again = await api.admin.post(PEOPLE, json=NEW | {"address": "NEW@meridian.example"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/address-taken")


async def test_people_are_paged_by_key(api: Api) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = (await api.auditor.get(f"{PEOPLE}?limit=1{after}")).json()
        seen += [each["address"] for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == sorted(person.address for person in api.people.values())


@pytest.mark.parametrize("change", [{"role": "admin"}, {"active": True}, {"name": "Boss"}])
async def test_nobody_but_an_admin_raises_themselves(api: Api, change: dict[str, Any]) -> None:
    for role in (Role.APPROVER, Role.CLERK, Role.AUDITOR):
        path = f"{PEOPLE}/{api.people[role].id}"
        assert (await api.clients[role].patch(path, json={"version": 1, **change})).status_code == 403


@pytest.mark.parametrize("change", [{"role": "clerk"}, {"active": False}])
async def test_an_admin_does_not_leave_alone(api: Api, change: dict[str, Any]) -> None:
    mine = await row(api, Role.ADMIN)
    answer = await api.admin.patch(f"{PEOPLE}/{mine['id']}", json={"version": mine["version"], **change})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/own-role")


async def test_two_admins_who_let_each_other_out_at_once_leave_one(api: Api) -> None:
    clerk = await row(api, Role.CLERK)
    path = f"{PEOPLE}/{clerk['id']}"
    await api.admin.patch(path, json={"version": clerk["version"], "role": "admin"})
    one, two = await row(api, Role.ADMIN), await row(api, Role.CLERK)
    answers = await asyncio.gather(
        api.admin.patch(f"{PEOPLE}/{two['id']}", json={"version": two["version"], "role": "auditor"}),
        api.clerk.patch(f"{PEOPLE}/{one['id']}", json={"version": one["version"], "role": "auditor"}),
    )
    assert sorted(each.status_code for each in answers)[0] == 200
    (left,) = await api.web.rows("select count(*) from people where role = 'admin' and active")
    assert left == (1,)


async def test_two_people_do_not_overwrite_each_other(api: Api) -> None:
    clerk = await row(api, Role.CLERK)
    path = f"{PEOPLE}/{clerk['id']}"
    assert (
        await api.admin.patch(path, json={"version": clerk["version"], "name": "C. Rao"})
    ).status_code == 200
    late = await api.admin.patch(path, json={"version": clerk["version"], "name": "Chitra R"})
    assert (late.status_code, late.json()["type"], late.json()["version"]) == (409, "/problems/stale", 2)


async def test_whoever_is_let_out_is_out_at_once(api: Api) -> None:
    clerk = await row(api, Role.CLERK)
    await api.admin.patch(f"{PEOPLE}/{clerk['id']}", json={"version": clerk["version"], "active": False})
    assert (await api.clerk.get("/api/v1/me")).status_code == 401
    again = await row(api, Role.CLERK)
    await api.admin.patch(f"{PEOPLE}/{clerk['id']}", json={"version": again["version"], "active": True})
    assert (await api.clerk.get("/api/v1/me")).status_code == 401


async def test_every_change_is_in_the_history(api: Api) -> None:
    clerk = await row(api, Role.CLERK)
    await api.admin.patch(f"{PEOPLE}/{clerk['id']}", json={"version": clerk["version"], "role": "auditor"})
    (newest, added) = (await api.auditor.get(f"{PEOPLE}/{clerk['id']}/history")).json()["items"]
    assert (newest["who"], newest["what"]) == ("nadia@meridian.example", "changed")
    assert newest["changes"] == [{"field": "role", "before": "clerk", "after": "auditor"}]
    assert added["what"] == "added"


async def key_client(api: Api, scopes: list[str]) -> httpx.AsyncClient:
    made = await api.admin.post(KEYS, json=KEY | {"scopes": scopes})
    assert made.status_code == 201
    transport = httpx.ASGITransport(api.web.app, raise_app_exceptions=False)
    return httpx.AsyncClient(
        transport=transport, base_url=PUBLIC, headers={"Authorization": f"Bearer {made.json()['key']}"}
    )


async def test_only_an_admin_makes_keys(api: Api) -> None:
    assert await api.statuses("POST", KEYS, json=KEY) == {
        "nobody": 401, "admin": 201, "approver": 403, "clerk": 403, "auditor": 403,
    }  # fmt: skip


async def test_a_key_does_what_its_scopes_say_and_no_more(api: Api) -> None:
    async with await key_client(api, ["read"]) as program:
        assert (await program.get("/api/v1/me")).json()["may"] == ["read"]
        assert (await program.get(PEOPLE)).status_code == 200
        assert (await program.get(KEYS)).status_code == 403
        assert (await program.post("/api/v1/sign-out")).status_code == 403
        assert (await program.get("/api/v1/sessions")).status_code == 403


@pytest.mark.parametrize("scope", ["people.edit", "policy.edit", "keys.edit", "bank_details.confirm"])
async def test_what_needs_a_person_is_no_scope(api: Api, scope: str) -> None:
    assert (await api.admin.post(KEYS, json=KEY | {"scopes": [scope]})).status_code == 422


async def test_a_key_never_may_more_than_who_made_it(api: Api) -> None:
    async with await key_client(api, ["read", "vendors.edit"]) as program:
        await api.web.rows("update people set role = 'auditor' where id = $1", api.people[Role.ADMIN].id)
        assert (await program.get("/api/v1/me")).json()["may"] == ["read"]
        await api.web.rows("update people set active = false where id = $1", api.people[Role.ADMIN].id)
        assert (await program.get("/api/v1/me")).status_code == 401


async def test_a_key_ends_by_hand_and_by_time(api: Api) -> None:
    async with await key_client(api, ["read"]) as one, await key_client(api, ["read"]) as two:
        ids = [each["id"] for each in (await api.admin.get(KEYS)).json()["items"]]
        await api.admin.delete(f"{KEYS}/{ids[0]}")
        assert sorted([(await one.get(PEOPLE)).status_code, (await two.get(PEOPLE)).status_code]) == [
            200,
            401,
        ]
        past = datetime.now(UTC) - timedelta(days=2)
        await api.web.rows(
            "update api_keys set created_at = $1, expires_at = $2", past, past + timedelta(days=1)
        )
        assert {(await one.get(PEOPLE)).status_code, (await two.get(PEOPLE)).status_code} == {401}


async def test_a_wrong_key_is_nobody_even_beside_a_good_cookie(api: Api) -> None:
    answer = await api.admin.get("/api/v1/me", headers={"Authorization": "Bearer cs_guess"})
    assert answer.status_code == 401
    answer = await api.admin.get("/api/v1/me", headers={"Authorization": "Basic YTpi"})
    assert answer.status_code == 401


async def test_a_key_is_nowhere_in_the_database(api: Api) -> None:
    key = (await api.admin.post(KEYS, json=KEY, headers={"Idempotency-Key": "once"})).json()["key"]
    assert key not in str(await api.web.contents())
    assert key.encode().hex() not in str(await api.web.contents())


async def test_the_same_request_is_answered_again_and_not_done_again(api: Api) -> None:
    headers = {"Idempotency-Key": "one-key"}
    first = await api.admin.post(KEYS, json=KEY, headers=headers)
    again = await api.admin.post(KEYS, json=KEY, headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotent-replay"] == "true"
    assert len((await api.admin.get(KEYS)).json()["items"]) == 1


async def test_another_request_with_the_same_key_is_refused(api: Api) -> None:
    headers = {"Idempotency-Key": "one-key"}
    await api.admin.post(KEYS, json=KEY, headers=headers)
    other = await api.admin.post(KEYS, json=KEY | {"days": 31}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_another_persons_key_of_the_same_name_is_another(api: Api) -> None:
    headers = {"Idempotency-Key": "one-key"}
    assert (await api.admin.post(KEYS, json=KEY, headers=headers)).status_code == 201
    assert (await api.clerk.post(KEYS, json=KEY, headers=headers)).status_code == 403


async def test_ten_of_the_same_at_once_are_done_once(api: Api) -> None:
    headers = {"Idempotency-Key": "at-once"}
    answers = await asyncio.gather(*(api.admin.post(KEYS, json=KEY, headers=headers) for _ in range(10)))
    assert {each.status_code for each in answers} <= {201, 409}
    assert len((await api.admin.get(KEYS)).json()["items"]) == 1


async def test_what_was_refused_may_be_tried_again_with_its_key(api: Api) -> None:
    headers = {"Idempotency-Key": "again"}
    assert (await api.admin.post(KEYS, json=KEY | {"days": 0}, headers=headers)).status_code == 422
    assert (await api.admin.post(KEYS, json=KEY, headers=headers)).status_code == 201


async def test_a_first_answer_is_no_way_around_the_guard_against_other_sites(api: Api) -> None:
    await api.admin.post(KEYS, json=KEY, headers={"Idempotency-Key": "guarded"})
    answer = await api.admin.post(KEYS, json=KEY, headers={"Idempotency-Key": "guarded", MEANT: "0"})
    assert answer.status_code == 403
