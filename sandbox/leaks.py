"""`make leaks`: run the demo's whole street, then look for account numbers, one-time passwords and keys everywhere.

Not searched, because the numbers belong there: the bank's own database, what forwarders sent (their mails in the
mailboxes, and their stored originals, which are encrypted), and the settings themselves (run.env, outside.json).
The originals, opened, serve as the control: a search that finds nothing there is blind.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image
from rich.console import Console
from rich.table import Table

from sandbox import leak_places
from sandbox.demo import WIDTH_WITHOUT_TERMINAL, stop
from sandbox.demo_places import TOTP_SECRET
from sandbox.demo_show import Result, Show
from sandbox.demo_stack import Stack, start_stack
from sandbox.demo_street import open_street
from sandbox.invoice_catalogue import INVOICES
from sandbox.leak_needles import DEEPEST, Hit, Needles, codes_between
from sandbox.leak_places import Piece
from sandbox.mails import BAD_MAILS, DEMO_MAILS, DemoMail
from sandbox.processes import ServiceError
from sandbox.services import Services

INJECTED_ACCOUNT: Final = "999988887777"
SERVER_FILES: Final = "files of PostgreSQL and Redis"
SEALED_FILES: Final = "stored files as they lie"
DEPTHS: Final = {SERVER_FILES: 0, SEALED_FILES: 0}
"""Binary files are read as they are; what their rows and files hold is unfolded where it is read as text."""

ENLARGE: Final = 2
"""Screenshots are small for OCR; twice as large Tesseract reads their digits without error."""


@dataclass
class Place:
    """A place that was searched, and what was found in it: the piece's name and the hit."""

    name: str
    pieces: int = 0
    size_bytes: int = 0
    pictures: int = 0
    hits: list[tuple[str, Hit]] = field(default_factory=list)

    @property
    def seen_in_pictures(self) -> int:
        """How many hits OCR made."""
        return sum(hit.by_ocr for _, hit in self.hits)


class Search:
    """Looks through places; a picture is read once, wherever it lies."""

    def __init__(self, needles: Needles) -> None:
        self._needles = needles
        self._read: dict[str, list[Hit]] = {}

    def look(self, name: str, pieces: Iterable[Piece], *, depth: int = DEEPEST) -> Place:
        """One place with all that was found in it; `depth` is how often hex and base64 are unfolded."""
        place = Place(name)
        for label, data in pieces:
            place.pieces += 1
            place.size_bytes += len(data)
            if leak_places.is_picture(data):
                place.pictures += 1
                found = self._in_picture(data)
            else:
                found = self._needles.hits(data, depth=depth)
            place.hits += [(label, hit) for hit in found]
        return place

    def _in_picture(self, data: bytes) -> list[Hit]:
        key = hashlib.sha256(data).hexdigest()
        if key not in self._read:
            text = read_picture(data)
            self._read[key] = self._needles.hits_in_picture(text) + self._needles.hits(data, depth=0)
        return self._read[key]


def read_picture(data: bytes) -> str:
    """What Tesseract reads on a picture, enlarged."""
    picture = Image.open(io.BytesIO(data)).convert("L")
    larger = io.BytesIO()
    picture.resize((picture.width * ENLARGE, picture.height * ENLARGE)).save(larger, "PNG")
    done = subprocess.run(
        ["tesseract", "stdin", "stdout", "--psm", "11"],
        input=larger.getvalue(),
        capture_output=True,
        check=True,
        # Its threads wait for each other by spinning; one is faster on a busy machine.
        env={"PATH": os.defpath, "OMP_THREAD_LIMIT": "1"},
    )
    return done.stdout.decode("utf-8", "replace")


