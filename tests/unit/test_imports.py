"""CSV of vendors and purchase orders: what is wrong is named by line, and no account number is repeated."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.imports import import_purchase_orders, import_vendors
from handlers.master_rows import ORDER_COLUMNS, VENDOR_COLUMNS
from schema.errors import PermanentError
from schema.store import Store
from schema.store.master import NewPurchaseOrder, NewVendor
from schema.vault import Vault, new_master_key

VAULT = Vault(new_master_key())
ACCOUNT = "50200012345678"
VENDOR = {
    "name": "Acme Industrial Supplies Pvt Ltd",
    "aliases": "Acme Industrial; Acme ;",
    "tax_id": "27 aapfu0939f1zv",
    "beneficiary_name": "",
    "account_number": "5020 0012 3456 78",
    "routing": "hdfc0000485",
    "currency": "inr",
    "country": "in",
    "email": "",
}
ORDER = {
    "number": "PO-2026-0141",
    "vendor_tax_id": "27AAPFU0939F1ZV",
    "currency": "inr",
    "total": "5,00,000.00",
    "description": "Bearings",
    "status": "open",
}
GERMAN = {"country": "DE", "account_number": "DE89 3704 0044 0532 0130 00", "routing": "COBADEFFXXX"}


class Ledger:
    """Keeps what was put, in place of the master's tables."""

    def __init__(self) -> None:
        self.vendors: dict[str, NewVendor] = {}
        self.orders: dict[str, NewPurchaseOrder] = {}

    async def vendor_by_tax_id(self, tax_id: str) -> NewVendor | None:
        return self.vendors.get(tax_id)

    async def put_vendors(self, vendors: list[NewVendor]) -> list[bool]:
        new = [vendor.tax_id not in self.vendors for vendor in vendors]
        self.vendors |= {vendor.tax_id: vendor for vendor in vendors}
        return new

    async def put_purchase_orders(self, orders: list[NewPurchaseOrder]) -> list[bool | None]:
        new: list[bool | None] = [order.number not in self.orders for order in orders]
        self.orders |= {order.number: order for order in orders}
        return new


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def store(ledger: Ledger) -> Store:
    return cast("Store", SimpleNamespace(master=ledger))


