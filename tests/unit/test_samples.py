"""The committed samples say what the catalogue says they say."""

import csv
import hashlib
import re
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pdfplumber
import pikepdf
import pypdfium2
import pytest
from PIL import Image
from schwifty import BIC, IBAN

from sandbox.invoice_catalogue import (
    BUYER_TAX_ID,
    BY_FILE,
    INJECTION,
    INVOICES,
    NEW_BANK_NOTE,
    PURCHASE_ORDERS,
    VENDORS,
)
from sandbox.invoice_model import Invoice, Medium, Vendor
from sandbox.invoices import LOCK_PASSWORD, SAMPLES, html_of, in_fours, money_de, money_in
from sandbox.mails import BAD_MAILS, DEMO_MAILS, PAYMENT_MAILBOX, DemoMail, ForwardStyle, build

TEXT_INVOICES = [invoice for invoice in INVOICES if invoice.medium in (Medium.TEXT, Medium.LOCKED)]
PICTURE_INVOICES = [invoice for invoice in INVOICES if invoice.medium in (Medium.SCAN, Medium.PHOTO)]
INDIAN_VENDORS = [vendor for vendor in VENDORS if vendor.country == "IN"]
ALL_MAILS = [*DEMO_MAILS, *BAD_MAILS]
MAX_BYTES = 1_500_000
FAULT_CENTS = {Decimal("0.13"), Decimal("0.17"), Decimal("0.19"), Decimal("0.23")}
IFSC = re.compile(r"^(HDFC|ICIC|SBIN|UTIB|KKBK|PUNB|BARB|YESB)0[A-Z0-9]{6}$")
GSTIN_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def text_of(path: Path) -> str:
    password = LOCK_PASSWORD if path.name == "locked.pdf" else ""
    with pdfplumber.open(path, password=password) as pdf:
        return "\n".join(page.extract_text() for page in pdf.pages)


