"""Batches for the ledger: each payment once a format, the same bytes for ever, delivered until taken."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import hmac
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from daemon.adapters.ledger_webhook import LedgerWebhook
from daemon.egress import EgressTransport
from daemon.wiring import make_blobs, make_door
from handlers.deliver import ATTEMPTS, deliver_due
from handlers.ledger.ubl import CAC, CBC
from schema.approval import Verdict
from schema.ids import InvoiceId
from tests.integration.api_rig import Api, serving_api
from tests.world import ACCOUNT, bring, say, walk

EXPORTS = "/api/v1/exports"
SECRET = "a-webhook-secret-of-the-tests-only"


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def pay(api: Api, uid: int = 1) -> InvoiceId:
    town = api.web.town
    await bring(town, b"mail %d" % uid, uid)
    await walk(town)
    await say(town, Verdict.APPROVE, len(town.messenger.asked) - 1, f"SMin{uid}")
    await walk(town)
    return town.messenger.asked[-1][0].invoice_id


async def make(api: Api, form: str = "csv", **wish: str) -> dict[str, Any]:
    answer = await api.admin.post(EXPORTS, json={"format": form, **wish})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def content(api: Api, batch: dict[str, Any]) -> bytes:
    return (await api.auditor.get(f"{EXPORTS}/{batch['id']}/file")).content


@pytest.mark.parametrize("path", [EXPORTS, f"{EXPORTS}/settings", f"{EXPORTS}/preview?format=csv"])
async def test_exports_are_read_by_admins_and_auditors(api: Api, path: str) -> None:
    expected = {"nobody": 401, "admin": 200, "approver": 403, "clerk": 403, "auditor": 200}
    assert await api.statuses("GET", path) == expected


async def test_batches_are_made_by_admins_only(api: Api) -> None:
    expected = {"nobody": 401, "admin": 409, "approver": 403, "clerk": 403, "auditor": 403}
    assert await api.statuses("POST", EXPORTS, json={"format": "csv"}) == expected


async def test_a_payment_goes_into_one_batch_of_each_format(api: Api) -> None:
    await pay(api)
    batches = [await make(api, form) for form in ("csv", "tally", "ubl")]
    again = [
        (await api.admin.post(EXPORTS, json={"format": form})).status_code for form in ("csv", "tally", "ubl")
    ]
    assert ([batch["number"] for batch in batches], again) == ([1, 2, 3], [409, 409, 409])


async def test_asked_for_by_two_at_once_it_is_made_once(api: Api) -> None:
    await pay(api)
    answers = await asyncio.gather(*(api.admin.post(EXPORTS, json={"format": "csv"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert await api.web.rows("select number from export_batches") == [(1,)]


async def test_the_file_is_what_its_hash_says_and_never_changes(api: Api) -> None:
    await pay(api)
    batch = await make(api)
    first, again = await content(api, batch), await content(api, batch)
    assert first == again
    assert (hashlib.sha256(first).hexdigest(), len(first)) == (batch["sha256"], batch["size_bytes"])


async def test_the_csv_holds_the_payment_and_says_that_it_is_simulated(api: Api) -> None:
    invoice = await pay(api)
    (row,) = csv.DictReader(io.StringIO((await content(api, await make(api))).decode("utf-8-sig")))
    assert (row["invoice_id"], row["amount"], row["currency"]) == (str(invoice), "84960.00", "INR")
    assert row["simulated"] == "SIMULATED"


async def test_tallys_vouchers_are_balanced_and_named_for_good(api: Api) -> None:
    await pay(api)
    root = ET.fromstring(await content(api, await make(api, "tally")))
    vouchers = root.findall(".//VOUCHER")
    assert [voucher.get("VCHTYPE") for voucher in vouchers] == ["Purchase", "Payment"]
    assert len({voucher.get("REMOTEID") for voucher in vouchers}) == 2
    for voucher in vouchers:
        amounts = [
            Decimal(entry.findtext("AMOUNT", "")) for entry in voucher.findall("ALLLEDGERENTRIES.LIST")
        ]
        assert (sum(amounts), len(amounts)) == (0, 2)


async def test_ubl_documents_have_what_the_schema_demands_in_its_order(api: Api) -> None:
    await pay(api)
    with zipfile.ZipFile(io.BytesIO(await content(api, await make(api, "ubl")))) as archive:
        (name,) = archive.namelist()
        root = ET.fromstring(archive.read(name))
    order = [
        *(
            "UBLVersionID",
            "ID",
            "UUID",
            "IssueDate",
            "DueDate",
            "InvoiceTypeCode",
            "Note",
            "DocumentCurrencyCode",
        ),
        *("OrderReference", "AccountingSupplierParty", "AccountingCustomerParty", "PaymentMeans"),
        *("PrepaidPayment", "TaxTotal", "LegalMonetaryTotal", "InvoiceLine"),
    ]
    found = [child.tag.rpartition("}")[2] for child in root]
    assert found == [each for each in order if each in found]
    assert {"ID", "IssueDate", "LegalMonetaryTotal", "InvoiceLine"} <= set(found)
    assert root.findtext(f"{{{CAC}}}LegalMonetaryTotal/{{{CBC}}}PayableAmount") == "0.00"
    assert root.findtext(f"{{{CBC}}}Note") == "SIMULATED payment"


@pytest.mark.parametrize("form", ["csv", "tally", "ubl"])
async def test_no_file_holds_a_full_account_number(api: Api, form: str) -> None:
    await pay(api)
    data = await content(api, await make(api, form))
    if form == "ubl":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = b"".join(archive.read(name) for name in archive.namelist())
    assert ACCOUNT.encode() not in data


async def test_a_hostile_invoice_number_stays_text_in_every_format(api: Api) -> None:
    invoice = await pay(api)
    hostile = '=HYPERLINK("x")</ID><Evil/>\x07&'
    await api.web.rows("update invoices set invoice_number = $2 where id = $1", invoice, hostile)
    (row,) = csv.DictReader(io.StringIO((await content(api, await make(api))).decode("utf-8-sig")))
    tally = ET.fromstring(await content(api, await make(api, "tally")))
    assert row["invoice_number"].startswith("'=")
    assert (tally.find(".//Evil"), tally.findtext(".//REFERENCE")) == (
        None,
        hostile.replace("\x07", "[U+0007]"),
    )


async def test_days_are_days_of_our_own_zone(api: Api) -> None:
    await pay(api)
    ((day,),) = await api.web.rows("select (booked_at at time zone 'Asia/Kolkata')::date from payments")
    before = (
        await api.admin.get(
            f"{EXPORTS}/preview", params={"format": "csv", "booked_to": str(day - timedelta(1))}
        )
    ).json()
    within = (
        await api.admin.get(
            f"{EXPORTS}/preview", params={"format": "csv", "booked_from": str(day), "booked_to": str(day)}
        )
    ).json()
    assert (before["payments"], within["payments"]) == (0, 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"format": "xls"},
        {"format": "csv", "x": 1},
        {"format": "csv", "booked_from": "2026-02-02", "booked_to": "2026-02-01"},
        {"format": "csv", "booked_to": "9999-12-31"},
    ],
)
async def test_a_wish_that_makes_no_sense_is_a_problem(api: Api, body: dict[str, Any]) -> None:
    assert (await api.admin.post(EXPORTS, json=body)).status_code == 422
    assert (await api.admin.get(f"{EXPORTS}/preview", params=body)).status_code == 422


async def test_a_batch_is_on_the_record_and_cannot_be_changed(api: Api) -> None:
    await pay(api)
    batch = await make(api)
    assert await api.web.rows("select who, what, subject_id from history where subject = 'export'") == [
        ("nadia@meridian.example", "made", batch["id"])
    ]
    for statement in ("update export_batches set number = 9", "delete from export_items"):
        with pytest.raises(Exception, match="append-only"):
            await api.web.rows(statement)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/file"), ("POST", "/deliver")])
async def test_a_batch_that_is_none_is_not_found(api: Api, method: str, path: str) -> None:
    assert (await api.admin.request(method, f"{EXPORTS}/{uuid4()}{path}")).status_code == 404


async def test_without_a_webhook_nothing_is_put_on_its_way(api: Api) -> None:
    await pay(api)
    batch = await make(api)
    answer = await api.admin.post(f"{EXPORTS}/{batch['id']}/deliver")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-webhook")


class Books:
    """A ledger on a real socket: answers in turn as told, and keeps what it was sent."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.got = list(answers), list[tuple[dict[str, str], bytes]]()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
        self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        answer = self.answers.pop(0)
        if answer:
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % answer)
        writer.close()


