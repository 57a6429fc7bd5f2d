"""Print the sample invoices: `python -m sandbox.invoices OUT` writes the files the demo and the tests use.

Layouts are HTML printed by Chromium; scans and photos are made from the print by `sandbox.paper`. The committed
files are what is used: printing again needs Chromium, Noto and Liberation fonts, and changes no truth.
"""

import argparse
import csv
import subprocess
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import jinja2
import pikepdf
from markupsafe import Markup

from sandbox import paper
from sandbox.invoice_catalogue import (
    BUYER_ADDRESS,
    BUYER_NAME,
    BUYER_TAX_ID,
    INVOICES,
    PURCHASE_ORDERS,
    VENDORS,
)
from sandbox.invoice_model import Invoice, Medium, Tax

SAMPLES = Path(__file__).parent / "samples"
TEMPLATES = Path(__file__).parent / "invoice_templates"
LOCK_PASSWORD = "meridian-2026"
PRINT_TIMEOUT_S = 60
CHROMIUMS = (
    Path("/usr/lib/chromium/chromium-headless-shell"),
    Path("/usr/lib/chromium/chromium"),
    Path("/usr/bin/chromium"),
)
LOGIN_PAGE = """<!DOCTYPE html>
<html><head><title>Sign in - Vendor Portal</title></head>
<body><h1>Your session has expired</h1><p>Please sign in again to download invoice BPD-4391.</p>
<form action="/login" method="post"><input name="user"><input name="password" type="password"></form>
</body></html>
"""


def write_all(out: Path, chromium: Path) -> list[Path]:
    """Write every sample, the vendor master and the purchase orders; returns the paths written."""
    out.mkdir(parents=True, exist_ok=True)
    written = [_write(invoice, out, chromium) for invoice in INVOICES]
    broken = out / "not-a-pdf.pdf"
    broken.write_text(LOGIN_PAGE, encoding="utf-8")
    return [*written, broken, _write_vendors(out), _write_purchase_orders(out)]


def html_of(invoice: Invoice) -> str:
    """The invoice as one self-contained HTML page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters.update(money_in=money_in, money_de=money_de, sum_in=plain, in_fours=in_fours)
    template = environment.get_template(invoice.template)
    return template.render(
        invoice=invoice,
        vendor=invoice.vendor,
        accent=invoice.accent,
        igst=invoice.tax is Tax.IGST,
        half_tax=invoice.tax_sum / 2,
        buyer={"name": BUYER_NAME, "address": BUYER_ADDRESS, "tax_id": BUYER_TAX_ID},
        css=Markup((TEMPLATES / "base.css").read_text(encoding="utf-8")),
    )


def money_in(amount: Decimal) -> str:
    """Indian grouping with two decimals: 472000 -> 4,72,000.00."""
    whole, cents = f"{amount:.2f}".split(".")
    head, tail = whole[:-3], whole[-3:]
    groups = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)]
    return ",".join([*reversed(groups), tail]) + f".{cents}"


def money_de(amount: Decimal) -> str:
    """German grouping with two decimals: 1190 -> 1.190,00."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def plain(quantity: Decimal) -> str:
    """A quantity without a needless exponent or decimals."""
    return f"{quantity:,f}"


def in_fours(iban: str) -> str:
    """An IBAN as printed, in groups of four."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def _write(invoice: Invoice, out: Path, chromium: Path) -> Path:
    target = out / invoice.file
    with tempfile.TemporaryDirectory() as room:
        printed = Path(room) / "print.pdf"
        _print(html_of(invoice), printed, chromium)
        match invoice.medium:
            case Medium.TEXT:
                _save(printed, target)
            case Medium.LOCKED:
                _save(printed, target, pikepdf.Encryption(user=LOCK_PASSWORD, owner=LOCK_PASSWORD, R=6))
            case Medium.SCAN:
                raw = Path(room) / "scan.pdf"
                paper.write_scan(printed, raw)
                _save(raw, target)
            case Medium.PHOTO:
                paper.write_photo(printed, target)
    return target


def _print(html: str, target: Path, chromium: Path) -> None:
    """Print one page to PDF; a second page means the layout overflowed, which is refused."""
    page = target.with_suffix(".html")
    page.write_text(html, encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer")
    command = [str(chromium), *options, f"--print-to-pdf={target}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=PRINT_TIMEOUT_S)
    with pikepdf.open(target) as pdf:
        if len(pdf.pages) != 1:
            raise ValueError(f"the layout overflows: {len(pdf.pages)} pages")


def _save(source: Path, target: Path, encryption: pikepdf.Encryption | None = None) -> None:
    """Save without creation dates, so that the same layout gives the same bytes."""
    with pikepdf.open(source) as pdf:
        for key in ("/CreationDate", "/ModDate"):
            if key in pdf.docinfo:
                del pdf.docinfo[key]
        if encryption is None:
            pdf.save(target, deterministic_id=True)
        else:
            pdf.save(target, encryption=encryption)


def _write_vendors(out: Path) -> Path:
    header = (
        "name",
        "aliases",
        "tax_id",
        "beneficiary_name",
        "account_number",
        "routing",
        "currency",
        "country",
        "email",
    )
    rows = [
        (
            vendor.name,
            ";".join(vendor.aliases),
            vendor.tax_id,
            vendor.name,
            vendor.account.number,
            vendor.account.routing,
            vendor.currency,
            vendor.country,
            vendor.email,
        )
        for vendor in VENDORS
    ]
    return _write_csv(out / "vendors.csv", header, rows)


def _write_purchase_orders(out: Path) -> Path:
    header = ("number", "vendor_tax_id", "currency", "total", "description", "status")
    rows = [
        (
            order.number,
            order.vendor.tax_id,
            order.vendor.currency,
            str(order.total),
            order.description,
            order.status,
        )
        for order in PURCHASE_ORDERS
    ]
    return _write_csv(out / "purchase_orders.csv", header, rows)


def _write_csv(target: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return target


def main() -> None:
    """Command line: where to write, and which Chromium prints."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.invoices", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    found = next((path for path in CHROMIUMS if path.exists()), CHROMIUMS[-1])
    parser.add_argument("--chromium", type=Path, default=found, help="the browser that prints")
    arguments = parser.parse_args()
    for path in write_all(arguments.out, arguments.chromium):
        print(f"{path.stat().st_size:>9,} {path}")  # noqa: T201 - this is a command


if __name__ == "__main__":
    main()
