"""Webhooks as the stand-in signs and posts them, verified and read by the product over real sockets."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from daemon.web.twilio_webhook import Tap, TextReply, read_answer
from schema.approval import Verdict
from tests.integration.twilio_stand import ASHA, PNG, STRANGER, VIKRAM, Stand, stand

TOKEN_IN_BUTTON = "b1946ac92492d2347c6235b4d2611184.signature"
INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[Stand]:
    async with stand() as running:
        yield running


@pytest.fixture
async def twilio(servers: Stand) -> Stand:
    await servers.renew()
    return servers


async def asked(twilio: Stand, phone: str = ASHA) -> str:
    """A card with two buttons in a phone's chat, sent without the adapter; its MessageSid."""
    state = twilio.sandbox.state
    auth = (state.settings.account_sid, state.settings.auth_token)
    actions = [{"type": "QUICK_REPLY", "title": t, "id": f"{t[0]}.{{{{1}}}}"} for t in ("Approve", "Reject")]
    content = {"language": "en", "types": {"twilio/quick-reply": {"body": "Pay?", "actions": actions}}}
    made = (await twilio.control.post("/v1/Content", json=content, auth=auth)).json()
    form = {
        "To": f"whatsapp:{phone}",
        "From": f"whatsapp:{state.settings.sender}",
        "ContentSid": made["sid"],
        "ContentVariables": json.dumps({"1": TOKEN_IN_BUTTON}),
        "StatusCallback": f"{twilio.product.public}{STATUS}",
    }
    path = f"/2010-04-01/Accounts/{state.settings.account_sid}/Messages.json"
    sid: str = (await twilio.control.post(path, data=form, auth=auth)).raise_for_status().json()["sid"]
    await twilio.settled()
    return sid


@pytest.mark.parametrize(("button", "verdict"), [("Approve", Verdict.APPROVE), ("Reject", Verdict.REJECT)])
async def test_a_tap_arrives_as_a_verdict_with_its_token(
    twilio: Stand, button: str, verdict: Verdict
) -> None:
    sid = await asked(twilio)
    await twilio.phone("tap", message_sid=sid, button=button)
    [message] = twilio.product.inbound
    assert read_answer(message) == Tap(verdict=verdict, token=TOKEN_IN_BUTTON)
    assert (message.from_phone, message.original_sid) == (ASHA, sid)


async def test_a_text_arrives_as_a_verdict_with_its_code(twilio: Stand) -> None:
    await twilio.phone("text", text=" reject  k7q2x. ")
    [message] = twilio.product.inbound
    assert read_answer(message) == TextReply(verdict=Verdict.REJECT, code="K7Q2X")


@pytest.mark.parametrize(
    "quirks",
    [
        {"without_context": True},
        {"without_wa_id": True},
        {"without_number": True},
        {"blank_profile": True},
        {"extra": {"BrandNewField": "नया & = %", "AnotherOne": ""}},
    ],
)
async def test_unusual_forms_of_a_tap_are_believed(twilio: Stand, quirks: dict[str, Any]) -> None:
    sid = await asked(twilio)
    await twilio.phone("tap", message_sid=sid, button="Approve", quirks=quirks)
    [message] = twilio.product.inbound
    assert read_answer(message) == Tap(verdict=Verdict.APPROVE, token=TOKEN_IN_BUTTON)
    assert message.original_sid == (None if quirks.get("without_context") else sid)


async def test_a_hidden_number_leaves_the_stable_id(twilio: Stand) -> None:
    await twilio.phone("text", text="hello", quirks={"without_number": True})
    [message] = twilio.product.inbound
    assert message.from_phone is None
    assert message.external_user_id == f"whatsapp:{twilio.sandbox.state.phone(ASHA).external_id}"


async def test_a_tap_on_anothers_button_carries_the_tappers_number(twilio: Stand) -> None:
    sid = await asked(twilio, ASHA)
    await twilio.phone("tap", VIKRAM, message_sid=sid, button="Approve")
    assert [message.from_phone for message in twilio.product.inbound] == [VIKRAM]


async def test_a_picture_decides_nothing(twilio: Stand) -> None:
    data = base64.b64encode(PNG).decode()
    await twilio.phone("media", content_type="image/png", data_base64=data)
    [message] = twilio.product.inbound
    assert (message.text, read_answer(message)) == ("", None)


