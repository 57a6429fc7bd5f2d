"""The record as auditors search, export and verify it, and what happens when it was tampered with."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from sandbox.services import Services
from schema.checkpoint import CheckpointSigner
from schema.ids import InvoiceId
from schema.verifier import verify_bundle
from tests.integration.api_rig import Api, serving_api
from tests.integration.record_rig import as_superuser

LOG = "/api/v1/audit-log"


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def seal(api: Api) -> None:
    world = api.web.app.state.world
    await world.store.record.seal(CheckpointSigner.of(world.vault, world.mail_domain), world.clock.now())


async def tamper(services: Services, api: Api, statement: str, invoice: InvoiceId) -> None:
    """Do to the record what only the database's superuser could."""
    connection = await as_superuser(services, api.web.database_url)
    try:
        await connection.execute("set session_replication_role = replica")
        await connection.execute(statement, invoice)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", LOG),
        ("GET", f"{LOG}.csv"),
        ("GET", f"{LOG}/chain"),
        ("GET", f"{LOG}/checkpoints"),
        ("POST", f"{LOG}/verify"),
    ],
)
async def test_the_record_is_for_admins_and_auditors(api: Api, method: str, path: str) -> None:
    expected = {"nobody": 401, "admin": 200, "approver": 403, "clerk": 403, "auditor": 200}
    assert await api.statuses(method, path) == expected


async def test_a_bundle_is_for_admins_and_auditors(api: Api) -> None:
    invoice = await api.web.asked()
    expected = {"nobody": 401, "admin": 200, "approver": 403, "clerk": 403, "auditor": 200}
    assert await api.statuses("GET", f"/api/v1/invoices/{invoice}/bundle") == expected


async def test_everyone_who_is_signed_in_may_verify_an_invoice(api: Api) -> None:
    invoice = await api.web.asked()
    expected = {"nobody": 401, "admin": 200, "approver": 200, "clerk": 200, "auditor": 200}
    assert await api.statuses("GET", f"/api/v1/invoices/{invoice}/verification") == expected


@pytest.mark.parametrize("what", ["verification", "bundle"])
async def test_an_invoice_that_is_none_is_not_found(api: Api, what: str) -> None:
    assert (await api.auditor.get(f"/api/v1/invoices/{uuid4()}/{what}")).status_code == 404


