"""What people changed by hand, searched over all subjects at once."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schema.history import Change, NewHistory, Subject
from schema.store.history import record
from tests.integration.api_rig import Api, serving_api

CHANGES = "/api/v1/changes"
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
VENDOR = NewHistory(
    at=AT,
    who="nadia@meridian.example",
    subject=Subject.VENDOR,
    subject_id="v-1",
    what="blocked",
    note="Dispute 100%",
    changes=(
        Change(field="blocked", before="no", after="yes"),
        Change(field="name", before=None, after="=1+1"),
    ),
)
POLICY = NewHistory(
    at=AT, who="operator", subject=Subject.POLICY, subject_id="7", what="activated", note="Limit of May"
)


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        async with served.web.town.world.store.history._database.transaction() as connection:
            for entry in (VENDOR, POLICY):
                await record(connection, entry)
        yield served


@pytest.mark.parametrize("path", [CHANGES, f"{CHANGES}.csv"])
async def test_the_changes_are_for_admins_and_auditors(api: Api, path: str) -> None:
    expected = {"nobody": 401, "admin": 200, "approver": 403, "clerk": 403, "auditor": 200}
    assert await api.statuses("GET", path) == expected


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"subject": "policy"}, {"activated"}),
        ({"person": "Nadia@meridian.example", "subject": "vendor"}, {"blocked"}),
        ({"text": "100%"}, {"blocked"}),
        ({"text": "blocked", "subject": "vendor"}, {"blocked"}),
        ({"text": "%_%"}, set()),
        ({"until": "2026-11-20T09:30:00Z", "subject": "vendor"}, set()),
        ({"since": "2026-11-20T09:30:00Z", "until": "2026-11-20T09:31:00Z"}, {"blocked", "activated"}),
    ],
)
async def test_a_search_finds_what_it_says(api: Api, query: dict[str, str], found: set[str]) -> None:
    answer = await api.auditor.get(CHANGES, params=query)
    assert {item["what"] for item in answer.json()["items"]} == found


@pytest.mark.parametrize(
    "query", [{"after": "guess"}, {"subject": "money"}, {"since": "2026-01-01"}, {"else": "1"}]
)
async def test_a_search_that_makes_no_sense_is_a_problem(api: Api, query: dict[str, str]) -> None:
    answer = await api.auditor.get(CHANGES, params=query)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")


async def test_pages_hold_every_change_once_newest_first(api: Api) -> None:
    everything = [row[0] for row in await api.web.rows("select seq from history order by seq desc")]
    seen: list[int] = []
    after = None
    while True:
        query = {"limit": "1"} | ({"after": after} if after else {})
        page = (await api.auditor.get(CHANGES, params=query)).json()
        seen += [item["seq"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == everything
    assert len(seen) >= 2


async def test_the_csv_has_a_row_for_each_field_and_no_formula(api: Api) -> None:
    text = (await api.auditor.get(f"{CHANGES}.csv", params={"subject": "vendor", "text": "Dispute"})).text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(row["field"], row["after"]) for row in rows] == [("blocked", "yes"), ("name", "'=1+1")]
    assert {row["note"] for row in rows} == {"Dispute 100%"}
