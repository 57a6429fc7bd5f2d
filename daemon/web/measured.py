"""What `/metrics` tells: asked of database, Redis, disk and backups at each scrape, so it survives restarts.

Labels are states, queues, steps, rules, classes of errors and the like, all of them bounded: never a vendor, a
person or an invoice.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from daemon.backup import backups, taken_at
from daemon.condition import UNASKABLE, Fault, Part, Watch, faults_now
from daemon.queue import manned
from handlers.world import World
from schema.errors import TransientError
from schema.ledger import DeliveryStatus
from schema.migrate import migrations
from schema.states import DUE, Queue, State
from schema.store.measures import MeasureStore, ModelSpend

STAGES_OF: Final = timedelta(hours=24)
"""Stage times are those of the last day: long enough to have some, short enough to show today."""

MOST_MODELS: Final = 20
"""Names of models come from outside; what is beyond so many is told as `other`."""

KINDS: Final = ("model", "messenger", "mail", "bank", "fetch", "ledger", "identity", "traces")
REASONS: Final = ("account", "secret", "code")


@dataclass(frozen=True)
class Sample:
    """One value, with the values of its metric's labels."""

    value: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metric:
    """A metric without the prefix `countersign_`; a name that ends with `_total` only grows."""

    name: str
    told: str
    labels: tuple[str, ...]
    samples: tuple[Sample, ...]


async def measured(watch: Watch, world: World) -> list[Metric]:
    """Everything there is to tell now; without the database what is known without it."""
    faults = await faults_now(watch)
    found = [*_of_this_build(), _of_the_condition(faults)]
    found += await asyncio.to_thread(_of_the_disk, watch, world.clock.now())
    found += await _of_the_workers(watch)
    if any(fault.part in UNASKABLE for fault in faults):
        return found
    try:
        found += await _of_the_street(world)
        found += await _of_the_measures(world.store.measures, world.clock.now())
    except TransientError:
        return found
    return found


