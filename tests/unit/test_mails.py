"""Our mails say what was paid or why not, and no stranger's text can forge a line or a tag in them."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from handlers.mails import HeldNotice, Letter, PaidNotice, RejectedNotice, held_mail, paid_mail, rejected_mail

PUNE = ZoneInfo("Asia/Kolkata")
URL = "https://pay.example/audit/8f3c.6563.abc"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

PAID = PaidNotice(
    number="AIS/26-27/8812",
    vendor="Acme Industrial Supplies Pvt Ltd",
    total="INR 84,960.00",
    account="XXXXXX9326",
    routing="HDFC0000485",
    rail="NEFT",
    reference="CSQ4ZK2WVN7HTB5XLA6RMD",
    bank_reference="MBKN202611230000417",
    booked_at=datetime(2026, 11, 23, 18, 45, tzinfo=PUNE),
    approvals=(("Asha Rao", datetime(2026, 11, 23, 18, 44, tzinfo=PUNE)),),
    document_sha256=DIGEST,
    url=URL,
    url_until=datetime(2027, 2, 21, tzinfo=PUNE),
    simulated=True,
    subject="Fwd: Tax invoice AIS/26-27/8812",
    greeting="Priya Nair",
)
HELD = HeldNotice(
    number="AIS/26-27/8830",
    vendor="Acme Industrial Supplies Pvt Ltd",
    total="INR 41,300.00",
    reason="The invoice asks for account XXXXXX4418; the vendor master has XXXXXX9326.",
    findings=("The bank account is another.", "The IFSC is another."),
    url=URL,
    subject="FW: bank details",
    greeting="Priya Nair",
)
REJECTED = RejectedNotice(
    number="BLF-2026-072",
    vendor="Blueleaf Facility Services Pvt Ltd",
    total="INR 12,390.00",
    reason="Asha Rao rejected INR 12,390.00",
    url=URL,
    subject="Fwd: Invoices",
    greeting="Priya Nair",
)


def all_letters(text: str) -> list[Letter]:
    """One letter of each kind, with `text` wherever a stranger could have put it."""
    return [
        paid_mail(replace(PAID, number=text, vendor=text, subject=text, greeting=text)),
        held_mail(replace(HELD, number=text, vendor=text, reason=text, findings=(text, text), greeting=text)),
        rejected_mail(replace(REJECTED, number=text, vendor=text, reason=text, subject=text, greeting=text)),
    ]


@pytest.mark.parametrize("body", ["text", "html"])
def test_a_confirmation_says_all_that_counts(body: str) -> None:
    letter = getattr(paid_mail(PAID), body)
    wanted = [
        "INR 84,960.00",
        "Acme Industrial Supplies Pvt Ltd",
        "AIS/26-27/8812",
        "XXXXXX9326",
        "HDFC0000485",
    ]
    wanted += ["MBKN202611230000417", "CSQ4ZK2WVN7HTB5XLA6RMD", "Asha Rao, 23 Nov 2026, 18:44 IST"]
    wanted += ["23 Nov 2026, 18:45 IST", URL, "21 Feb 2027", DIGEST, "SIMULATED"]

    assert [text for text in wanted if text not in letter] == []


def test_a_real_payment_is_not_called_simulated() -> None:
    letter = paid_mail(replace(PAID, simulated=False))

    assert "SIMULATED" not in letter.text + letter.html


def test_both_approvers_are_named() -> None:
    second = ("Vikram Shah", datetime(2026, 11, 23, 18, 50, tzinfo=PUNE))
    letter = paid_mail(replace(PAID, approvals=(*PAID.approvals, second)))

    assert letter.text.count("Approved by") == 2
    assert "Vikram Shah, 23 Nov 2026, 18:50 IST" in letter.html


@pytest.mark.parametrize("body", ["text", "html"])
def test_a_hold_says_that_nothing_was_paid_why_and_where_to_look(body: str) -> None:
    letter = getattr(held_mail(HELD), body)

    assert "othing was paid" in letter
    assert [text for text in (HELD.reason, *HELD.findings, URL) if text not in letter] == []


@pytest.mark.parametrize("body", ["text", "html"])
def test_a_rejection_says_why_and_where_to_look(body: str) -> None:
    letter = getattr(rejected_mail(REJECTED), body)

    assert [text for text in (REJECTED.reason, REJECTED.number, URL) if text not in letter] == []


def test_an_answer_has_one_re() -> None:
    assert paid_mail(replace(PAID, subject="RE: Re: AW: Invoice")).subject == "Re: Invoice"


def test_an_empty_subject_gets_words() -> None:
    assert paid_mail(replace(PAID, subject="  ")).subject == "Re: your invoice"


def test_a_subject_cannot_start_another_header() -> None:
    subject = paid_mail(replace(PAID, subject="Invoice\r\nBcc: thief@example.org")).subject

    assert subject == "Re: Invoice Bcc: thief@example.org"


def test_an_account_number_in_the_subject_is_masked() -> None:
    subject = paid_mail(replace(PAID, subject="Fwd: pay to 50200047719326 today")).subject

    assert subject == "Re: Fwd: pay to XXXXXX9326 today"


def test_tags_in_any_text_are_only_text() -> None:
    html = "".join(letter.html for letter in all_letters("<script>x</script><a href='//evil'>pay</a>"))

    assert "<script" not in html
    assert "href='//evil'" not in html


def test_a_name_cannot_forge_a_line_of_the_plain_text() -> None:
    texts = [letter.text for letter in all_letters("Acme\n\nBank's reference  FORGED")]

    assert [text for text in texts if "\nBank's reference  FORGED" in text] == []


def test_unseen_characters_are_written_out() -> None:
    letters = all_letters("abc\u202edef")

    assert [letter for letter in letters if "\u202e" in letter.subject + letter.text + letter.html] == []


def test_an_endless_name_is_cut() -> None:
    assert max(len(letter.text) for letter in all_letters("x" * 100_000)) < 10_000


def test_an_address_and_a_hash_are_never_cut() -> None:
    long = URL + "x" * 500

    assert long in paid_mail(replace(PAID, url=long)).text
