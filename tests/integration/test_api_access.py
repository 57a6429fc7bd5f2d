"""Who may come in to the console's API, and what is answered to everyone else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.web.api.router import openapi_document
from schema.people import Role
from tests.integration.api_rig import Api, serving_api


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def test_everyone_who_is_signed_in_knows_who_they_are(api: Api) -> None:
    for role, client in api.clients.items():
        answer = await client.get("/api/v1/me")
        assert (answer.status_code, answer.json()["role"]) == (200, role)


async def test_nobody_is_a_problem_with_a_next_step(api: Api) -> None:
    answer = await api.nobody.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not-signed-in"


async def test_a_made_up_cookie_is_nobody(api: Api) -> None:
    answer = await api.nobody.get("/api/v1/me", headers={"Cookie": "__Host-countersign=guess"})
    assert answer.status_code == 401


async def test_a_session_ends_when_its_person_signs_out(api: Api) -> None:
    assert (await api.clerk.post("/api/v1/sign-out")).status_code == 204
    assert (await api.clerk.get("/api/v1/me")).status_code == 401


async def test_a_session_ends_when_it_is_idle_too_long(api: Api) -> None:
    await api.web.rows("update sessions set seen_at = $1", datetime.now(UTC) - timedelta(hours=13))
    assert (await api.admin.get("/api/v1/me")).status_code == 401


async def test_a_session_ends_when_its_person_may_no_longer_come_in(api: Api) -> None:
    await api.web.rows("update people set active = false where id = $1", api.people[Role.ADMIN].id)
    assert (await api.admin.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize(
    "headers", [{"X-Countersign": "0"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
async def test_a_change_that_another_site_began_is_refused(api: Api, headers: dict[str, str]) -> None:
    answer = await api.clerk.post("/api/v1/sign-out", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/foreign-request")
    assert (await api.clerk.get("/api/v1/me")).status_code == 200


async def test_an_address_that_is_none_is_a_problem_too(api: Api) -> None:
    answer = await api.admin.get("/api/v1/nowhere")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


def test_every_operation_has_a_name_a_summary_and_its_problems() -> None:
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["operationId"][0].islower(), where
            assert operation["summary"], where
            assert {"401", "403", "503"} <= operation["responses"].keys(), where