def _by(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    samples = tuple(Sample(value, (key,)) for key, value in values.items())
    return Metric(name, told, (label,), samples)


def _one(name: str, told: str, value: float) -> Metric:
    return Metric(name, told, (), (Sample(value),))


@cache
def _of_this_build() -> tuple[Metric, ...]:
    newest = migrations()[-1][0]
    sample = Sample(1, (version("countersign"), newest))
    return (Metric("build_info", "Always 1; what runs here.", ("version", "schema"), (sample,)),)


def _of_the_condition(faults: Iterable[Fault]) -> Metric:
    standing = Counter(fault.part.value for fault in faults)
    parts = {part.value: float(standing[part.value]) for part in Part}
    return _by("fault", "Faults that /readyz tells of now, by part.", "part", parts)


async def _of_the_workers(watch: Watch) -> list[Metric]:
    try:
        there = await manned(watch.redis)
    except TransientError:
        there = dict.fromkeys(Queue, False)
    told = "Whether a worker of this queue says that it lives."
    return [_by("queue_worker_up", told, "queue", {queue.value: float(up) for queue, up in there.items()})]


def _of_the_disk(watch: Watch, now: datetime) -> list[Metric]:
    folders = {"blobs": watch.settings.blobs_folder, "backups": watch.settings.backup_folder}
    free = {name: float(shutil.disk_usage(path).free) for name, path in folders.items() if path.is_dir()}
    found = [_by("disk_free_bytes", "Room left where files are kept.", "folder", free)]
    if (age := _newest_backup_s(watch.settings.backup_folder, now)) is not None:
        found.append(_one("backup_age_seconds", "Since the newest complete backup was begun.", age))
    return found


def _newest_backup_s(folder: Path, now: datetime) -> float | None:
    for name in reversed(backups(folder)):
        # A file that somebody put there under a name of their own is no backup of ours.
        with suppress(ValueError):
            return (now - taken_at(name)).total_seconds()
    return None


async def _of_the_street(world: World) -> list[Metric]:
    operations = world.store.operations
    now, counts, gauges = world.clock.now(), await world.store.views.counts(), await operations.gauges()
    proofs = await world.store.mails.last_proofs()
    ages = {mailbox: (now - at).total_seconds() for mailbox, at in proofs.items()}
    jobs: Counter[str] = Counter({due.job.value: 0 for due in DUE.values()})
    for state, due in DUE.items():
        jobs[due.job.value] += counts.get(state, 0)
    egress: Mapping[str, float] = dict.fromkeys(KINDS, 0) | await operations.egress_counts()
    return [
        _by("mailbox_proof_age_seconds", "Since the mailbox last answered.", "mailbox", ages),
        _by("invoices", "Invoices by state.", "state", {s.value: counts.get(s, 0) for s in State}),
        _by("jobs", "Invoices whose next step is this job, due or waiting.", "job", jobs),
        _by("egress", "Requests and mails that left, by kind.", "kind", egress),
        _one("invoices_due", "Invoices whose step is due now.", gauges.due),
        _one("oldest_due_seconds", "How long the oldest of them is due.", gauges.oldest_due_s or 0),
        _one("invoices_claimed", "Invoices a worker holds now.", gauges.claimed),
        _one("pauses", "Pauses of payments that hold now.", gauges.pauses),
        _one("alarms", "Alarms that stand now.", gauges.alarms),
    ]


async def _of_the_measures(measures: MeasureStore, now: datetime) -> list[Metric]:
    due: Counter[str] = Counter({queue.value: 0 for queue in Queue})
    oldest: dict[str, float] = {queue.value: 0 for queue in Queue}
    for each in await measures.due():
        queue = DUE[each.state].queue.value
        due[queue] += each.due
        oldest[queue] = max(oldest[queue], each.oldest_s)
    refusals = {(kind, reason): 0 for kind in KINDS for reason in REASONS}
    refusals |= {(each.kind, each.reason): each.refused for each in await measures.refusals()}
    failures = tuple(Sample(each.invoices, (each.step, each.error)) for each in await measures.failures())
    return [
        _by("queue_due", "Invoices whose step is due now, by queue.", "queue", due),
        _by("queue_oldest_due_seconds", "How long the oldest of them is due, by queue.", "queue", oldest),
        _by("held", "Invoices held now, by the rule that held them, else by the step.", "reason",
            await measures.held()),
        Metric("held_failures", "Invoices held now because a step failed or used up its attempts.",
               ("step", "error"), failures),
        *await _of_the_stages(measures, now),
        *_of_the_models(await measures.spend()),
        *await _of_the_deliveries(measures),
        Metric("egress_refusals_total", "What the door refused to let out.", ("kind", "reason"),
               tuple(Sample(count, labels) for labels, count in refusals.items())),
    ]  # fmt: skip


async def _of_the_stages(measures: MeasureStore, now: datetime) -> list[Metric]:
    stages = await measures.stages(now - STAGES_OF)
    samples = [
        Sample(value, (stage.state.value, quantile))
        for stage in stages
        for quantile, value in (("0.5", stage.p50_s), ("0.95", stage.p95_s))
    ]
    left = {stage.state.value: float(stage.stays) for stage in stages}
    told = "How long invoices stood in the states they left in the last day."
    return [
        Metric("stage_seconds", told, ("state", "quantile"), tuple(samples)),
        _by("stage_left", "How many times a state was left in the last day.", "state", left),
    ]


def _of_the_models(spend: Iterable[ModelSpend]) -> list[Metric]:
    usd: dict[str, float] = {}
    answers: dict[str, float] = {}
    for place, each in enumerate(spend):
        model = each.model if place < MOST_MODELS else "other"
        usd[model] = usd.get(model, 0) + each.usd
        answers[model] = answers.get(model, 0) + each.answers
    return [
        _by("model_spend_usd", "What the newest question about each invoice cost, by model.", "model", usd),
        _by("model_answers", "Invoices whose newest answer came from this model.", "model", answers),
    ]


async def _of_the_deliveries(measures: MeasureStore) -> list[Metric]:
    found = await measures.deliveries()
    batches = dict.fromkeys((status.value for status in DeliveryStatus), 0.0)
    batches |= {each.status: float(each.batches) for each in found}
    waits = next((each.oldest_s for each in found if each.status == DeliveryStatus.WAITING), 0.0)
    told = "Batches for the ledger, by how their newest delivery stands."
    return [
        _by("ledger_deliveries", told, "status", batches),
        _one("ledger_oldest_waiting_seconds", "How long the oldest waiting batch is on its way.", waits),
    ]