async def deliver(api: Api, books: Books, rounds: int) -> dict[str, Any]:
    """Put a batch on its way and let `rounds` attempts pass, each when it is due."""
    await pay(api)
    server = await asyncio.start_server(books.handle, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/books?key=x"
    settings = api.web.app.state.settings.model_copy(update={"ledger_webhook_url": url})
    api.web.app.state.settings = settings
    world = api.web.app.state.world
    door = make_door(settings, world.guard, world.store, make_blobs(settings, world.vault), world.clock)
    ledger = LedgerWebhook(url, EgressTransport(door, "ledger"))
    batch = await make(api)
    assert (await api.admin.post(f"{EXPORTS}/{batch['id']}/deliver")).status_code == 202
    for _ in range(rounds):
        await deliver_due(replace(world, ledger=ledger), SECRET)
        await api.web.rows("update export_deliveries set due_at = now() where due_at is not null")
    await ledger.aclose()
    server.close()
    delivery: dict[str, Any] = (await api.auditor.get(f"{EXPORTS}/{batch['id']}")).json()["delivery"]
    return delivery


async def test_a_delivered_batch_is_signed_over_its_time_and_its_bytes(api: Api) -> None:
    books = Books(200)
    delivery = await deliver(api, books, rounds=2)
    ((headers, body),) = books.got
    seconds, _, signature = headers["countersign-signature"].removeprefix("t=").partition(",v1=")
    expected = hmac.new(SECRET.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert (delivery["status"], signature) == ("delivered", expected)


async def test_a_webhook_that_fails_is_tried_again_with_the_same_key(api: Api) -> None:
    books = Books(503, 0, 200)
    delivery = await deliver(api, books, rounds=3)
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 3)
    assert len({headers["idempotency-key"] for headers, _ in books.got}) == 1


async def test_a_redirect_is_not_followed_and_no_success(api: Api) -> None:
    delivery = await deliver(api, Books(302), rounds=1)
    assert (delivery["status"], delivery["answered"]) == ("waiting", 302)
    assert delivery["due_at"] > delivery["asked_at"]


async def test_a_webhook_that_never_takes_it_is_given_up(api: Api) -> None:
    delivery = await deliver(api, Books(*[500] * ATTEMPTS), rounds=ATTEMPTS + 1)
    assert (delivery["status"], delivery["attempts"]) == ("failed", ATTEMPTS)


async def test_what_is_delivered_passes_the_one_door(api: Api) -> None:
    await deliver(api, Books(200), rounds=1)
    ((method, destination),) = await api.web.rows(
        "select method, destination from egress where kind = 'ledger'"
    )
    assert (method, destination.endswith("/books")) == ("POST", True)
