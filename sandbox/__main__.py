"""`python -m sandbox demo`: the embedded demo; `outside` is the process of its stand-ins."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The outside world of Countersign, on loopback."
)


@app.command()
def demo(
    video: Annotated[bool, typer.Option("--video", help="Record the browser's runs (needs ffmpeg).")] = False,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Do not answer by itself: you tap the buttons.")
    ] = False,
    stay: Annotated[
        bool | None, typer.Option("--stay/--no-stay", help="Stay up afterwards; by default on a terminal.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where servers and files of the demo live.")] = Path(
        ".countersign"
    ),
) -> None:
    """Send real invoice mails through the whole street and show what becomes of each.

    Starts PostgreSQL, Redis, Dovecot, the simulated OpenRouter, WhatsApp and bank, and Countersign itself.
    Without a terminal it ends by itself, with 0 only if every outcome is the expected one.
    """
    from sandbox.demo import demo as run

    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    raise SystemExit(run(folder, video=video, by_hand=by_hand, stay=interactive if stay is None else stay))


@app.command(hidden=True)
def outside(config: Path) -> None:
    """The process of the stand-ins."""
    from sandbox.outside import run

    run(config)


if __name__ == "__main__":
    app()
