"""Dividing invoices in the console: over the real street and database, and against who means harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from handlers.advance import advance
from schema.approval import Verdict
from schema.ids import InvoiceId
from schema.people import Role
from schema.states import Job, State
from tests.integration.api_rig import Api, serving_api
from tests.integration.rearrange_rig import asked, brought, entries, listed, merge, mergeable, shown, split
from tests.world import ASHA, bring, fields, say, walk


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def test_a_split_makes_invoices_of_the_same_mail_that_are_read_by_their_pages_alone(api: Api) -> None:
    (whole,) = await brought(api)
    answer = await split(api, whole, [1], [3, 2])
    assert answer.status_code == 200, answer.text
    first, second = [await shown(api, part) for part in answer.json()["parts"]]
    assert [part["state"] for part in (first, second)] == ["received", "received"]
    assert [part["document"]["sheets"][0]["pages"] for part in (first, second)] == [[1], [3, 2]]
    for part in (first, second):
        same = ("forwarder", "mail", "received_at")
        assert [part[name] for name in same] == [whole[name] for name in same]
        assert [(each["relation"], each["id"]) for each in part["relatives"]] == [("part_of", whole["id"])]
    ended = await shown(api, whole["id"])
    assert (ended["state"], ended["ways"]) == ("rejected", [])
    assert ended["reason"] == "Split into 2 invoices by Chitra: page 1; pages 3, 2."
    assert {each["id"] for each in ended["relatives"]} == {first["id"], second["id"]}


async def test_the_record_of_each_says_who_gave_which_pages(api: Api) -> None:
    (whole,) = await brought(api)
    parts = (await split(api, whole, [1], [2, 3])).json()["parts"]
    last = (await entries(api, whole["id"]))[-1]
    sha256 = whole["document"]["sha256"]
    assert (last.step, last.actor) == ("decide", "chitra@meridian.example")
    assert last.facts["split_into"][1] == {
        "invoice": parts[1],
        "sheets": [{"sha256": sha256, "pages": [2, 3]}],
    }
    (first,) = await entries(api, parts[0])
    assert (first.step, first.actor, first.facts["split_from"]) == ("receive", last.actor, whole["id"])
    assert first.note == "Split off by Chitra: invoice-0.pdf, page 1"


async def test_the_forwarder_gets_one_letter_that_does_not_frighten(api: Api) -> None:
    (whole,) = await brought(api)
    town = api.web.town
    before = len(town.mailer.sent)
    await split(api, whole, [1], [2, 3])
    await walk(town)
    letters = [mail for mail in town.mailer.sent[before:] if "holds 2 invoices" in mail.text]
    assert len(letters) == 1
    assert "invoice-0.pdf, page 1\n" in letters[0].text
    assert "Nothing is lost" in letters[0].text
    assert "Not paid" not in letters[0].text + letters[0].html
    assert "2 invoices in one file" in letters[0].html


async def test_both_parts_of_one_number_are_not_paid_twice(api: Api) -> None:
    (whole,) = await brought(api)
    parts = (await split(api, whole, [1], [2, 3])).json()["parts"]
    api.web.town.reader.fields = fields()
    states = await walk(api.web.town)
    assert sorted(states[InvoiceId(UUID(part))] for part in parts) == [State.ASKED, State.CLOSED]
    (turned_away,) = [case for part in parts if (case := await shown(api, part))["state"] == "closed"]
    assert turned_away["findings"][0]["rule"] == "duplicate_number"


async def test_parts_with_numbers_of_their_own_both_go_on(api: Api) -> None:
    (whole,), town = await brought(api), api.web.town
    parts = (await split(api, whole, [1], [2, 3])).json()["parts"]
    for part, number in zip(parts, ("AIS/1", "AIS/2"), strict=True):
        town.reader.fields = fields(invoice_number=number)
        await advance(InvoiceId(UUID(part)), Job.INGEST, town.world)
    await walk(town)
    cases = [await shown(api, part) for part in parts]
    assert [(case["number"], case["state"]) for case in cases] == [("AIS/1", "asked"), ("AIS/2", "asked")]
    assert [case["findings"][0]["rule"] for case in cases] == ["rearranged", "rearranged"]
    assert cases[0]["findings"][0]["sentence"] == (
        "Its pages were chosen by chitra@meridian.example: invoice-0.pdf, page 1."
    )


async def test_the_same_file_forwarded_again_after_a_split_is_a_duplicate(api: Api) -> None:
    (whole,) = await brought(api)
    await split(api, whole, [1], [2, 3])
    (again,) = await brought(api, uid=2)
    assert (again["state"], again["findings"][0]["rule"]) == ("closed", "duplicate_file")


async def test_a_copy_that_came_after_the_whole_never_overtakes_its_parts(api: Api) -> None:
    (whole,) = await brought(api)
    api.web.town.reader.fields = fields()
    await bring(api.web.town, b"one", 2)
    (copy,) = [row["id"] for row in await listed(api) if row["id"] != whole["id"]]
    parts = (await split(api, whole, [1], [2, 3])).json()["parts"]
    states = await walk(api.web.town)
    assert states[InvoiceId(UUID(copy))] is State.CLOSED
    assert State.ASKED in {states[InvoiceId(UUID(part))] for part in parts}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([[1, 2], [2, 3]], "more than once"),
        ([[1], [3]], "belongs to no part"),
        ([[1], [2, 3, 4]], "there is no page 4"),
        ([[1, 2, 3], [9_999]], "there is no page 9999"),
    ],
)
async def test_pages_that_do_not_come_out_even_change_nothing(
    api: Api, parts: list[list[int]], said: str
) -> None:
    (whole,) = await brought(api)
    before = await api.web.contents()
    answer = await split(api, whole, *parts)
    assert answer.status_code == 422
    assert said in answer.json()["errors"][0]["message"]
    assert await api.web.contents() == before


@pytest.mark.parametrize("parts", [[[0], [1, 2, 3]], [[], [1, 2, 3]], [[1, 2, 3]], [[-1], [1, 2, 3]]])
async def test_what_is_no_page_or_no_part_is_refused_at_the_door(api: Api, parts: list[list[int]]) -> None:
    (whole,) = await brought(api)
    assert (await split(api, whole, *parts)).status_code == 422


async def test_a_version_that_was_not_seen_is_refused_with_the_one_there_is(api: Api) -> None:
    (whole,) = await brought(api)
    answer = await split(api, whole | {"version": whole["version"] - 2}, [1], [2, 3])
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/stale")
    assert answer.json()["version"] == whole["version"]


async def test_of_two_splits_at_once_one_is_done(api: Api) -> None:
    (whole,) = await brought(api)
    answers = await asyncio.gather(*(split(api, whole, [1], [2, 3]) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert len(await listed(api)) == 3


async def test_the_same_split_said_twice_is_answered_once(api: Api) -> None:
    (whole,) = await brought(api)
    headers = {"Idempotency-Key": "k1"}
    first, again = [await split(api, whole, [1], [2, 3], headers=headers) for _ in range(2)]
    assert (first.status_code, again.json()) == (200, first.json())
    assert len(await listed(api)) == 3


@pytest.mark.parametrize("state", ["paying", "approved", "closed"])
async def test_what_is_not_held_or_was_held_while_paying_is_never_rearranged(api: Api, state: str) -> None:
    (whole,) = await brought(api, invoice_number="AIS/1")
    (other,) = await brought(api, b"two", 2)
    moves = {
        "paying": "state = 'held', held_from = 'paying', came_from = 'paying', came_by = 'pay'",
        "approved": "state = 'approved', came_from = 'asked', came_by = 'answer'",
        "closed": "state = 'closed', came_from = 'paid', came_by = 'report'",
    }
    await api.web.rows("alter table invoices disable trigger invoices_move")
    await api.web.rows(
        f"update invoices set {moves[state]}, version = version + 1 where id = $1", UUID(whole["id"])
    )
    whole = await shown(api, whole["id"])
    assert (await split(api, whole, [1], [2, 3])).status_code == 409
    assert (await merge(api, other, whole)).status_code == 409
    assert (await merge(api, whole, other)).status_code == 409
    assert not [row for row in (await mergeable(api, other)) if row["id"] == whole["id"]]


async def test_an_invoice_of_one_page_cannot_be_divided(api: Api) -> None:
    (whole,) = await brought(api, pages=1)
    answer = await split(api, whole, [1], [2])
    assert (answer.status_code, whole["document"]["divisible"]) == (409, False)
    assert "only one page" in answer.json()["detail"]


async def test_an_approval_of_what_was_divided_is_worth_nothing(api: Api) -> None:
    case = await asked(api)
    town = api.web.town
    await say(town, Verdict.APPROVE)
    await api.web.rows(
        "update invoices set state = 'held', held_from = 'approved', came_from = 'approved', came_by = 'intend',"
        " version = version + 1 where id = $1",
        UUID(case["id"]),
    )
    whole = await shown(api, case["id"])
    assert (await split(api, whole, [1], [2, 3])).status_code == 200
    assert await api.web.rows("select status::text from payments") == [("void",)]
    with pytest.raises(asyncpg.CheckViolationError):
        await api.web.rows("update payments set status = 'planned'")
    await say(town, Verdict.APPROVE, sid="SMin2")
    assert (await walk(town))[InvoiceId(UUID(case["id"]))] is State.CLOSED
    assert town.bank.submits == 0


async def test_only_clerks_and_admins_rearrange(api: Api) -> None:
    (whole,) = await brought(api)
    body = {"version": whole["version"] + 9, "parts": [{"pages": [1]}, {"pages": [2, 3]}]}
    path = f"/api/v1/invoices/{whole['id']}"
    expected = {"nobody": 401, "admin": 409, "approver": 403, "clerk": 409, "auditor": 403}
    assert await api.statuses("POST", f"{path}/split", json=body) == expected
    pieces = [{"id": whole["id"], "version": whole["version"] + 9}, {"id": str(uuid4()), "version": 1}]
    merged = await api.statuses("POST", f"{path}/merge", json={"pieces": pieces})
    assert merged == expected | {"admin": 404, "clerk": 404}


async def test_an_approver_who_chose_the_pages_does_not_approve_alone(api: Api) -> None:
    await api.web.rows(
        "update people set address = $1 where id = $2", ASHA.address, api.people[Role.CLERK].id
    )
    (whole,) = await brought(api)
    parts = (await split(api, whole, [1], [2, 3])).json()["parts"]
    api.web.town.reader.fields = fields()
    await walk(api.web.town)
    (case,) = [each for part in parts if (each := await shown(api, part))["state"] == "asked"]
    assert case["payment"]["people_needed"] == 2


async def test_the_database_itself_refuses_a_page_in_two_living_invoices(api: Api) -> None:
    (whole,) = await brought(api)
    parts = (await split(api, whole, [1], [2, 3])).json()["parts"]
    add = (
        "insert into invoice_sheets (invoice_id, since, position, document_id, pages, person_id, address, at)"
        " select $1, 0, 2, document_id, $2, person_id, address, at from invoice_sheets where invoice_id = $1"
    )
    with pytest.raises(asyncpg.ExclusionViolationError):
        await api.web.rows(add, UUID(parts[0]), [3])
    with pytest.raises(asyncpg.CheckViolationError, match="lives, and has no pages"):
        await api.web.rows("update invoice_sheets set given_on = true where invoice_id = $1", UUID(parts[0]))
    with pytest.raises(asyncpg.CheckViolationError, match="may only be given on"):
        await api.web.rows("update invoice_sheets set pages = '{2}' where invoice_id = $1", UUID(parts[0]))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.web.rows("delete from invoice_sheets")
    (other,) = await brought(api, b"two", 2, total=None, invoice_number=None)
    assert other["state"] == "held"
    with pytest.raises(asyncpg.CheckViolationError, match="a living invoice has this whole document"):
        await api.web.rows(
            "insert into invoice_sheets (invoice_id, since, position, document_id, pages, person_id, address, at)"
            " select s.invoice_id, 0, 2, i.document_id, null, s.person_id, s.address, s.at"
            "   from invoice_sheets s, invoices i where s.invoice_id = $1 and i.id = $2",
            UUID(parts[0]),
            UUID(other["id"]),
        )


async def test_the_audit_page_tells_of_the_parts_and_of_the_pages(api: Api) -> None:
    (whole,) = await brought(api)
    parts = (await split(api, whole, [1], [2, 3])).json()["parts"]
    await walk(api.web.town)
    for invoice, said in (
        (whole["id"], f"Split into invoice {parts[0][:8]}"),
        (parts[1], "pages 2 to 3 (SHA-256"),
    ):
        page = await api.nobody.get(api.web.audit_path(InvoiceId(UUID(invoice))))
        assert said in page.text


async def test_a_held_part_still_waits_after_its_whole_has_ended(api: Api) -> None:
    (whole,) = await brought(api)
    parts = (await split(api, whole, [1], [2, 3])).json()["parts"]
    api.web.town.reader.fields = fields(total=None, invoice_number=None)
    states = await walk(api.web.town)
    assert [states[InvoiceId(UUID(each))] for each in (whole["id"], *parts)] == [
        State.CLOSED,
        State.HELD,
        State.HELD,
    ]
