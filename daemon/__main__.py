"""The command `countersign`: every process and every chore of an operator."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from daemon.terminal import plain
from schema.errors import CountersignError
from schema.failpoints import arm
from schema.states import Queue

T = TypeVar("T")

app = typer.Typer(
    name="countersign",
    help="Reads forwarded invoices, asks a person on WhatsApp, and pays through a bank portal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    epilog="Settings come from the environment and .env (see .env.example). Begin with: countersign doctor",
)
vendors = typer.Typer(help="The vendor master: who may be paid, and where.", no_args_is_help=True)
orders = typer.Typer(help="Purchase orders that invoices are matched with.", no_args_is_help=True)
audit = typer.Typer(help="The record: prove what happened, or that someone changed it.", no_args_is_help=True)
keys = typer.Typer(help="The master key.", no_args_is_help=True)
app.add_typer(vendors, name="vendors")
app.add_typer(orders, name="pos")
app.add_typer(keys, name="keys")
backup = typer.Typer(help="Backups of the database and all files, encrypted.", no_args_is_help=True)
app.add_typer(backup, name="backup")
app.add_typer(audit, name="audit")

PROCFILE = Path(__file__).resolve().parent.parent / "deploy" / "Procfile"

errors = Console(stderr=True, highlight=False, soft_wrap=True)

CsvFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file with a header line.")]


@app.command()
def daemon() -> None:
    """Watch the mailbox, ring the bells, keep the schedule."""
    from daemon.watch import watch

    settings = _settings("daemon")
    _run(watch(settings))


@app.command()
def worker(
    queue: Annotated[
        Queue, typer.Option(help="documents reads, reasoning asks and tells, browser fills and pays.")
    ],
) -> None:
    """Work on one queue."""
    from daemon.worker import work

    settings = _settings(f"worker-{queue}")
    _run(work(settings, queue))


@app.command()
def web() -> None:
    """Serve webhooks, media and audit pages."""
    from daemon.serve import serve

    settings = _settings("web")
    try:
        asyncio.run(serve(settings))  # uvicorn minds the signals itself
    except CountersignError as error:
        _fail(error)


@app.command()
def up() -> None:
    """Run every process of deploy/Procfile in one tree, restarted when they die."""
    from daemon.settings import complete_settings
    from daemon.supervisor import run_processes

    _or_exit(complete_settings)
    raise SystemExit(asyncio.run(run_processes(PROCFILE, os.environ)))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def demo(context: typer.Context) -> None:
    """Run the whole street on this machine with simulated outside services (see: countersign demo --help)."""
    _become("sandbox", "demo", *context.args)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def mockbank(context: typer.Context) -> None:
    """Run the simulated bank alone (see: countersign mockbank --help)."""
    _become("mockbank", *context.args)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from daemon.settings import load_settings
    from schema.migrate import migrate as apply

    done = _run(apply(_or_exit(load_settings).database))
    typer.echo(f"Applied {', '.join(done)}." if done else "The schema is up to date.")


@app.command()
def send(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Invoices to attach to one mail.")
    ],
    forwarder: Annotated[str, typer.Option(help="Who forwards it; the first of FORWARDERS by default.")] = "",
    subject: Annotated[str, typer.Option(help="The mail's subject.")] = "",
) -> None:
    """Forward invoices to the watched mailbox, as a person would by mail."""
    from daemon.send import send_files

    typer.echo(_run(send_files(_or_load(), files, forwarder=forwarder, subject=subject)))


@app.command()
def extract(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="PDF, JPG, PNG, TIFF or XML.")
    ],
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table.")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Documents read at once.")] = 2,
) -> None:
    """Read invoices and print their fields; needs no database."""
    from daemon.extract import print_fields

    _run(print_fields(files, as_json=json, jobs=jobs))


@vendors.command("import")
def import_vendors(file: CsvFile) -> None:
    """Add or change vendors.

    Columns: name, aliases, tax_id, beneficiary_name, account_number, routing, currency, country, email.
    """
    from daemon.imports import import_vendors
    from daemon.wiring import open_books

    async def run() -> tuple[int, int]:
        async with open_books(_or_load()) as (store, vault):
            return await import_vendors(file, store, vault)

    added, changed = _run(run())
    typer.echo(f"{added} vendor(s) added, {changed} changed.")


@orders.command("import")
def import_orders(file: CsvFile) -> None:
    """Add or change purchase orders.

    Columns: number, vendor_tax_id, currency, total, description, status.
    """
    from daemon.imports import import_purchase_orders
    from daemon.wiring import open_books

    async def run() -> tuple[int, int]:
        async with open_books(_or_load()) as (store, _):
            return await import_purchase_orders(file, store)

    added, changed = _run(run())
    typer.echo(f"{added} purchase order(s) added, {changed} changed.")


@app.command()
def status(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest invoices to show.")] = 30,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
) -> None:
    """Show every invoice, where it stands and why; and when the mailbox last answered."""
    from daemon.status import print_status

    _run(print_status(_or_load(), limit=limit, as_json=json))


@app.command()
def decide(
    invoice: Annotated[
        str, typer.Argument(help="The invoice's id, or the first digits of it (see: status).")
    ],
    to: Annotated[
        str, typer.Option(help="extracted: check it again; received: read it again; paying; rejected.")
    ],
    by: Annotated[str, typer.Option(help="Who decides; kept on record.")],
    note: Annotated[str, typer.Option(help="Why; kept on record.")],
) -> None:
    """Move a held invoice on, after what it was held for is mended."""
    from daemon.status import decide_held

    typer.echo(_run(decide_held(_or_load(), invoice, to, by=by, note=note)))


Person = Annotated[str, typer.Option("--by", help="Who decides; kept on record.")]
Note = Annotated[str, typer.Option("--note", help="Why; kept on record.")]
VendorTaxId = Annotated[str, typer.Option("--vendor", help="Only this vendor, by tax id; everyone without.")]


@app.command()
def pause(by: Person, note: Note, vendor: VendorTaxId = "") -> None:
    """Stop payments before the next confirm; invoices wait, and lose nothing by it."""
    from daemon.brake import pause_payments

    typer.echo(_run(pause_payments(_or_load(), vendor, by=by, note=note)))


@app.command()
def resume(by: Person, note: Note, vendor: VendorTaxId = "") -> None:
    """End a pause; what waited goes on at once."""
    from daemon.brake import resume_payments

    typer.echo(_run(resume_payments(_or_load(), vendor, by=by, note=note)))


@app.command()
def doctor() -> None:
    """Check every setting and service, and say what is wrong and how to mend it."""
    from daemon.doctor import examine

    raise SystemExit(_run(examine(_or_load())))


InvoiceArgument = Annotated[str, typer.Argument(help="The invoice's id, or the first digits of it.")]
MailOption = Annotated[
    Path | None, typer.Option("--against", exists=True, dir_okay=False, help="A confirmation mail (.eml).")
]


@audit.command("export")
def export_audit(
    invoice: InvoiceArgument,
    out: Annotated[Path | None, typer.Option(help="The bundle; named after the invoice by default.")] = None,
    with_originals: Annotated[
        bool, typer.Option("--with-originals", help="Enclose mail and document; they hold account numbers.")
    ] = False,
) -> None:
    """Write one bundle with all that is on record of an invoice, its proofs, and the verifier."""
    from daemon.audit import export

    typer.echo(_run(export(_or_load(), invoice, out, with_originals=with_originals)))


@audit.command("verify")
def verify_audit(
    bundle: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    against: MailOption = None,
    key: Annotated[str | None, typer.Option(help="The verifier key you trust (see: audit key).")] = None,
) -> None:
    """Verify a bundle offline; needs no database and no settings. 0: nothing wrong; 1: tampered with."""
    from schema.verifier import report, verify_bundle

    raise SystemExit(report(verify_bundle(bundle, against, key), witnessed=against is not None))


@audit.command("check")
def check_audit(against: MailOption = None) -> None:
    """Compare the whole live record with every signed checkpoint."""
    from daemon.audit import check

    raise SystemExit(_run(check(_or_load(), against.read_bytes() if against else None)))


@audit.command("seal")
def seal_audit() -> None:
    """Sign the record as it is now, if it still is what was signed before."""
    from daemon.audit import seal

    typer.echo(_run(seal(_or_load())))


@audit.command("witness")
def print_witness(invoice: InvoiceArgument) -> None:
    """Print the lines a mail about this invoice would carry now."""
    from daemon.audit import witness

    typer.echo(_run(witness(_or_load(), invoice)))


@audit.command("key")
def print_verifier_key() -> None:
    """Print the verifier key, for auditors to keep."""
    from daemon.audit import verifier_key

    typer.echo(_or_exit(lambda: verifier_key(_or_load())))


@keys.command("new")
def new_key() -> None:
    """Print a fresh MASTER_KEY."""
    from schema.vault import new_master_key

    typer.echo(new_master_key())


@backup.command("now")
def back_up_now() -> None:
    """Take a backup into BACKUP_FOLDER, as the daemon does every night."""
    from datetime import UTC, datetime

    from daemon.backup import back_up

    typer.echo(_run(back_up(_or_load(), datetime.now(UTC))))


@app.command()
def restore(
    name: Annotated[
        str, typer.Option("--from", help="The backup's name, e.g. countersign-20261123T203000Z.")
    ],
    into: Annotated[str, typer.Option("--into", help="The address of an empty database.")],
) -> None:
    """Bring a backup back and verify its record; payments are paused then, until `resume`."""
    from daemon.backup import restore as bring_back

    typer.echo(_run(bring_back(_or_load(), name, into)))


@keys.command("rotate")
def rotate() -> None:
    """Seal every account and file with MASTER_KEY; what it replaced stands in MASTER_KEYS_OLD."""
    from daemon.keys import rotate_keys

    typer.echo(_run(rotate_keys(_or_load())))


def main() -> None:
    """Run the command line."""
    app()


def _settings(process: str) -> Any:
    """The settings of a long-running process, with its logging set up."""
    from daemon.log import set_up_logging
    from daemon.settings import complete_settings

    settings = _or_exit(complete_settings)
    set_up_logging(settings.log_level, process=process)
    if settings.failpoints:
        arm(settings.failpoints)
    return settings


def _or_load() -> Any:
    """The settings of a chore at the terminal."""
    from daemon.log import quieten
    from daemon.settings import load_settings

    quieten()
    return _or_exit(load_settings)


def _or_exit(load: Any) -> Any:
    try:
        return load()
    except CountersignError as error:
        _fail(error)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; our own errors are one clear line, not a traceback."""
    from daemon.serve import until_signalled

    try:
        return asyncio.run(until_signalled(work))
    except CountersignError as error:
        _fail(error)


def _fail(error: CountersignError) -> NoReturn:
    errors.print(Text.assemble(("countersign:", "bold red"), " ", plain(error.sentence)))
    raise SystemExit(1)


def _become(module: str, *arguments: str) -> NoReturn:
    """Give this process to a stand-in: the product never imports one."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])  # noqa: S606 - our own interpreter


if __name__ == "__main__":
    main()
