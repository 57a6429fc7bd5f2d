"""`make chaos`: the real stack on real mails, everything killed, paused and broken, and the books closed after it."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table

from sandbox.chaos_books import Books, close_books
from sandbox.chaos_faults import HTTP, Scene
from sandbox.chaos_lanes import Lanes
from sandbox.chaos_people import People
from sandbox.chaos_points import Points
from sandbox.chaos_proxy import Proxy
from sandbox.chaos_stack import ChaosStack, start_chaos_stack, start_product, stop_product
from sandbox.chaos_watch import POLL_S, Fault, Watch
from sandbox.demo_places import plain_environment
from sandbox.demo_stack import run_product
from sandbox.processes import ServiceError
from sandbox.services import Services

WARM_UP_S: Final = 60.0
DRAIN_S: Final = 300.0
"""The bank that refuses is asked eight times, 20 s apart at least; nothing else takes as long."""

SAY_EVERY_S: Final = 10.0
SHORT: Final = 120
"""A run of fewer faults takes no long pauses, to be over in three minutes."""

RECOVERY_LIMIT_S: Final = 90.0


@dataclass(frozen=True)
class Result:
    """A finished run."""

    seed: int
    faults: list[Fault]
    books: Books
    held_for_reconcile: int
    points: int
    seconds: float

    @property
    def max_recovery_s(self) -> float:
        """The longest time anything that was under way at a fault stood still."""
        return max((fault.recovered_s or 0.0 for fault in self.faults), default=0.0)

    @property
    def good(self) -> bool:
        """Whether the promise held."""
        return self.books.clean and all(fault.recovered_s is not None for fault in self.faults)


def run(folder: Path, *, seed: int | None, faults: int, minutes: float, as_json: bool) -> int:
    """Break everything for a while; 0 only if nothing was doubled, lost, stuck or wrong."""
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else 140, highlight=False)
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    console.print(f"[bold]Countersign chaos[/], seed {chosen}: no real money moves.")
    try:
        with Services(folder) as services:
            stack = start_chaos_stack(services)
            result = asyncio.run(_run(stack, chosen, faults, minutes * 60, console))
    except ServiceError as error:
        console.print(f"countersign: {error}", style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    _report(result, console)
    sys.stdout.write(last_line(result) + "\n")
    return 0 if result.good else 1


def last_line(result: Result) -> str:
    """The figures as one line of JSON."""
    books = result.books
    figures: dict[str, Any] = {
        "faults": len(result.faults),
        "mails": books.mails,
        "double": len(books.double),
        "lost": len(books.lost),
        "stuck": len(books.stuck) + len(books.wrong),
        "held_for_reconcile": result.held_for_reconcile,
        "max_recovery_s": round(result.max_recovery_s, 1),
        "seed": result.seed,
    }
    return json.dumps(figures)


async def _run(stack: ChaosStack, seed: int, limit: int, seconds: float, console: Console) -> Result:
    plan, started = random.Random(seed), time.monotonic()
    points, watch = Points(stack.failpoints), Watch(stack.database_url)
    imap = Proxy(stack.imap_port, stack.services.mail.port)
    people = People(stack, watch, random.Random(plan.random()))
    async with AsyncExitStack() as closing:
        await closing.enter_async_context(await points.start())
        await closing.enter_async_context(await imap.start())
        client = await closing.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=HTTP))
        start_product(stack)
        lives = (watch.run(), people.send(), people.answer(), _say(console, watch, started))
        work = [asyncio.create_task(each) for each in lives]
        for task in work:
            task.add_done_callback(_tell_failure)
        lanes = Lanes(
            points,
            watch,
            Scene(stack, imap, random.Random(plan.random()), client),
            random.Random(plan.random()),
            limit,
            long_pauses=limit > SHORT,
        )
        try:
            await _until(
                lambda: any(each.state == "closed" for each in watch.invoices.values()), WARM_UP_S, stack
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(lanes.run(), seconds)
            people.sending = False
            console.print(
                f"{time.monotonic() - started:6.0f} s  no more faults; waiting for what is under way"
            )
            settled = await _until(lambda: watch.unsettled == 0, DRAIN_S, stack)
            reconciled = await _reconcile(stack, watch) if settled else 0
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await asyncio.to_thread(stop_product, stack)
            await imap.hang_up()
        record = await asyncio.to_thread(_check_record, stack)
        books = await close_books(
            stack.database_url, stack.bank_ledger, watch.sent, watch.invoices.values(), record
        )
    return Result(seed, watch.faults, books, reconciled, len(points.passed), time.monotonic() - started)


async def _reconcile(stack: ChaosStack, watch: Watch) -> int:
    """What a person does about payments that are held in doubt: have them looked up at the bank; how many.

    What the bank itself refused is held for good and not counted.
    """
    held = [
        each.id
        for each in watch.invoices.values()
        if each.held_from == "paying" and each.done and not watch.sent.get(each.message_id, False)
    ]
    for invoice in held:
        await asyncio.to_thread(
            run_product,
            plain_environment() | stack.environments["one"],
            *("decide", invoice, "--to", "paying", "--by", "chaos", "--note", "Look it up at the bank."),
        )
    seen = watch.seen_at
    await _until(lambda: watch.seen_at > seen + 2 and watch.unsettled == 0, DRAIN_S, stack)
    return len(held)


def _tell_failure(task: asyncio.Task[None]) -> None:
    """A task of ours that fails makes the run worthless: say so at once."""
    if not task.cancelled() and (failure := task.exception()) is not None:
        sys.excepthook(type(failure), failure, failure.__traceback__)


def _check_record(stack: ChaosStack) -> str:
    """Have every hash of the record compared with its checkpoints; what is wrong, or nothing."""
    try:
        run_product(plain_environment() | stack.environments["one"], "audit", "check")
    except ServiceError as error:
        return str(error)
    return ""


async def _until(true: Callable[[], bool], limit_s: float, stack: ChaosStack) -> bool:
    """Wait until it is true, at most so long; ServiceError when a program has ended that should run."""
    deadline = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > deadline:
            return False
        stack.check()
        await asyncio.sleep(POLL_S)
    return True


async def _say(console: Console, watch: Watch, started: float) -> None:
    """One line every few seconds: how far it is."""
    while True:
        await asyncio.sleep(SAY_EVERY_S)
        ends = Counter(each.end for each in watch.invoices.values() if each.done)
        newest = f"{watch.faults[-1].kind} at {watch.faults[-1].detail}" if watch.faults else "none yet"
        console.print(
            f"{time.monotonic() - started:6.0f} s  {len(watch.faults):4} faults ({watch.unrecovered} open), "
            f"{len(watch.sent)} mails, {ends['paid']} paid, {ends['rejected']} rejected, {ends['held']} held, "
            f"{watch.unsettled} under way; newest: {newest}",
            markup=False,
        )


def _report(result: Result, console: Console) -> None:
    table = Table(title="Kills and faults", title_justify="left", show_edge=False)
    for column in ("fault", "where", "times", "median s", "longest s"):
        table.add_column(column, justify="left" if column in ("fault", "where") else "right")
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for fault in result.faults:
        at_point = fault.kind.startswith(("kill -9 ", "SIGSTOP "))
        groups[fault.kind, fault.detail if at_point else ""].append(fault.recovered_s or float("inf"))
    for (kind, where), seconds in sorted(groups.items()):
        ordered = sorted(seconds)
        table.add_row(
            kind, where, str(len(ordered)), f"{ordered[len(ordered) // 2]:.1f}", f"{ordered[-1]:.1f}"
        )
    console.print(table)
    _report_books(result, console)


def _report_books(result: Result, console: Console) -> None:
    books = result.books
    recovered = sorted(fault.recovered_s or float("inf") for fault in result.faults)
    slow = sum(1 for seconds in recovered if seconds > RECOVERY_LIMIT_S)
    ends = ", ".join(f"{count} {end}" for end, count in sorted(books.ends.items()))
    console.print(
        f"\n{len(result.faults)} kills and faults in {result.seconds:.0f} s, seed {result.seed}; "
        f"{result.points} places passed."
    )
    console.print(f"{books.mails} mails sent; invoices: {ends}.")
    console.print(
        f"{books.transfers} transfers in the bank's ledger, {books.resubmitted} after a second click was safe; "
        f"{result.held_for_reconcile} held and looked up at the bank by a person."
    )
    if recovered:
        half, most = recovered[len(recovered) // 2], recovered[int(len(recovered) * 0.95)]
        console.print(
            f"Recovery: median {half:.1f} s, 95 % within {most:.1f} s, longest {recovered[-1]:.1f} s; "
            f"{slow} above {RECOVERY_LIMIT_S:.0f} s."
        )
    for reason, count in books.reasons.most_common(12):
        console.print(f"  held {count}: {reason}", markup=False)
    for problem in (*books.double, *books.lost, *books.stuck, *books.wrong):
        console.print(f"  PROBLEM: {problem}", style="bold red", markup=False)
