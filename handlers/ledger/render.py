"""Lines -> the file of a batch, by its format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from handlers.ledger.tally import tally_file
from handlers.ledger.ubl import ubl_file
from schema.ledger import LedgerFile, LedgerFormat, LedgerLine, LedgerNames
from schema.money import Money
from schema.spreadsheet import BOM, csv_lines

COLUMNS: Final = (
    "invoice_number", "issue_date", "due_date", "po_number", "vendor", "vendor_tax_id", "vendor_country", "amount",
    "currency", "net", "tax", "account_last4", "rail", "reference", "bank_reference", "paid_on", "simulated",
    "invoice_id", "payment_id",
)  # fmt: skip


def csv_file(lines: Sequence[LedgerLine], names: LedgerNames) -> LedgerFile:
    """One row a payment; no cell is a formula."""
    rows = [[_cell(line, column) for column in COLUMNS] for line in lines]
    return LedgerFile(
        suffix="csv",
        media_type="text/csv; charset=utf-8",
        data=(BOM + csv_lines([COLUMNS, *rows])).encode(),
    )


def _cell(line: LedgerLine, column: str) -> object:
    if column == "amount":
        return line.total.plain()
    if column == "currency":
        return line.total.currency
    if column == "simulated":
        return "SIMULATED" if line.simulated else ""
    return getattr(line, column)


FORMATS: Final[Mapping[LedgerFormat, Callable[[Sequence[LedgerLine], LedgerNames], LedgerFile]]] = {
    LedgerFormat.CSV: csv_file,
    LedgerFormat.TALLY: tally_file,
    LedgerFormat.UBL: ubl_file,
}


def render(form: LedgerFormat, lines: Sequence[LedgerLine], names: LedgerNames) -> LedgerFile:
    """The file of a batch; the same lines make the same bytes."""
    return FORMATS[form](lines, names)


def totals_of(lines: Sequence[LedgerLine]) -> tuple[Money, ...]:
    """The sum of each currency, in their order."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.total.currency] = sums.get(line.total.currency, Decimal(0)) + line.total.amount
    return tuple(Money(amount=amount, currency=currency) for currency, amount in sorted(sums.items()))
