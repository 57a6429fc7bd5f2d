"""The stack of a chaos run: two machines of the product on one mailbox, every service restartable on its own port."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.chaos_clock import clock_environment, set_clock, tidy_clock
from sandbox.chaos_points import family
from sandbox.demo_places import (
    Places,
    bank_environment,
    choose_places,
    outside_settings,
    plain_environment,
    product_environment,
    python,
)
from sandbox.demo_stack import account_numbers, await_ready, run_product
from sandbox.demo_street import fresh_database
from sandbox.mails import SAMPLES
from sandbox.outside import OutsideSettings
from sandbox.ports import LOOPBACK, answers, free_ports
from sandbox.processes import Child
from sandbox.services import Services

MACHINES: Final = ("one", "two")


@dataclass(frozen=True)
class ChaosStack:
    """What runs, and where."""

    services: Services
    places: Places
    outside: OutsideSettings
    database_url: str
    failpoints: Path
    imap_port: int
    environments: dict[str, dict[str, str]]
    clocks: dict[str, Path]

    @property
    def bank_ledger(self) -> Path:
        """The bank's own books."""
        return self.places.run / "bank.sqlite3"

    @property
    def blobs(self) -> Path:
        """The product's file store."""
        return self.places.run / "blobs"

    @property
    def twilio_url(self) -> str:
        """The simulated messenger."""
        return f"http://{LOOPBACK}:{self.places.twilio}"

    @property
    def openrouter_url(self) -> str:
        """The simulated model."""
        return f"http://{LOOPBACK}:{self.places.openrouter}"

    def child(self, name: str) -> Child:
        """A program we started."""
        return next(child for child in self.services.children.running if child.command.name == name)

    def restart(self, name: str) -> None:
        """Stop a program and start it again where it was; blocks for about a second."""
        self._again(name, self.services.children.stop)

    def kill(self, name: str) -> None:
        """End a program with SIGKILL, as a power cut would, and start it again."""
        self._again(name, self.services.children.kill)

    def check(self) -> None:
        """ServiceError with its last words if a program that should run has ended: the run would wait in vain."""
        for child in self.services.children.running:
            child.wait_ready(lambda: True)

    def product(self) -> dict[int, list[str]]:
        """Every process of the product on both machines, with the words of its command."""
        found = dict[int, list[str]]()
        for name in MACHINES:
            found |= family(self.child(f"countersign-{name}").pid)
        return found

    def _again(self, name: str, end: Callable[[Child], None]) -> None:
        child = self.child(name)
        end(child)
        self._tidy(name)
        self.services.children.start(child.command)

    def _tidy(self, name: str) -> None:
        """Dovecot's old sockets would keep the first log-in waiting; a dead PostgreSQL's lock is its own to judge."""
        if name == "dovecot":
            run = self.services.mail.lmtp_path.parent
            for each in run.iterdir():
                shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()


def start_chaos_stack(services: Services) -> ChaosStack:
    """Start all but the product; ServiceError says what failed."""
    places = choose_places(services.folder)
    web_two, unused, imap_port = free_ports(3)
    database = f"countersign_demo_{places.run.name.replace('-', '_')}"
    database_url = asyncio.run(fresh_database(services.database_url, database))
    outside = outside_settings(places, services, account_numbers())
    config = _write(places, "outside.json", replace_port(outside, unused))
    front = _write(places, "front.json", outside)
    failpoints = services.mail.lmtp_path.parent.parent / "failpoints"
    one = product_environment(places, services, outside, database_url, video=False) | {
        "IMAP_TLS": "none",
        "IMAP_PORT": str(imap_port),
        "FAILPOINTS": str(failpoints),
        "OPENROUTER_PER_MINUTE": "600",
        "OPENROUTER_PER_HOUR": "20000",
    }
    two = one | {"WEB_PORT": str(web_two)}
    clocks = {name: places.run / f"clock-{name}" for name in MACHINES}
    services.spawn("outside", python("sandbox", "outside", str(config)), plain_environment())
    services.spawn("front", python("sandbox", "front", str(front)), plain_environment())
    services.spawn("mockbank", python("mockbank"), plain_environment() | bank_environment(places))
    run_product(plain_environment() | one, "migrate")
    services.guard_record(database_url)
    run_product(plain_environment() | one, "vendors", "import", str(SAMPLES / "vendors.csv"))
    await_ready("the mail server", services, lambda: answers(places.smtp, b"220"))
    environments = {"one": one, "two": two}
    return ChaosStack(services, places, outside, database_url, failpoints, imap_port, environments, clocks)


def start_product(stack: ChaosStack) -> None:
    """Start both machines; the proxy and the failpoints must listen by now."""
    for name, environment in stack.environments.items():
        set_clock(stack.clocks[name])
        mine = plain_environment() | environment | clock_environment(stack.clocks[name])
        stack.services.spawn(f"countersign-{name}", python("daemon", "up"), mine)


def stop_product(stack: ChaosStack) -> None:
    """Stop both machines."""
    for name in MACHINES:
        child = stack.child(f"countersign-{name}")
        stack.services.children.stop(child)
        tidy_clock(child.pid)


def replace_port(outside: OutsideSettings, smtp_port: int) -> OutsideSettings:
    """The same stand-ins with their mail server elsewhere: ours is a process of its own, to be restarted alone."""
    return outside.model_copy(update={"smtp_port": smtp_port})


def _write(places: Places, name: str, outside: OutsideSettings) -> Path:
    path = places.run / name
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(outside.model_dump_json())
    return path
