"""Files given by hand: stored first, the same street as a mail, and never a way to approve one's own invoice."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from handlers.receive import receive
from handlers.world import FetchedFile
from schema.ids import BlobKey
from schema.mail import Disposition, MailPlace
from schema.vault import sha256
from tests.integration.api_rig import Api, serving_api
from tests.world import TAX_ID

UPLOADS = "/api/v1/uploads"
SAMPLES = Path(__file__).parents[2] / "sandbox" / "samples"
PDF = (SAMPLES / "acme-8812.pdf").read_bytes()
OTHER_PDF = (SAMPLES / "blueleaf-071.pdf").read_bytes()


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def give(api: Api, *files: tuple[str, bytes]) -> httpx.Response:
    return await api.clerk.post(UPLOADS, files=[("files", file) for file in files])


async def given(api: Api, *files: tuple[str, bytes]) -> list[dict[str, Any]]:
    answer = await give(api, *files)
    assert answer.status_code == 201, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def zipped(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name.replace("_", "."), data)
    return target.getvalue()


async def test_admins_and_clerks_give_files(api: Api) -> None:
    expected = {"nobody": 401, "admin": 201, "approver": 403, "clerk": 201, "auditor": 403}
    assert await api.statuses("POST", UPLOADS, files={"files": ("a.pdf", PDF)}) == expected


async def test_admins_and_clerks_give_addresses(api: Api) -> None:
    statuses = await api.statuses(
        "POST", f"{UPLOADS}/from-address", json={"address": "https://evil.example/a"}
    )
    assert statuses == {"nobody": 401, "admin": 422, "approver": 403, "clerk": 422, "auditor": 403}


@pytest.mark.parametrize("path", [UPLOADS, f"{UPLOADS}/hosts"])
async def test_everyone_who_is_signed_in_sees_what_was_given(api: Api, path: str) -> None:
    expected = {"nobody": 401, "admin": 200, "approver": 200, "clerk": 200, "auditor": 200}
    assert await api.statuses("GET", path) == expected


async def test_nobodys_files_are_not_even_read(api: Api) -> None:
    before = await api.web.contents()
    for client in (api.nobody, api.auditor):
        await client.post(UPLOADS, files={"files": ("a.pdf", PDF)})
    after = await api.web.contents()
    assert (after["mails"], after["uploads"]) == (before["mails"], before["uploads"])


async def test_another_sites_form_gives_nothing(api: Api) -> None:
    answer = await api.clerk.post(UPLOADS, files={"files": ("a.pdf", PDF)}, headers={"X-Countersign": ""})
    assert (answer.status_code, await api.web.rows("select 1 from uploads")) == (403, [])


async def test_a_file_opens_an_invoice_of_which_its_giver_is_the_forwarder(api: Api) -> None:
    (item,) = await given(api, ("acme-8812.pdf", PDF))
    assert (item["outcome"], item["sha256"], item["person"]) == (
        "taken",
        sha256(PDF),
        "chitra@meridian.example",
    )
    (invoice,) = item["invoices"]
    rows = await api.web.rows("select id::text, state::text, forwarder from invoices")
    assert rows == [(invoice["id"], "received", "chitra@meridian.example")]


async def test_a_file_is_on_the_record_as_a_mail_is(api: Api) -> None:
    await given(api, ("acme-8812.pdf", PDF))
    ((actor, note, facts),) = await api.web.rows("select actor, note, facts::text from audits")
    assert (actor, note) == ("chitra@meridian.example", "Received: acme-8812.pdf")
    assert sha256(PDF) in facts
    assert '"uploaded_by": "chitra@meridian.example"' in facts


async def test_several_files_are_judged_one_by_one(api: Api) -> None:
    items = await given(
        api, ("a.pdf", PDF), ("b.exe", b"MZ\x00"), ("c.pdf", OTHER_PDF), ("d.zip", b"PK\x03\x04")
    )
    assert [item["outcome"] for item in items] == ["taken", "refused", "taken", "refused"]
    assert items[1]["reason"].startswith("There is nothing in it that could be an invoice")


async def test_what_is_refused_is_kept_all_the_same(api: Api) -> None:
    await given(api, ("b.exe", b"MZ\x00"))
    ((key,),) = await api.web.rows("select blob_key from uploads where outcome = 'refused'")
    assert await api.web.app.state.world.blobs.get(BlobKey(key)) == b"MZ\x00"


async def test_the_same_bytes_are_taken_once(api: Api) -> None:
    (first,) = await given(api, ("a.pdf", PDF))
    (again,) = await given(api, ("renamed.pdf", PDF))
    assert (again["outcome"], again["invoices"][0]["id"]) == ("known", first["invoices"][0]["id"])
    assert await api.web.rows("select count(*) from invoices") == [(1,)]


async def test_two_people_giving_the_same_file_at_once_open_one_invoice(api: Api) -> None:
    files = {"files": ("a.pdf", PDF)}
    answers = await asyncio.gather(
        *(client.post(UPLOADS, files=files) for client in (api.clerk, api.admin) * 3)
    )
    outcomes = sorted(answer.json()["items"][0]["outcome"] for answer in answers)
    assert outcomes == ["known"] * 5 + ["taken"]


async def test_a_zip_opens_an_invoice_for_each_document_in_it(api: Api) -> None:
    (item,) = await given(api, ("z.zip", zipped(a_pdf=PDF, b_pdf=OTHER_PDF, c_exe=b"MZ")))
    assert [invoice["document"] for invoice in item["invoices"]] == ["a.pdf", "b.pdf"]
    assert [each["name"] for each in item["left_out"]] == ["c.exe"]


async def test_a_zip_bomb_is_refused_with_a_reason(api: Api) -> None:
    (item,) = await given(api, ("z.zip", zipped(bomb_pdf=bytes(40 * 2**20))))
    assert (item["outcome"], item["invoices"]) == ("refused", [])
    assert "far more" in item["reason"]


async def test_a_mail_that_the_door_turned_away_says_so_and_stays_so(api: Api) -> None:
    head = b"From: x@evil.example\r\nSubject: hi\r\nMessage-ID: <1@evil.example>\r\n"
    raw = head + b"Content-Type: application/pdf\r\n\r\n" + PDF[:500]
    place = MailPlace(account="a", folder="INBOX", uidvalidity=1, uid=1)
    assert await receive(place, raw, api.web.town.world) is Disposition.QUARANTINED
    (item,) = await given(api, ("m.eml", raw))
    assert (item["outcome"], item["invoices"]) == ("known", [])
    assert "was quarantined" in item["reason"]


async def test_whoever_gives_a_file_cannot_be_its_only_approver(api: Api) -> None:
    """The rule is the database's own: a payment of an invoice needs someone who is not its forwarder."""
    await given(api, ("a.pdf", PDF))
    ((invoice, forwarder),) = await api.web.rows("select id, forwarder from invoices")
    await api.web.rows("update people set role = 'admin' where address = $1", forwarder)
    statement = """insert into payments (id, invoice_id, vendor_id, forwarder, reference, beneficiary, account_cipher,
        account_print, account_last4, routing, rail, amount, currency, pay_on, people_needed, approver_one)
        select gen_random_uuid(), $1, id, $2, 'CSAAAAAAAAAAAAAAAAAAAA', 'b', 'c', 'p', '1234', 'HDFC0000485', 'NEFT', 1,
        'INR', current_date, 1, $2 from vendors where tax_id = $3"""
    with pytest.raises(Exception, match="payments_not_by_the_forwarder_alone"):
        await api.web.rows(statement, invoice, forwarder, TAX_ID)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"files": {"files": ("a.pdf", PDF)}, "headers": {"Content-Length": str(2**40)}}, 413),
        ({"content": b"x", "headers": {"Content-Type": "application/pdf"}}, 415),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"files": [("files", ("a", b"x"))] * 21}, 400),
        ({"files": {"other": ("a.pdf", PDF)}}, 422),
        ({"files": {"files": ("a.pdf", PDF)}, "data": {"note": "x"}}, 400),
        ({"files": {"files": ("a.pdf", bytes(36 * 2**20))}}, 413),
    ],
)
async def test_a_request_that_is_no_form_of_files_is_a_problem(
    api: Api, options: dict[str, Any], status: int
) -> None:
    answer = await api.clerk.post(UPLOADS, **options)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert await api.web.rows("select 1 from uploads") == []