async def test_pages_hold_every_entry_once_newest_first(api: Api) -> None:
    await api.web.asked()
    everything = [row[0] for row in await api.web.rows("select seq from audits order by seq desc")]
    seen, after = [], None
    while True:
        query = {"limit": "2"} | ({"after": after} if after else {})
        page = (await api.auditor.get(LOG, params=query)).json()
        seen += [item["seq"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == everything


@pytest.mark.parametrize(
    ("query", "steps"),
    [
        ({"step": "receive"}, {"receive"}),
        ({"state": "extracted"}, {"extract"}),
        ({"text": "received: "}, {"receive"}),
        ({"text": "%"}, set()),
        ({"text": "no such thing"}, set()),
        ({"person": "priya@meridian.example"}, {"receive"}),
        ({"until": "2001-01-01T00:00:00Z"}, set()),
        ({"invoice_id": str(uuid4())}, set()),
    ],
)
async def test_a_search_finds_what_it_says(api: Api, query: dict[str, str], steps: set[str]) -> None:
    await api.web.asked()
    answer = await api.auditor.get(LOG, params=query)
    assert {item["step"] for item in answer.json()["items"]} == steps


@pytest.mark.parametrize(
    "query",
    [
        {"after": "guess"},
        {"limit": "0"},
        {"limit": "201"},
        {"state": "nowhere"},
        {"invoice_id": "1"},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"else": "1"},
        {"text": "x" * 201},
    ],
)
async def test_a_search_that_makes_no_sense_is_a_problem(api: Api, query: dict[str, str]) -> None:
    answer = await api.auditor.get(LOG, params=query)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")


async def test_nul_and_lone_surrogates_find_nothing_and_break_nothing(api: Api) -> None:
    assert (await api.auditor.get(LOG, params={"text": "\x00"})).json()["items"] == []


async def test_the_csv_holds_what_the_search_finds_and_no_formula(api: Api) -> None:
    invoice = await api.web.asked()
    await api.web.rows("update invoices set invoice_number = '=cmd|'' /C calc''!A0' where id = $1", invoice)
    text = (await api.auditor.get(f"{LOG}.csv")).text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    count = (await api.web.rows("select count(*) from audits"))[0][0]
    assert len(rows) == count
    assert {row["invoice_number"] for row in rows} == {"'=cmd|' /C calc'!A0"}


async def test_no_answer_holds_a_full_account_number(api: Api) -> None:
    invoice = await api.web.asked()
    await api.web.rows("update invoices set invoice_number = '50200012345678' where id = $1", invoice)
    answers = [await api.auditor.get(path) for path in (LOG, f"{LOG}.csv")]
    assert all("50200012345678" not in answer.text for answer in answers)


async def test_a_sealed_record_verifies(api: Api) -> None:
    invoice = await api.web.asked()
    await seal(api)
    found = (await api.clerk.get(f"/api/v1/invoices/{invoice}/verification")).json()
    assert (found["ok"], found["unsealed"], found["problems"]) == (True, 0, [])
    assert (await api.auditor.post(f"{LOG}/verify")).json()["ok"] is True


async def test_the_chain_says_how_much_is_sealed_and_by_whom(api: Api) -> None:
    await api.web.asked()
    before = (await api.auditor.get(f"{LOG}/chain")).json()
    await seal(api)
    after = (await api.auditor.get(f"{LOG}/chain")).json()
    assert (before["sealed"], after["unsealed"], after["last"]["size"]) == (0, 0, after["entries"])
    assert [guard["triggers"] > 0 for guard in after["guards"]] == [True, True, True]


async def test_a_changed_entry_is_named(api: Api, services: Services) -> None:
    invoice = await api.web.asked()
    await seal(api)
    statement = "update audits set note = 'All is well' where invoice_id = $1 and version = 1"
    await tamper(services, api, statement, invoice)
    found = (await api.clerk.get(f"/api/v1/invoices/{invoice}/verification")).json()
    whole = (await api.auditor.post(f"{LOG}/verify")).json()
    assert (found["ok"], [entry["version"] for entry in found["entries"] if entry["problem"]]) == (False, [1])
    assert (whole["ok"], f"{invoice}, version 1" in whole["findings"][0]) == (False, True)


async def test_an_entry_that_is_gone_is_named(api: Api, services: Services) -> None:
    invoice = await api.web.asked()
    await seal(api)
    await tamper(services, api, "delete from audits where invoice_id = $1 and version = 1", invoice)
    found = (await api.clerk.get(f"/api/v1/invoices/{invoice}/verification")).json()
    assert (found["ok"], found["problems"][0].startswith("Entry 1 is missing")) == (False, True)


async def test_a_bundle_is_verified_offline_by_its_own_verifier(api: Api, tmp_path: Path) -> None:
    invoice = await api.web.asked()
    await seal(api)
    answer = await api.auditor.get(f"/api/v1/invoices/{invoice}/bundle")
    path = tmp_path / "bundle.zip"
    path.write_bytes(answer.content)
    assert verify_bundle(path).findings == []
    assert not any(name.endswith("mail.eml") for name in zipfile.ZipFile(path).namelist())


async def test_looking_changes_nothing(api: Api) -> None:
    invoice = await api.web.asked()
    before = await api.web.contents()
    for path in (LOG, f"{LOG}.csv", f"{LOG}/chain", f"/api/v1/invoices/{invoice}/bundle"):
        await api.auditor.get(path)
    assert await api.web.contents() == before


async def test_values_at_the_edge_of_what_a_database_holds_are_no_fault(api: Api) -> None:
    after = "WzkyMjMzNzIwMzY4NTQ3NzU4MDgwMDBd"  # [9223372036854775808000], larger than a bigint
    for query in (
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"after": after},
    ):
        assert (await api.auditor.get(LOG, params=query)).status_code in (200, 422)
    for path in (f"{LOG}/checkpoints", "/api/v1/exports"):
        assert (await api.auditor.get(path, params={"after": after})).status_code in (200, 422)
