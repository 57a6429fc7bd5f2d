"""Passkeys with a software authenticator: made, used to sign in and to step up, and every way to cheat with one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from daemon.web.api.access import COOKIE
from schema.people import Role
from tests.integration.api_rig import Api, serving_api
from tests.integration.authenticator import USER_PRESENT, Authenticator
from tests.integration.web_rig import PUBLIC

SIGN_IN = "/api/v1/sign-in/passkey"
STEP_UP = "/api/v1/step-up/passkey"
PASSKEYS = "/api/v1/passkeys"


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


def device() -> Authenticator:
    return Authenticator(origin=PUBLIC, domain="pay.example")


async def asked(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.post(f"{path}/options")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def enrol(client: httpx.AsyncClient, made: Authenticator) -> httpx.Response:
    question = await asked(client, PASSKEYS)
    body = {"challenge_id": question["challenge_id"], "name": "Laptop"}
    return await client.post(PASSKEYS, json=body | {"credential": made.create(question["options"])})


async def prove(client: httpx.AsyncClient, path: str, made: Authenticator) -> httpx.Response:
    question = await asked(client, path)
    body = {"challenge_id": question["challenge_id"], "credential": made.get(question["options"])}
    return await client.post(path, json=body)


async def test_a_passkey_signs_in_and_is_a_fresh_proof(api: Api) -> None:
    made = device()
    assert (await enrol(api.clerk, made)).status_code == 201
    answer = await prove(api.nobody, SIGN_IN, made)
    assert (answer.status_code, answer.json()["name"]) == (200, "Chitra")
    cookie = answer.headers["set-cookie"].partition(";")[0]
    me = await api.nobody.get("/api/v1/me", headers={"Cookie": cookie})
    assert (COOKIE in cookie, me.json()["stepped_up_at"] is not None) == (True, True)


async def test_a_passkey_steps_up_its_own_person_only(api: Api) -> None:
    mine, others = device(), device()
    await enrol(api.clerk, mine)
    await enrol(api.admin, others)
    session = await api.sign_in(api.people[Role.CLERK])
    assert (await prove(session, STEP_UP, others)).status_code == 403
    assert (await prove(session, STEP_UP, mine)).status_code == 200


async def test_an_answer_is_taken_once(api: Api) -> None:
    made = device()
    await enrol(api.clerk, made)
    question = await asked(api.nobody, SIGN_IN)
    body = {"challenge_id": question["challenge_id"], "credential": made.get(question["options"])}
    assert (await api.nobody.post(SIGN_IN, json=body)).status_code == 200
    assert (await api.nobody.post(SIGN_IN, json=body)).status_code == 403


async def test_an_answer_for_signing_in_does_not_step_up(api: Api) -> None:
    made = device()
    await enrol(api.clerk, made)
    question = await asked(api.nobody, SIGN_IN)
    body = {"challenge_id": question["challenge_id"], "credential": made.get(question["options"])}
    assert (await api.clerk.post(STEP_UP, json=body)).status_code == 403


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "https://pay.example.evil.example"},
        {"domain": "evil.example"},
        {"flags": USER_PRESENT},
        {"count": -1},
    ],
    ids=["another site", "another domain", "nobody was verified", "a copied device"],
)
async def test_a_false_answer_is_refused(api: Api, bent: dict[str, Any]) -> None:
    made = device()
    await enrol(api.clerk, made)
    assert (await prove(api.nobody, SIGN_IN, made)).status_code == 200
    for name, value in bent.items():
        setattr(made, name, value)
    answer = await prove(api.nobody, SIGN_IN, made)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/passkey-not-valid")


async def test_a_key_of_ones_own_for_someone_elses_passkey_is_refused(api: Api) -> None:
    made = device()
    await enrol(api.admin, made)
    forged = device()
    forged.id = made.id
    assert (await prove(api.nobody, SIGN_IN, forged)).status_code == 403


async def test_a_passkey_is_one_persons(api: Api) -> None:
    made = device()
    assert (await enrol(api.clerk, made)).status_code == 201
    assert (await enrol(api.admin, made)).json()["type"] == "/problems/passkey-known"


async def test_a_removed_passkey_opens_nothing_and_only_its_owner_removes_it(api: Api) -> None:
    made = device()
    passkey = (await enrol(api.clerk, made)).json()["id"]
    assert (await api.admin.delete(f"{PASSKEYS}/{passkey}")).status_code == 404
    assert (await api.clerk.delete(f"{PASSKEYS}/{passkey}")).status_code == 204
    assert (await prove(api.nobody, SIGN_IN, made)).status_code == 403


async def test_a_passkey_of_someone_let_out_opens_nothing(api: Api) -> None:
    made = device()
    await enrol(api.clerk, made)
    await api.web.rows("update people set active = false where id = $1", api.people[Role.CLERK].id)
    assert (await prove(api.nobody, SIGN_IN, made)).status_code == 403


@pytest.mark.parametrize(
    "credential", [{}, {"rawId": "%%%"}, {"rawId": 7}, {"id": "AA", "rawId": "AA", "response": None}]
)
async def test_nonsense_is_refused_and_nothing_breaks(api: Api, credential: dict[str, Any]) -> None:
    question = await asked(api.nobody, SIGN_IN)
    body = {"challenge_id": question["challenge_id"], "credential": credential}
    assert (await api.nobody.post(SIGN_IN, json=body)).status_code == 403
    question = await asked(api.clerk, PASSKEYS)
    body = {"challenge_id": question["challenge_id"], "credential": credential, "name": "x"}
    assert (await api.clerk.post(PASSKEYS, json=body)).status_code == 403


async def test_a_new_passkey_needs_a_fresh_proof(api: Api) -> None:
    session = await api.sign_in(api.people[Role.CLERK])
    assert (await session.post(f"{PASSKEYS}/options")).json()["type"] == "/problems/step-up-required"
