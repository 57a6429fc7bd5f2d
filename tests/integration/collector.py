"""A collector of traces on a real socket: takes OTLP over HTTP as protobuf, and keeps what it was sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Received:
    """One span as it came; ids in hex."""

    name: str
    trace: str
    id: str
    parent: str
    facts: dict[str, str | int]
    process: str
    failed: bool
    lasted_ns: int


@dataclass
class Collector:
    """What it got; `answer` is the status it gives."""

    url: str = ""
    answer: int = 200
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def spans(self) -> list[Received]:
        return [span for body in self.bodies for span in _spans(body)]


def _spans(body: bytes) -> Iterator[Received]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        said = {each.key: each.value.string_value for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                facts = {
                    each.key: each.value.int_value
                    if each.value.HasField("int_value")
                    else each.value.string_value
                    for each in span.attributes
                }
                yield Received(
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    facts=facts,
                    process=said.get("service.instance.id", ""),
                    failed=span.status.code == 2,
                    lasted_ns=span.end_time_unix_nano - span.start_time_unix_nano,
                )


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that runs for the length of the block."""
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if kept.answer == 200:
                assert self.path == "/v1/traces"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                kept.bodies.append(body)
                kept.headers.append(dict(self.headers))
            reply = ExportTraceServiceResponse().SerializeToString()
            self.send_response(kept.answer)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        kept.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
