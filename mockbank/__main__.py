"""Start the mock bank: `python -m mockbank --port 8070 --database bank.sqlite3`."""

import signal
import sqlite3
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError

from mockbank.app import create_app
from mockbank.server import is_loopback, listen, make_server
from mockbank.settings import Settings

DEFAULTS = Settings(database=Path("mockbank.sqlite3"))
DEFAULT_PASSWORD = DEFAULTS.password.get_secret_value()
DEFAULT_TOTP_SECRET = DEFAULTS.totp_secret.get_secret_value()


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not an amount such as 118000.00") from None


Port = Annotated[
    int, typer.Option(envvar="MOCKBANK_PORT", min=0, max=65535, help="Port; 0 takes a free one.")
]
Database = Annotated[
    Path, typer.Option(envvar="MOCKBANK_DATABASE", help="The ledger, an SQLite file; made when missing.")
]
Host = Annotated[str, typer.Option(envvar="MOCKBANK_HOST", help="Loopback address to listen on.")]
AllowRemote = Annotated[
    bool,
    typer.Option("--allow-remote", envvar="MOCKBANK_ALLOW_REMOTE", help="Permit a --host beyond loopback."),
]
CustomerId = Annotated[str, typer.Option(envvar="MOCKBANK_CUSTOMER_ID", help="Who may log in.")]
Password = Annotated[
    str, typer.Option(envvar="MOCKBANK_PASSWORD", help="Log-in password; prefer the variable to the option.")
]
TotpSecret = Annotated[
    str, typer.Option(envvar="MOCKBANK_TOTP_SECRET", help="Base32 secret of the one-time passwords.")
]
SessionMinutes = Annotated[
    float, typer.Option(envvar="MOCKBANK_SESSION_MINUTES", help="A session ends after so many idle minutes.")
]
BalanceInr = Annotated[
    Decimal,
    typer.Option(envvar="MOCKBANK_BALANCE_INR", parser=_amount, help="Opening rupees of a new ledger."),
]
BalanceEur = Annotated[
    Decimal, typer.Option(envvar="MOCKBANK_BALANCE_EUR", parser=_amount, help="Opening euro of a new ledger.")
]
SlowSeconds = Annotated[
    float, typer.Option(envvar="MOCKBANK_SLOW_SECONDS", help="How long the answer to a slow payment takes.")
]

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@cli.command()
def main(
    port: Port,
    database: Database,
    host: Host = "127.0.0.1",
    allow_remote: AllowRemote = False,
    customer_id: CustomerId = DEFAULTS.customer_id,
    password: Password = DEFAULT_PASSWORD,
    totp_secret: TotpSecret = DEFAULT_TOTP_SECRET,
    session_minutes: SessionMinutes = DEFAULTS.session_minutes,
    balance_inr: BalanceInr = DEFAULTS.balance_inr,
    balance_eur: BalanceEur = DEFAULTS.balance_eur,
    slow_seconds: SlowSeconds = DEFAULTS.slow_seconds,
) -> None:
    """A SIMULATED corporate bank portal. No bank is behind it and no money moves.

    Log in with the customer ID and password, pay with a one-time password made from the TOTP secret.
    Amounts ending in .13, .17, .19 and .23 go wrong on purpose, see mockbank/README.md.
    Stops gracefully on SIGTERM and Ctrl-C.
    """
    if not (is_loopback(host) or allow_remote):
        _refuse(f"{host} is not a loopback address: this bank is a toy; say --allow-remote if you mean it")
    try:
        settings = Settings(
            database=database,
            customer_id=customer_id,
            password=SecretStr(password),
            totp_secret=SecretStr(totp_secret),
            session_minutes=session_minutes,
            balance_inr=balance_inr,
            balance_eur=balance_eur,
            slow_seconds=slow_seconds,
        )
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        _refuse(f"{first['loc'][0]}: {first['msg']}")
    _serve(_open(settings), settings, host, port)


def _open(settings: Settings) -> FastAPI:
    try:
        return create_app(settings)
    except (OSError, sqlite3.Error) as error:
        _refuse(f"cannot use {settings.database} as the ledger: {error}")


def _serve(app: FastAPI, settings: Settings, host: str, port: int) -> None:
    try:
        socket = listen(host, port)
    except OSError as error:
        _refuse(f"cannot listen there: {error.strerror or error}")
    with socket:
        bound = socket.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"SIMULATED bank at http://{shown}:{bound}/ (ledger {settings.database}); Ctrl-C stops it")
        # uvicorn repeats the signal that stopped it; without these the process would end as if killed.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _already_stopping)
        make_server(app).run(sockets=[socket])


def _already_stopping(_number: int, _frame: FrameType | None) -> None:
    """Let the repeated signal pass."""


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"mockbank: {sentence}", err=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    cli(prog_name="python -m mockbank")
