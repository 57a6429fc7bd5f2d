"""`countersign extract`: read invoices and print their fields, as a table for people or JSON lines for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from daemon.settings import load_settings
from daemon.terminal import plain
from handlers.reading.command import extract_files
from handlers.reading.document import ReadingSettings

SURE = 0.9
UNSURE = 0.7


async def print_fields(files: Sequence[Path], *, as_json: bool, jobs: int) -> None:
    """Print each document as soon as it is read; a document that cannot be read is printed with its reason."""
    settings = ReadingSettings(tesseract_path=str(load_settings().tesseract_path))
    console = Console()
    async for row in extract_files(files, jobs=jobs, settings=settings):
        if as_json:
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            console.print(_table(row))


def _table(row: dict[str, Any]) -> Table:
    table = Table(title=plain(f"{row['file']} ({row['kind']})"), title_justify="left", show_edge=False)
    for column in ("field", "value", "sure", "as printed", "page"):
        table.add_column(column, justify="right" if column == "sure" else "left")
    if "error" in row:
        table.caption = plain(row["error"]["message"])
        table.caption_style = "red"
    for name, cell in row["fields"].items():
        value, sure = cell["value"], cell["confidence"]
        colour = "green" if sure >= SURE else "yellow" if sure >= UNSURE else "red"
        page = str(cell["place"]["page"]) if cell.get("place") else ""
        shown = "[dim]not found[/]" if value is None else plain(str(value))
        table.add_row(
            name.replace("_", " "),
            shown,
            "" if value is None else f"[{colour}]{sure:.0%}[/]",
            plain((cell.get("text") or "")[:60]),
            page,
        )
    return table
