"""Signing in by a mailed link, proving oneself once more, and one's sessions: each tried from the wrong side too."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from daemon.web.api.access import COOKIE
from schema.people import Role
from tests.integration.api_rig import Api, serving_api
from tests.integration.web_rig import PUBLIC

SIGN_IN = "/api/v1/sign-in"
CLERK = {"address": "chitra@meridian.example"}
PERSON = {"address": "new@meridian.example", "name": "New", "role": "clerk"}


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        # Limits are counted in Redis, which all tests share; the tests of limits ask by addresses of their own.
        for kept in await served.web.app.state.limits._redis.keys("countersign:rate:sign-in:*"):
            await served.web.app.state.limits._redis.delete(kept)
        yield served


async def mailed_token(api: Api) -> str:
    assert (await api.nobody.post(f"{SIGN_IN}/link", json=CLERK)).status_code == 202
    found = re.search(rf"{PUBLIC}/sign-in#token=(\S+)", api.mails[-1].text)
    assert found
    return found[1]


def cookie_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")


async def test_a_mailed_link_signs_in_once(api: Api) -> None:
    token = await mailed_token(api)
    first = await api.nobody.post(f"{SIGN_IN}/consume", json={"token": token})
    assert (first.status_code, first.json()["name"]) == (200, "Chitra")
    again = await api.nobody.post(f"{SIGN_IN}/consume", json={"token": token})
    assert (again.status_code, again.json()["type"]) == (403, "/problems/link-not-valid")


async def test_of_two_who_use_a_link_at_once_one_is_in(api: Api) -> None:
    token = await mailed_token(api)
    tries = [api.nobody.post(f"{SIGN_IN}/consume", json={"token": token}) for _ in range(5)]
    assert sorted(each.status_code for each in await asyncio.gather(*tries)) == [200, 403, 403, 403, 403]


async def test_a_scanner_that_opens_a_link_uses_nothing_up(api: Api) -> None:
    token = await mailed_token(api)
    for address in (f"/sign-in#token={token}", f"/sign-in?token={token}", f"{SIGN_IN}/consume?token={token}"):
        await api.nobody.get(address)
        await api.nobody.head(address)
    assert (await api.nobody.post(f"{SIGN_IN}/consume", json={"token": token})).status_code == 200


async def test_a_link_is_too_old_after_fifteen_minutes(api: Api) -> None:
    token = await mailed_token(api)
    early = datetime.now(UTC) - timedelta(minutes=16)
    await api.web.rows(
        "update sign_in_links set created_at = $1, expires_at = $2", early, early + timedelta(minutes=15)
    )
    assert (await api.nobody.post(f"{SIGN_IN}/consume", json={"token": token})).status_code == 403


async def test_a_link_of_someone_let_out_since_opens_nothing(api: Api) -> None:
    token = await mailed_token(api)
    await api.web.rows("update people set active = false where id = $1", api.people[Role.CLERK].id)
    assert (await api.nobody.post(f"{SIGN_IN}/consume", json={"token": token})).status_code == 403


async def test_a_stranger_is_answered_as_everyone_is_and_gets_no_mail(api: Api) -> None:
    stranger = await api.nobody.post(f"{SIGN_IN}/link", json={"address": "who@elsewhere.example"})
    known = await api.nobody.post(f"{SIGN_IN}/link", json=CLERK)
    assert (stranger.status_code, stranger.json()) == (known.status_code, known.json())
    assert [mail.to for mail in api.mails] == ["chitra@meridian.example"]


@pytest.mark.parametrize("address", ["who@elsewhere.example", "chitra@meridian.example"])
async def test_links_are_asked_for_a_few_times_a_minute_whoever_asks(api: Api, address: str) -> None:
    answers = [await api.nobody.post(f"{SIGN_IN}/link", json={"address": address}) for _ in range(4)]
    assert [each.status_code for each in answers] == [202, 202, 202, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_another_site_can_neither_ask_for_a_link_nor_sign_anyone_in(api: Api) -> None:
    token = await mailed_token(api)
    evil = {"Origin": "https://evil.example"}
    assert (await api.nobody.post(f"{SIGN_IN}/link", json=CLERK, headers=evil)).status_code == 403
    assert (
        await api.nobody.post(f"{SIGN_IN}/consume", json={"token": token}, headers=evil)
    ).status_code == 403


async def test_a_cookie_put_into_the_browser_before_is_not_the_one_that_is_let_in(api: Api) -> None:
    token, planted = await mailed_token(api), "planted-by-someone-else"
    answer = await api.nobody.post(
        f"{SIGN_IN}/consume", json={"token": token}, headers={"Cookie": f"{COOKIE}={planted}"}
    )
    assert cookie_of(answer) != planted
    assert (await api.nobody.get("/api/v1/me", headers={"Cookie": f"{COOKIE}={planted}"})).status_code == 401


async def test_the_cookie_is_for_this_server_alone(api: Api) -> None:
    answer = await api.nobody.post(f"{SIGN_IN}/consume", json={"token": await mailed_token(api)})
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)


async def test_no_token_is_kept_in_clear(api: Api) -> None:
    token = await mailed_token(api)
    cookie = cookie_of(await api.nobody.post(f"{SIGN_IN}/consume", json={"token": token}))
    kept = str(await api.web.contents())
    assert token not in kept
    assert cookie not in kept


async def test_a_mailed_code_is_a_fresh_proof(api: Api) -> None:
    admin = await api.sign_in(api.people[Role.ADMIN])
    assert (await admin.post("/api/v1/people", json=PERSON)).json()["type"] == "/problems/step-up-required"
    code = await mailed_code(api, admin)
    assert (await admin.post("/api/v1/step-up/code/check", json={"code": code})).status_code == 200
    assert (await admin.post("/api/v1/people", json=PERSON)).status_code == 201


async def test_a_proof_is_stale_after_ten_minutes(api: Api) -> None:
    await api.web.rows("update sessions set stepped_up_at = $1", datetime.now(UTC) - timedelta(minutes=11))
    assert (await api.admin.post("/api/v1/people", json=PERSON)).json()[
        "type"
    ] == "/problems/step-up-required"


async def test_a_code_works_once_and_in_its_own_session_only(api: Api) -> None:
    one, other = await api.sign_in(api.people[Role.ADMIN]), await api.sign_in(api.people[Role.ADMIN])
    code = await mailed_code(api, one)
    assert (await other.post("/api/v1/step-up/code/check", json={"code": code})).status_code == 403
    assert (await one.post("/api/v1/step-up/code/check", json={"code": code})).status_code == 200
    assert (await one.post("/api/v1/step-up/code/check", json={"code": code})).status_code == 403


async def test_five_wrong_guesses_void_a_code(api: Api) -> None:
    admin = await api.sign_in(api.people[Role.ADMIN])
    code = await mailed_code(api, admin)
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    guesses = [admin.post("/api/v1/step-up/code/check", json={"code": wrong}) for _ in range(6)]
    assert {each.status_code for each in await asyncio.gather(*guesses)} == {403}
    assert (await admin.post("/api/v1/step-up/code/check", json={"code": code})).status_code == 403


async def test_people_see_and_end_their_own_sessions_only(api: Api) -> None:
    other = await api.sign_in(api.people[Role.CLERK])
    mine = (await api.clerk.get("/api/v1/sessions")).json()["items"]
    assert [each["current"] for each in mine].count(True) == 1
    (second,) = [each["id"] for each in mine if not each["current"]]
    assert (await api.admin.delete(f"/api/v1/sessions/{second}")).status_code == 404
    assert (await api.clerk.delete(f"/api/v1/sessions/{second}")).status_code == 204
    assert (await other.get("/api/v1/me")).status_code == 401


async def mailed_code(api: Api, client: httpx.AsyncClient) -> str:
    assert (await client.post("/api/v1/step-up/code")).status_code == 202
    found = re.search(r"code is (\d{8})\.", api.mails[-1].text)
    assert found
    return found[1]
