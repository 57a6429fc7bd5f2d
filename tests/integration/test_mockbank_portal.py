"""Paying at the mock bank over a real socket: every refusal, every piece of trouble."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.integration.mockbank_portal import (
    FIELDS,
    FORM,
    NOON,
    SLOW_SECONDS,
    Portal,
    alert,
    open_portal,
    values,
)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with open_portal(tmp_path) as opened:
        yield opened


def test_health_needs_no_log_in(portal: Portal) -> None:
    assert portal.visitor().get("/healthz").json() == {"status": "ok", "simulated": True}


def test_a_payment_goes_from_form_to_receipt(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft()
    shown = values(bank.get(draft).text)
    assert [shown[name] for name in FIELDS] == [FORM[name] for name in FIELDS]
    assert shown["debit_account"] == "XXXXXXXXXX4821"

    answer = bank.confirm(draft)
    assert (answer.status_code, answer.headers["location"]) == (303, "/receipt/1")
    receipt = values(bank.get("/receipt/1").text)
    assert receipt["bank_reference"] == "SIMN52026112300001"
    assert receipt["status"] == "Booked"
    assert receipt["booked_at"] == "2026-11-23T12:00:00+05:30"
    assert receipt["account_number"] == "XXXXXXXXXX7890"
    assert 'data-value="24882000.00"' in bank.get("/").text


def test_the_confirm_page_names_its_terms_exactly(portal: Portal) -> None:
    bank = portal.customer()
    page = bank.get(bank.draft()).text
    assert re.findall(r"<dt>([^<]*)</dt>", page) == [
        "Rail", "Beneficiary name", "Account number or IBAN", "IFSC or BIC", "Amount", "Currency", "Payment reference",
        "Payment date", "Remark", "Debit account",
    ]  # fmt: skip
    assert "₹ 1,18,000.00" in page


def test_a_sepa_payment_is_grouped_as_in_europe(portal: Portal) -> None:
    bank = portal.customer()
    european = {
        "rail": "SEPA",
        "currency": "EUR",
        "account_number": "DE89370400440532013000",
        "routing": "COBADEFFXXX",
    }
    page = bank.get(bank.draft(**european)).text
    assert values(page)["amount"] == "118000.00"
    assert "118.000,00 €" in page


def test_an_account_in_the_list_is_no_new_payee(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft()
    assert "New payee" in bank.get(draft).text
    payee = {name: FORM[name] for name in ("beneficiary_name", "account_number", "routing")}
    assert bank.send("/beneficiaries", "/beneficiaries", **payee).status_code == 303
    assert "New payee" not in bank.get(draft).text
    assert bank.send("/beneficiaries", "/beneficiaries/1/remove").status_code == 303
    assert "New payee" in bank.get(draft).text


def test_a_wrong_or_known_beneficiary_is_refused(portal: Portal) -> None:
    bank = portal.customer()
    payee = {"beneficiary_name": "A", "account_number": "50100234567890", "routing": "HDFC0001234"}
    assert bank.send("/beneficiaries", "/beneficiaries", **(payee | {"routing": "X"})).status_code == 422
    bank.send("/beneficiaries", "/beneficiaries", **payee)
    again = bank.send("/beneficiaries", "/beneficiaries", **payee)
    assert (again.status_code, "in the list already" in alert(again.text)) == (422, True)


@pytest.mark.parametrize(
    ("change", "field_name", "sentence"),
    [
        ({"routing": "HDFC1001234"}, "routing", "IFSC must be"),
        ({"rail": "SEPA"}, "currency", "SEPA pays in EUR only"),
        ({"rail": "RTGS"}, "amount", "₹ 2,00,000.00 or more"),
        ({"rail": "IMPS", "amount": "500000.01"}, "amount", "₹ 5,00,000.00 at most"),
        ({"amount": "25000000.01"}, "amount", "balance is too low"),
        ({"date": "2026-12-24"}, "date", "Payment date must lie between"),
        ({"reference": "CS_1"}, "reference", "Payment reference takes"),
    ],
)
def test_a_wrong_form_comes_back_filled_with_the_reason(
    portal: Portal, change: dict[str, str], field_name: str, sentence: str
) -> None:
    answer = portal.customer().fill(**change)
    assert answer.status_code == 422
    assert sentence in alert(answer.text)
    assert re.search(rf'id="{field_name}"[^>]* aria-describedby="{field_name}-problem', answer.text)
    assert f'value="{FORM["beneficiary_name"]}"' in answer.text


def test_a_booked_reference_is_refused_at_the_form(portal: Portal) -> None:
    bank = portal.customer()
    bank.confirm(bank.draft())
    answer = bank.fill()
    assert (answer.status_code, "Reference already used" in alert(answer.text)) == (422, True)


def test_a_reference_booked_meanwhile_is_refused_at_confirm(portal: Portal) -> None:
    bank = portal.customer()
    first, second = bank.draft(), bank.draft()
    bank.confirm(first)
    answer = bank.confirm(second)
    assert (answer.status_code, alert(answer.text)) == (409, "Reference already used. Nothing was booked.")


def test_a_wrong_otp_is_refused(portal: Portal) -> None:
    bank = portal.customer()
    answer = bank.confirm(bank.draft(), bank.wrong_code())
    assert (answer.status_code, alert(answer.text)) == (403, "Wrong one-time password, 4 tries left")
    assert bank.booked("CS-1") == 0


def test_the_otp_locks_after_five_and_opens_after_a_quarter_of_an_hour(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft()
    answers = [bank.confirm(draft, bank.wrong_code()).status_code for _ in range(5)]
    assert answers == [403, 403, 403, 403, 423]
    locked = bank.confirm(draft)
    assert (locked.status_code, "locked until 12:15 IST" in alert(locked.text)) == (423, True)
    for minutes in (7, 15):  # the session must not fall asleep meanwhile
        portal.clock.now = NOON + timedelta(minutes=minutes)
        bank.get("/")
    assert bank.confirm(draft).status_code == 303


def test_a_double_submit_leads_to_the_same_receipt(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft()
    locations = [bank.confirm(draft, code).headers["location"] for code in (None, None, "000000")]
    assert locations == ["/receipt/1"] * 3
    assert bank.get(draft).headers["location"] == "/receipt/1"


def test_a_cancelled_transfer_is_gone(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft()
    assert bank.send(draft, draft.replace("confirm", "cancel")).headers["location"] == "/"
    assert (bank.get(draft).status_code, bank.confirm(draft).status_code) == (410, 410)
    assert bank.booked("CS-1") == 0


@pytest.mark.parametrize("same_draft", [True, False])
def test_twenty_submits_at_once_book_once(portal: Portal, same_draft: bool) -> None:
    bank = portal.customer()
    drafts = [bank.draft()] * 20 if same_draft else [bank.draft() for _ in range(20)]
    with ThreadPoolExecutor(20) as crowd:
        statuses = list(crowd.map(lambda draft: bank.confirm(draft).status_code, drafts))
    assert statuses.count(303) == (20 if same_draft else 1)
    assert set(statuses) <= {303, 409}
    assert bank.booked("CS-1") == 1
    assert 'data-value="24882000.00"' in bank.get("/").text


def test_twenty_guesses_at_once_get_five_tries(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft()
    with ThreadPoolExecutor(20) as crowd:
        statuses = list(crowd.map(lambda _: bank.confirm(draft, bank.wrong_code()).status_code, range(20)))
    assert (statuses.count(403), statuses.count(423)) == (4, 16)


def test_amount_13_is_booked_but_the_answer_never_comes(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft(amount="118000.13")
    for _ in range(2):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            bank.confirm(draft)
    assert bank.booked("CS-1") == 1


def test_amount_13_with_a_wrong_code_is_answered(portal: Portal) -> None:
    bank = portal.customer()
    assert bank.confirm(bank.draft(amount="118000.13"), bank.wrong_code()).status_code == 403


def test_amount_17_is_booked_and_answered_late(portal: Portal) -> None:
    bank = portal.customer(timeout=SLOW_SECONDS / 2)
    with pytest.raises(httpx.ReadTimeout):
        bank.confirm(bank.draft(amount="118000.17"))
    assert bank.booked("CS-1") == 1
    assert (
        portal.customer().confirm(portal.customer().draft(amount="1.17", reference="CS-2")).status_code == 303
    )


def test_amount_19_is_under_maintenance_and_books_nothing(portal: Portal) -> None:
    bank = portal.customer()
    answer = bank.confirm(bank.draft(amount="118000.19"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "20")
    assert "maintenance" in alert(answer.text)
    assert "SIMULATED" in answer.text
    assert bank.booked("CS-1") == 0


def test_amount_23_shows_another_account(portal: Portal) -> None:
    bank = portal.customer()
    assert values(bank.get(bank.draft(amount="118000.23")).text)["account_number"] == "50100234567891"


def test_the_statement_finds_a_reference_only_exactly(portal: Portal) -> None:
    bank = portal.customer()
    bank.confirm(bank.draft())
    found = bank.get("/statement", reference="CS-1").text
    assert 'data-field="reference" data-value="CS-1"' in found
    assert 'href="/receipt/1"' in found
    for near in ("cs-1", "CS-", "CS-11", "%"):
        assert "No transfer with this reference" in bank.get("/statement", reference=near).text


def test_the_full_account_number_is_on_the_confirm_page_only(portal: Portal) -> None:
    bank = portal.customer()
    draft = bank.draft()
    assert "50100234567890" in bank.get(draft).text
    bank.confirm(draft)
    bank.send("/beneficiaries", "/beneficiaries", **FORM)
    for path in ("/", "/statement", "/receipt/1", "/beneficiaries"):
        assert "50100234567890" not in bank.get(path).text
