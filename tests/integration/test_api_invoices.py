"""Invoices in the console: found, shown whole, decided and corrected, over the real street and database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from schema.document import Place, Read
from schema.ids import InvoiceId
from schema.states import State
from tests.integration.api_rig import Api, serving_api
from tests.integration.click_rig import held_unclicked
from tests.world import ACCOUNT, OTHER_ACCOUNT, bring, fields, only, walk

READERS = {"nobody": 401, "admin": 200, "approver": 200, "clerk": 200, "auditor": 200}
CLERKS_ONLY = {"nobody": 401, "approver": 403, "auditor": 403}


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def held(api: Api, **changed: object) -> tuple[InvoiceId, int]:
    """An invoice that is held since its total cannot be read surely, and its version."""
    unsure = Read[Decimal](
        value=Decimal("94960.00"),
        confidence=0.4,
        text="94,960.00",
        place=Place(page=1, x0=0, y0=0, x1=1, y1=1),
    )
    api.web.town.reader.fields = fields(**({"total": unsure} | changed))
    await bring(api.web.town, b"one")
    await walk(api.web.town)
    identity = await only(api.web.town)
    return identity, (await shown(api, identity))["version"]


async def shown(api: Api, invoice: InvoiceId) -> dict[str, Any]:
    answer = await api.clerk.get(f"/api/v1/invoices/{invoice}")
    assert answer.status_code == 200, answer.text
    case: dict[str, Any] = answer.json()
    return case


async def correct(api: Api, invoice: InvoiceId, version: int, **values: str | None) -> Any:
    body = {"version": version, "values": values}
    return await api.clerk.patch(f"/api/v1/invoices/{invoice}/fields", json=body)


async def test_everyone_signed_in_may_read_and_nobody_else(api: Api) -> None:
    invoice, _ = await held(api)
    for path in ("invoices", f"invoices/{invoice}", "exceptions"):
        assert await api.statuses("GET", f"/api/v1/{path}") == READERS, path


async def test_an_unknown_invoice_is_not_found(api: Api) -> None:
    nobody = uuid4()
    for path in ("", "/pages/1.png", "/screenshots/confirm.png"):
        assert (await api.admin.get(f"/api/v1/invoices/{nobody}{path}")).status_code == 404
    answer = await api.admin.post(
        f"/api/v1/invoices/{nobody}/decide", json={"version": 1, "target": "rejected"}
    )
    assert answer.status_code in (404, 422)


async def test_an_invoice_shows_everything_but_the_account(api: Api) -> None:
    invoice, _ = await held(api)
    case = await shown(api, invoice)
    assert case["number"] == "AIS/8812"
    assert case["total"] == {"amount": "94960.00", "currency": "INR"}
    assert case["state"] == "held"
    assert [entry["step"] for entry in case["entries"]][:2] == ["receive", "extract"]
    assert {field["name"]: field["correctable"] for field in case["fields"]}["account"] is False
    answer = await api.admin.get(f"/api/v1/invoices/{invoice}")
    assert ACCOUNT not in answer.text


async def test_the_bank_and_the_approvers_are_shown_too(api: Api) -> None:
    invoice = await api.web.asked()
    case = await shown(api, invoice)
    assert case["payment"]["account_masked"] == "XXXXXX5678"
    assert case["questions"][0]["person"]["name"] == "Asha Rao"
    picture = await api.auditor.get(case["screenshots"][0]["url"])
    assert picture.headers["content-type"] == "image/png"
    assert await api.statuses("GET", case["screenshots"][0]["url"]) == READERS


async def test_lists_are_paged_by_key_and_miss_nothing(api: Api) -> None:
    for uid in range(1, 6):
        await bring(api.web.town, f"mail {uid}".encode(), uid)
    seen: list[str] = []
    after: str | None = None
    for _ in range(6):
        answer = await api.clerk.get(
            "/api/v1/invoices", params={"limit": 2} | ({"after": after} if after else {})
        )
        seen += [row["id"] for row in answer.json()["items"]]
        after = answer.json()["next"]
        if after is None:
            break
    assert (len(seen), len(set(seen))) == (5, 5)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "ais/88"}, 1),
        ({"q": "ACME"}, 1),
        ({"q": "po-2026"}, 1),
        ({"q": "%"}, 0),
        ({"q": "other"}, 0),
        ({"state": "held"}, 1),
        ({"state": "paid"}, 0),
        ({"from": "2020-01-01"}, 1),
        ({"until": "2020-01-01"}, 0),
        ({"vendor": str(uuid4())}, 0),
    ],
)
async def test_a_list_is_narrowed(api: Api, query: dict[str, str], found: int) -> None:
    await held(api)
    answer = await api.clerk.get("/api/v1/invoices", params=query)
    assert (answer.status_code, len(answer.json()["items"])) == (200, found)


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WyJhIiwiYiJd", "W10"])
async def test_a_cursor_that_is_none_is_refused(api: Api, cursor: str) -> None:
    for path in ("invoices", "exceptions"):
        assert (await api.clerk.get(f"/api/v1/{path}", params={"after": cursor})).status_code == 422


async def test_only_clerks_and_admins_correct_and_decide(api: Api) -> None:
    invoice, version = await held(api)
    for method, path, body in (
        ("PATCH", "fields", {"version": version, "values": {"total": "84960.00"}}),
        ("POST", "decide", {"version": version, "target": "rejected", "reason": "no"}),
        ("POST", "ask-forwarder", {"version": version, "question": "which order?"}),
    ):
        for client, status in ((api.nobody, 401), (api.approver, 403), (api.auditor, 403)):
            answer = await client.request(method, f"/api/v1/invoices/{invoice}/{path}", json=body)
            assert answer.status_code == status, (method, path)
    assert (await shown(api, invoice))["version"] == version


async def test_a_corrected_invoice_is_judged_again_and_goes_on(api: Api) -> None:
    invoice, version = await held(api)
    answer = await correct(api, invoice, version, total="84960.00")
    assert (answer.status_code, answer.json()["state"]) == (200, "extracted")
    states = await walk(api.web.town)
    assert states[invoice] is State.ASKED
    case = await shown(api, invoice)
    (total,) = [field for field in case["fields"] if field["name"] == "total"]
    assert (total["value"], total["source"], total["printed"]) == ("84960.00", "person", "94,960.00")
    assert case["payment"]["amount"]["amount"] == "84960.00"


async def test_the_readers_value_is_kept_and_the_record_says_who(api: Api) -> None:
    invoice, version = await held(api)
    await correct(api, invoice, version, total="84960.00")
    case = await shown(api, invoice)
    (kept,) = case["corrections"]
    assert (kept["before"], kept["after"], kept["by"]) == ("94960.00", "84960.00", "chitra@meridian.example")
    entry = case["entries"][-1]
    assert (entry["step"], entry["actor"]) == ("decide", "chitra@meridian.example")
    assert entry["note"] == "Chitra corrected total from 94960.00 to 84960.00"
    ((before,),) = await api.web.rows("select before ->> 'confidence' from corrections")
    assert before == "0.4"


async def test_a_correction_cannot_be_taken_back_from_the_record(api: Api) -> None:
    invoice, version = await held(api)
    await correct(api, invoice, version, total="84960.00")
    with pytest.raises(Exception, match="append-only"):
        await api.web.rows("delete from corrections")


@pytest.mark.parametrize("field", ["account", "ifsc", "lines", "nonsense"])
async def test_bank_details_on_the_document_are_no_ones_to_correct(api: Api, field: str) -> None:
    invoice, version = await held(api, account=OTHER_ACCOUNT)
    answer = await correct(api, invoice, version, **{field: None})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_correction_never_silences_a_strange_account(api: Api) -> None:
    invoice, version = await held(api, account=OTHER_ACCOUNT)
    await correct(api, invoice, version, total="84960.00")
    assert (await walk(api.web.town))[invoice] is State.HELD


async def test_money_goes_where_the_vendor_master_says_whatever_is_corrected(api: Api) -> None:
    invoice, version = await held(api)
    await correct(api, invoice, version, total="84960.00", seller_name="Somebody Else Ltd")
    await walk(api.web.town)
    payment = (await shown(api, invoice))["payment"]
    assert payment is None or (payment["beneficiary"], payment["account_masked"]) == (
        "Acme Industrial Supplies Pvt Ltd",
        "XXXXXX5678",
    )


async def test_a_corrected_total_above_the_order_is_held_again(api: Api) -> None:
    invoice, version = await held(api)
    big = {"total": "9000000.00", "net": "9000000.00", "tax": "0"}
    assert (await correct(api, invoice, version, **big)).status_code == 200
    assert (await walk(api.web.town))[invoice] is State.HELD


@pytest.mark.parametrize(
    "values",
    [
        {"total": "84,960.00"},
        {"total": "1e9"},
        {"total": "NaN"},
        {"issue_date": "01/11/2026"},
        {"issue_date": "2026-02-30"},
        {"currency": "rupees"},
        {"seller_name": f"Pay to {OTHER_ACCOUNT}"},
        {"invoice_number": ACCOUNT},
        {"total": "94960.00"},
        {},
    ],
)
async def test_a_value_that_cannot_stand_is_refused_and_not_repeated(
    api: Api, values: dict[str, str]
) -> None:
    invoice, version = await held(api)
    answer = await correct(api, invoice, version, **values)
    assert answer.status_code == 422
    assert ACCOUNT not in answer.text
    assert OTHER_ACCOUNT not in answer.text
    assert (await shown(api, invoice))["version"] == version


async def test_of_two_people_at_once_the_second_is_told(api: Api) -> None:
    invoice, version = await held(api)
    assert (await correct(api, invoice, version, total="84960.00")).status_code == 200
    await api.web.rows("update invoices set due_at = null where id = $1", invoice)
    second = await correct(api, invoice, version, total="74960.00")
    assert (second.status_code, second.json()["type"]) == (409, "/problems/conflict")


async def test_a_stale_version_is_refused_with_the_one_that_is(api: Api) -> None:
    invoice, version = await held(api)
    answer = await correct(api, invoice, version - 2, total="84960.00")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/stale")
    assert answer.json()["version"] == version


async def test_that_the_forwarder_was_told_meanwhile_makes_nothing_stale(api: Api) -> None:
    invoice, version = await held(api)
    assert (await correct(api, invoice, version - 1, total="84960.00")).status_code == 200


async def test_a_correction_ends_the_lease_of_a_worker(api: Api) -> None:
    invoice, version = await held(api)
    town = api.web.town
    await api.web.rows("update invoices set due_at = now() where id = $1", invoice)
    claim = await town.world.store.street.claim(invoice, (State.HELD,), 60)
    assert claim is not None
    assert (await correct(api, invoice, version, total="84960.00")).status_code == 200
    assert await town.world.store.street.renew(claim, 60) is False


async def test_a_rejection_needs_a_reason_and_the_forwarder_reads_it(api: Api) -> None:
    invoice, version = await held(api)
    path = f"/api/v1/invoices/{invoice}/decide"
    body = {"version": version, "target": "rejected"}
    assert (await api.clerk.post(path, json=body)).status_code == 422
    answer = await api.clerk.post(path, json=body | {"reason": f"Not ours, see {OTHER_ACCOUNT}"})
    assert answer.json()["state"] == "rejected"
    await walk(api.web.town)
    assert "Not ours, see XXXXXX5544" in api.web.town.mailer.sent[-1].text


async def test_what_was_not_held_while_paying_does_not_go_there(api: Api) -> None:
    invoice, version = await held(api)
    answer = await api.clerk.post(
        f"/api/v1/invoices/{invoice}/decide", json={"version": version, "target": "paying"}
    )
    assert answer.status_code == 409


async def case(api: Api, invoice: object) -> dict[str, Any]:
    shown: dict[str, Any] = (await api.clerk.get(f"/api/v1/invoices/{invoice}")).json()
    return shown


async def test_what_was_never_clicked_is_offered_its_ways_and_shown_when_taken_back(api: Api) -> None:
    api.web.town.clock.pass_(hours=-24)  # so that its day is over by the clock of the API, too
    (invoice,) = await held_unclicked(api.web.town)
    before = await case(api, invoice)
    assert before["ways"] == ["paying", "extracted", "rejected"]  # its day is over: judging again is proposed
    body = {"version": before["version"], "target": "rejected", "reason": "Paid by hand."}
    assert (await api.clerk.post(f"/api/v1/invoices/{invoice}/decide", json=body)).status_code == 200
    after = await case(api, invoice)
    assert (after["payment"], after["state"]) == (None, "rejected")
    (voided,) = after["voided"]
    assert voided["reference"] == before["payment"]["reference"]
    assert (voided["by"], voided["reason"]) == (
        "chitra@meridian.example",
        "Rejected by Chitra: Paid by hand.",
    )


async def test_what_may_have_been_clicked_is_offered_the_bank_only_and_refused_the_rest(api: Api) -> None:
    (invoice,) = await held_unclicked(api.web.town)
    await api.web.town.world.store.street.doubt_clicks()
    shown = await case(api, invoice)
    assert shown["ways"] == ["paying"]
    path, version = f"/api/v1/invoices/{invoice}/decide", {"version": shown["version"]}
    for target in ("rejected", "extracted", "received"):
        answer = await api.clerk.post(path, json=version | {"target": target, "reason": "x"})
        assert answer.status_code == 409, target
    bulk = {"action": "reject", "reason": "x", "items": [{"id": str(invoice), **version}]}
    (result,) = (await api.clerk.post("/api/v1/exceptions/bulk", json=bulk)).json()["results"]
    assert (result["done"], result["type"]) == (False, "/problems/conflict")


async def test_of_many_what_is_over_is_asked_anew_and_not_asked_of_the_bank(api: Api) -> None:
    api.web.town.clock.pass_(hours=-24)
    (invoice,) = await held_unclicked(api.web.town)
    bulk = {
        "action": "resume",
        "items": [{"id": str(invoice), "version": (await case(api, invoice))["version"]}],
    }
    (result,) = (await api.clerk.post("/api/v1/exceptions/bulk", json=bulk)).json()["results"]
    assert result["done"]
    assert (await case(api, invoice))["state"] == "extracted"