async def test_a_request_without_its_length_is_a_problem(api: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"--x--"

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await api.clerk.post(UPLOADS, content=body(), headers=headers)).status_code == 411


async def test_names_are_made_visible_and_masked(api: Api) -> None:
    (item,) = await given(api, ("\u202egpj.50200012345678.pdf", PDF))
    assert "50200012345678" not in item["name"]
    assert "\u202e" not in item["name"]


async def test_pages_hold_every_file_once_newest_first(api: Api) -> None:
    for number in range(5):
        await given(api, (f"{number}.exe", b"MZ%d" % number))
    seen, after = [], None
    for _ in range(3):
        query = {"limit": "2"} | ({"after": after} if after else {})
        page = (await api.auditor.get(UPLOADS, params=query)).json()
        seen += [item["name"] for item in page["items"]]
        after = page["next"]
    assert (seen, after) == (["4.exe", "3.exe", "2.exe", "1.exe", "0.exe"], None)


async def test_a_cursor_that_is_none_is_a_problem(api: Api) -> None:
    for after in ("x", "WyJhIiwgImIiXQ", "WzEsIDJd"):
        assert (await api.clerk.get(UPLOADS, params={"after": after})).status_code == 422


async def test_one_file_is_found_by_its_id_and_no_other(api: Api) -> None:
    (item,) = await given(api, ("a.pdf", PDF))
    assert (await api.approver.get(f"{UPLOADS}/{item['id']}")).json() == item
    assert (await api.approver.get(f"{UPLOADS}/{uuid4()}")).status_code == 404


async def test_a_fetched_file_says_where_it_came_from(api: Api) -> None:
    class Hosted:
        async def fetch(self, address: str) -> FetchedFile:
            return FetchedFile("a.pdf", PDF, "https://files.example.com/a.pdf")

    api.web.app.state.world = replace(api.web.app.state.world, files=Hosted())
    answer = await api.clerk.post(
        f"{UPLOADS}/from-address", json={"address": "https://files.example.com/a.pdf?s=1"}
    )
    assert (answer.status_code, answer.json()["outcome"]) == (201, "taken")
    assert answer.json()["origin"] == "https://files.example.com/a.pdf"


@pytest.mark.parametrize(
    "body", [{}, {"address": 1}, {"address": ""}, {"address": "x" * 2_001}, {"address": "x", "y": 1}, []]
)
async def test_an_address_that_is_none_is_a_problem(api: Api, body: object) -> None:
    answer = await api.clerk.post(f"{UPLOADS}/from-address", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