def csv_of(folder: Path, columns: tuple[str, ...], *rows: dict[str, str]) -> Path:
    path = folder / "list.csv"
    lines = [",".join(columns)] + [",".join(f'"{row[name]}"' for name in columns) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


async def vendors(folder: Path, ledger: Ledger, *rows: dict[str, str]) -> tuple[int, int]:
    return await import_vendors(csv_of(folder, VENDOR_COLUMNS, *rows), store(ledger), VAULT)


async def orders(folder: Path, ledger: Ledger, *rows: dict[str, str]) -> tuple[int, int]:
    return await import_purchase_orders(csv_of(folder, ORDER_COLUMNS, *rows), store(ledger))


async def test_a_vendor_is_read_into_its_normal_form(tmp_path: Path, ledger: Ledger) -> None:
    assert await vendors(tmp_path, ledger, VENDOR) == (1, 0)
    (vendor,) = ledger.vendors.values()
    assert (vendor.tax_id, vendor.routing, vendor.currency) == ("27AAPFU0939F1ZV", "HDFC0000485", "INR")
    assert vendor.aliases == ("Acme Industrial", "Acme")
    assert vendor.beneficiary == vendor.name
    assert VAULT.open(vendor.account) == ACCOUNT


async def test_a_vendor_abroad_has_iban_and_bic(tmp_path: Path, ledger: Ledger) -> None:
    await vendors(tmp_path, ledger, VENDOR | GERMAN)
    (vendor,) = ledger.vendors.values()
    assert VAULT.open(vendor.account) == "DE89370400440532013000"


async def test_the_same_file_again_changes_and_adds_nothing(tmp_path: Path, ledger: Ledger) -> None:
    await vendors(tmp_path, ledger, VENDOR)
    assert await vendors(tmp_path, ledger, VENDOR) == (0, 1)


WRONG_VENDORS = {
    "an account with letters": ({"account_number": "5020001234567A"}, "account_number must have 9 to 18"),
    "a short account": ({"account_number": "12345678"}, "account_number must have 9 to 18"),
    "no account": ({"account_number": ""}, "account_number must have 9 to 18"),
    "an IFSC with the letter O": ({"routing": "HDFCO000485"}, "routing must be an IFSC"),
    "an IBAN with a wrong digit": (GERMAN | {"account_number": "DE89370400440532013001"}, "not a valid IBAN"),
    "a BIC that is none": (GERMAN | {"routing": "COBADE"}, "routing must be a BIC"),
    "no tax id": ({"tax_id": ""}, "tax_id is empty"),
    "no name": ({"name": ""}, "name is empty"),
    "a currency in words": ({"currency": "Rupees"}, "currency must be three letters"),
    "a country in words": (GERMAN | {"country": "Germany"}, "country must be two letters"),
}


@pytest.mark.parametrize("what", WRONG_VENDORS)
async def test_a_line_is_named_with(tmp_path: Path, ledger: Ledger, what: str) -> None:
    changed, reason = WRONG_VENDORS[what]
    with pytest.raises(PermanentError, match=rf"list\.csv, line 3: .*{reason}"):
        await vendors(tmp_path, ledger, VENDOR, VENDOR | changed)
    assert ledger.vendors == {}


async def test_two_lines_of_one_vendor_are_refused(tmp_path: Path, ledger: Ledger) -> None:
    with pytest.raises(PermanentError, match=r"line 3: .*again"):
        await vendors(tmp_path, ledger, VENDOR, VENDOR | {"name": "Mallory Traders"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(account=st.text("0123456789 -", min_size=9, max_size=40), field=st.sampled_from(VENDOR_COLUMNS))
async def test_no_message_repeats_an_account_number(
    tmp_path: Path, ledger: Ledger, account: str, field: str
) -> None:
    wrong = VENDOR | {"routing": "wrong", field: f"{account}x"}
    with pytest.raises(PermanentError) as refused:
        await vendors(tmp_path, ledger, wrong)
    assert account not in str(refused.value)
    assert "".join(account.split()) not in str(refused.value)


async def test_a_missing_column_is_named(tmp_path: Path, ledger: Ledger) -> None:
    path = csv_of(tmp_path, VENDOR_COLUMNS[:-2], VENDOR)
    with pytest.raises(PermanentError, match=r"list\.csv lacks the column\(s\) country, email"):
        await import_vendors(path, store(ledger), VAULT)


async def test_a_line_that_ends_early_is_named(tmp_path: Path, ledger: Ledger) -> None:
    path = csv_of(tmp_path, VENDOR_COLUMNS, VENDOR)
    path.write_text(path.read_text() + "Mallory Traders\n")
    with pytest.raises(PermanentError, match="line 3"):
        await import_vendors(path, store(ledger), VAULT)


async def test_a_line_is_numbered_as_an_editor_does(tmp_path: Path, ledger: Ledger) -> None:
    with pytest.raises(PermanentError, match="line 4"):
        await vendors(tmp_path, ledger, VENDOR | {"aliases": "one\ntwo"}, VENDOR | {"tax_id": ""})


@pytest.mark.parametrize("data", [b"\xff\xfe\x00\x00", b"", b"name\x00,tax_id\r\n"])
async def test_a_file_that_is_no_csv_is_refused(tmp_path: Path, ledger: Ledger, data: bytes) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    with pytest.raises(PermanentError, match=r"list\.csv"):
        await import_vendors(path, store(ledger), VAULT)


async def test_a_file_as_spreadsheets_write_it_is_read(tmp_path: Path, ledger: Ledger) -> None:
    path = csv_of(tmp_path, VENDOR_COLUMNS, VENDOR)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert await import_vendors(path, store(ledger), VAULT) == (1, 0)


async def test_an_order_is_read_into_its_normal_form(tmp_path: Path, ledger: Ledger) -> None:
    await vendors(tmp_path, ledger, VENDOR)
    assert await orders(tmp_path, ledger, ORDER) == (1, 0)
    (order,) = ledger.orders.values()
    assert (order.total, order.currency, order.open) == (Decimal("500000.00"), "INR", True)


WRONG_ORDERS: dict[str, tuple[dict[str, Any], str]] = {
    "a total in words": ({"total": "a lakh"}, "total is not a number"),
    "a total of nothing": ({"total": "0"}, "total must be a sum above zero"),
    "an endless total": ({"total": "Infinity"}, "total must be a sum above zero"),
    "no number": ({"number": ""}, "number is empty"),
    "a currency in words": ({"currency": "Rupees"}, "currency must be three letters"),
    "a status nobody knows": ({"status": "clsoed"}, "status must be open or closed"),
    "a vendor nobody knows": ({"vendor_tax_id": "29AAGCB7383J1Z4"}, "import the vendors first"),
}


@pytest.mark.parametrize("what", WRONG_ORDERS)
async def test_a_line_of_an_order_is_named_with(tmp_path: Path, ledger: Ledger, what: str) -> None:
    changed, reason = WRONG_ORDERS[what]
    await vendors(tmp_path, ledger, VENDOR)
    with pytest.raises(PermanentError, match=rf"list\.csv, line 3: .*{reason}"):
        await orders(tmp_path, ledger, ORDER, ORDER | {"number": "PO-2"} | changed)
    assert ledger.orders == {}
