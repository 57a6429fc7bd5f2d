"""Webhooks through the whole web app: only Twilio's word counts, once, and for what the person was shown."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from daemon.web.twilio_webhook import DeliveryStatus
from daemon.web.webhooks import HELP, RANKS
from handlers.answer import ANSWERED, EXPIRED, NOT_YOURS, SUPERSEDED, UNKNOWN
from schema.states import State
from tests.integration.web_rig import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    INBOUND,
    PUBLIC,
    STATUS,
    Web,
    inbound,
    serving_web,
)
from tests.world import ACCOUNT, ASHA, VIKRAM, due_now, fields, only, walk

EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
LARGE = {"total": Decimal("472000.00"), "net": Decimal("400000.00"), "tax": Decimal("72000.00")}


@pytest.fixture
async def web(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Web]:
    async with serving_web(database_url, redis_url, tmp_path / "blobs") as running:
        yield running
        assert all(ACCOUNT not in response.text for response in running.answers)


async def approvals(web: Web) -> list[tuple[str, str]]:
    return [(a, v) for a, v in await web.rows("select approver, verdict from approvals order by at")]


async def webhooks(web: Web) -> int:
    ((count,),) = await web.rows("select count(*) from webhooks")
    return int(count)


async def test_a_tap_approves(web: Web) -> None:
    await web.asked()
    answer = await web.tap()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert "Asha Rao approved invoice AIS/8812 (INR 84,960.00)" in answer.text
    assert await web.state() is State.APPROVED
    assert await approvals(web) == [(ASHA.address, "approve")]


async def test_a_tap_rejects(web: Web) -> None:
    await web.asked()
    await web.tap("R")
    assert await web.state() is State.REJECTED


@pytest.mark.parametrize("words", ["APPROVE {}", " approve: {}. ", "Approve {}!"])
async def test_a_reply_with_the_code_approves(web: Web, words: str) -> None:
    await web.asked()
    await web.post(inbound(Body=words.format(web.question().code)))
    assert await web.state() is State.APPROVED


@pytest.mark.parametrize("words", ["yes", "APPROVE", "approve all", "👍", "", "STOP"])
async def test_words_without_a_code_decide_nothing_and_say_how(web: Web, words: str) -> None:
    await web.asked()
    assert HELP in (await web.post(inbound(Body=words))).text
    assert await web.state() is State.ASKED


async def test_a_code_from_another_phone_is_unknown(web: Web) -> None:
    await web.asked()
    form = inbound(VIKRAM.phone, Body=f"APPROVE {web.question().code}")
    assert UNKNOWN in (await web.post(form)).text
    assert await approvals(web) == []


async def test_a_tap_from_another_phone_does_nothing(web: Web) -> None:
    await web.asked()
    assert NOT_YOURS in (await web.tap(phone=VIKRAM.phone)).text
    assert await approvals(web) == []


async def test_a_tap_with_a_hidden_number_does_nothing(web: Web) -> None:
    await web.asked()
    assert NOT_YOURS in (await web.post(web.tapped() | {"From": "whatsapp:IN.ent.1234"})).text
    assert await approvals(web) == []


async def test_an_invented_button_is_unknown(web: Web) -> None:
    await web.asked()
    form = web.tapped()
    assert UNKNOWN in (await web.post(form | {"ButtonPayload": form["ButtonPayload"][:-4] + "AAAA"})).text
    assert await approvals(web) == []


async def test_the_same_webhook_again_is_taken_in_silence(web: Web) -> None:
    await web.asked()
    await web.tap()
    again = await web.tap()
    assert (again.status_code, again.text) == (200, EMPTY)
    assert len(await approvals(web)) == 1


async def test_an_old_webhook_replayed_after_the_end_pays_nothing_more(web: Web) -> None:
    await web.asked()
    await web.tap()
    await walk(web.town)
    await web.tap()
    await walk(web.town)
    assert web.town.bank.submits == 1


async def test_twenty_copies_at_once_are_one_approval(web: Web) -> None:
    await web.asked()
    answers = await asyncio.gather(*(web.tap() for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await approvals(web)) == 1
    assert sum("approved invoice" in answer.text for answer in answers) == 1
    ((moves,),) = await web.rows("select count(*) from audits where step = 'answer'")
    assert moves == 1


async def test_twenty_different_taps_at_once_are_one_decision(web: Web) -> None:
    await web.asked()
    await asyncio.gather(*(web.tap("AR"[n % 2], sid=n) for n in range(20)))
    assert len(await approvals(web)) == 1
    assert await web.state() in {State.APPROVED, State.REJECTED}


async def test_a_second_tap_is_told_that_the_first_counts(web: Web) -> None:
    web.town.reader.fields = fields(**LARGE)
    await web.asked()
    await web.tap()
    assert ANSWERED in (await web.tap("R", sid=2)).text
    assert await web.state() is State.ASKED


async def test_two_people_approve_a_large_sum(web: Web) -> None:
    web.town.reader.fields = fields(**LARGE)
    await web.asked()
    assert "1 of 2" in (await web.tap(index=0, sid=1)).text
    await web.tap(index=1, sid=2)
    assert await web.state() is State.APPROVED


async def test_a_tap_after_the_time_is_over_pays_nothing(web: Web) -> None:
    web.town.clock.pass_(days=-2)
    await web.asked()
    assert EXPIRED in (await web.tap()).text
    assert await web.state() is State.ASKED


async def test_a_tap_on_a_superseded_question_is_told_so(web: Web) -> None:
    await web.asked()
    web.town.clock.pass_(days=2)
    await due_now(web.town, await only(web.town))
    await walk(web.town)
    assert SUPERSEDED in (await web.tap()).text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"X-Twilio-Signature": "नया".encode()},
    ],
    ids=["none", "empty", "invented", "no ASCII"],
)
async def test_an_unsigned_webhook_is_refused_and_leaves_no_trace(web: Web, headers: dict[str, Any]) -> None:
    await web.asked()
    before = await web.contents()
    answer = await web.raw("&".join(f"{k}={v}" for k, v in web.tapped().items()), **headers)
    assert answer.status_code == 403
    assert await web.contents() == before


@pytest.mark.parametrize(
    "url",
    [
        f"http://pay.example{INBOUND}",
        f"http://10.0.0.1:8080{INBOUND}",
        f"https://pay.example{STATUS}",
        f"https://pay.example{INBOUND}?a=b",
        f"https://evil.example{INBOUND}",
    ],
    ids=["another scheme", "our inner address", "another path", "another query", "another host"],
)
async def test_a_signature_for_another_address_is_refused(web: Web, url: str) -> None:
    await web.asked()
    assert (await web.post(web.tapped(), url=url)).status_code == 403
    assert await approvals(web) == []


async def test_no_header_can_say_what_our_address_is(web: Web) -> None:
    await web.asked()
    claims = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    answer = await web.post(web.tapped(), url=f"http://evil.example{INBOUND}", **claims)
    assert answer.status_code == 403
    assert (await web.post(web.tapped(), **claims)).status_code == 200


async def test_a_changed_form_is_refused(web: Web) -> None:
    await web.asked()
    form = web.tapped("R")
    signature = RequestValidator(AUTH_TOKEN).compute_signature(f"{PUBLIC}{INBOUND}", form)
    changed = form | {"ButtonPayload": "A" + form["ButtonPayload"][1:]}
    answer = await web.post(changed, **{"X-Twilio-Signature": signature})
    assert answer.status_code == 403


async def test_a_webhook_of_another_account_is_refused(web: Web) -> None:
    await web.asked()
    assert (await web.post(web.tapped() | {"AccountSid": "AC" + "1" * 32})).status_code == 403


async def test_a_field_given_twice_is_refused(web: Web) -> None:
    await web.asked()
    form = web.tapped()
    signature = RequestValidator(AUTH_TOKEN).compute_signature(f"{PUBLIC}{INBOUND}", form)
    body = "&".join(f"{name}={value}" for name, value in form.items()) + "&MessageSid=SM" + "1" * 32
    assert (await web.raw(body, **{"X-Twilio-Signature": signature})).status_code == 403


async def test_more_than_64_kib_is_refused(web: Web) -> None:
    assert (await web.post(inbound(Body="a" * 65_536))).status_code == 413
    assert await webhooks(web) == 0


async def test_a_body_that_does_not_say_its_length_is_cut_off_too(web: Web) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b"a" * 1_024

    answer = await web.client.post(INBOUND, content=endless(), headers={"X-Twilio-Signature": "A"})
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b", "text/plain", ""])
async def test_what_is_no_form_is_refused(web: Web, kind: str) -> None:
    body = json.dumps(inbound())
    signature = RequestValidator(AUTH_TOKEN).compute_signature(f"{PUBLIC}{INBOUND}", {})
    answer = await web.raw(body, **{"Content-Type": kind, "X-Twilio-Signature": signature})
    assert answer.status_code == 403


async def test_a_strangers_message_is_answered_and_decides_nothing(web: Web) -> None:
    await web.asked()
    answer = await web.post(inbound("+4917612345678", Body=f"APPROVE {web.question().code}"))
    assert (answer.status_code, await approvals(web)) == (200, [])


async def test_a_webhook_that_could_not_be_recorded_is_asked_for_again(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    await web.asked()
    with monkeypatch.context() as broken:
        broken.setattr("schema.store.pool.ACQUIRE_S", 0.01)
        held = [await web.app.state.world.store.database._pool.acquire() for _ in range(6)]
        assert (await web.tap()).status_code == 503
        for connection in held:
            await web.app.state.world.store.database._pool.release(connection)
    assert "approved" in (await web.tap()).text
    assert len(await approvals(web)) == 1


def status(of: int, state: str, **more: str) -> dict[str, str]:
    return {"AccountSid": ACCOUNT_SID, "MessageSid": f"SM{of:032x}", "MessageStatus": state} | more


async def message(web: Web, of: int = 9) -> tuple[str, str | None]:
    ((state, code),) = await web.rows(
        "select status, error_code from messages where sid = $1", f"SM{of:032x}"
    )
    return state, code


async def test_status_callbacks_in_any_order_come_to_the_same_end(web: Web) -> None:
    for state in ("read", "sent", "queued", "delivered"):
        assert (await web.post(status(9, state), STATUS)).status_code == 204
    assert await message(web) == ("read", None)


async def test_a_message_that_was_not_delivered_says_why(web: Web) -> None:
    await web.post(status(9, "undelivered", ErrorCode="63016"), STATUS)
    await web.post(status(9, "sent"), STATUS)
    assert await message(web) == ("undelivered", "63016")


async def test_a_callback_that_was_first_keeps_its_word_when_the_question_is_saved(web: Web) -> None:
    await web.post(status(9, "delivered"), STATUS)
    invoice = await web.asked()
    await web.town.world.store.street.save_message(f"SM{9:032x}", invoice, "question")  # type: ignore[arg-type]
    assert await message(web) == ("delivered", None)


async def test_every_question_that_was_asked_can_be_followed(web: Web) -> None:
    invoice = await web.asked()
    assert await web.rows("select sid, invoice_id, kind from messages") == [("SM0", invoice, "question")]


async def test_a_question_that_did_not_arrive_holds_its_invoice_at_once(web: Web) -> None:
    await web.asked()
    await web.rows("update messages set sid = $1", f"SM{9:032x}")
    await web.rows("update questions set message_sid = $1", f"SM{9:032x}")
    await web.post(status(9, "undelivered", ErrorCode="63016"), STATUS)
    await walk(web.town)
    assert await web.state() is State.HELD
    assert "did not deliver the question to Asha" in web.town.mailer.sent[0].text


async def test_what_was_held_for_a_lost_question_can_be_asked_again(web: Web) -> None:
    invoice = await web.asked()
    town = web.town
    await town.world.store.street.save_message_status("SM0", "failed", 3, "63024")
    await walk(town)
    note = "Asha wrote to us."
    await town.world.store.street.decide(
        invoice, State.EXTRACTED, actor="priya@meridian.example", note=note, at=town.clock.now()
    )
    await walk(town)
    await web.tap(index=1)
    await walk(town)
    assert (await web.state(), town.bank.submits) == (State.CLOSED, 1)


async def test_a_failure_that_was_told_before_the_question_was_on_record_is_not_missed(web: Web) -> None:
    await web.town.world.store.street.save_message_status("SM0", "failed", 3, "63024")
    await web.asked()
    await walk(web.town)
    assert await web.state() is State.HELD


async def test_a_failure_after_the_answer_changes_nothing(web: Web) -> None:
    await web.asked()
    await web.tap()
    await web.town.world.store.street.save_message_status("SM0", "failed", 3, "63024")
    await walk(web.town)
    assert await web.state() is State.CLOSED


async def test_a_reminder_that_did_not_arrive_is_no_lost_question(web: Web) -> None:
    await web.asked()
    await web.post(status(9, "undelivered", ErrorCode="63016"), STATUS)
    await walk(web.town)
    assert await web.state() is State.ASKED


async def test_an_unsigned_status_is_refused(web: Web) -> None:
    answer = await web.raw("MessageStatus=delivered", STATUS)
    assert answer.status_code == 403
    assert await web.rows("select 1 from messages") == []


async def test_a_status_nobody_knows_is_refused(web: Web) -> None:
    assert (await web.post(status(9, "teleported"), STATUS)).status_code == 403


def test_every_status_has_its_rank() -> None:
    assert set(RANKS) == {status.value for status in DeliveryStatus}


def test_what_was_delivered_outranks_every_failure() -> None:
    ranks = Counter(RANKS)
    assert (
        max(ranks[each] for each in ("failed", "undelivered", "canceled"))
        < ranks["delivered"]
        < ranks["read"]
    )


async def test_a_reminder_is_not_a_second_question(web: Web) -> None:
    await web.asked()
    web.town.clock.at += timedelta(minutes=61)
    await due_now(web.town, await only(web.town))
    await walk(web.town)
    await web.tap()
    assert await web.state() is State.APPROVED
