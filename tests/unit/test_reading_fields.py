"""Fields from words: labels beside and above, sums that add up, dates that are governed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading.fields import Findings, filled, read_fields
from handlers.reading.words import page_of_text


def read(text: str) -> Findings:
    return read_fields((page_of_text(1, text),))


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Invoice No: INV/2026/0042", "INV/2026/0042"),
        ("Rechnungsnummer 471102", "471102"),
        ("Handelsrechnung (380) Nr. 471102 vom 05.03.2018", "471102"),
        ("Rechnung # RE-20151008/504 von 08.10.2015", "RE-20151008/504"),
        ("Facture n° 2022089083", "2022089083"),
        ("F actuurnummer: 993548900", "993548900"),
        ("Beleg-Nr : R87654321012345", "R87654321012345"),
        ("Bill No. 17-A", "17-A"),
        ("Invoice No DPH/1193", "DPH/1193"),  # `DPH` is also a tax
        ("Faktura nr: F 1234K20/1234/12", "F1234K20/1234/12"),
        ("इनवॉइस संख्या: SI-2024-00982", "SI-2024-00982"),
        ("बीजक क्रमांक : 184/24-25", "184/24-25"),
        ("Numero fattura: 2024/117", "2024/117"),
        ("Número de factura F-2024-9", "F-2024-9"),
    ],
)
def test_an_invoice_number_is_read_in_many_languages(line: str, number: str) -> None:
    found = read(f"{line}\nTotal 10.00").fields.invoice_number
    assert found is not None
    assert found.value == number


def test_a_number_under_its_label_is_found() -> None:
    found = read(
        "Invoice Number      Invoice Date     Due Date\nAB-1234             05/11/2026       20/11/2026\n"
    ).fields
    assert found.invoice_number is not None
    assert found.invoice_number.value == "AB-1234"
    assert found.issue_date is not None
    assert found.due_date is not None
    assert (found.issue_date.value, found.due_date.value) == (date(2026, 11, 5), date(2026, 11, 20))


@pytest.mark.parametrize(
    "line", ["Customer No: 4711", "Order No: 12507", "Phone: 022 4455667", "Vertrags-Nr : V88456"]
)
def test_other_numbers_are_not_the_invoice_number(line: str) -> None:
    assert read(f"{line}\nTotal 10.00").fields.invoice_number is None


def test_a_delivery_date_is_not_the_issue_date() -> None:
    found = read("Invoice Date: 05/11/2026\nDelivery Date: 01/11/2026\nDue Date: 20/11/2026").fields
    assert found.issue_date is not None
    assert found.issue_date.value == date(2026, 11, 5)


def test_a_discount_date_is_not_the_due_date() -> None:
    text = (
        "Rechnungsdatum 05.03.2018\nZahlbar innerhalb 30 Tagen netto bis 04.04.2018, "
        "3% Skonto innerhalb 10 Tagen bis 15.03.2018"
    )
    found = read(text).fields.due_date
    assert found is not None
    assert found.value == date(2018, 4, 4)


def test_a_due_date_before_the_issue_date_is_not_sure_and_is_told() -> None:
    findings = read("Invoice Date: 05/11/2026\nDue Date: 20/10/2026")
    assert findings.fields.due_date is not None
    assert findings.fields.due_date.confidence <= 0.5
    assert "The due date is before the issue date." in findings.warnings


def test_sums_that_add_up_are_sure() -> None:
    found = read("Taxable Value 1,00,000.00\nCGST 9,000.00\nSGST 9,000.00\nTotal Rs. 1,18,000.00").fields
    assert found.total is not None
    assert found.net is not None
    assert found.tax is not None
    assert (found.total.value, found.net.value, found.tax.value) == (
        Decimal("118000.00"),
        Decimal("100000.00"),
        Decimal("18000.00"),
    )
    assert found.total.confidence >= 0.9


def test_sums_that_contradict_each_other_are_not_sure() -> None:
    findings = read("Taxable Value 60,000.00\nCGST 5,400.00\nSGST 5,400.00\nGrand Total Rs. 71,800.00")
    assert findings.fields.total is not None
    assert findings.fields.total.value == Decimal("71800.00")
    assert findings.fields.total.confidence < 0.9
    assert "Net and tax do not add up to the total." in findings.warnings


def test_a_label_in_parentheses_describes_and_does_not_name() -> None:
    found = read(
        "Rechnungssumme Netto (exkl. USt.) 193,83\nSumme Umsatzsteuer 21,31\nRechnungssumme Brutto (inkl. USt.) 215,14"
    ).fields
    assert found.total is not None
    assert found.total.value == Decimal("215.14")
    assert found.tax is not None
    assert found.tax.value == Decimal("21.31")


def test_the_amount_due_after_a_prepayment_is_told() -> None:
    findings = read(
        "Rechnungssumme ohne USt. 15.387,08\nSteuerbetrag 2.923,55\nBruttosumme 18.310,63\nZahlbetrag 502,63"
    )
    assert findings.fields.total is not None
    assert findings.fields.total.value == Decimal("18310.63")
    assert "The amount due 502.63 differs from the total." in findings.warnings


def test_a_negative_total_is_a_credit_note() -> None:
    findings = read(
        "Rechnungskorrektur Nr. RK21\nRechnungssumme ohne USt. -7,67\nSteuerbetrag -1,12\nBruttosumme -8,79"
    )
    assert findings.kind == "credit_note"
    assert findings.fields.total is not None
    assert findings.fields.total.value == Decimal("-8.79")


@pytest.mark.parametrize(
    ("title", "kind"),
    [("TAX INVOICE", "invoice"), ("QUOTATION", "quotation"), ("PROFORMA INVOICE", "quotation"),
     ("CREDIT NOTE", "credit_note"),
     ("CASH RECEIPT", "receipt"), ("Rechnung", "invoice"), ("Angebot", "quotation"),
     ("बीजक", "invoice"), ("Minutes", "unknown")],
)  # fmt: skip
def test_the_title_says_what_it_is(title: str, kind: str) -> None:
    assert read(f"{title}\n\nSome Company Ltd").kind == kind


def test_an_account_wants_words_of_banking_round_it() -> None:
    customer = read("Account number: 296664039561\nInvoice Number: 42\n" + "text\n" * 20).fields.account
    bank = read("Bank: HDFC Bank\nAccount number: 296664039561\nIFSC: HDFC0001234").fields
    assert customer is None
    assert bank.account is not None
    assert bank.account.value == "296664039561"
    assert bank.ifsc is not None
    assert bank.ifsc.value == "HDFC0001234"


def test_an_account_in_groups_is_joined() -> None:
    found = read("Bank: SBI\nA/C No: 5010 0234 5678 91\nIFSC Code: SBIN0001234").fields.account
    assert found is not None
    assert found.value == "50100234567891"


def test_a_marathi_bank_block_is_read() -> None:
    found = read(
        "बँकेचे नाव: स्टेट बँक\nखाते क्रमांक: 50100234567891\nआयएफएससी कोड: SBIN0001234\nएकूण रक्कम 1,180.00"
    ).fields
    assert found.account is not None
    assert found.account.value == "50100234567891"
    assert found.total is not None
    assert found.total.value == Decimal("1180.00")


def test_an_iban_whose_check_digits_fail_is_never_sure() -> None:
    findings = read("IBAN DE12123456781234567899\nTotal 10.00")
    assert findings.fields.account is not None
    assert findings.fields.account.confidence < 0.5
    assert any("check digits" in warning for warning in findings.warnings)


def test_two_accounts_are_told_and_neither_is_sure() -> None:
    findings = read("IBAN DE88200800000970375700\nIBAN NL50INGB0683251309")
    assert "More than one IBAN is printed." in findings.warnings
    assert findings.fields.account is not None
    assert findings.fields.account.confidence < 0.9


def test_the_buyers_tax_id_is_not_the_sellers() -> None:
    text = "Bill To\nBuyer Ltd\nGSTIN: 29AAGCB7383J1Z4\n\nSeller\nSunrise Pvt Ltd\nGSTIN: 27AAPFU0939F1ZV"
    found = read(text).fields
    assert found.seller_tax_id is not None
    assert found.seller_tax_id.value == "27AAPFU0939F1ZV"
    assert found.seller_name is not None
    assert found.seller_name.value == "Sunrise Pvt Ltd"


def test_nothing_is_found_in_nothing() -> None:
    findings = read("lorem ipsum dolor sit amet")
    fields = findings.fields
    assert (fields.total, fields.invoice_number, fields.issue_date, fields.account) == (
        None,
        None,
        None,
        None,
    )
    assert findings.kind == "unknown"


def test_a_second_reading_fills_only_what_is_missing() -> None:
    first = read("Invoice No: A-1").fields
    second = read("Invoice No: A-7\nGrand Total EUR 10,00").fields
    both = filled(first, second)
    assert both.invoice_number is not None
    assert both.invoice_number.value == "A-1"
    assert both.total is not None
    assert both.total.value == Decimal("10.00")


@given(st.text(max_size=400))
def test_no_text_breaks_the_reader_and_confidence_is_a_probability(text: str) -> None:
    fields = read(text).fields
    for found in (fields.total, fields.invoice_number, fields.issue_date, fields.account, fields.seller_name):
        assert found is None or 0 <= found.confidence <= 1


WORDS = st.sampled_from(
    ["Invoice", "No:", "Total", "Rs.", "1,180.00", "GSTIN", "27AAPFU0939F1ZV", "05/11/2026", "Due Date",
     "IBAN", "DE88", "\n",
     "Bank", "Account No", "50100234567891", "CGST", "%", "18", "-", "(", ")",
     "Qty", "Rate", "Amount", "कुल राशि", "#", "₹"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=40))
def test_a_value_is_always_printed_in_the_document(words: list[str]) -> None:
    text = " ".join(words)
    fields = read(text).fields
    bare = "".join(char for char in text if char.isalnum())
    for found in (fields.invoice_number, fields.account, fields.ifsc, fields.seller_tax_id):
        assert found is None or "".join(char for char in found.value if char.isalnum()) in bare
