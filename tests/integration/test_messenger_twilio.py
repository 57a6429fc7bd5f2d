"""The Twilio adapter: the real twilio client against the stand-in, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daemon.adapters.messenger_twilio import TwilioMessenger, TwilioRefusedError
from schema.errors import LeakError, OutcomeUnknownError, PermanentError, TransientError
from schema.ids import Phone
from schema.masking import Masked
from tests.integration.twilio_stand import (
    ASHA,
    PICTURE,
    PNG,
    STRANGER,
    TEXT,
    VIKRAM,
    Stand,
    make_question,
    stand,
)


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[Stand]:
    async with stand() as running:
        yield running


@pytest.fixture
async def twilio(servers: Stand) -> Stand:
    await servers.renew()
    return servers


@pytest.fixture
async def messenger(twilio: Stand) -> AsyncIterator[TwilioMessenger]:
    made = twilio.messenger()
    yield made
    await made.close()


async def test_a_question_arrives_with_picture_code_and_two_buttons(
    twilio: Stand, messenger: TwilioMessenger
) -> None:
    question = make_question()
    sid = await messenger.ask(question, TEXT, PICTURE)
    [message] = await twilio.inbox()
    assert message["sid"] == sid
    assert f"Or reply APPROVE {question.code} or REJECT {question.code}." in message["body"]
    assert message["buttons"] == [
        {"title": "Approve", "id": f"A.{question.token}"},
        {"title": "Reject", "id": f"R.{question.token}"},
    ]
    assert (await twilio.control.get(message["media"][0])).content == PNG


async def test_status_callbacks_name_the_question(twilio: Stand, messenger: TwilioMessenger) -> None:
    question = make_question()
    sid = await messenger.ask(question, TEXT, PICTURE)
    await twilio.settled()
    seen = [(update.status, update.message_sid, update.question_id) for update in twilio.product.statuses]
    assert seen == [(status, sid, question.id) for status in ("sent", "delivered", "read")]


async def test_the_template_is_made_once_for_all_processes(twilio: Stand, messenger: TwilioMessenger) -> None:
    other = twilio.messenger()
    for each in (messenger, messenger, other):
        await each.ask(make_question(), TEXT, PICTURE)
    await other.close()
    made = [r for r in twilio.sandbox.requests.all() if r.method == "POST" and r.path == "/v1/Content"]
    assert len(made) == 1
    assert ("content-type", "application/json") in made[0].headers
    assert len(await twilio.inbox()) == 3


async def test_a_template_is_found_on_a_later_page(twilio: Stand, messenger: TwilioMessenger) -> None:
    await messenger.ask(make_question(), TEXT, PICTURE)
    [ours] = twilio.sandbox.state.templates.values()
    twilio.sandbox.state.templates = {
        f"HX{n:032x}": type(ours)(
            f"HX{n:032x}", f"other {n}", "en", {}, {"twilio/text": {"body": "x"}}, ours.created
        )
        for n in range(150)
    } | {ours.sid: ours}
    other = twilio.messenger()
    await other.ask(make_question(), TEXT, PICTURE)
    await other.close()
    assert len(twilio.sandbox.state.templates) == 151


async def test_a_template_follows_the_rules_for_approval(twilio: Stand, messenger: TwilioMessenger) -> None:
    await messenger.ask(make_question(), TEXT, PICTURE)
    [template] = twilio.sandbox.state.templates
    approval = await twilio.control.post(
        f"/v1/Content/{template}/ApprovalRequests/whatsapp",
        json={"name": "countersign_ask", "category": "UTILITY"},
        auth=(twilio.sandbox.state.settings.account_sid, twilio.sandbox.state.settings.auth_token),
    )
    assert approval.json()["status"] == "received"


@pytest.mark.parametrize(
    "text",
    [
        "a\n\n\n   b        c\td\r\n\x00e",
        "\n".join(f"line {n}" for n in range(60)),
        "word " * 800,
        "",
        "हाँ भुगतान करें ₹1,18,000 & <ok> {{1}}",
    ],
)
async def test_any_text_becomes_a_card_that_whatsapp_takes(
    twilio: Stand, messenger: TwilioMessenger, text: str
) -> None:
    question = make_question()
    await messenger.ask(question, Masked(text), PICTURE)
    [message] = await twilio.inbox()
    assert len(message["body"]) <= 1024
    assert message["body"].endswith(f"Or reply APPROVE {question.code} or REJECT {question.code}.")
    assert message["buttons"]


async def test_a_note_arrives(twilio: Stand, messenger: TwilioMessenger) -> None:
    sid = await messenger.note(ASHA, Masked("Paid. " + "x" * 3000))
    [message] = await twilio.inbox()
    assert (message["sid"], len(message["body"])) == (sid, 1600)


async def test_the_guard_sees_all_words_and_stops_them(twilio: Stand) -> None:
    def refuse(text: str) -> None:
        raise LeakError

    strict = twilio.messenger(guard=refuse)
    with pytest.raises(LeakError):
        await strict.ask(make_question(), TEXT, PICTURE)
    with pytest.raises(LeakError):
        await strict.note(ASHA, TEXT)
    await strict.close()
    assert twilio.sandbox.requests.all() == []


async def test_the_guard_is_shown_exactly_what_the_phone_shows(
    twilio: Stand, messenger: TwilioMessenger
) -> None:
    await messenger.ask(make_question(), TEXT, PICTURE)
    [message] = await twilio.inbox()
    assert twilio.guarded == [message["body"]]


async def test_a_wrong_token_is_permanent(twilio: Stand) -> None:
    wrong = twilio.messenger(auth_token="wrong")
    for request in (
        wrong.note(ASHA, TEXT),
        wrong.ask(make_question(), TEXT, PICTURE),
        wrong.find(make_question()),
    ):
        with pytest.raises(PermanentError):
            await request
    await wrong.close()


async def test_an_unknown_account_is_permanent(twilio: Stand, messenger: TwilioMessenger) -> None:
    body = '{"code":20404,"message":"The requested resource was not found","status":404}'
    await twilio.fault("status", status=404, body=body)
    with pytest.raises(TwilioRefusedError, match="20404"):
        await messenger.note(ASHA, TEXT)


async def test_an_error_body_by_rfc_9457_is_understood(twilio: Stand, messenger: TwilioMessenger) -> None:
    body = (
        '{"type":"https://www.twilio.com/docs/errors/21211","title":"Invalid To","status":400,"code":21211}'
    )
    await twilio.fault("status", status=400, body=body, headers={"content-type": "application/problem+json"})
    with pytest.raises(TwilioRefusedError, match="21211"):
        await messenger.note(ASHA, TEXT)


async def test_a_wrong_number_is_permanent(messenger: TwilioMessenger) -> None:
    with pytest.raises(TwilioRefusedError) as refused:
        await messenger.note(Phone("+12"), TEXT)
    assert refused.value.code == 21211


async def test_too_many_requests_are_tried_again(twilio: Stand, messenger: TwilioMessenger) -> None:
    await twilio.fault("status", status=429, body='{"code":20429,"message":"Too Many Requests","status":429}')
    await messenger.note(ASHA, TEXT)
    assert len(await twilio.inbox()) == 1


async def test_too_many_requests_for_long_are_transient(twilio: Stand, messenger: TwilioMessenger) -> None:
    await twilio.fault("status", status=429, times=9)
    with pytest.raises(TransientError) as failure:
        await messenger.note(ASHA, TEXT)
    assert not isinstance(failure.value, OutcomeUnknownError)
    assert twilio.creates() == 3


UNKNOWN: list[tuple[str, dict[str, Any]]] = [
    ("html_error", {}),
    ("status", {"status": 500}),
    ("status", {"status": 503}),
    ("status", {"status": 408}),
    ("truncate_json", {}),
    ("malformed_json", {"status": 201}),
    ("hang", {}),
    ("slow_drip", {"delay_s": 6}),
    ("reset", {}),
    ("reset", {"at": "body"}),
    ("ok_but_lost", {}),
]


@pytest.mark.parametrize(("kind", "more"), UNKNOWN)
async def test_an_unclear_answer_is_unknown_and_not_sent_again(
    twilio: Stand, kind: str, more: dict[str, Any]
) -> None:
    impatient = twilio.messenger(timeout_s=1.0)
    await twilio.fault(kind, times=9, **more)
    with pytest.raises(OutcomeUnknownError):
        await impatient.ask(make_question(), TEXT, PICTURE)
    await impatient.close()
    assert twilio.creates() == 1


@pytest.mark.parametrize("kind", ["ok_but_lost", "truncate_json"])
async def test_a_lost_answer_is_found_so_nothing_is_sent_twice(
    twilio: Stand, messenger: TwilioMessenger, kind: str
) -> None:
    question = make_question()
    await twilio.fault(kind)
    with pytest.raises(OutcomeUnknownError):
        await messenger.ask(question, TEXT, PICTURE)
    found = await messenger.find(question)
    [message] = await twilio.inbox()
    assert found == message["sid"]


async def test_what_was_never_sent_is_not_found(twilio: Stand, messenger: TwilioMessenger) -> None:
    await twilio.fault("reset")
    question = make_question()
    with pytest.raises(OutcomeUnknownError):
        await messenger.ask(question, TEXT, PICTURE)
    assert await messenger.find(question) is None


async def test_find_takes_neither_other_questions_nor_other_people(messenger: TwilioMessenger) -> None:
    await messenger.ask(make_question(), TEXT, PICTURE)
    await messenger.ask(make_question(VIKRAM), TEXT, PICTURE)
    assert await messenger.find(make_question()) is None


async def test_find_gives_the_question_and_not_its_reminder(messenger: TwilioMessenger) -> None:
    question = make_question()
    sid = await messenger.ask(question, TEXT, PICTURE)
    await messenger.note(
        ASHA, Masked(f"Still waiting. Reply APPROVE {question.code} or REJECT {question.code}.")
    )
    assert await messenger.find(question) == sid


async def test_find_looks_back_before_a_later_attempt(messenger: TwilioMessenger) -> None:
    question = make_question()
    sid = await messenger.ask(question, TEXT, PICTURE)
    later = question.model_copy(update={"asked_at": datetime.now(UTC) + timedelta(days=2)})
    assert await messenger.find(later) == sid


async def test_find_goes_through_all_pages(twilio: Stand, messenger: TwilioMessenger) -> None:
    question = make_question()
    sid = await messenger.ask(question, TEXT, PICTURE)
    state = twilio.sandbox.state
    first = state.messages[sid]
    for _ in range(250):
        other = type(first)(state.new_sid("SM"), ASHA, False, "other", first.created, "delivered")
        state.messages[other.sid] = other
    assert await messenger.find(question) == sid


async def test_a_failing_list_is_transient(twilio: Stand, messenger: TwilioMessenger) -> None:
    await twilio.fault("html_error", method="GET")
    with pytest.raises(TransientError):
        await messenger.find(make_question())


@pytest.mark.parametrize("status", [429, 503])
async def test_a_failing_list_of_templates_is_surely_not_sent(
    twilio: Stand, messenger: TwilioMessenger, status: int
) -> None:
    await twilio.fault("status", path="/v1/Content", method="GET", status=status, times=9)
    with pytest.raises(TransientError) as failure:
        await messenger.ask(make_question(), TEXT, PICTURE)
    assert not isinstance(failure.value, OutcomeUnknownError)
    assert twilio.creates() == 0


async def test_no_connection_is_transient(twilio: Stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    lonely = twilio.messenger(api_url=f"http://127.0.0.1:{port}")
    with pytest.raises(TransientError) as failure:
        await lonely.note(ASHA, TEXT)
    await lonely.close()
    assert not isinstance(failure.value, OutcomeUnknownError)


@pytest.mark.parametrize("status", [400, 403, 404, 422])
async def test_a_refused_template_gives_way_to_plain_words(
    twilio: Stand, messenger: TwilioMessenger, status: int
) -> None:
    body = f'{{"code":20001,"message":"not allowed","status":{status}}}'
    await twilio.fault("status", path="/v1/Content", status=status, body=body)
    question = make_question()
    await messenger.ask(question, TEXT, PICTURE)
    [message] = await twilio.inbox()
    assert f"APPROVE {question.code}" in message["body"]
    assert message["media"]
    assert message["buttons"] == []
    assert await messenger.find(question) == message["sid"]


async def test_a_template_deleted_at_twilio_is_made_anew(twilio: Stand, messenger: TwilioMessenger) -> None:
    await messenger.ask(make_question(), TEXT, PICTURE)
    twilio.sandbox.state.templates.clear()
    for _ in range(2):
        await messenger.ask(make_question(), TEXT, PICTURE)
    buttons = [len(message["buttons"]) for message in await twilio.inbox()]
    assert buttons == [2, 0, 2]


async def test_a_person_who_has_not_joined_gets_nothing(twilio: Stand, messenger: TwilioMessenger) -> None:
    question = make_question(STRANGER)
    await messenger.ask(question, TEXT, PICTURE)
    assert await twilio.inbox(STRANGER) == []
    [update] = twilio.product.statuses
    assert (update.status, update.error_code) == ("failed", "63015")
    assert await messenger.find(question) is None


async def test_a_closed_window_is_reported(twilio: Stand, messenger: TwilioMessenger) -> None:
    twilio.sandbox.state.clock.advance(25 * 3600)
    await messenger.note(ASHA, TEXT)
    await twilio.settled()
    assert [(u.status, u.error_code) for u in twilio.product.statuses] == [("undelivered", "63016")]


async def test_an_approved_template_passes_a_closed_window(twilio: Stand, messenger: TwilioMessenger) -> None:
    await messenger.ask(make_question(), TEXT, PICTURE)
    [template] = twilio.sandbox.state.templates.values()
    template.approval = {"status": "approved"}
    twilio.sandbox.state.clock.advance(25 * 3600)
    await messenger.ask(make_question(), TEXT, PICTURE)
    assert len(await twilio.inbox()) == 2


@pytest.mark.parametrize(
    ("picture", "kind", "code"),
    [
        (None, "image/png", "63019"),
        (b"", "image/png", "63019"),
        (PNG, "text/html", "63021"),
        (PNG + b"0" * 5 * 1024 * 1024, "image/png", "11751"),
    ],
)
async def test_a_picture_that_cannot_be_fetched_is_reported(
    twilio: Stand, messenger: TwilioMessenger, picture: bytes | None, kind: str, code: str
) -> None:
    twilio.product.picture, twilio.product.picture_type = picture, kind
    await messenger.ask(make_question(), TEXT, PICTURE)
    await twilio.settled()
    assert [u.error_code for u in twilio.product.statuses] == [code]


async def test_a_picture_elsewhere_is_refused_before_anything_is_sent(
    twilio: Stand, messenger: TwilioMessenger
) -> None:
    with pytest.raises(PermanentError, match="PUBLIC_URL"):
        await messenger.ask(make_question(), TEXT, "https://elsewhere.example.net/shot.png")
    assert twilio.creates() == 0


async def test_a_question_without_token_is_never_asked(messenger: TwilioMessenger) -> None:
    with pytest.raises(PermanentError, match="token"):
        await messenger.ask(make_question().model_copy(update={"token": ""}), TEXT, PICTURE)
