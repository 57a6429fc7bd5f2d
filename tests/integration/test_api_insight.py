"""The numbers over the API: true to the record, defined, and each with the invoices behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schema.approval import Verdict
from schema.insight import Measure
from tests.integration.api_rig import Api, serving_api
from tests.world import ASHA, bring, fields, say, walk

INSIGHT = "/api/v1/insight"


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


@pytest.fixture
async def busy(api: Api) -> Api:
    """One invoice paid without a touch, one held by two rules, one that waits for people."""
    town = api.web.town
    await bring(town, b"one", 1)
    await walk(town)
    await say(town, Verdict.APPROVE)
    await walk(town)
    today = town.clock.now().date()
    town.reader.fields = fields(invoice_number="AIS/2", seller_tax_id=None, currency="USD", due_date=None)
    await bring(town, b"two", 2)
    await walk(town)
    town.reader.fields = fields(
        invoice_number="AIS/3", issue_date=today - timedelta(days=20), due_date=today + timedelta(days=5)
    )
    await bring(town, b"three", 3)
    await walk(town)
    return api


async def numbers(api: Api) -> dict[str, Any]:
    answer = await api.auditor.get(INSIGHT)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def behind(api: Api, measure: str, key: str) -> list[str]:
    answer = await api.auditor.get(f"{INSIGHT}/invoices", params={"measure": measure, "key": key})
    assert answer.status_code == 200, answer.text
    return [each["number"] for each in answer.json()["items"]]


async def test_everyone_signed_in_sees_the_numbers(api: Api) -> None:
    assert await api.statuses("GET", INSIGHT) == {
        "nobody": 401,
        "admin": 200,
        "approver": 200,
        "clerk": 200,
        "auditor": 200,
    }


async def test_an_empty_house_has_no_share_and_no_rows(api: Api) -> None:
    said = await numbers(api)
    assert said["touchless"] == {"share": None, "touchless": 0, "touched": 0}
    assert [said[name] for name in ("times", "stops", "vendors", "approvers", "due", "msme")] == [[]] * 6


async def test_every_number_is_defined(api: Api) -> None:
    assert set((await numbers(api))["definitions"]) == set(Measure)


async def test_what_was_paid_without_a_touch_is_counted(busy: Api) -> None:
    assert (await numbers(busy))["touchless"] == {"share": 1.0, "touchless": 1, "touched": 0}
    assert await behind(busy, "touchless", "touchless") == ["AIS/8812"]
    assert await behind(busy, "touchless", "touched") == []


async def test_an_invoice_that_two_rules_stopped_counts_for_both(busy: Api) -> None:
    stops = {each["key"]: each["invoices"] for each in (await numbers(busy))["stops"]}
    assert {"other_currency", "no_limit"} <= set(stops)
    for rule in stops:
        assert await behind(busy, "stops", rule) == ["AIS/2"]


async def test_a_state_says_how_long_it_takes(busy: Api) -> None:
    times = {each["key"]: each for each in (await numbers(busy))["times"]}
    assert times["received"]["stays"] == 3
    assert 0 <= times["asked"]["p50_s"] <= times["asked"]["p95_s"]
    assert await behind(busy, "times", "asked") == ["AIS/8812"]


async def test_a_vendor_with_stops_is_named(busy: Api) -> None:
    (vendor,) = (await numbers(busy))["vendors"]
    assert (vendor["invoices"], vendor["stopped"]) == (3, 1)
    assert await behind(busy, "vendors", vendor["key"]) == ["AIS/2"]


async def test_an_approvers_habit_is_told(busy: Api) -> None:
    (habit,) = [each for each in (await numbers(busy))["approvers"] if each["key"] == ASHA.address]
    assert (habit["asked"], habit["answered"], habit["yes_share"]) == (2, 1, 1.0)
    assert (habit["always_yes"], habit["hasty"]) == (False, False)
    assert await behind(busy, "approvers", ASHA.address) == ["AIS/3", "AIS/8812"]


async def test_what_is_due_is_told_with_its_sum(busy: Api) -> None:
    due = {each["key"]: each for each in (await numbers(busy))["due"]}
    assert due["in_7_days"]["total"] == {"amount": "84960.00", "currency": "INR"}
    assert await behind(busy, "due", "in_7_days") == ["AIS/3"]
    assert await behind(busy, "due", "unknown") == ["AIS/2"]


async def test_the_clock_of_small_enterprises_runs_from_the_invoices_date(busy: Api) -> None:
    msme = {each["key"]: each["invoices"] for each in (await numbers(busy))["msme"]}
    assert msme["within_45_days"] >= 1
    assert "AIS/3" in await behind(busy, "msme", "within_45_days")


async def test_what_the_model_cost_is_told(busy: Api) -> None:
    assert (await numbers(busy))["spend"]["invoices"] == 3
    assert len(await behind(busy, "spend", "")) == 3


async def test_the_invoices_behind_a_number_are_paged(busy: Api) -> None:
    after: str | None = None
    seen: list[str] = []
    for _ in range(3):
        params = {"measure": "spend", "limit": "1"} | ({"after": after} if after else {})
        page = (await busy.auditor.get(f"{INSIGHT}/invoices", params=params)).json()
        seen += [each["number"] for each in page["items"]]
        after = page["next"]
    assert seen == ["AIS/3", "AIS/2", "AIS/8812"]
    assert after is None


@pytest.mark.parametrize("measure", list(Measure))
async def test_a_key_that_nothing_has_finds_nothing_or_all(busy: Api, measure: Measure) -> None:
    found = await behind(busy, measure, "'; drop table invoices; --")
    assert (found == []) is (measure is not Measure.SPEND)


@pytest.mark.parametrize("params", [{"days": 0}, {"days": 367}, {"days": "x"}])
async def test_a_time_of_nonsense_is_refused(api: Api, params: dict[str, Any]) -> None:
    assert (await api.auditor.get(INSIGHT, params=params)).status_code == 422
