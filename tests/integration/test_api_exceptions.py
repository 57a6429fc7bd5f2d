"""The day and the exceptions in the console: owned, moved one by one and many at once, and heard of live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from schema.people import Role
from schema.states import State
from tests.integration.api_rig import Api, serving_api
from tests.world import ASHA, bring, fields, walk


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def queue(api: Api, count: int = 1, **query: str) -> list[dict[str, Any]]:
    """The queue, with so many held invoices brought in first."""
    api.web.town.reader.fields = fields(total=None, **({"invoice_number": None} if count > 1 else {}))
    for uid in range(1, count + 1):
        await bring(api.web.town, f"mail {uid}".encode(), uid)
    await walk(api.web.town)
    return await listed(api, **query)


async def listed(api: Api, **query: str) -> list[dict[str, Any]]:
    answer = await api.clerk.get("/api/v1/exceptions", params=query)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["items"]
    return rows


async def act(api: Api, action: str, rows: list[dict[str, Any]], **more: object) -> list[dict[str, Any]]:
    items = [{"id": row["id"], "version": row["version"]} for row in rows]
    answer = await api.clerk.post("/api/v1/exceptions/bulk", json={"action": action, "items": items, **more})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def test_what_is_held_is_in_the_queue_with_its_group(api: Api) -> None:
    (row,) = await queue(api)
    assert (row["group"], row["owner"]) == ("missing_field", None)
    assert [len(await listed(api, group=group)) for group in ("missing_field", "over_po")] == [1, 0]


async def test_an_exception_is_claimed_given_back_and_found_by_its_owner(api: Api) -> None:
    rows = await queue(api)
    assert (await act(api, "claim", rows))[0]["done"] is True
    assert (await listed(api, owner="mine"))[0]["owner"]["name"] == "Chitra"
    assert await listed(api, owner="nobody") == []
    assert (await act(api, "release", rows))[0]["done"] is True
    assert len(await listed(api, owner="nobody")) == 1


async def test_nobody_takes_what_another_looks_after_but_an_assignment_does(api: Api) -> None:
    rows = await queue(api)
    await act(api, "claim", rows)
    body = {"items": [{"id": rows[0]["id"], "version": rows[0]["version"]}]}
    taken = await api.admin.post("/api/v1/exceptions/bulk", json=body | {"action": "claim"})
    assert "Chitra looks after this one" in taken.json()["results"][0]["detail"]
    to = str(api.people[Role.ADMIN].id)
    assert (await act(api, "assign", rows, to=to))[0]["done"] is True
    assert (await listed(api))[0]["owner"]["name"] == "Nadia"


async def test_nothing_is_assigned_to_who_may_not_decide(api: Api) -> None:
    rows = await queue(api)
    items = [{"id": rows[0]["id"], "version": rows[0]["version"]}]
    for to in (str(api.people[Role.AUDITOR].id), str(uuid4()), None):
        body = {"action": "assign", "items": items, "to": to}
        assert (await api.clerk.post("/api/v1/exceptions/bulk", json=body)).status_code == 422


async def test_of_many_each_says_what_became_of_it(api: Api) -> None:
    rows = await queue(api, 3)
    await act(api, "reject", rows[:1], reason="Not ours")
    unknown = {"id": str(uuid4()), "version": 1}
    results = await act(api, "resume", [*rows, unknown])
    assert [result["done"] for result in results] == [False, True, True, False]
    assert [result["type"] for result in results] == ["/problems/conflict", None, None, "/problems/not-found"]


async def test_many_are_rejected_with_a_reason_only(api: Api) -> None:
    rows = await queue(api, 2)
    items = [{"id": row["id"], "version": row["version"]} for row in rows]
    body = {"action": "reject", "items": items}
    assert (await api.clerk.post("/api/v1/exceptions/bulk", json=body)).status_code == 422
    assert all(result["done"] for result in await act(api, "reject", rows, reason="Sent twice"))
    assert set((await walk(api.web.town)).values()) == {State.CLOSED}


async def test_only_clerks_and_admins_act(api: Api) -> None:
    rows = await queue(api)
    body = {"action": "claim", "items": [{"id": rows[0]["id"], "version": rows[0]["version"]}]}
    allowed = await api.statuses("POST", "/api/v1/exceptions/bulk", json=body)
    assert allowed == {"nobody": 401, "admin": 200, "approver": 403, "clerk": 200, "auditor": 403}


async def test_a_question_goes_to_the_forwarder_in_their_thread_once(api: Api) -> None:
    (row,) = await queue(api)
    town = api.web.town
    before = len(town.mailer.sent)
    body = {"version": row["version"], "question": "What is the total?"}
    answer = await api.clerk.post(f"/api/v1/invoices/{row['id']}/ask-forwarder", json=body)
    assert answer.json()["state"] == "held"
    await walk(town)
    await walk(town)
    (mail,) = town.mailer.sent[before:]
    assert "Chitra asks: What is the total?" in mail.text
    assert (mail.to, mail.in_reply_to) == ("priya@meridian.example", "<m1@meridian.example>")
    assert (await listed(api))[0]["reason"] == row["reason"]


async def test_a_correction_is_told_to_the_approvers_and_two_are_asked_if_one_made_it(api: Api) -> None:
    (row,) = await queue(api)
    await api.web.rows(
        "update people set address = $2 where id = $1", api.people[Role.CLERK].id, ASHA.address
    )
    body = {"version": row["version"], "values": {"total": "84960.00"}}
    assert (await api.clerk.patch(f"/api/v1/invoices/{row['id']}/fields", json=body)).status_code == 200
    await walk(api.web.town)
    asked = api.web.town.messenger.asked
    assert len(asked) == 2
    assert "! A person corrected what was read: total is 84960.00" in asked[0][1]


async def test_the_day_tells_who_is_waited_for_and_what_needs_review(api: Api) -> None:
    await api.web.asked()
    day = (await api.approver.get("/api/v1/today")).json()
    assert day["counts"] == {"moving": 1, "asked": 1, "held": 0, "paid_today": 0}
    assert (day["waiting"][0]["person"], day["waiting"][0]["number"]) == ("Asha Rao", "AIS/8812")
    assert (day["outgoing"][0]["sum"]["amount"], day["outgoing"][0]["paid"]) == ("84960.00", False)
    assert await api.statuses("GET", "/api/v1/today") == {
        "nobody": 401,
        "admin": 200,
        "approver": 200,
        "clerk": 200,
        "auditor": 200,
    }
