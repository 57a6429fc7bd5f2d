"""The command `countersign`: every process and every chore of an operator."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from daemon.command_people import people
from daemon.command_record import audit, backup, keys
from daemon.command_run import chore_settings, fail, or_exit, process_settings, run
from schema.errors import CountersignError
from schema.states import Queue

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
app.add_typer(vendors, name="vendors")
app.add_typer(orders, name="pos")
app.add_typer(keys, name="keys")
app.add_typer(backup, name="backup")
app.add_typer(audit, name="audit")
app.add_typer(people, name="people")

PROCFILE = Path(__file__).resolve().parent.parent / "deploy" / "Procfile"

CsvFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file with a header line.")]


@app.command()
def daemon() -> None:
    """Watch the mailbox, ring the bells, keep the schedule."""
    from daemon.serve import with_heartbeat
    from daemon.watch import watch

    settings = process_settings("daemon")
    run(with_heartbeat(watch(settings), settings.heartbeat_file))


@app.command(hidden=True)
def openapi() -> None:
    """Print the OpenAPI document of the console's API; needs no settings."""
    import json

    from daemon.web.api.router import openapi_document

    sys.stdout.write(json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n")


@app.command()
def worker(
    queue: Annotated[
        list[Queue],
        typer.Option(help="documents reads, reasoning asks and tells, browser fills and pays; or several."),
    ],
) -> None:
    """Work on one queue, or on several in one process."""
    from daemon.serve import with_heartbeat
    from daemon.worker import work

    settings = process_settings(f"worker-{'-'.join(dict.fromkeys(queue))}")
    run(with_heartbeat(work(settings, frozenset(queue)), settings.heartbeat_file))


@app.command()
def web() -> None:
    """Serve webhooks, media and audit pages."""
    from daemon.serve import serve

    settings = process_settings("web")
    try:
        asyncio.run(serve(settings))  # uvicorn minds the signals itself
    except CountersignError as error:
        fail(error)


@app.command()
def up() -> None:
    """Run every process of deploy/Procfile in one tree, restarted when they die."""
    from daemon.contradictions import complete_settings
    from daemon.supervisor import run_processes

    or_exit(complete_settings)
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
    from schema.migrate import fit
    from schema.migrate import migrate as apply

    database = or_exit(load_settings).database
    if done := run(apply(database)):
        typer.echo(f"Applied {', '.join(done)}.")
    elif ahead := run(fit(database)):
        typer.echo(f"The schema is newer than this version ({', '.join(ahead)}), which may run beside it.")
    else:
        typer.echo("The schema is up to date.")


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

    typer.echo(run(send_files(chore_settings(), files, forwarder=forwarder, subject=subject)))


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

    run(print_fields(files, as_json=json, jobs=jobs))


@vendors.command("import")
def import_vendors(file: CsvFile) -> None:
    """Add or change vendors.

    Columns: name, aliases, tax_id, beneficiary_name, account_number, routing, currency, country, email.
    """
    from daemon.imports import import_vendors
    from daemon.wiring import open_books

    async def bring_in() -> tuple[int, int]:
        async with open_books(chore_settings()) as (store, vault):
            return await import_vendors(file, store, vault)

    added, changed = run(bring_in())
    typer.echo(f"{added} vendor(s) added, {changed} changed.")


@orders.command("import")
def import_orders(file: CsvFile) -> None:
    """Add or change purchase orders.

    Columns: number, vendor_tax_id, currency, total, description, status.
    """
    from daemon.imports import import_purchase_orders
    from daemon.wiring import open_books

    async def bring_in() -> tuple[int, int]:
        async with open_books(chore_settings()) as (store, _):
            return await import_purchase_orders(file, store)

    added, changed = run(bring_in())
    typer.echo(f"{added} purchase order(s) added, {changed} changed.")


@app.command()
def status(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest invoices to show.")] = 30,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
) -> None:
    """Show every invoice, where it stands and why; and when the mailbox last answered."""
    from daemon.status import print_status

    run(print_status(chore_settings(), limit=limit, as_json=json))


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

    typer.echo(run(decide_held(chore_settings(), invoice, to, by=by, note=note)))


Person = Annotated[str, typer.Option("--by", help="Who decides; kept on record.")]
Note = Annotated[str, typer.Option("--note", help="Why; kept on record.")]
VendorTaxId = Annotated[str, typer.Option("--vendor", help="Only this vendor, by tax id; everyone without.")]


@app.command()
def pause(by: Person, note: Note, vendor: VendorTaxId = "") -> None:
    """Stop payments before the next confirm; invoices wait, and lose nothing by it."""
    from daemon.brake import pause_payments

    typer.echo(run(pause_payments(chore_settings(), vendor, by=by, note=note)))


@app.command()
def resume(by: Person, note: Note, vendor: VendorTaxId = "") -> None:
    """End a pause; what waited goes on at once."""
    from daemon.brake import resume_payments

    typer.echo(run(resume_payments(chore_settings(), vendor, by=by, note=note)))


@app.command()
def doctor() -> None:
    """Check every setting and service, and say what is wrong and how to mend it."""
    from daemon.doctor import examine

    raise SystemExit(run(examine(chore_settings())))


@app.command()
def restore(
    name: Annotated[
        str, typer.Option("--from", help="The backup's name, e.g. countersign-20261123T203000Z.")
    ],
    into: Annotated[str, typer.Option("--into", help="The address of an empty database.")],
) -> None:
    """Bring a backup back and verify its record; payments are paused then, until `resume`."""
    from daemon.backup import restore as bring_back

    typer.echo(run(bring_back(chore_settings(), name, into)))


def main() -> None:
    """Run the command line."""
    app()


def _become(module: str, *arguments: str) -> NoReturn:
    """Give this process to a stand-in: the product never imports one."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *arguments])  # noqa: S606 - our own interpreter


if __name__ == "__main__":
    main()
