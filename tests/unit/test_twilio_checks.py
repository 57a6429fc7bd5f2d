"""What the Twilio stand-in refuses at once, and in which order."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.clock import SimClock
from sandbox.twilio_checks import RefusedError, check_message, check_template
from sandbox.twilio_content import approval_fault, delivery_fault, render
from sandbox.twilio_state import Button, Template, TwilioSettings, TwilioState

HX = "HX" + "0" * 32
GOOD = {"To": "whatsapp:+919800000001", "From": "whatsapp:+14155238886", "Body": "hello"}
CARD = {
    "title": "Pay {{1}}?",
    "subtitle": "Soon",
    "media": ["https://pay.example.com/{{2}}"],
    "actions": [{"type": "QUICK_REPLY", "title": "Approve", "id": "A.{{3}}"}],
}


def template(content: dict[str, Any] = CARD, kind: str = "twilio/card") -> Template:
    return Template(HX, "ask", "en", {}, {kind: content}, datetime.now(UTC))


@pytest.fixture
def state() -> TwilioState:
    settings = TwilioSettings(
        account_sid="AC" + "0" * 32,
        auth_token="x" * 32,
        inbound_url="https://pay.example.com/in",
        public_base="https://pay.example.com",
        actual_base="http://127.0.0.1:1",
    )
    made = TwilioState(settings, SimClock())
    made.templates[HX] = template()
    return made


def refusal(state: TwilioState, **changes: str) -> int | None:
    """The code with which a message is refused; a blank value removes a parameter."""
    form = {key: [value] for key, value in {**GOOD, **changes}.items() if value}
    try:
        check_message(form, state)
    except RefusedError as error:
        return error.code
    return None


def test_a_plain_message_passes(state: TwilioState) -> None:
    assert refusal(state) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "+919800000001"}, 21211),
        ({"To": "whatsapp:+12"}, 21211),
        ({"To": "whatsapp:919800000001"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "whatsapp:+14155550000"}, 63007),
        ({"Body": ""}, 21619),
        ({"Body": "x" * 1601}, 21617),
        ({"ContentVariables": "{}"}, 21654),
        ({"ContentSid": "HX" + "1" * 32}, 21655),
        ({"ContentSid": HX}, 21656),
        ({"ContentSid": HX, "ContentVariables": "no json"}, 21656),
        ({"ContentSid": HX, "ContentVariables": '["a"]'}, 21656),
        ({"ContentSid": HX, "ContentVariables": '{"1":"a","2":"b","3":""}'}, 21656),
        ({"ContentSid": HX, "ContentVariables": '{"1":"a","2":"b","3":7}'}, 21656),
        ({"MediaUrl": "pay.example.com/x.png"}, 21620),
        ({"StatusCallback": "/status"}, 21609),
        ({"StatusCallback": "https://pay_now.example.com/status"}, 21609),
    ],
)
def test_each_fault_has_twilios_code(state: TwilioState, changes: dict[str, str], code: int) -> None:
    assert refusal(state, **changes) == code


def test_a_refusal_has_twilios_body() -> None:
    assert RefusedError(400, 21211, "Wrong number.").body() == {
        "code": 21211,
        "message": "Wrong number.",
        "more_info": "https://www.twilio.com/docs/errors/21211",
        "status": 400,
    }


def test_the_first_fault_counts(state: TwilioState) -> None:
    assert refusal(state, To="", From="", Body="x" * 1601) == 21604


def test_a_filled_template_passes(state: TwilioState) -> None:
    variables = json.dumps({"1": "a", "2": "b", "3": "c"})
    assert refusal(state, Body="", ContentSid=HX, ContentVariables=variables) is None


def test_a_template_is_rendered_with_its_variables() -> None:
    rendered = render(template(), {"1": "Acme", "2": "shot.png", "3": "tok"})
    assert rendered.body == "Pay Acme?"
    assert rendered.media_urls == ("https://pay.example.com/shot.png",)
    assert rendered.buttons == (Button("Approve", "A.tok"),)


@pytest.mark.parametrize(
    ("value", "code"), [("a\nb", "63013"), ("a     b", "63013"), ("a\tb", "63013"), ("x" * 1100, "63021")]
)
def test_whatsapp_fails_such_a_variable(value: str, code: str) -> None:
    variables = {"1": value, "2": "b", "3": "c"}
    fault = delivery_fault(render(template(), variables), variables)
    assert fault is not None
    assert fault[0] == code


@pytest.mark.parametrize(
    ("title", "approved"),
    [("Pay {{1}}?", True), ("{{1}} pays", False), ("Pay {{1}}", False), ("Pay {{1}} {{2}} now", False)],
)
def test_whatsapp_approves_only_text_around_variables(title: str, approved: bool) -> None:
    assert (approval_fault(template({"body": title}, "twilio/text")) is None) is approved


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {"types": {"twilio/card": CARD}},
        {"language": "en"},
        {"language": "en", "types": {}},
        {"language": "en", "types": {"twilio/unheard-of": {}}},
        {"language": "en", "types": {"twilio/card": {"subtitle": "no title"}}},
        {"language": "en", "types": {"twilio/card": {**CARD, "body": "unknown here"}}},
        {"language": "en", "types": {"twilio/card": CARD}, "surprise": 1},
        {"language": "en", "types": {"twilio/card": {"title": "x", "actions": [{"title": "y" * 21}]}}},
        {
            "language": "en",
            "types": {"twilio/card": {"title": "x", "actions": [{"title": "y", "id": "i" * 201}]}},
        },
        {"language": "en", "types": {"twilio/card": {"title": "x", "actions": [{"id": "no title"}]}}},
        {"language": "en", "types": {"twilio/card": {"title": "x", "actions": [{"title": "y"}] * 11}}},
        {
            "language": "en",
            "types": {"twilio/card": {"title": "x", "actions": [{"type": "URL", "title": "y"}]}},
        },
    ],
)
def test_a_template_of_another_shape_is_refused(payload: Any) -> None:
    with pytest.raises(RefusedError):
        check_template(payload)


def test_a_template_with_nulls_as_twilios_client_sends_it_passes() -> None:
    nulls = {"friendly_name": "x", "language": "en", "types": {"twilio/card": {**CARD, "subtitle": None}}}
    check_template(nulls)
