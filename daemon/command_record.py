"""Commands around the record: audit bundles and checks, the master key, backups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from daemon.command_run import chore_settings, or_exit, run

audit = typer.Typer(help="The record: prove what happened, or that someone changed it.", no_args_is_help=True)
keys = typer.Typer(help="The master key.", no_args_is_help=True)
backup = typer.Typer(help="Backups of the database and all files, encrypted.", no_args_is_help=True)

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

    typer.echo(run(export(chore_settings(), invoice, out, with_originals=with_originals)))


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

    raise SystemExit(run(check(chore_settings(), against.read_bytes() if against else None)))


@audit.command("seal")
def seal_audit() -> None:
    """Sign the record as it is now, if it still is what was signed before."""
    from daemon.audit import seal

    typer.echo(run(seal(chore_settings())))


@audit.command("witness")
def print_witness(invoice: InvoiceArgument) -> None:
    """Print the lines a mail about this invoice would carry now."""
    from daemon.audit import witness

    typer.echo(run(witness(chore_settings(), invoice)))


@audit.command("key")
def print_verifier_key() -> None:
    """Print the verifier key, for auditors to keep."""
    from daemon.audit import verifier_key

    typer.echo(or_exit(lambda: verifier_key(chore_settings())))


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

    typer.echo(run(back_up(chore_settings(), datetime.now(UTC))))


@keys.command("rotate")
def rotate() -> None:
    """Seal every account and file with MASTER_KEY; what it replaced stands in MASTER_KEYS_OLD."""
    from daemon.keys import rotate_keys

    typer.echo(run(rotate_keys(chore_settings())))
