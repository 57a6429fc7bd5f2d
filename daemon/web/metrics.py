"""`/metrics` in Prometheus' text format, for a collector on this machine; counts only, no names and no sums.

Format: prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4. What each means to an operator, and which
alerts look at it: deploy/observability/ and docs/runbook.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter, Request, Response

from daemon.web.measured import Metric, Sample, measured

router = APIRouter()

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """All metrics; 404 for whoever does not ask from this machine, or asks through a proxy.

    Without its database it says so (`countersign_fault{part="database"} 1`) and leaves out what only that knows.
    """
    if not _from_here(request):
        return Response(status_code=404)
    state = request.app.state
    found = await measured(state.watch, state.world)
    return Response("".join(f"{line}\n" for each in found for line in _lines(each)), media_type=CONTENT_TYPE)


def _from_here(request: Request) -> bool:
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return request.client is not None and not forwarded and ip_address(request.client.host).is_loopback


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP countersign_{metric.name} {metric.told}"
    yield f"# TYPE countersign_{metric.name} {'counter' if metric.name.endswith('_total') else 'gauge'}"
    for sample in metric.samples:
        yield f"countersign_{metric.name}{_labels(metric, sample)} {sample.value:.15g}"


def _labels(metric: Metric, sample: Sample) -> str:
    pairs = zip(metric.labels, sample.labels, strict=True)
    inner = ",".join(f'{label}="{_escaped(value)}"' for label, value in pairs)
    return f"{{{inner}}}" if inner else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
