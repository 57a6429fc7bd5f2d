"""`python -m sandbox tamper`: falsify a long record in five ways as a superuser, and see whether the verifier notices.

A PostgreSQL of its own; the product is used through its commands only. The last line is JSON.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from sandbox import places, postgres
from sandbox.demo_places import plain_environment, python
from sandbox.processes import ServiceError
from sandbox.services import Services
from sandbox.tampering import FALSIFICATIONS, Falsification, falsify, write_record

LIMIT_S: Final = 5.0
"""A verification that takes longer is a failure."""

SIGNED_FIRST: Final = 6
"""Tenths of the record that are sealed before the rest is written: so there are two checkpoints."""


@dataclass(frozen=True)
class Verdict:
    """What the verifier said of one record: noticed by the bundle alone, noticed with the mail, seconds, its words."""

    alone: bool
    witnessed: bool
    seconds: float
    words: str


class Court:
    """A record on a server of its own, a mail that witnesses it, and the commands to export and verify it."""

    def __init__(self, services: Services, folder: Path) -> None:
        self._folder = folder
        self._admin = _admin_url(services)
        self._environment = plain_environment() | {
            "MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "MAIL_FROM": "pay@meridian.example",
            "BLOBS_FOLDER": str(folder / "blobs"),
        }
        self._services = services
        self.mail = folder / "confirmation.eml"
        self.invoice = UUID(int=0)

    async def set_up(self, entries: int) -> None:
        """Write and seal the record; keep the mail that the last invoice's forwarder got. An older one is audited."""
        url = self._services.database_url
        self._product(url, "migrate")
        connection = await asyncpg.connect(url)
        try:
            before = entries * SIGNED_FIRST // 100 * 10
            earlier = await write_record(connection, before)
            self._product(url, "audit", "seal")
            last = (await write_record(connection, entries - before, first=len(earlier)))[-1]
        finally:
            await connection.close()
        self._services.guard_record(url)
        self.invoice = earlier[len(earlier) // 2]
        block = self._product(url, "audit", "witness", str(last))
        self.mail.write_bytes(_mail(block).as_bytes())

    async def try_falsification(self, falsification: Falsification) -> Verdict:
        """Falsify a copy of the record, and judge it."""
        name = f"court_{falsification.name}"
        await _run(
            self._admin("postgres"), f"create database {name} template {postgres.ROLE} owner {postgres.ROLE}"
        )
        connection = await asyncpg.connect(self._admin(name))
        try:
            await falsify(connection, falsification, self.invoice)
        finally:
            await connection.close()
        url = urlsplit(self._services.database_url)._replace(path=f"/{name}").geturl()
        if falsification.signed_anew:
            self._product(url, "audit", "seal")
        return self.judge(url, falsification.name)

    def judge(self, url: str, name: str) -> Verdict:
        """Export the bundle and run the single-file verifier on it, by itself."""
        bundle = self._folder / f"{name}.zip"
        self._product(url, "audit", "export", str(self.invoice), "--out", str(bundle))
        alone = _verify(bundle)
        started = time.monotonic()
        witnessed = _verify(bundle, "--against", str(self.mail))
        seconds = time.monotonic() - started
        words = next((line[2:] for line in witnessed.stdout.splitlines() if line.startswith("! ")), "")
        return Verdict(alone.returncode == 1, witnessed.returncode == 1, seconds, words)

    def judge_untouched(self) -> Verdict:
        """The record as it was written."""
        return self.judge(self._services.database_url, "untouched")

    def _product(self, url: str, *arguments: str) -> str:
        done = subprocess.run(
            python("daemon", *arguments),
            env=self._environment | {"DATABASE_URL": url},
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServiceError(f"countersign {' '.join(arguments[:2])} failed: {done.stderr.strip()}")
        return done.stdout


def tamper(entries: int) -> int:
    """Try all five; 0 when the untouched record is found whole and each falsification is noticed in time."""
    folder = Path(tempfile.mkdtemp(prefix="cs-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with Services(folder / "services", fast=True) as services:
            return asyncio.run(_try_all(Court(services, folder), entries))
    except ServiceError as error:
        sys.stderr.write(f"countersign: {error}\n")
        return 1
    finally:
        shutil.rmtree(folder)


async def _try_all(court: Court, entries: int) -> int:
    console = Console(highlight=False)
    console.print(f"Writing a record of {entries:,} entries, and sealing it twice …")
    await court.set_up(entries)
    untouched = court.judge_untouched()
    verdicts = {each.name: await court.try_falsification(each) for each in FALSIFICATIONS}
    console.print(_table(untouched, verdicts))
    for name, verdict in verdicts.items():
        console.print(f"{name}: {verdict.words}", soft_wrap=True)
    slowest = max(verdict.seconds for verdict in (untouched, *verdicts.values()))
    whole = not untouched.alone and not untouched.witnessed
    result: dict[str, object] = {name: whole and verdict.witnessed for name, verdict in verdicts.items()}
    sys.stdout.write(json.dumps(result | {"entries": entries, "verify_s": round(slowest, 2)}) + "\n")
    return 0 if all(result.values()) and slowest < LIMIT_S else 1


def _table(untouched: Verdict, verdicts: dict[str, Verdict]) -> Table:
    table = Table(show_edge=False)
    for column in ("record", "what was done to it", "the bundle alone", "with a mail", "s"):
        table.add_column(column, justify="right" if column == "s" else "left")
    deeds = {each.name: each.what for each in FALSIFICATIONS}
    for name, verdict in {"untouched": untouched, **verdicts}.items():
        noticed = (_said(verdict.alone), _said(verdict.witnessed))
        table.add_row(name, deeds.get(name, "nothing"), *noticed, f"{verdict.seconds:.2f}")
    return table


def _said(noticed: bool) -> str:
    return "noticed" if noticed else "looks whole"


def _verify(bundle: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verifier as an auditor runs it: the one file, isolated from everything of ours."""
    verifier = Path(__file__).resolve().parent.parent / "schema" / "verifier.py"
    copy = bundle.parent / "verifier.py"
    shutil.copyfile(verifier, copy)
    done = subprocess.run(
        [sys.executable, "-I", str(copy), str(bundle), *arguments],
        capture_output=True,
        text=True,
        cwd=bundle.parent,
        check=False,
    )
    if done.returncode not in (0, 1) or done.stderr:
        raise ServiceError(f"the verifier failed: {done.stderr}")
    return done


def _admin_url(services: Services) -> Callable[[str], str]:
    port = urlsplit(services.database_url).port
    password = places.passwords(services.folder).postgres
    return lambda database: f"postgresql://{postgres.SUPERUSER}:{password}@127.0.0.1:{port}/{database}"


def _mail(block: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "pay@meridian.example", "priya@meridian.example"
    message["Subject"] = "Re: Invoice"
    message.set_content(f"Paid: INR 84,960.00.\n\n{block}\n", cte="quoted-printable")
    return message


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
