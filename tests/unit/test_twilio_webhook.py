"""Verifying and reading Twilio's webhooks: every way in which one can be wrong, and what words decide."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from daemon.web.twilio_webhook import (
    InboundMessage,
    Tap,
    TextReply,
    parse_inbound,
    parse_status,
    read_answer,
    twiml,
)
from sandbox.twilio_signature import sign_form, url_with_body_hash, webhook_target
from schema.approval import Verdict, code_of
from schema.errors import ForgedError
from schema.ids import MessageSid, QuestionId

ACCOUNT = "AC" + "0a" * 16
TOKEN = "12345"
URL = "https://pay.example.com/webhooks/twilio/inbound"
FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8"
FORM = [
    ("MessageSid", "SM" + "0b" * 16),
    ("AccountSid", ACCOUNT),
    ("From", "whatsapp:+919800000001"),
    ("To", "whatsapp:+14155238886"),
    ("Body", "हाँ + ok & 100%"),
    ("ProfileName", ""),
    ("ButtonPayload", "A.token"),
]

Form = list[tuple[str, str]]


def inbound(
    form: Form, *, url: str = URL, signed: Form | None = None, body: bytes | None = None, **headers: str
) -> InboundMessage:
    """Parse a form that is signed as Twilio signs, with some things changed afterwards."""
    signature = sign_form(URL, form if signed is None else signed, TOKEN)
    usual = {"X-Twilio-Signature": signature, "Content-Type": FORM_TYPE}
    given = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = urlencode(form).encode() if body is None else body
    return parse_inbound(url, given, raw, auth_token=TOKEN, account_sid=ACCOUNT)


def changed(key: str, value: str | None) -> Form:
    """The usual form with one field changed, or removed."""
    return [(k, v if k != key else value or "") for k, v in FORM if k != key or value is not None]


def test_twilios_own_example_gives_its_signature() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+12349013030",
        "Digits": "1234",
        "From": "+12349013030",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign_form(url, form.items(), "12345") == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_a_genuine_webhook_is_read() -> None:
    message = inbound(FORM, I_Twilio_Idempotency_Token="7f3a")
    assert message.from_phone == "+919800000001"
    assert message.text == "हाँ + ok & 100%"
    assert message.button_payload == "A.token"
    assert message.idempotency_token == "7f3a"


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
forms = st.lists(st.tuples(words.map(lambda key: f"x{key}"), words), max_size=12)


@given(forms)
def test_any_form_that_twilio_signs_is_believed(extra: Form) -> None:
    assert inbound(FORM + extra).message_sid == "SM" + "0b" * 16


@given(forms, st.integers(min_value=0))
def test_any_changed_value_is_refused(extra: Form, index: int) -> None:
    form = FORM + extra
    key, value = form[index % len(form)]
    tampered = [*form[: index % len(form)], (key, value + "!"), *form[index % len(form) + 1 :]]
    if sorted(set(tampered)) != sorted(set(form)):
        with pytest.raises(ForgedError):
            inbound(tampered, signed=form)


@pytest.mark.parametrize(
    "url",
    [
        "http://pay.example.com/webhooks/twilio/inbound",
        "https://pay.example.com/webhooks/twilio/inbound/",
        "https://pay.example.com/webhooks/twilio/inbound?a=1",
        "https://pay.example.org/webhooks/twilio/inbound",
        "https://pay.example.com/webhooks/twilio/status",
    ],
)
def test_another_address_than_the_signed_one_is_refused(url: str) -> None:
    with pytest.raises(ForgedError, match="signature"):
        inbound(FORM, url=url)


@pytest.mark.parametrize("url", [URL.replace(".com/", ".com:443/"), URL + "?"])
def test_the_same_address_written_otherwise_is_believed(url: str) -> None:
    assert inbound(FORM, url=url).button_payload == "A.token"


@pytest.mark.parametrize(
    "signed",
    [
        changed("Body", "other"),
        changed("ProfileName", None),
        [*FORM, ("Extra", "")],
        [*FORM, ("Extra", "1")],
        changed("ButtonPayload", "R.token"),
    ],
)
def test_a_form_that_is_not_the_signed_one_is_refused(signed: Form) -> None:
    with pytest.raises(ForgedError, match="signature"):
        inbound(FORM, signed=signed)


@pytest.mark.parametrize("signature", ["", "AAAA", "é" * 28, sign_form(URL, FORM, "another")])
def test_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(ForgedError, match="signature"):
        inbound(FORM, X_Twilio_Signature=signature)


def test_a_missing_signature_is_refused() -> None:
    with pytest.raises(ForgedError, match="signature"):
        parse_inbound(
            URL, {"content-type": FORM_TYPE}, urlencode(FORM).encode(), auth_token=TOKEN, account_sid=ACCOUNT
        )


def test_without_a_configured_secret_nothing_is_believed() -> None:
    headers = {"x-twilio-signature": sign_form(URL, FORM, ""), "content-type": FORM_TYPE}
    with pytest.raises(ForgedError, match="configured"):
        parse_inbound(URL, headers, urlencode(FORM).encode(), auth_token="", account_sid=ACCOUNT)


def test_another_account_is_refused() -> None:
    with pytest.raises(ForgedError, match="account"):
        inbound(changed("AccountSid", "AC" + "0c" * 16))


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_anything_but_a_form_is_refused(kind: str) -> None:
    with pytest.raises(ForgedError, match="form"):
        inbound(FORM, Content_Type=kind)


def test_a_json_body_signed_by_its_hash_is_refused() -> None:
    body = b'{"MessageSid": "SM1"}'
    url = url_with_body_hash(URL, body)
    headers = {"X-Twilio-Signature": sign_form(url, [], TOKEN), "Content-Type": "application/json"}
    with pytest.raises(ForgedError, match="form"):
        parse_inbound(url, headers, body, auth_token=TOKEN, account_sid=ACCOUNT)


def test_a_shared_key_that_is_not_configured_is_refused() -> None:
    with pytest.raises(ForgedError, match="shared key"):
        inbound(FORM, X_Twilio_Webhooks_Signature_Settings="key=webhooks_sharedkey_1,algorithm=HMAC_SHA1")


def test_a_body_over_64_kib_is_refused() -> None:
    with pytest.raises(ForgedError, match="larger"):
        inbound([*FORM, ("Extra", "x" * 65536)])


@pytest.mark.parametrize("body", [b"\xff=1", b"Body=%ff", "&".join(f"k{n}=1" for n in range(201)).encode()])
def test_a_form_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(ForgedError, match="read"):
        inbound(FORM, body=body)


@pytest.mark.parametrize("key", ["MessageSid", "AccountSid", "From", "Body", "ButtonPayload"])
def test_a_field_we_read_may_not_come_twice(key: str) -> None:
    with pytest.raises(ForgedError, match="more than once"):
        inbound([*FORM, (key, "SM" + "0d" * 16)])


@pytest.mark.parametrize("sid", [None, "", "SM1", "XX" + "0b" * 16])
def test_a_message_without_twilios_id_is_refused(sid: str | None) -> None:
    with pytest.raises(ForgedError, match="MessageSid"):
        inbound(changed("MessageSid", sid))


@pytest.mark.parametrize(
    "sender", [None, "", "whatsapp:ID.4566546130240823", "+919800000001", "whatsapp:+91 98"]
)
def test_a_sender_without_whatsapp_number_is_none(sender: str | None) -> None:
    assert inbound(changed("From", sender)).from_phone is None


def status_of(query: str = "", **fields: str) -> object:
    url = f"https://pay.example.com/webhooks/twilio/status{query}"
    form = {"MessageSid": "MM" + "0b" * 16, "AccountSid": ACCOUNT, "MessageStatus": "delivered", **fields}
    headers = {"X-Twilio-Signature": sign_form(url, form.items(), TOKEN), "Content-Type": FORM_TYPE}
    return parse_status(url, headers, urlencode(form).encode(), auth_token=TOKEN, account_sid=ACCOUNT)


def test_a_status_names_its_question() -> None:
    question = UUID(int=7)
    update = status_of(f"?question={question}", ErrorCode="InvalidSandboxRequest")
    assert vars(update) == {
        "message_sid": "MM" + "0b" * 16,
        "status": "delivered",
        "error_code": "InvalidSandboxRequest",
        "error_message": None,
        "question_id": question,
        "idempotency_token": None,
    }


@pytest.mark.parametrize(
    "query", ["", "?question=", "?question=7", f"?question={UUID(int=1)}&question={UUID(int=2)}"]
)
def test_a_status_without_question_names_none(query: str) -> None:
    assert vars(status_of(query))["question_id"] is None


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(ForgedError, match="status"):
        status_of(MessageStatus="teleported")


def message(text: str, payload: str | None = None) -> InboundMessage:
    return InboundMessage(
        message_sid=MessageSid("SM" + "0b" * 16),
        from_phone=None,
        external_user_id=None,
        to="",
        text=text,
        button_payload=payload,
        original_sid=None,
        idempotency_token=None,
    )


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("APPROVE K7Q2X", Verdict.APPROVE),
        ("reject k7q2x", Verdict.REJECT),
        ("  Approve   k7q2X . ", Verdict.APPROVE),
        ("approve: K7Q2X!", Verdict.APPROVE),
        ("Reject\nK7Q2X", Verdict.REJECT),
    ],
)
def test_words_with_a_code_decide(text: str, verdict: Verdict) -> None:
    assert read_answer(message(text)) == TextReply(verdict=verdict, code="K7Q2X")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "no",
        "ok",
        "👍",
        "approve",
        "reject",
        "APPROVE K7Q2",
        "APPROVE K7Q2XX",
        "K7Q2X",
        "approved K7Q2X",
        "do not approve K7Q2X",
        "don't APPROVE K7Q2X",
        "APPROVE K7Q2X and REJECT K7Q2Y",
        "approveK7Q2X",
        "approve K7Q2X?",
    ],
)
def test_anything_else_decides_nothing(text: str) -> None:
    assert read_answer(message(text)) is None


@given(st.uuids())
def test_every_code_can_be_written(identity: UUID) -> None:
    code = code_of(QuestionId(identity))
    assert read_answer(message(f"approve {code.lower()}")) == TextReply(verdict=Verdict.APPROVE, code=code)


@pytest.mark.parametrize(
    "payload", ["A.", "B.token", "a.token", "Atoken", "A.to ken", "A.token\n", "A." + "t" * 201, "Approve"]
)
def test_a_strange_button_decides_nothing(payload: str) -> None:
    assert read_answer(message("APPROVE K7Q2X", payload)) is None


def test_a_button_decides_whatever_its_title_says() -> None:
    assert read_answer(message("Approve", "R.tok")) == Tap(verdict=Verdict.REJECT, token="tok")


@given(st.text(min_size=1))
def test_any_answer_is_well_formed_xml(text: str) -> None:
    texts = [element.text or "" for element in ElementTree.fromstring(twiml(text)).iter("Message")]
    assert len(texts) == 1


def test_no_answer_is_an_empty_response() -> None:
    assert twiml(None) == b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


@given(st.lists(st.tuples(words, words), max_size=12), st.text(st.characters(codec="ascii"), min_size=1))
def test_the_stand_in_signs_as_twilios_own_validator_does(form: Form, secret: str) -> None:
    class Values(dict[str, list[str]]):
        def getlist(self, key: str) -> list[str]:
            return self[key]

    values = Values()
    for key, value in form:
        values.setdefault(key, []).append(value)
    assert sign_form(URL, form, secret) == RequestValidator(secret).compute_signature(URL, values)


@pytest.mark.parametrize(
    ("url", "retries", "policy", "timeout_s"),
    [
        ("https://x.example/a", 1, {"ct"}, 15.0),
        ("https://x.example/a#rc=3&rp=all", 3, {"all"}, 15.0),
        ("https://x.example/a#rc=9&rp=5xx,ct&rt=500", 5, {"5xx", "ct"}, 0.5),
    ],
)
def test_connection_overrides_ride_in_the_fragment(
    url: str, retries: int, policy: set[str], timeout_s: float
) -> None:
    target = webhook_target(url)
    assert (target.url, target.retries, set(target.policy), target.timeout_s) == (
        "https://x.example/a",
        retries,
        policy,
        timeout_s,
    )
