"""The policy over the API: versions, what-if, and the street that goes by the new one at its next step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from handlers.advance import advance
from schema.approval import Verdict
from schema.people import Role
from schema.states import DUE, State
from tests.integration.api_rig import Api, serving_api
from tests.world import bring, only, reason, say, walk

POLICY = "/api/v1/policy"
FILE = Path("deploy/policy.toml").read_text()
STRICT = "[limits]\ntwo_people_above = { INR = 1000 }\nrefuse_above = { INR = 50000 }\n"
TWO = "[limits]\ntwo_people_above = { INR = 1000 }\nrefuse_above = { INR = 5000000 }\n"


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def now(api: Api) -> dict[str, Any]:
    body: dict[str, Any] = (await api.auditor.get(POLICY)).json()
    return body


async def activate(api: Api, text: str, seen: str | None = None) -> httpx.Response:
    seen = seen or (await now(api))["version"]
    return await api.admin.post(f"{POLICY}/activate", json={"text": text, "seen": seen, "note": "Stricter."})


async def test_the_file_is_in_force_until_another_is(api: Api) -> None:
    said = await now(api)
    assert (said["source"], said["text"]) == ("file", FILE)
    assert said["settings"]["bank_changes"] == {"cooling_off_hours": 24}


async def test_a_new_policy_is_in_force_and_the_file_stays_the_first_version(api: Api) -> None:
    first = (await now(api))["version"]
    assert (await activate(api, TWO)).status_code == 200
    assert ((await now(api))["source"], (await now(api))["text"]) == ("console", TWO)
    items = (await api.auditor.get(f"{POLICY}/versions")).json()["items"]
    assert [(each["version"], each["in_force"]) for each in items] == [
        ((await now(api))["version"], True),
        (first, False),
    ]
    assert "two lakh" in (await api.auditor.get(f"{POLICY}/versions/{first}")).json()["text"]


async def test_who_may_do_what_with_the_policy(api: Api) -> None:
    all_read = {"nobody": 401, "admin": 200, "approver": 200, "clerk": 200, "auditor": 200}
    assert await api.statuses("GET", POLICY) == all_read
    for step in ("validate", "what-if", "activate"):
        statuses = await api.statuses("POST", f"{POLICY}/{step}", json={})
        assert statuses == {"nobody": 401, "admin": 422, "approver": 403, "clerk": 403, "auditor": 403}


async def test_putting_one_in_force_needs_a_fresh_proof(api: Api) -> None:
    stale = await api.sign_in(api.people[Role.ADMIN])
    body = {"text": TWO, "seen": (await now(api))["version"], "note": "x"}
    answer = await stale.post(f"{POLICY}/activate", json=body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/step-up-required")
    await stale.aclose()


async def test_of_two_people_at_once_one_is_told_that_another_was_first(api: Api) -> None:
    seen = (await now(api))["version"]
    answers = await asyncio.gather(*(activate(api, f"# {n}\n{TWO}", seen) for n in range(3)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409]


async def test_a_policy_that_was_not_seen_is_not_replaced(api: Api) -> None:
    answer = await activate(api, TWO, "0" * 12)
    assert (answer.status_code, answer.json()["version"]) == (409, (await now(api))["version"])


async def test_an_earlier_version_comes_back_by_its_text(api: Api) -> None:
    first = await now(api)
    await activate(api, TWO)
    assert (await activate(api, first["text"])).status_code == 200
    assert (await now(api))["version"] == first["version"]


WRONG = {
    "no limits": ("[approvals]\nremind_after_minutes = 60\n", "limits"),
    "a sum in words": (TWO.replace("1000", '"a lakh"'), "limits.two_people_above.INR"),
    "a limit nobody knows": (TWO + "[more]\nx = 1\n", "more"),
    "a negative limit": (TWO.replace("1000", "-1"), "limits.two_people_above.INR"),
    "an endless limit": (TWO.replace("1000", "inf"), "limits.two_people_above.INR"),
    "a limit that is no number": (TWO.replace("1000", "nan"), "limits.two_people_above.INR"),
    "a version of its own": ('version = "mine"\n' + TWO, "text"),
    "no TOML": ("[limits", "text"),
    "NUL": ("\x00", "text"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_draft_is_told_what_is_wrong_with(api: Api, what: str) -> None:
    text, field = WRONG[what]
    said = (await api.admin.post(f"{POLICY}/validate", json={"text": text})).json()
    assert (said["valid"], said["errors"][0]["field"]) == (False, field)
    answer = await activate(api, text)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_draft_is_told_what_it_changes(api: Api) -> None:
    said = (await api.admin.post(f"{POLICY}/validate", json={"text": STRICT})).json()
    changes = {each["field"]: (each["before"], each["after"]) for each in said["changes"]}
    assert changes["limits.refuse_above.INR"] == ("5000000", "50000")
    assert changes["limits.refuse_above.EUR"] == ("50000", None)
    assert "+refuse_above = { INR = 50000 }" in said["diff"]


async def test_a_draft_without_a_wait_is_cautioned(api: Api) -> None:
    text = TWO + "[bank_changes]\ncooling_off_hours = 0\n"
    said = (await api.admin.post(f"{POLICY}/validate", json={"text": text})).json()
    assert any("no cooling-off" in each for each in said["cautions"])


async def test_a_what_if_tells_what_would_have_been_held_and_changes_nothing(api: Api) -> None:
    await bring(api.web.town, b"one")
    await walk(api.web.town)
    said = (await api.admin.post(f"{POLICY}/what-if", json={"text": STRICT})).json()
    assert (said["judged"], said["held_more"], said["held_less"]) == (1, 1, 0)
    (difference,) = said["differences"]
    assert difference["before"] == {"outcome": "cleared", "people_needed": 1, "rules": []}
    assert difference["after"] == {
        "outcome": "held",
        "people_needed": None,
        "rules": ["above_limit", "two_people"],
    }
    assert (difference["state"], (await now(api))["source"]) == ("asked", "file")


async def test_a_what_if_of_the_same_limits_finds_nothing(api: Api) -> None:
    await bring(api.web.town, b"one")
    await walk(api.web.town)
    text = "# only a remark\n" + (await now(api))["text"]
    said = (await api.admin.post(f"{POLICY}/what-if", json={"text": text})).json()
    assert (said["judged"], said["differences"]) == (1, [])


async def test_the_street_goes_by_the_new_policy_at_its_next_step(api: Api) -> None:
    town = api.web.town
    await bring(town, b"one")
    invoice = await only(town)
    for state in (State.RECEIVED, State.EXTRACTED):
        await advance(invoice, DUE[state].job, town.world)
    await activate(api, STRICT)
    assert set((await walk(town)).values()) == {State.HELD}
    assert "above the limit of INR 50,000" in await reason(town)


async def test_what_was_approved_under_another_policy_is_not_paid(api: Api) -> None:
    town = api.web.town
    await bring(town, b"one")
    await walk(town)
    await activate(api, TWO)
    await say(town, Verdict.APPROVE)
    assert set((await walk(town)).values()) == {State.HELD}
    assert town.bank.submits == 0


async def test_what_is_put_in_force_is_on_the_history_and_stays_there(api: Api, database_url: str) -> None:
    await activate(api, TWO)
    (entry,) = (await api.auditor.get(f"{POLICY}/history")).json()["items"]
    assert (entry["who"], entry["what"]) == ("nadia@meridian.example", "activated")
    assert "limits.two_people_above.INR" in {each["field"] for each in entry["changes"]}
    connection = await asyncpg.connect(database_url)
    for statement in (
        "update policies set body = ''",
        "delete from policy_activations",
        "truncate policies cascade",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(statement)
    await connection.close()


async def test_a_version_that_never_was_is_not_found(api: Api) -> None:
    assert (await api.auditor.get(f"{POLICY}/versions/{'0' * 12}")).status_code == 404
    params = {"before": "0" * 12, "after": "1" * 12}
    assert (await api.auditor.get(f"{POLICY}/diff", params=params)).status_code == 404


async def test_two_versions_are_compared(api: Api) -> None:
    first = (await now(api))["version"]
    await activate(api, TWO)
    params = {"before": first, "after": (await now(api))["version"]}
    said = (await api.auditor.get(f"{POLICY}/diff", params=params)).json()
    assert {"field": "limits.two_people_above.INR", "before": "200000", "after": "1000"} in said["changes"]
