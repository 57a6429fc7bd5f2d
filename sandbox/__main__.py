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


@app.command()
def tamper(
    entries: Annotated[int, typer.Option(min=100, help="How long the record is.")] = 10_000,
) -> None:
    """Falsify a record in five ways as the database's superuser, and see whether the verifier notices."""
    from sandbox.tamper import tamper as run

    raise SystemExit(run(entries))


@app.command()
def reading(
    jobs: Annotated[int, typer.Option(min=1, help="Documents read at once.")] = 2,
    memory: Annotated[
        int, typer.Option(min=0, help="Documents over which memory is watched; 0: none.")
    ] = 500,
    only: Annotated[list[str] | None, typer.Option(help="A set, for example zf_layouts:scan200.")] = None,
    speed: Annotated[bool, typer.Option(help="Whether to compare the time with the bare libraries'.")] = True,
) -> None:
    """Read documents with known truth from COUNTERSIGN_CORPORA; say how well, how surely, how fast.

    Ends with 0 if at most one value in two hundred is wrong and sure. The last line is JSON.
    """
    from sandbox.reading_bench import bench

    raise SystemExit(bench(jobs=jobs, memory=memory, speed=speed, only=only or ()))


@app.command()
def leaks(
    mails: Annotated[int | None, typer.Option(min=1, help="Only the first mails of the demo.")] = None,
    folder: Annotated[Path, typer.Option(help="Where servers and files of the run live.")] = Path(
        ".countersign"
    ),
) -> None:
    """Run the street, then look everywhere for account numbers, one-time passwords and keys.

    Ends with 0 only if none was found outside the vault. The last line is JSON.
    """
    from sandbox.leaks import leaks as run

    raise SystemExit(run(folder, mails=mails))


@app.command(hidden=True)
def outside(config: Path) -> None:
    """The process of the stand-ins."""
    from sandbox.outside import run

    run(config)


@app.command(hidden=True)
def front(config: Path) -> None:
    """The process of the border mail server alone."""
    from sandbox.outside import run_front

    run_front(config)


@app.command()
def chaos(
    seed: Annotated[int | None, typer.Option(help="Repeats the plan of an earlier run.")] = None,
    faults: Annotated[int, typer.Option(min=1, help="How many kills and faults.")] = 500,
    minutes: Annotated[float, typer.Option(min=0.5, help="Stop injecting after this long.")] = 60.0,
    json: Annotated[bool, typer.Option("--json", help="Only the last line.")] = False,
    folder: Annotated[Path, typer.Option(help="Where servers and files of the run live.")] = Path(
        ".countersign"
    ),
) -> None:
    """Kill, pause and break everything while invoices are paid, then close the books.

    Ends with 0 only if no payment was doubled, no mail lost, no invoice stuck. The last line is JSON.
    """
    from sandbox.chaos import run

    raise SystemExit(run(folder, seed=seed, faults=faults, minutes=minutes, as_json=json))


if __name__ == "__main__":
    app()
