"""`countersign status` and `decide`: where everything stands, and moving what is held."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from daemon.condition import DATABASE_DOWN, UNASKABLE, Fault, Watch, faults_beside, faults_now
from daemon.settings import Settings
from daemon.terminal import plain
from daemon.wiring import open_books
from schema.errors import PermanentError, TransientError
from schema.ids import InvoiceId
from schema.states import State
from schema.store import Store
from schema.store.views import InvoiceLine, MailLine

_WHOLE = frozenset({"id", "came", "total", "state"})

COLOURS = {State.HELD: "yellow", State.REJECTED: "red", State.CLOSED: "green", State.PAID: "green"}


async def print_status(settings: Settings, *, limit: int, as_json: bool) -> None:
    """Print what is wrong, invoices, mails that opened none, and the age of each mailbox's last proof.

    Ends with 1 when the database cannot be asked; what else is wrong is said all the same.
    """
    async with Redis.from_url(settings.redis) as redis:
        try:
            async with open_books(settings) as (store, _):
                faults = await faults_now(Watch(settings, store, redis))
                if not any(fault.part in UNASKABLE for fault in faults):
                    await _print_street(settings, store, faults, limit=limit, as_json=as_json)
                    return
        except (TransientError, PermanentError) as error:
            told = DATABASE_DOWN.model_copy(update={"sentence": error.sentence})
            faults = (told, *await faults_beside(settings, redis))
    if as_json:
        _write_json({"faults": [fault.model_dump(mode="json") for fault in faults]})
    _print_faults(Console(stderr=as_json), faults)
    raise SystemExit(1)


async def _print_street(
    settings: Settings, store: Store, faults: tuple[Fault, ...], *, limit: int, as_json: bool
) -> None:
    lines = (await store.views.invoices())[-limit:]
    mails = [mail for mail in await store.views.mails(limit) if mail.disposition != "accepted"]
    proofs = await store.mails.last_proofs()
    pauses, alarms = await store.operations.pauses(), await store.operations.alarms()
    if as_json:
        content = {
            "faults": [fault.model_dump(mode="json") for fault in faults],
            "invoices": [line.model_dump(mode="json") for line in lines],
            "mails_without_invoice": [mail.model_dump(mode="json") for mail in mails],
            "mailboxes": {name: at.isoformat() for name, at in proofs.items()},
            "pauses": [pause.model_dump(mode="json") for pause in pauses],
            "alarms": [alarm.model_dump(mode="json") for alarm in alarms],
        }
        _write_json(content)
        return
    console = Console()
    _print_faults(console, faults)
    console.print(_invoices(lines, settings) if lines else "No invoice has come in yet.")
    if mails:
        console.print(_mails(mails, settings))
    for pause in pauses:
        at = f"{pause.paused_at.astimezone(settings.zone):%d %b %H:%M %Z}"
        console.print(f"{pause.sentence} (since {at}).", style="bold yellow", markup=False)
    for alarm in alarms:
        console.print(f"ALARM: {alarm.sentence}", style="bold red", markup=False)
    for mailbox, proved_at in proofs.items():
        age = (datetime.now(UTC) - proved_at).total_seconds()
        console.print(f"Mailbox {mailbox} last answered {age:.0f} s ago.")


def _write_json(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")


def _print_faults(console: Console, faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        style = "bold red" if fault.serious else "yellow"
        console.print(f"{plain(fault.sentence)} {fault.mend}", style=style, markup=False, soft_wrap=True)


async def decide_held(settings: Settings, prefix: str, to: str, *, by: str, note: str) -> str:
    """Move a held invoice; PermanentError says what is possible instead."""
    async with open_books(settings) as (store, _):
        matching = await store.views.invoices(prefix=prefix.lower())
        if len(matching) != 1:
            raise PermanentError(f"{len(matching)} invoices begin with {prefix!r}; give more of the id.")
        line = matching[0]
        if line.state is not State.HELD or line.held_from is None:
            raise PermanentError(f"This invoice is {line.state}, not held.")
        held = await store.street.invoice(InvoiceId(line.id))
        assert held is not None
        possible = await store.street.ways(held)
        if to not in possible:
            raise PermanentError(f"It was held while {line.held_from}; it may go to: {', '.join(possible)}.")
        at = await store.operations.clock()
        await store.street.decide(InvoiceId(line.id), State(to), actor=by, note=note, at=at)
    again = "" if to == State.REJECTED else " again"
    return f"Invoice {plain(line.number or line.document or '')} is {to}{again}."


def _invoices(lines: tuple[InvoiceLine, ...], settings: Settings) -> Table:
    table = Table(show_edge=False, show_lines=True)
    for column in ("id", "came", "invoice", "total", "state", "why"):
        table.add_column(column, justify="right" if column == "total" else "left", no_wrap=column in _WHOLE)
    for line in lines:
        state = line.state if line.state is not State.CLOSED else (line.came_from or line.state)
        shown = f"[{COLOURS[state]}]{state}[/]" if state in COLOURS else str(state)
        table.add_row(
            str(line.id)[:8],
            f"{line.created_at.astimezone(settings.zone):%d %b\n%H:%M %Z}",
            plain("\n".join(filter(None, (line.number or line.document or "(no document)", line.vendor)))),
            str(line.total or ""),
            shown,
            plain(line.last_error or line.reason),
        )
    return table


def _mails(mails: list[MailLine], settings: Settings) -> Table:
    table = Table(show_edge=False, title="Mails that opened no invoice", title_justify="left")
    for column in ("came", "from", "subject", "kept as", "why"):
        table.add_column(column)
    for mail in mails:
        came = f"{mail.stored_at.astimezone(settings.zone):%d %b %H:%M %Z}"
        table.add_row(
            came, plain(mail.sender or "nobody"), plain(mail.subject), mail.disposition, plain(mail.reason)
        )
    return table
