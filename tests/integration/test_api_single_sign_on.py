"""Single sign-on against a provider on a real socket: the way in, and every way that must not be one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from daemon.adapters import oidc_provider
from daemon.doctor import EXAMINATIONS
from daemon.web.api.access import COOKIE
from daemon.web.api.single_sign_on import COOKIE as PENDING
from daemon.web.sign_in_limits import EACH, Rate
from sandbox.faults import TOKEN_KINDS
from schema.errors import PermanentError
from schema.people import Role
from tests.integration.api_rig import Api, serving_api
from tests.integration.identity_rig import ADMIN, CLERK, SECRET, STRANGER, Provider, serving_provider
from tests.integration.web_rig import PUBLIC

SSO = "/api/v1/sign-in/sso"
REFUSED = (403, "/problems/sign-on-not-valid")
PATHS = ("/token", "/jwks", "/.well-known/openid-configuration")
FAILURES = {
    "status": 503,
    "hang": 503,
    "reset": 503,
    "html_error": 503,
    "malformed_json": 422,
    "truncate_json": 422,
}
"""How each way to fail at the provider is answered: whether trying again may help."""


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Provider]:
    async with serving_provider(PUBLIC) as running:
        yield running


@pytest.fixture
async def provider(served: Provider) -> AsyncIterator[Provider]:
    yield served
    (await served.client.post("/__sim__/reset")).raise_for_status()


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path, provider: Provider) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path, **provider.connected) as served:
        yield served


async def begin(browser: httpx.AsyncClient, path: str = "/") -> str:
    answer = await browser.post(SSO, json={"next": path})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


async def finish(browser: httpx.AsyncClient, came: dict[str, str]) -> httpx.Response:
    return await browser.post(f"{SSO}/finish", json=came)


async def whole(api: Api, provider: Provider, address: str = CLERK) -> httpx.Response:
    """The whole walk in the browser in which nobody is signed in."""
    return await finish(api.nobody, await provider.sign_in(await begin(api.nobody), address))


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("type")


async def sessions(api: Api) -> int:
    ((count,),) = await api.web.rows("select count(*) from sessions where how = 'sso'")
    return int(count)


async def test_the_way_in_is_offered_by_its_name(api: Api) -> None:
    assert (await api.nobody.get("/api/v1/sign-in/methods")).json()["oidc"] == {"name": "Meridian"}


async def test_a_person_we_know_is_signed_in_and_led_to_where_they_were_headed(
    api: Api, provider: Provider
) -> None:
    came = await provider.sign_in(await begin(api.nobody, "/invoices?state=held"))
    answer = await finish(api.nobody, came)
    assert (answer.status_code, answer.json()["name"], answer.json()["next"]) == (
        200,
        "Chitra",
        "/invoices?state=held",
    )
    assert (await api.nobody.get("/api/v1/me")).json()["address"] == CLERK
    (mine,) = [each for each in (await api.nobody.get("/api/v1/sessions")).json()["items"] if each["current"]]
    assert mine["method"] == "sso"


async def test_the_request_asks_for_all_that_protects_it(api: Api, provider: Provider) -> None:
    first, second = [parse_qs(urlsplit(await begin(api.nobody)).query) for _ in range(2)]
    assert first["response_type"] == ["code"]
    assert first["code_challenge_method"] == ["S256"]
    assert first["redirect_uri"] == [f"{PUBLIC}/sign-in/sso"]
    assert first["scope"] == ["openid email"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 43
        assert first[name] != second[name]


async def test_both_cookies_are_for_this_server_alone(api: Api, provider: Provider) -> None:
    begun = await api.nobody.post(SSO, json={})
    done = await finish(api.nobody, await provider.sign_in(begun.json()["url"]))
    for answer, name in ((begun, PENDING), (done, COOKIE)):
        (cookie,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{name}=")]
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "secure", "samesite=lax", "path=/"} <= flags
        assert not any(flag.startswith("domain") for flag in flags)
    assert PENDING not in api.nobody.cookies


async def test_it_is_no_fresh_proof(api: Api, provider: Provider) -> None:
    await whole(api, provider, ADMIN)
    person = {"address": "new@meridian.example", "name": "New", "role": "clerk"}
    answer = await api.nobody.post("/api/v1/people", json=person)
    assert told(answer) == (403, "/problems/step-up-required")


async def test_a_token_that_is_not_as_it_must_be_signs_nobody_in(api: Api, provider: Provider) -> None:
    answers = {}
    for flaw in TOKEN_KINDS - {"other_subject"}:
        await provider.spoil(flaw)
        answer = await whole(api, provider)
        answers[flaw] = (*told(answer), "does not prove" in answer.json()["detail"])
    assert set(answers) == TOKEN_KINDS - {"other_subject"}
    assert {flaw: answer for flaw, answer in answers.items() if answer != (*REFUSED, True)} == {}
    assert await sessions(api) == 0
    # The flaws were in the tokens alone: the next one is good.
    assert (await whole(api, provider)).status_code == 200


async def test_the_first_account_stays_the_only_one_of_a_person(api: Api, provider: Provider) -> None:
    assert (await whole(api, provider)).status_code == 200
    await provider.spoil("other_subject")
    answer = await whole(api, provider)
    assert told(answer) == REFUSED
    assert "another account" in answer.json()["detail"]
    assert await sessions(api) == 1
    ((what, note),) = await api.web.rows("select what, note from history where what = 'account bound'")
    assert what == "account bound"
    assert note.startswith(provider.settings.issuer)


async def test_one_account_is_never_two_people(api: Api, provider: Provider) -> None:
    await provider.spoil("other_subject")
    assert (await whole(api, provider)).status_code == 200
    await provider.spoil("other_subject")
    assert told(await whole(api, provider, ADMIN)) == REFUSED


async def test_who_is_let_out_and_in_again_may_come_with_another_account(
    api: Api, provider: Provider
) -> None:
    await provider.spoil("other_subject")
    assert (await whole(api, provider)).status_code == 200
    store, clerk, now = api.web.town.world.store.people, api.people[Role.CLERK].id, datetime.now(UTC)
    await store.change(clerk, version=None, by=ADMIN, at=now, active=False)
    assert told(await whole(api, provider)) == REFUSED
    await store.change(clerk, version=None, by=ADMIN, at=now, active=True)
    assert (await whole(api, provider)).status_code == 200


async def test_a_stranger_is_not_added(api: Api, provider: Provider) -> None:
    before = await api.web.rows("select id from people")
    answer = await whole(api, provider, STRANGER)
    assert told(answer) == REFUSED
    assert STRANGER in answer.json()["detail"]
    assert await api.web.rows("select id from people") == before


async def test_what_was_begun_is_finished_once(api: Api, provider: Provider) -> None:
    came = await provider.sign_in(await begin(api.nobody))
    answers = await asyncio.gather(*(finish(api.nobody, came) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 403, 403, 403]


async def test_a_code_works_once_also_in_a_new_beginning(api: Api, provider: Provider) -> None:
    came = await provider.sign_in(await begin(api.nobody))
    assert (await finish(api.nobody, came)).status_code == 200
    again = await provider.sign_in(await begin(api.nobody))
    assert told(await finish(api.nobody, again | {"code": came["code"]})) == REFUSED


async def test_a_stolen_code_is_of_no_use_in_another_beginning(api: Api, provider: Provider) -> None:
    """The code was never used, but PKCE binds it to the beginning of its own browser."""
    async with api.browser() as thief:
        stolen = await provider.sign_in(await begin(api.nobody), ADMIN)
        own = await provider.sign_in(await begin(thief))
        assert told(await finish(thief, own | {"code": stolen["code"]})) == REFUSED
    assert await sessions(api) == 0


async def test_nobody_is_signed_in_by_what_another_browser_began(api: Api, provider: Provider) -> None:
    """Login CSRF: the attacker signs in at the provider and has the victim's browser open the way back."""
    async with api.browser() as attacker, api.browser() as victim:
        came = await provider.sign_in(await begin(attacker))
        assert told(await finish(victim, came)) == REFUSED
        await begin(victim)
        assert told(await finish(victim, came)) == REFUSED
        # The victim's attempt spoilt nothing for the browser it belongs to.
        assert (await finish(attacker, came)).status_code == 200


