"""Layouts in general: column heads, several sums on a line, names of two lines, tables that go on or have sections."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from handlers.reading.fields import Fields, read_fields
from handlers.reading.words import Page, Word, page_of, page_of_text


def read(*texts: str) -> Fields:
    return read_fields(tuple(page_of_text(number, text) for number, text in enumerate(texts, 1))).fields


def value(found: object) -> object:
    return getattr(found, "value", None)


def printed(*rows: tuple[float, float, str]) -> Page:
    """A page of cells: left edge, top edge, text; a character is 0.008 wide, a line 0.01 high."""
    words = []
    for left, top, text in rows:
        at = left
        for part in text.split():
            width = 0.008 * len(part)
            words.append(Word(part, 1, at, top, at + width, top + 0.01))
            at += width + 0.005
    return page_of(1, words, "text")


def test_each_of_several_sums_on_a_line_belongs_to_its_own_label() -> None:
    found = read("Invoice No: A-1\nNet 100.00   VAT 19.00   Total 119.00")
    assert (value(found.net), value(found.tax), value(found.total)) == (
        Decimal("100.00"),
        Decimal("19.00"),
        Decimal("119.00"),
    )


def test_two_columns_of_sums_that_share_a_role_are_kept_apart() -> None:
    found = read("Excl. BTW   € 593,36      Subtotaal   € 717,97\nBTW 21%   € 124,61\nTotaal   € 717,97")
    assert (value(found.net), value(found.total)) == (Decimal("593.36"), Decimal("717.97"))


@pytest.mark.parametrize(
    "line", ["Total inkl. 19 % MwSt   119,00 €", "Summe einschließlich 19% Umsatzsteuer   119,00 €"]
)
def test_a_tax_that_is_only_said_to_be_included_does_not_take_the_total(line: str) -> None:
    found = read(f"Netto   100,00 €\nUSt 19 %   19,00 €\n{line}")
    assert (value(found.total), value(found.tax)) == (Decimal("119.00"), Decimal("19.00"))


def test_a_sum_in_brackets_with_its_currency_is_read() -> None:
    found = read("Total   119,00 €\nenthaltene MwSt   (19,00 €)")
    assert value(found.tax) == Decimal("19.00")


def test_a_bare_head_of_a_column_names_the_number_under_it() -> None:
    page = printed(
        (0.05, 0.10, "Kopie factuur"),
        (0.05, 0.14, "Klant"), (0.25, 0.14, "Order"), (0.45, 0.14, "Factuur"), (0.65, 0.14, "Vervaldatum"),
        (0.05, 0.16, "KL0303"), (0.25, 0.16, "OR0444"), (0.45, 0.16, "VF1005"), (0.65, 0.16, "22-9-2022"),
    )  # fmt: skip
    found = read_fields((page,)).fields
    assert (value(found.invoice_number), value(found.due_date)) == ("VF1005", date(2022, 9, 22))


def test_the_head_of_a_column_of_dates_goes_before_words_on_the_left() -> None:
    page = printed(
        (0.05, 0.10, "Rechnungsdatum 01.11.2018"),
        (0.05, 0.20, "Beschreibung"), (0.80, 0.20, "Fälligkeit"),
        (0.05, 0.22, "Bitte überweisen Sie auf das unten genannte Konto."), (0.80, 0.22, "21.11.2018"),
    )  # fmt: skip
    assert value(read_fields((page,)).fields.due_date) == date(2018, 11, 21)


def test_a_name_of_two_lines_beside_its_label_is_read_whole() -> None:
    page = printed(
        (0.05, 0.10, "Seller"),
        (0.05, 0.13, "Number:"), (0.30, 0.13, "4711"),
        (0.30, 0.155, "Kaveri Mutual"),
        (0.05, 0.167, "Name:"), (0.30, 0.167, "Insurance Society Ltd"),
        (0.05, 0.20, "Address:"), (0.30, 0.20, "12 Hill Street"),
    )  # fmt: skip
    assert value(read_fields((page,)).fields.seller_name) == "Kaveri Mutual Insurance Society Ltd"


def test_a_letterhead_of_two_lines_in_one_print_is_one_name() -> None:
    found = read("Kaveri Mutual\nInsurance Society Ltd\n12 Hill Street\n\nInvoice No: A-1\nTotal   10.00")
    assert value(found.seller_name) == "Kaveri Mutual Insurance Society Ltd"


def test_a_person_over_a_company_is_not_part_of_its_name() -> None:
    found = read("Anna Kaveri\nKaveri Insurance Ltd\n12 Hill Street\n\nInvoice No: A-1\nTotal   10.00")
    assert value(found.seller_name) == "Kaveri Insurance Ltd"


def test_the_reader_of_the_invoice_is_not_the_one_who_is_taxed() -> None:
    assert read("Uw BTW nummer: NL003335996B98\nTotaal   49,99").seller_tax_id is None


@pytest.mark.parametrize("numbers", [("1", "2", "3"), ("0", "1", "2"), ("10", "20", "30")])
def test_items_are_counted_by_running_numbers_of_several_kinds(numbers: tuple[str, ...]) -> None:
    rows = "\n".join(f"{number}   Bolts and nuts   4   2.50   10.00" for number in numbers)
    found = read(f"Pos   Description   Qty   Price   Amount\n{rows}\nSubtotal   30.00\nTotal   30.00")
    assert value(found.lines) == 3


def test_a_table_goes_on_over_the_page() -> None:
    first = "Pos   Description   Qty   Price   Amount\n1   Bolts and nuts   4   2.50   10.00"
    second = "2   Washers and pins   2   4.00   8.00\nSubtotal   18.00\nTotal   18.00"
    assert value(read(first, second).lines) == 2


def test_the_subtotal_of_a_section_does_not_end_the_table() -> None:
    found = read(
        "Description          Qty   Price   Amount\n"
        "Beeswax candles      1.00   42.00   42.00\nSubtotal                            42.00\n"
        "Green olive oil      1.00   58.00   58.00\nSubtotal                            58.00\n"
        "Subtotal                           100.00\nVAT 10%                             10.00\n"
        "Total                              110.00"
    )
    assert value(found.lines) == 2


def test_a_tax_number_below_the_sums_is_not_in_the_address_above_them() -> None:
    found = read(
        "Kantoorhuis Linde B.V.\nFactuurnummer 2024-0391\nAan: Stichting Voorbeeld\n"
        "Totaal excl. btw     € 300,00\nBTW 21%              €  63,00\nTotaal te betalen    € 363,00\n"
        "BTW-nr NL123456789B01"
    )
    assert value(found.seller_tax_id) == "NL123456789B01"


@pytest.mark.parametrize(
    ("text", "number", "issued", "due", "total"),
    [
        ("Fakturanummer: 203\nFakturadatum: 2024-03-05\nFörfallodatum: 2024-04-04\nAtt betala SEK 1 250,00", "203",
         date(2024, 3, 5), date(2024, 4, 4), "1250.00"),
        ("Fakturanr. 88\nFakturadato: 05.03.2024\nForfaldsdato: 04.04.2024\nI alt inkl. moms DKK 1.250,00", "88",
         date(2024, 3, 5), date(2024, 4, 4), "1250.00"),
        ("Laskun numero: 771\nLaskun päiväys: 5.3.2024\nEräpäivä: 4.4.2024\nMaksettava yhteensä 124,00 €", "771",
         date(2024, 3, 5), date(2024, 4, 4), "124.00"),
        ("Číslo faktury: 2024050\nDatum vystavení: 10.5.2024\nDatum splatnosti: 24.5.2024\nK úhradě 12 100,00 Kč",
         "2024050", date(2024, 5, 10), date(2024, 5, 24), "12100.00"),
        ("Faktura nr FV/12/24\nData wystawienia: 12.06.2024\nTermin płatności: 26.06.2024\nDo zapłaty: 246,00 PLN",
         "FV/12/24", date(2024, 6, 12), date(2024, 6, 26), "246.00"),
    ],
)  # fmt: skip
def test_the_languages_of_the_north_and_the_east_are_read(
    text: str, number: str, issued: date, due: date, total: str
) -> None:
    found = read(text)
    assert (value(found.invoice_number), value(found.issue_date), value(found.due_date), value(found.total)) == (
        number, issued, due, Decimal(total),
    )  # fmt: skip


def column(*rows: str) -> Fields:
    heads = "Net          VAT         Gross total\n"
    return read("Invoice No: A-1\nInvoice Date: 03/04/2024\n" + heads + "\n".join(rows))


def test_the_last_row_of_a_column_is_the_total_when_the_rows_above_add_up_to_it() -> None:
    found = column(
        "100.00       19.00       119.00",
        "50.00         3.50        53.50",
        "150.00       22.50       172.50",
    )
    assert (value(found.net), value(found.tax), value(found.total)) == (
        Decimal("150.00"), Decimal("22.50"), Decimal("172.50"),
    )  # fmt: skip
    assert found.total is not None
    assert found.total.confidence > 0.85


def test_a_row_of_one_tax_rate_is_not_surely_the_total() -> None:
    found = column("100.00       19.00       119.00", "50.00         3.50        53.50")
    assert found.total is not None
    assert found.total.confidence <= 0.7
