"""Vendors and purchase orders from CSV: every row is checked, and one bad row changes nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from handlers.master_rows import ORDER_COLUMNS, VENDOR_COLUMNS, WRONG_ROW, order_row, reason, vendor_row
from schema.errors import PermanentError
from schema.store import Store
from schema.vault import Vault

T = TypeVar("T")


async def import_vendors(path: Path, store: Store, vault: Vault) -> tuple[int, int]:
    """(added, changed) vendors of a CSV file; PermanentError names the line that is wrong."""
    lines = list(_rows(path, VENDOR_COLUMNS, lambda row: vendor_row(row, vault)))
    _refuse_repeated(path, [(line, vendor.tax_id) for line, vendor in lines], "tax_id")
    added = await store.master.put_vendors([vendor for _, vendor in lines])
    return sum(added), len(added) - sum(added)


async def import_purchase_orders(path: Path, store: Store) -> tuple[int, int]:
    """(added, changed) purchase orders of a CSV file; PermanentError names the line that is wrong."""
    lines = list(_rows(path, ORDER_COLUMNS, order_row))
    _refuse_repeated(path, [(line, order.number) for line, order in lines], "number")
    for line, order in lines:
        if await store.master.vendor_by_tax_id(order.vendor_tax_id) is None:
            raise PermanentError(
                f"{path.name}, line {line}: no vendor has tax id {order.vendor_tax_id}; import the vendors first."
            )
    added = await store.master.put_purchase_orders([order for _, order in lines])
    return sum(added), len(added) - sum(added)


def _rows(
    path: Path, columns: tuple[str, ...], parse: Callable[[dict[str, str]], T]
) -> Iterator[tuple[int, T]]:
    """Each row as parsed, with the line it begins on: a quoted field may hold line ends."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := set(columns) - set(reader.fieldnames or ()):
                raise PermanentError(f"{path.name} lacks the column(s) {', '.join(sorted(missing))}.")
            line = reader.line_num + 1
            for row in reader:
                try:
                    yield line, parse({name: (row[name] or "").strip() for name in columns})
                except WRONG_ROW as error:
                    raise PermanentError(f"{path.name}, line {line}: {reason(error)}") from error
                line = reader.line_num + 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PermanentError(f"{path} cannot be read as CSV: {error}") from error


def _refuse_repeated(path: Path, lines: list[tuple[int, str]], column: str) -> None:
    """The last of two lines would win in silence, and with a vendor's bank details that is how money goes astray."""
    first: dict[str, int] = {}
    for line, key in lines:
        if first.setdefault(key, line) != line:
            raise PermanentError(f"{path.name}, line {line}: the {column} of line {first[key]} again.")