async def test_another_site_can_neither_begin_nor_finish(api: Api, provider: Provider) -> None:
    evil = {"Origin": "https://evil.example"}
    assert (await api.nobody.post(SSO, json={}, headers=evil)).status_code == 403
    came = await provider.sign_in(await begin(api.nobody))
    assert (await api.nobody.post(f"{SSO}/finish", json=came, headers=evil)).status_code == 403


async def test_the_way_back_changes_nothing_by_being_opened(api: Api, provider: Provider) -> None:
    came = await provider.sign_in(await begin(api.nobody))
    before = await api.web.contents()
    await api.nobody.get("/sign-in/sso", params=came)
    await api.nobody.get(f"{SSO}/finish", params=came)
    assert await api.web.contents() == before


async def test_a_beginning_is_too_old_after_ten_minutes(api: Api, provider: Provider) -> None:
    came = await provider.sign_in(await begin(api.nobody))
    early = datetime.now(UTC) - timedelta(minutes=11)
    await api.web.rows(
        "update pending_sign_ons set created_at = $1, expires_at = $2", early, early + timedelta(minutes=10)
    )
    assert told(await finish(api.nobody, came)) == REFUSED


@pytest.mark.parametrize("iss", [None, "https://another.example"])
async def test_an_answer_of_another_provider_is_refused(
    api: Api, provider: Provider, iss: str | None
) -> None:
    came: dict[str, Any] = await provider.sign_in(await begin(api.nobody))
    assert told(await finish(api.nobody, came | {"iss": iss})) == REFUSED
    assert await provider.seen("/token") == []


