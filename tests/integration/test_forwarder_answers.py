"""Questions to the forwarder and their answers by mail: real mails through parser, door, store and API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from handlers.receive import receive
from schema.ids import InvoiceId
from schema.mail import Disposition
from schema.states import State
from tests.integration.api_rig import Api, serving_api
from tests.integration.test_receive import PDF, PROVED, place
from tests.world import ACCOUNT, OTHER_ACCOUNT, PRIYA, bring, fields, only, walk

QUOTE = "\n\nOn Tue, 24 Nov 2026 at 10:00, Countersign <pay@countersign.example>\nwrote:\n> Which order?\n"


@pytest.fixture
async def api(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving_api(database_url, redis_url, tmp_path) as served:
        yield served


async def asked(api: Api, question: str = "Which order is this for?") -> tuple[InvoiceId, str]:
    """A held invoice whose forwarder was asked, and the Message-ID of the question."""
    api.web.town.reader.fields = fields(total=None)
    await bring(api.web.town, b"one")
    await walk(api.web.town)
    invoice = await only(api.web.town)
    return invoice, await ask(api, invoice, question)


async def ask(api: Api, invoice: InvoiceId, question: str) -> str:
    version = (await case(api, invoice))["version"]
    body = {"version": version, "question": question}
    answer = await api.clerk.post(f"/api/v1/invoices/{invoice}/ask-forwarder", json=body)
    assert answer.status_code == 200, answer.text
    await walk(api.web.town)
    return api.web.town.mailer.sent[-1].message_id


def reply(to: str, text: str, *attached: bytes, sender: str = PRIYA, number: int = 50) -> bytes:
    # People's programs leave long ids whole; Python's default line length would encode them.
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
    mail["Authentication-Results"] = PROVED
    mail["From"] = f"Priya Nair <{sender}>"
    mail["To"] = "pay@countersign.example"
    mail["Subject"] = "Re: Fwd: Invoice"
    mail["Message-ID"] = f"<r{number}@meridian.example>"
    mail["In-Reply-To"] = to
    mail["References"] = f"<m1@meridian.example> {to}"
    mail.set_content(text + QUOTE)
    for data in attached:
        mail.add_attachment(data, maintype="application", subtype="pdf", filename="again.pdf")
    return mail.as_bytes()


async def case(api: Api, invoice: InvoiceId) -> dict[str, Any]:
    answer = await api.clerk.get(f"/api/v1/invoices/{invoice}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def answered(api: Api) -> dict[str, bool]:
    rows = (await api.clerk.get("/api/v1/exceptions")).json()["items"]
    return {row["id"]: row["answered"] for row in rows}


async def test_a_reply_stands_beside_its_question_and_opens_no_invoice(api: Api) -> None:
    invoice, question = await asked(api)
    assert await answered(api) == {str(invoice): False}
    before = len(api.web.town.mailer.sent)
    raw = reply(question, "For PO-2026-0141, sorry.")
    assert await receive(place(50), raw, api.web.town.world) is Disposition.ACCEPTED
    await walk(api.web.town)
    shown = await case(api, invoice)
    (one,) = shown["asked_forwarder"]
    assert (one["question"], one["by"]) == ("Which order is this for?", "Chitra")
    assert [(each["text"], each["documents"]) for each in one["answers"]] == [("For PO-2026-0141, sorry.", 0)]
    assert (shown["state"], shown["entries"][-1]["actor"]) == ("held", PRIYA)
    assert await answered(api) == {str(invoice): True}
    assert await only(api.web.town) == invoice
    assert len(api.web.town.mailer.sent) == before


async def test_the_same_reply_twice_is_one_answer(api: Api) -> None:
    invoice, question = await asked(api)
    for uid in (50, 51):
        await receive(place(uid), reply(question, "For PO-1."), api.web.town.world)
    (one,) = (await case(api, invoice))["asked_forwarder"]
    assert len(one["answers"]) == 1


async def test_documents_of_a_reply_are_invoices_of_their_own(api: Api) -> None:
    invoice, question = await asked(api)
    await receive(place(50), reply(question, "Here it is again.", PDF), api.web.town.world)
    (one,) = (await case(api, invoice))["asked_forwarder"]
    assert one["answers"][0]["documents"] == 1
    states = {line.id: line.state for line in await api.web.town.world.store.views.invoices()}
    assert states.pop(invoice) is State.HELD
    assert list(states.values()) == [State.RECEIVED]


async def test_a_reply_changes_no_bank_detail_and_approves_nothing(api: Api) -> None:
    invoice, question = await asked(api)
    vendors = "select account_print, account_last4, routing, bank_version from vendors order by id"
    before, payments = await api.web.rows(vendors), await api.web.rows("select id from payments")
    text = f"APPROVE {invoice}. Yes, pay it. New account {OTHER_ACCOUNT}, the old {ACCOUNT} is closed. START"
    await receive(place(50), reply(question, text), api.web.town.world)
    states = await walk(api.web.town)
    assert states[invoice] is State.HELD
    assert await api.web.rows(vendors) == before
    assert await api.web.rows("select id from payments") == payments
    assert await api.web.rows("select id from bank_changes") == []
    told = (await api.clerk.get(f"/api/v1/invoices/{invoice}")).text
    assert "XXXXXX5544" in told
    kept = str(await api.web.rows("select facts::text, note from audits"))
    for account in (ACCOUNT, OTHER_ACCOUNT):
        assert account not in told
        assert account not in kept


@pytest.mark.parametrize("sender", ["arjun@meridian.example", "mallory@elsewhere.example"])
async def test_only_the_one_who_was_asked_can_answer(api: Api, sender: str) -> None:
    invoice, question = await asked(api)
    await receive(place(50), reply(question, "For PO-1.", sender=sender), api.web.town.world)
    assert (await case(api, invoice))["asked_forwarder"][0]["answers"] == []
    assert await answered(api) == {str(invoice): False}


async def test_a_made_up_question_is_answered_by_nobody(api: Api) -> None:
    invoice, _ = await asked(api)
    domain = api.web.town.world.mail_domain
    for uid, made_up in enumerate(
        (
            f"<{invoice.hex}.asked-{uuid4().hex}@{domain}>",
            f"<{uuid4().hex}.asked-{uuid4().hex}@{domain}>",
            "<x.asked-y@z>",
        ),
        60,
    ):
        await receive(place(uid), reply(made_up, "For PO-1.", number=uid), api.web.town.world)
    assert (await case(api, invoice))["asked_forwarder"][0]["answers"] == []


async def test_a_further_question_waits_for_an_answer_of_its_own(api: Api) -> None:
    invoice, first = await asked(api)
    await receive(place(50), reply(first, "For PO-1."), api.web.town.world)
    second = await ask(api, invoice, "PO-1 is closed; which other?")
    assert await answered(api) == {str(invoice): False}
    await receive(place(51), reply(second, "Then PO-2.", number=51), api.web.town.world)
    await receive(place(52), reply(first, "I meant PO-2.", number=52), api.web.town.world)
    one, two = (await case(api, invoice))["asked_forwarder"]
    assert [each["text"] for each in one["answers"]] == ["For PO-1.", "I meant PO-2."]
    assert [each["text"] for each in two["answers"]] == ["Then PO-2."]


async def test_what_a_clerk_saw_before_the_answer_is_not_stale(api: Api) -> None:
    invoice, question = await asked(api)
    version = (await case(api, invoice))["version"]
    await receive(place(50), reply(question, "The total is 84960."), api.web.town.world)
    body = {"version": version, "values": {"total": "84960.00"}}
    answer = await api.clerk.patch(f"/api/v1/invoices/{invoice}/fields", json=body)
    assert answer.status_code == 200, answer.text


async def test_after_the_invoice_went_on_a_late_reply_moves_nothing(api: Api) -> None:
    invoice, question = await asked(api)
    version = (await case(api, invoice))["version"]
    body = {"version": version, "values": {"total": "84960.00"}}
    await api.clerk.patch(f"/api/v1/invoices/{invoice}/fields", json=body)
    await receive(place(50), reply(question, "Stop it."), api.web.town.world)
    states = await walk(api.web.town)
    assert states[invoice] is State.ASKED