def gstin_check_digit(first_fourteen: str) -> str:
    products = [GSTIN_ALPHABET.index(char) * (1 + at % 2) for at, char in enumerate(first_fourteen)]
    return GSTIN_ALPHABET[-sum(product // 36 + product % 36 for product in products) % 36]


def named(invoice: Invoice) -> str:
    return invoice.file


@pytest.mark.parametrize("invoice", TEXT_INVOICES, ids=named)
def test_the_declared_truth_stands_in_the_text(invoice: Invoice) -> None:
    text = text_of(SAMPLES / invoice.file)
    euro = invoice.vendor.currency == "EUR"
    total = money_de(invoice.total) if euro else money_in(invoice.total)
    account = in_fours(invoice.account.number) if euro else invoice.account.number
    wanted = [
        invoice.number,
        total,
        account,
        invoice.account.routing,
        invoice.vendor.name,
        invoice.vendor.tax_id,
    ]

    assert [value for value in wanted if value not in text] == []


@pytest.mark.parametrize("invoice", TEXT_INVOICES, ids=named)
def test_both_dates_stand_in_the_text(invoice: Invoice) -> None:
    text = text_of(SAMPLES / invoice.file)
    shapes = ("%d-%b-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d %B %Y")

    assert any(invoice.issued.strftime(shape) in text for shape in shapes)
    assert any(invoice.due.strftime(shape) in text for shape in shapes)


@pytest.mark.parametrize("invoice", [i for i in TEXT_INVOICES if i.purchase_order], ids=named)
def test_a_purchase_order_that_is_named_is_known_and_equal(invoice: Invoice) -> None:
    order = next(order for order in PURCHASE_ORDERS if order.number == invoice.purchase_order)

    assert order.number in text_of(SAMPLES / invoice.file)
    assert (order.vendor, order.total, order.status) == (invoice.vendor, invoice.total, "open")


@pytest.mark.parametrize("invoice", PICTURE_INVOICES, ids=named)
def test_the_truth_of_a_picture_stands_in_its_layout(invoice: Invoice) -> None:
    html = html_of(invoice)
    wanted = [invoice.number, money_in(invoice.total), invoice.account.number, invoice.account.routing]

    assert [value for value in wanted if value not in html] == []


def test_the_scan_has_no_text_and_is_a_full_page() -> None:
    path = SAMPLES / "sharma-logistics.pdf"
    pdf = pypdfium2.PdfDocument(path)
    width, height = pdf[0].get_size()
    pdf.close()

    assert text_of(path) == ""
    assert (round(width), round(height)) == (595, 842)


def test_the_photo_has_phone_size_and_an_orientation() -> None:
    with Image.open(SAMPLES / "deccan-print.jpg") as photo:
        assert 2_000_000 <= photo.width * photo.height <= 3_100_000
        assert photo.getexif()[0x0112] == 6


def test_the_two_blueleaf_invoices_differ_only_in_number_and_site() -> None:
    first, second = BY_FILE["blueleaf-071.pdf"], BY_FILE["blueleaf-072.pdf"]

    assert (first.vendor, first.total, first.issued) == (second.vendor, second.total, second.issued)
    assert first.number != second.number


def test_the_changed_account_is_not_the_one_of_the_vendor_master() -> None:
    invoice = BY_FILE["acme-8830-newbank.pdf"]
    text = text_of(SAMPLES / invoice.file)

    assert invoice.vendor.account.number not in text
    assert invoice.account.routing != invoice.vendor.account.routing
    assert NEW_BANK_NOTE in text.replace("\n", " ")


def test_the_injection_is_really_printed() -> None:
    assert INJECTION in text_of(SAMPLES / "brightpath-injection.pdf").replace("\n", " ")


def test_the_hindi_invoice_has_devanagari_and_latin_digits() -> None:
    text = text_of(SAMPLES / "gangotri-hindi.pdf")

    assert len(re.findall(r"[\u0900-\u0965]", text)) > 150
    assert re.findall(r"[\u0966-\u096f]", text) == []


def test_the_locked_pdf_does_not_open_without_its_password() -> None:
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(SAMPLES / "locked.pdf")


def test_the_broken_pdf_is_a_web_page() -> None:
    assert (SAMPLES / "not-a-pdf.pdf").read_bytes().startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize("tax_id", [BUYER_TAX_ID, *(vendor.tax_id for vendor in INDIAN_VENDORS)])
def test_a_gstin_has_the_right_check_digit(tax_id: str) -> None:
    assert re.fullmatch(r"\d{2}[A-Z]{3}[CF][A-Z]\d{4}[A-Z]1Z[0-9A-Z]", tax_id)
    assert gstin_check_digit(tax_id[:14]) == tax_id[14]


@pytest.mark.parametrize("vendor", INDIAN_VENDORS, ids=lambda vendor: vendor.email)
def test_an_indian_account_has_the_right_format(vendor: Vendor) -> None:
    assert re.fullmatch(r"\d{9,18}", vendor.account.number)
    assert IFSC.fullmatch(vendor.account.routing)


def test_the_iban_and_its_bic_are_valid_and_belong_together() -> None:
    account = BY_FILE["nordlicht-eur.pdf"].account

    assert IBAN(account.number, validate_bban=True).bic == BIC(account.routing)


def test_account_numbers_are_distinct() -> None:
    numbers = {vendor.account.number for vendor in VENDORS} | {
        BY_FILE["acme-8830-newbank.pdf"].account.number
    }

    assert len(numbers) == len(VENDORS) + 1


def test_no_total_asks_the_bank_to_fail() -> None:
    assert [invoice.file for invoice in INVOICES if invoice.total % 1 in FAULT_CENTS] == []


def test_the_totals_are_those_of_the_demo() -> None:
    totals = {invoice.file: str(invoice.total) for invoice in INVOICES}

    assert totals == {
        "acme-8812.pdf": "84960.00",
        "sharma-logistics.pdf": "46020.00",
        "deccan-print.jpg": "18880.00",
        "gangotri-hindi.pdf": "29500.00",
        "blueleaf-071.pdf": "12390.00",
        "blueleaf-072.pdf": "12390.00",
        "acme-8830-newbank.pdf": "41300.00",
        "vulcan-machinery.pdf": "472000.00",
        "brightpath-injection.pdf": "35400.00",
        "nordlicht-eur.pdf": "1190.00",
        "locked.pdf": "12390.00",
    }


def test_the_vendor_master_holds_every_vendor_with_its_own_account() -> None:
    with (SAMPLES / "vendors.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["tax_id"]: (row["account_number"], row["routing"]) for row in csv.DictReader(file)}

    assert rows == {vendor.tax_id: (vendor.account.number, vendor.account.routing) for vendor in VENDORS}


def test_the_purchase_orders_are_those_of_the_catalogue() -> None:
    with (SAMPLES / "purchase_orders.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["number"]: Decimal(row["total"]) for row in csv.DictReader(file)}

    assert rows == {order.number: order.total for order in PURCHASE_ORDERS}


def test_the_samples_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < MAX_BYTES


def parsed(mail: DemoMail) -> EmailMessage:
    message = message_from_bytes(build(mail, PAYMENT_MAILBOX).as_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def documents(message: EmailMessage) -> dict[str, str]:
    """File name -> SHA-256 of every attached document, also inside a forwarded mail."""
    found = {}
    for part in message.walk():
        name = part.get_filename()
        if name:
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found[name] = hashlib.sha256(content).hexdigest()
    return found


@pytest.mark.parametrize("mail", ALL_MAILS, ids=lambda mail: mail.name)
def test_a_mail_carries_its_documents_unchanged(mail: DemoMail) -> None:
    wanted = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in mail.attachments}

    assert documents(parsed(mail)) == wanted


@pytest.mark.parametrize("mail", ALL_MAILS, ids=lambda mail: mail.name)
def test_every_expected_document_is_attached(mail: DemoMail) -> None:
    expected = [outcome.document for outcome in mail.expected if outcome.document]

    assert expected == [path.name for path in mail.attachments]


@pytest.mark.parametrize("mail", ALL_MAILS, ids=lambda mail: mail.name)
def test_a_mail_has_the_headers_of_a_real_one(mail: DemoMail) -> None:
    message = parsed(mail)

    assert message["To"] == PAYMENT_MAILBOX
    assert message["Date"].datetime.tzinfo is not None
    assert message["Message-ID"].endswith(f"@{message['From'].addresses[0].domain}>")


@pytest.mark.parametrize("mail", [m for m in ALL_MAILS if m.letter and m.style is not ForwardStyle.ATTACHED])
def test_a_forward_quotes_the_vendors_mail_in_both_bodies(mail: DemoMail) -> None:
    message = parsed(mail)
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]

    assert mail.letter is not None
    assert [mail.letter.subject in body.get_content() for body in bodies if body] == [True, True]


def test_a_forward_as_attachment_holds_the_vendors_mail() -> None:
    mail = next(mail for mail in DEMO_MAILS if mail.style is ForwardStyle.ATTACHED)
    inner = [
        part.get_payload(0) for part in parsed(mail).walk() if part.get_content_type() == "message/rfc822"
    ]

    assert mail.letter is not None
    assert [part["Subject"] for part in inner if isinstance(part, EmailMessage)] == [mail.letter.subject]


def test_two_builds_are_two_mails() -> None:
    mail = DEMO_MAILS[0]

    assert build(mail, PAYMENT_MAILBOX)["Message-ID"] != build(mail, PAYMENT_MAILBOX)["Message-ID"]


def test_the_same_again_is_byte_for_byte_the_first_invoice() -> None:
    by_name = {mail.name: mail for mail in DEMO_MAILS}

    assert documents(parsed(by_name["same-again"])) == documents(parsed(by_name["text-pdf"]))
