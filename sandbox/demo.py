"""The embedded demo: the whole street on this machine, on real mails, with every outside service simulated."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console

from sandbox.demo_report import last_line, report
from sandbox.demo_show import Result, Show
from sandbox.demo_stack import Stack, sign_in_link, start_stack
from sandbox.demo_street import open_street
from sandbox.mails import BAD_MAILS, DEMO_MAILS
from sandbox.processes import ServiceError
from sandbox.services import Services

WIDTH_WITHOUT_TERMINAL = 140


def demo(folder: Path, *, video: bool, by_hand: bool, stay: bool) -> int:
    """Run the demo and return the exit code: 0 only if every outcome is the expected one."""
    console = (
        Console() if sys.stdout.isatty() else Console(width=WIDTH_WITHOUT_TERMINAL, force_terminal=False)
    )
    for number in (
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGINT,
    ):  # a background shell would have SIGINT ignored
        signal.signal(number, stop)
    try:
        with Services.from_environment(folder) as services:
            return _with(services, console, video=video, by_hand=by_hand, stay=stay)
    except ServiceError as error:
        console.print(f"countersign: {error}", style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; nothing keeps running.")
        return 130
    finally:
        (folder / "run.env").unlink(missing_ok=True)


def _with(services: Services, console: Console, *, video: bool, by_hand: bool, stay: bool) -> int:
    console.print("[bold]Countersign demo[/]: no real money moves, every outside service is simulated.")
    started = time.monotonic()
    stack = start_stack(
        services,
        video=video,
        say=lambda text: console.print(f"{time.monotonic() - started:6.1f} s  {text}", highlight=False),
    )
    console.print(f"{time.monotonic() - started:6.1f} s  everything is up\n", highlight=False)
    _addresses(stack, console)
    results, figures = asyncio.run(_show(stack, console, by_hand=by_hand))
    if stay:
        _stay(stack, console)
    sys.stdout.write(last_line(figures) + "\n")
    return 0 if all(result.as_expected for result in results) and not figures["leaks"] else 1


async def _show(stack: Stack, console: Console, *, by_hand: bool) -> tuple[list[Result], dict[str, Any]]:
    async with open_street(stack.database_url) as street:
        if by_hand:
            console.print("Tap the buttons yourself on the phone page.\n", style="bold")
        results = await Show(stack, street, console, by_hand).run((*DEMO_MAILS, *BAD_MAILS))
        hashes = await street.hashes()
        return results, await asyncio.to_thread(report, stack, hashes, results, console)


def _stay(stack: Stack, console: Console) -> None:
    """Leave everything up until Ctrl-C, and say how to go on by hand."""
    _addresses(stack, console)
    console.print(
        "Forward your own invoice:  [bold].venv/bin/countersign send FILE[/], then tap on the phone page."
    )
    console.print("See where it stands:       [bold].venv/bin/countersign status[/]")
    console.print("Everything stays up until Ctrl-C.")
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def _addresses(stack: Stack, console: Console) -> None:
    places = stack.places
    console.print(f"Phones  {places.phone_url}", highlight=False)
    bank = stack.environment
    login = f"customer {bank['BANK_CUSTOMER_ID']}, password {bank['BANK_PASSWORD']}"
    console.print(f"Bank    {places.bank_url}  ({login})", highlight=False)
    console.print(f"Web     {places.public_url}/readyz", highlight=False)
    console.print(f"Console {places.console_url}  (sign in once, within 15 minutes:)", highlight=False)
    console.print(f"        {sign_in_link(stack)}\n", highlight=False, soft_wrap=True, markup=False)


def stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """A signal ends a run as Ctrl-C does."""
    raise KeyboardInterrupt