async def test_a_repeated_webhook_has_the_same_sid_and_token(twilio: Stand) -> None:
    await twilio.fault("duplicate_webhook", path=INBOUND, n=2)
    await twilio.phone("text", text="approve k7q2x")
    assert len(twilio.product.inbound) == 3
    assert len({(m.message_sid, m.idempotency_token) for m in twilio.product.inbound}) == 1


async def test_an_old_webhook_can_be_replayed_and_still_verifies(twilio: Stand) -> None:
    await twilio.phone("text", text="one")
    await twilio.fault("replay_old", path=INBOUND)
    await twilio.phone("text", text="two")
    assert [message.text for message in twilio.product.inbound] == ["one", "two", "one"]


async def test_a_forged_signature_is_refused(twilio: Stand) -> None:
    await twilio.fault("bad_signature", path=INBOUND)
    await twilio.phone("text", text="approve k7q2x")
    assert twilio.product.inbound == []
    assert {*twilio.product.forged} == {"The webhook's signature does not match."}


async def test_a_webhook_signed_for_another_scheme_is_refused(twilio: Stand) -> None:
    twilio.product.public = "http://pay.example.com"
    await twilio.phone("text", text="approve k7q2x")
    assert twilio.product.inbound == []
    assert twilio.product.forged


async def test_a_failing_product_is_asked_again(twilio: Stand) -> None:
    twilio.product.failures = 3
    await twilio.phone("text", text="approve k7q2x")
    assert len(twilio.product.inbound) == 1
    statuses = [posted.status for posted in twilio.sandbox.webhooks.posted]
    assert statuses == [500, 500, 500, 200]


async def test_a_tap_nobody_took_is_shown_as_not_delivered(twilio: Stand) -> None:
    twilio.product.failures = 4
    await twilio.phone("text", text="approve k7q2x")
    assert [message["status"] for message in await twilio.inbox()] == ["failed"]


async def test_a_lost_webhook_is_lost(twilio: Stand) -> None:
    await twilio.fault("drop_webhook", path=INBOUND)
    await twilio.phone("text", text="approve k7q2x")
    assert twilio.product.inbound == []


async def test_our_answer_appears_in_the_chat(twilio: Stand) -> None:
    twilio.product.reply = 'Approved & noted: <b>"धन्यवाद"</b>\u0000'
    await twilio.phone("text", text="approve k7q2x")
    assert [m["body"] for m in await twilio.inbox()] == ["approve k7q2x", 'Approved & noted: <b>"धन्यवाद"</b>']


async def test_a_stranger_is_told_to_join_and_goes_no_further(twilio: Stand) -> None:
    await twilio.phone("text", STRANGER, text="approve k7q2x")
    assert twilio.product.inbound == []
    assert "not connected" in (await twilio.inbox(STRANGER))[1]["body"]


async def test_a_phone_that_joins_is_heard(twilio: Stand) -> None:
    await twilio.phone("join", STRANGER)
    await twilio.phone("text", STRANGER, text="hello")
    assert [message.from_phone for message in twilio.product.inbound] == [STRANGER]


async def test_a_membership_ends_after_three_days(twilio: Stand) -> None:
    twilio.sandbox.state.clock.advance(3 * 24 * 3600 + 1)
    await twilio.phone("text", text="hello")
    assert twilio.product.inbound == []


async def test_read_may_come_before_delivered(twilio: Stand) -> None:
    await twilio.fault("reorder_webhooks", path=STATUS)
    await asked(twilio)
    assert [update.status for update in twilio.product.statuses] == ["read", "delivered", "sent"]


async def test_failed_may_come_after_delivered_with_a_code_in_words(twilio: Stand) -> None:
    sid = await asked(twilio)
    report = {"status": "failed", "error_code": "InvalidSandboxRequest", "error_message": "joined no more"}
    (await twilio.control.post(f"/__sim__/messages/{sid}/status", json=report)).raise_for_status()
    last = twilio.product.statuses[-1]
    assert (last.status, last.error_code, last.error_message) == (
        "failed",
        "InvalidSandboxRequest",
        "joined no more",
    )


async def test_inbound_messages_are_listed_for_reconciliation(twilio: Stand) -> None:
    await twilio.phone("text", text="hello")
    state = twilio.sandbox.state
    path = f"/2010-04-01/Accounts/{state.settings.account_sid}/Messages.json"
    auth = (state.settings.account_sid, state.settings.auth_token)
    to_us = {"To": f"whatsapp:{state.settings.sender}"}
    [listed] = (await twilio.control.get(path, params=to_us, auth=auth)).json()["messages"]
    assert (listed["direction"], listed["body"]) == ("inbound", "hello")