async def test_who_declines_there_is_told_so_here(api: Api, provider: Provider) -> None:
    answer = await finish(api.nobody, await provider.sign_in(await begin(api.nobody), "nobody"))
    assert told(answer) == REFUSED
    assert "access_denied" in answer.json()["detail"]


async def test_only_a_path_of_our_own_is_led_to(api: Api) -> None:
    away = (
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "evil",
        "",
        "/a b",
    )
    answers = [await api.nobody.post(SSO, json={"next": path}) for path in away]
    assert [answer.status_code for answer in answers] == [422] * len(away)


async def test_a_provider_that_fails_is_told_in_a_sentence(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_provider, "DEADLINE_S", 1.0)
    adapter, answers = api.web.app.state.world.identity, {}
    for path, (kind, status) in product(PATHS, FAILURES.items()):
        came = await provider.sign_in(await begin(api.nobody))
        adapter._known = None
        await provider.spoil(kind, path)
        answer = await finish(api.nobody, came)
        sentence = answer.json()["detail"].endswith(".")
        if (answer.status_code, sentence) != (status, True):
            answers[path, kind] = answer.text
    assert (answers, await sessions(api)) == ({}, 0)


async def test_an_answer_without_end_is_not_read_to_its_end(api: Api, provider: Provider) -> None:
    came = await provider.sign_in(await begin(api.nobody))
    await provider.spoil("status", "/jwks", status=200, body="x" * (oidc_provider.LARGEST_ANSWER + 1))
    answer = await finish(api.nobody, came)
    assert (answer.status_code, "too large" in answer.json()["detail"]) == (422, True)


async def test_the_secret_goes_in_the_header_alone_and_every_request_is_on_record(
    api: Api, provider: Provider
) -> None:
    await whole(api, provider)
    (request,) = await provider.seen("/token")
    assert "client_secret" not in request["body"]
    assert dict(request["headers"])["authorization"].startswith("Basic ")
    left = await api.web.rows("select destination from egress where kind = 'identity' order by seq")
    issuer = provider.settings.issuer
    paths = ("/.well-known/openid-configuration", "/token", "/jwks")
    assert [destination for (destination,) in left] == [f"{issuer}{path}" for path in paths]
    assert SECRET not in str(await api.web.contents())


async def test_neither_state_nor_cookie_is_kept_in_clear(api: Api, provider: Provider) -> None:
    (state,) = parse_qs(urlsplit(await begin(api.nobody)).query)["state"]
    kept = str(await api.web.contents())
    assert state not in kept
    assert api.nobody.cookies[PENDING] not in kept


async def test_beginnings_are_limited_and_so_are_guesses(
    api: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.web.sign_in_limits.EACH", {**EACH, "sso": Rate(2, 10)})
    came = await provider.sign_in(await begin(api.nobody))
    assert (await finish(api.nobody, came)).status_code == 200
    for answer in (await api.nobody.post(SSO, json={}), await finish(api.nobody, came)):
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0


async def test_where_none_is_set_none_is_offered(api: Api) -> None:
    api.web.app.state.world = replace(api.web.app.state.world, identity=None)
    assert (await api.nobody.get("/api/v1/sign-in/methods")).json()["oidc"] is None
    assert (await api.nobody.post(SSO, json={})).status_code == 404


async def test_the_doctor_says_what_the_provider_lacks(api: Api, provider: Provider) -> None:
    settings = api.web.app.state.settings
    (well,) = await EXAMINATIONS["identity"](settings)
    assert (well.found, well.mend) == (f"{provider.settings.issuer} signs people in", "")
    description = (await provider.client.get(PATHS[2])).json()
    changes: dict[str, Any] = {
        "response_types_supported": ["id_token"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "id_token_signing_alg_values_supported": ["HS256"],
    }
    await provider.spoil("status", PATHS[2], status=200, body=json.dumps(description | changes))
    assert len(await EXAMINATIONS["identity"](settings)) == len(changes)
    for change in ({"issuer": "https://another.example"}, {"code_challenge_methods_supported": ["plain"]}):
        await provider.spoil("status", PATHS[2], status=200, body=json.dumps(description | change))
        with pytest.raises(PermanentError):
            await EXAMINATIONS["identity"](settings)
    unsaid = description | {"code_challenge_methods_supported": None}
    await provider.spoil("status", PATHS[2], status=200, body=json.dumps(unsaid))
    (warned,) = await EXAMINATIONS["identity"](settings)
    assert (bool(warned.mend), warned.serious) == (True, False)
    assert await EXAMINATIONS["identity"](settings.model_copy(update={"oidc_issuer": ""})) == []
