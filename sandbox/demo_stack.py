"""Starts the whole stack of a demo run: stand-ins, bank, schema, master data, and the product's own processes."""

from __future__ import annotations

import asyncio
import csv
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import httpx
import redis

from sandbox.demo_places import (
    Places,
    address_of,
    bank_environment,
    choose_places,
    outside_settings,
    plain_environment,
    product_environment,
    python,
    write_run_file,
)
from sandbox.demo_street import fresh_database
from sandbox.mails import PRIYA, SAMPLES
from sandbox.outside import OutsideSettings
from sandbox.ports import answers
from sandbox.processes import ServiceError
from sandbox.services import Services

QUEUES: Final = ("documents", "reasoning", "browser")
READY_S: Final = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    services: Services
    places: Places
    outside: OutsideSettings
    database_url: str
    environment: dict[str, str]
    start_seconds: float


def start_stack(services: Services, *, video: bool, say: Say) -> Stack:
    """Start everything, wait until it is ready; ServiceError says what failed and where its log lies."""
    started = time.monotonic()
    if video and not shutil.which("ffmpeg"):
        raise ServiceError("--video needs ffmpeg: apt-get install ffmpeg")
    places = choose_places(services.folder)
    say("PostgreSQL, Redis and Dovecot answer")
    database = f"countersign_demo_{places.run.name.replace('-', '_')}"
    database_url = asyncio.run(fresh_database(services.database_url, database))
    outside = outside_settings(places, services, account_numbers())
    environment = product_environment(places, services, outside, database_url, video=video)
    product = plain_environment() | environment
    config = places.run / "outside.json"
    config.touch(mode=0o600)
    config.write_text(outside.model_dump_json())
    _forget_former_workers(services.redis_url)
    services.spawn("outside", python("sandbox", "outside", str(config)), plain_environment())
    services.spawn("mockbank", python("mockbank"), plain_environment() | bank_environment(places))
    run_product(product, "migrate")
    services.guard_record(database_url)
    services.spawn("countersign", python("daemon", "up"), product)
    run_product(product, "vendors", "import", str(SAMPLES / "vendors.csv"))
    run_product(product, "pos", "import", str(SAMPLES / "purchase_orders.csv"))
    say("vendors and purchase orders are in")
    await_ready("the mail server", services, lambda: answers(places.smtp, b"220"))
    await_ready("the bank", services, lambda: _healthy(f"{places.bank_url}/healthz"))
    await_ready("the workers", services, lambda: _workers_ready(services.redis_url))
    await_ready("web and mailbox", services, lambda: _mailbox_proven(f"{places.public_url}/readyz"))
    write_run_file(places, environment)
    return Stack(services, places, outside, database_url, environment, time.monotonic() - started)


def account_numbers() -> frozenset[str]:
    """Every full account number of the demo's vendors: what must never leave."""
    with (SAMPLES / "vendors.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["account_number"] for row in csv.DictReader(file))


def run_product(environment: dict[str, str], *arguments: str) -> str:
    """What one command of the product prints; ServiceError with what it said when it failed."""
    done = subprocess.run(
        python("daemon", *arguments), env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServiceError(f"countersign {' '.join(arguments[:2])} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def sign_in_link(stack: Stack) -> str:
    """A link into the console, good once and for fifteen minutes."""
    return run_product(plain_environment() | stack.environment, "people", "link", address_of(PRIYA))


def await_ready(what: str, services: Services, ready: Callable[[], bool]) -> None:
    """Return once it is ready; ServiceError says what was not in time, and where its log lies."""
    deadline = time.monotonic() + READY_S
    while not ready():
        for child in services.children.running:
            if child.process.poll() is not None:
                raise ServiceError(f"{child.command.name} ended while {what} started:\n{child.tail()}")
        if time.monotonic() > deadline:
            raise ServiceError(f"{what} did not get ready within {READY_S:.0f} s; see {services.logs}/*.log")
        time.sleep(0.1)


def _healthy(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(url, timeout=1, trust_env=False).status_code == httpx.codes.OK
    return False


def _mailbox_proven(url: str) -> bool:
    with suppress(httpx.HTTPError):
        answer = httpx.get(url, timeout=1, trust_env=False)
        return answer.status_code == httpx.codes.OK and bool(answer.json()["mailbox_proof_age_s"])
    return False


def _workers_ready(redis_url: str) -> bool:
    with redis.Redis.from_url(redis_url) as client:
        return all(client.exists(_health_key(queue)) for queue in QUEUES)


def _forget_former_workers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.delete(*(_health_key(queue) for queue in QUEUES))


def _health_key(queue: str) -> str:
    """Where ARQ says that a worker of this queue lives."""
    return f"countersign:queue:{queue}:health-check"