def leaks(folder: Path, *, mails: int | None = None) -> int:
    """Run, search, print; 0 only if nothing was found, the control found something, and the street worked.

    `mails` takes only the first ones of the demo.
    """
    terminal = sys.stdout.isatty()
    console = Console() if terminal else Console(width=WIDTH_WITHOUT_TERMINAL, force_terminal=False)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    try:
        with Services.from_environment(folder) as services:
            return _with(services, console, (*DEMO_MAILS, *BAD_MAILS)[:mails])
    except ServiceError as error:
        console.print(f"countersign: {error}", style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        (folder / "run.env").unlink(missing_ok=True)


def _with(services: Services, console: Console, mails: tuple[DemoMail, ...]) -> int:
    began = time.time()
    stack = start_stack(services, video=False, say=lambda text: console.print(text, highlight=False))
    results = asyncio.run(_run(stack, console, mails))
    needles = Needles(
        known_accounts(),
        codes_between(TOTP_SECRET, began, time.time()),
        (TOTP_SECRET, stack.environment["MASTER_KEY"], stack.environment["BANK_PASSWORD"]),
    )
    places, control = search(stack, needles)
    hits = sum(len(place.hits) for place in places)
    _tell(console, needles, places, control)
    worked = all(result.as_expected for result in results)
    if not worked:
        console.print("The street did not end as expected, so this run proves little.", style="bold red")
    sys.stdout.write(json.dumps({"places": len(places), "hits": hits}) + "\n")
    sees = 0 < control.seen_in_pictures < len(control.hits)
    return 0 if worked and not hits and sees else 1


async def _run(stack: Stack, console: Console, mails: tuple[DemoMail, ...]) -> list[Result]:
    async with open_street(stack.database_url) as street:
        return await Show(stack, street, console, by_hand=False).run(mails)


def known_accounts() -> frozenset[str]:
    """Every full account number on any sample: the vendors', the forged one, and the one in the injection."""
    printed = {
        account.number
        for invoice in INVOICES
        for account in (invoice.paid_to, invoice.vendor.account)
        if account
    }
    return frozenset(printed | {INJECTED_ACCOUNT})


def search(stack: Stack, needles: Needles) -> tuple[list[Place], Place]:
    """Every place, and the control."""
    sent = asyncio.run(leak_places.originals(stack))
    places: dict[str, Callable[[], Iterable[Piece]]] = {
        "database, every table as text": lambda: asyncio.run(leak_places.tables(stack)),
        SERVER_FILES: lambda: leak_places.server_files(stack),
        "Redis, keys and values": lambda: leak_places.redis_values(stack),
        SEALED_FILES: lambda: leak_places.stored_files(stack),
        "stored files opened, originals aside": lambda: leak_places.opened_files(stack, sent),
        "logs of every program": lambda: leak_places.logs(stack),
        "other files of the run": lambda: leak_places.run_files(stack),
        "left among temporary files": leak_places.leftovers,
        "command lines of all processes": leak_places.command_lines,
        "mails of ours, decoded": lambda: leak_places.sent_mails(stack),
        "phones: chats and pictures": lambda: leak_places.phones(stack),
        "what OpenRouter and Twilio received": lambda: leak_places.received(stack),
    }
    finder = Search(needles)
    done = [finder.look(name, pieces(), depth=DEPTHS.get(name, DEEPEST)) for name, pieces in places.items()]
    return done, finder.look("control: originals, opened", leak_places.opened_originals(stack, sent))


def _tell(console: Console, needles: Needles, places: list[Place], control: Place) -> None:
    title = f"{needles.count} account numbers, one-time passwords and keys looked for"
    table = Table(title=title, title_justify="left", show_edge=False)
    for column in ("place", "pieces", "kB", "pictures read", "hits"):
        table.add_column(column, justify="left" if column == "place" else "right")
    for place in (*places, control):
        size = f"{place.size_bytes / 1000:,.0f}"
        table.add_row(place.name, str(place.pieces), size, str(place.pictures), str(len(place.hits)))
    console.print(table)
    for place in places:
        for label, hit in place.hits:
            console.print(f"{place.name}: {label}: {hit.kind}: {hit.around}", style="red", markup=False)
    console.print(f"Of the control's hits {control.seen_in_pictures} were made by OCR.")
    if not 0 < control.seen_in_pictures < len(control.hits):
        console.print("The control did not find what is there: the search is blind.", style="bold red")
