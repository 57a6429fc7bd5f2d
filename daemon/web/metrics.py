"""`/metrics` in Prometheus' text format, for a collector on this machine; counts only, no names and no sums.

Format: prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter, Request, Response

from handlers.world import World
from schema.states import DUE, State

router = APIRouter()

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Samples = Mapping[str, float]


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """All gauges; 404 for whoever does not ask from this machine, or asks through a proxy."""
    if not _from_here(request):
        return Response(status_code=404)
    return Response("\n".join([*await _lines(request.app.state.world), ""]), media_type=CONTENT_TYPE)


def _from_here(request: Request) -> bool:
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return request.client is not None and not forwarded and ip_address(request.client.host).is_loopback


async def _lines(world: World) -> list[str]:
    operations = world.store.operations
    now, counts, gauges = world.clock.now(), await world.store.views.counts(), await operations.gauges()
    proofs = await world.store.mails.last_proofs()
    jobs: dict[str, float] = dict.fromkeys((due.job.value for due in DUE.values()), 0.0)
    for state, due in DUE.items():
        jobs[due.job.value] += counts.get(state, 0)
    tables: tuple[tuple[str, str, str, Samples], ...] = (
        (
            "mailbox_proof_age_seconds",
            "Since the mailbox last answered.",
            "mailbox",
            {mailbox: (now - at).total_seconds() for mailbox, at in proofs.items()},
        ),
        ("invoices", "Invoices by state.", "state", {s.value: counts.get(s, 0) for s in State}),
        ("jobs", "Invoices whose next step is this job, due or waiting.", "job", jobs),
        ("egress", "Requests and mails that left, by kind.", "kind", await operations.egress_counts()),
        ("invoices_due", "Invoices whose step is due now.", "", {"": gauges.due}),
        ("oldest_due_seconds", "How long the oldest of them is due.", "", {"": gauges.oldest_due_s or 0}),
        ("invoices_claimed", "Invoices a worker holds now.", "", {"": gauges.claimed}),
        ("pauses", "Pauses of payments that hold now.", "", {"": gauges.pauses}),
        ("alarms", "Alarms that stand now.", "", {"": gauges.alarms}),
    )
    return [line for name, told, label, samples in tables for line in _metric(name, told, label, samples)]


def _metric(name: str, told: str, label: str, samples: Samples) -> Iterator[str]:
    yield f"# HELP countersign_{name} {told}"
    yield f"# TYPE countersign_{name} gauge"
    for value_of, value in samples.items():
        labels = f'{{{label}="{_escaped(value_of)}"}}' if label else ""
        yield f"countersign_{name}{labels} {value:g}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
