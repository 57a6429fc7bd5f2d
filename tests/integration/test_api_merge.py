"""Joining invoices in the console: over the real street and database, and against who means harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from schema.approval import Verdict
from schema.states import State
from tests.integration.api_rig import Api, serving_api
from tests.integration.rearrange_rig import asked, brought, entries, listed, merge, mergeable, shown, split
from tests.world import TAX_ID, fields, say, walk


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def test_an_approval_before_a_merge_does_not_count_after_it(api: Api) -> None:
    case = await asked(api)
    (other,) = await brought(api, b"two", 2)
    await say(api.web.town, Verdict.APPROVE)
    await api.web.rows(
        "update invoices set state = 'held', held_from = 'approved', came_from = 'approved', came_by = 'intend',"
        " version = version + 1 where id = $1",
        UUID(case["id"]),
    )
    case, town = await shown(api, case["id"]), api.web.town
    assert (await merge(api, case, other)).status_code == 200
    merged = await shown(api, case["id"])
    assert (merged["fingerprint"], merged["payment"], merged["fields"]) == (None, None, [])
    assert [question["superseded"] for question in merged["questions"]] == [True]
    town.reader.fields = fields(invoice_number="AIS/1")
    await walk(town)
    assert (await shown(api, case["id"]))["state"] == "asked"
    await say(town, Verdict.APPROVE, sid="SMin3")
    assert (await shown(api, case["id"]))["state"] == "asked"
    assert await api.web.rows("select count(*) from payments where status <> 'void'") == [(1,)]


async def test_a_merge_gives_one_invoice_the_pages_of_all_in_the_order_chosen(api: Api) -> None:
    first, second, third = await brought(api, files=3, pages=1)
    answer = await merge(api, third, first, second, into=1)
    assert (answer.status_code, answer.json()["state"]) == (200, "received"), answer.text
    merged = await shown(api, first["id"])
    names = [case["document"]["name"] for case in (third, first, second)]
    assert [sheets["file"] for sheets in merged["document"]["sheets"]] == names
    assert {(each["relation"], each["id"]) for each in merged["relatives"]} == {
        ("merged", second["id"]),
        ("merged", third["id"]),
    }
    for piece in (second, third):
        ended = await shown(api, piece["id"])
        assert (ended["state"], ended["relatives"][0]["relation"]) == ("rejected", "merged_into")
        assert ended["reason"].startswith("Merged by Chitra into ")
    last = (await entries(api, first["id"]))[-1]
    assert last.facts["merged"] == [third["id"], second["id"]]
    assert [sheets["pages"] for sheets in last.facts["sheets"]] == [[1], [1], [1]]


async def test_of_the_pieces_of_one_mail_one_letter_is_written(api: Api) -> None:
    first, second, third = await brought(api, files=3, pages=1)
    town = api.web.town
    before = len(town.mailer.sent)
    await merge(api, first, second, third)
    town.reader.fields = fields()
    states = await walk(town)
    assert sorted(states.values()) == [State.ASKED, State.CLOSED, State.CLOSED]
    (letter,) = town.mailer.sent[before:]
    assert "one invoice and were put together" in letter.text
    assert "Not paid" not in letter.text
    assert (await shown(api, first["id"]))["findings"][0]["rule"] == "rearranged"


async def test_each_file_of_a_merge_forwarded_again_is_a_duplicate(api: Api) -> None:
    first, second = await brought(api, files=2, pages=1)
    await merge(api, first, second)
    api.web.town.reader.fields = fields()
    await walk(api.web.town)
    again = await brought(api, uid=2, files=2, invoice_number="AIS/77")
    assert [case["findings"][0]["rule"] for case in again] == ["duplicate_file", "duplicate_file"]


async def test_what_was_merged_can_be_divided_again(api: Api) -> None:
    first, second = await brought(api, files=2, pages=2)
    await merge(api, first, second)
    await walk(api.web.town)
    merged = await shown(api, first["id"])
    assert (merged["state"], merged["document"]["page_count"]) == ("held", 4)
    answer = await split(api, merged, [1, 4], [2, 3])
    assert answer.status_code == 200, answer.text
    parts = [await shown(api, part) for part in answer.json()["parts"]]
    assert [[sheets["pages"] for sheets in part["document"]["sheets"]] for part in parts] == [
        [[1], [2]],
        [[2], [1]],
    ]


async def test_strangers_to_each_other_are_not_merged(api: Api) -> None:
    await api.web.rows(
        "update vendors set tax_id = '27AAACB1234C1Z9', name_key = 'other' where tax_id = $1", TAX_ID
    )
    (first,) = await brought(api)
    (second,) = await brought(api, b"two", 2)
    answer = await merge(api, first, second)
    assert (answer.status_code, await mergeable(api, first)) == (409, [])
    assert "neither of one mail nor of one vendor" in answer.json()["detail"]


async def test_pieces_of_one_vendor_in_two_mails_are_found_and_merged(api: Api) -> None:
    (first,) = await brought(api, pages=1)
    (second,) = await brought(api, b"two", 2, pages=1, total=None, invoice_number=None)
    (row,) = await mergeable(api, first)
    assert (row["id"], row["same_mail"], row["pages"]) == (second["id"], False, 1)
    assert await mergeable(api, first, q="no such words") == []
    assert len(await mergeable(api, first, q="INVOICE-0")) == 1
    assert (await merge(api, first, second)).status_code == 200


async def test_of_two_merges_in_both_directions_at_once_one_is_done(api: Api) -> None:
    first, second = await brought(api, files=2, pages=1)
    answers = await asyncio.gather(
        *(merge(api, *pair) for pair in ((first, second), (second, first)) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]


async def test_a_merge_names_each_invoice_once_and_its_own(api: Api) -> None:
    first, second = await brought(api, files=2, pages=1)
    assert (await merge(api, first, first)).status_code == 422
    pieces = [{"id": case["id"], "version": case["version"]} for case in (first, second)]
    path = f"/api/v1/invoices/{first['id']}/merge"
    body: dict[str, Any] = {"pieces": [*pieces[1:], {"id": str(uuid4()), "version": 1}]}
    assert (await api.clerk.post(path, json=body)).status_code == 422
    body = {"pieces": [pieces[0], {"id": str(uuid4()), "version": 1}]}
    assert (await api.clerk.post(path, json=body)).status_code == 404


async def test_lists_tell_parts_and_pieces(api: Api) -> None:
    (whole,) = await brought(api)
    first, second = await brought(api, b"two", 2, files=2, pages=1, invoice_number=None, total=None)
    parts = (await split(api, whole, [1], [2, 3])).json()["parts"]
    await merge(api, first, second)
    rows = {row["id"]: row for row in await listed(api)}
    assert (rows[whole["id"]]["parts"], rows[first["id"]]["parts"]) == (2, 0)
    assert {rows[part]["part_of"] for part in parts} == {whole["id"]}
    assert rows[second["id"]]["merged_into"] == first["id"]
