"""Traces by OpenTelemetry: spans are made here, and leave through the door to a collector as OTLP over HTTP.

One trace per mail or upload across all processes: its id is that of `schema.trace`, and every span without a span
around it hangs on the one of the mail's arrival, whose id is derived as well. Off unless an address is set.
Protocol: opentelemetry.io/docs/specs/otlp, OTLP/HTTP with binary protobuf.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import httpx
import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
    use_span,
)

from daemon.redaction import Redaction
from schema.errors import CountersignError, LeakError, TransientError
from schema.trace import Marks, Trace

log = structlog.get_logger(__name__)

SHIP_EVERY_S: Final = 5.0
DEADLINE_S: Final = 10.0
KEPT: Final = 4096
"""Spans that wait for the collector; older ones are dropped while it is away: a trace is no record."""

AT_ONCE: Final = 512

FACTS: Final = frozenset(
    {
        "invoice", "step", "state", "target", "attempts", "job", "outcome", "error", "kind", "method", "status",
        "model", "disposition", "documents", "queue",
    }
)  # fmt: skip
"""All that may be said of a piece of work; words of ours, ids and small counts."""

LARGEST_COUNT: Final = 100_000
WORD: Final = re.compile(r"[\w ./:*()&'-]{1,80}", re.ASCII)

_REDACT: Final = Redaction()


class _Ids(RandomIdGenerator):
    """Random ids, but for the arrival of a mail, whose own are derived; set and used within one call."""

    def __init__(self) -> None:
        self.arrival: SpanContext | None = None

    def generate_trace_id(self) -> int:
        return self.arrival.trace_id if self.arrival else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return self.arrival.span_id if self.arrival else super().generate_span_id()


class _Waiting(SpanProcessor):
    """Keeps ended spans until they are shipped."""

    def __init__(self) -> None:
        self.spans: deque[ReadableSpan] = deque(maxlen=KEPT)

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class _Marks:
    def __init__(self, span: Span) -> None:
        self._span = span

    def mark(self, **facts: str | int) -> None:
        """Put facts on the span."""
        self._span.set_attributes(said(facts))


class OtlpSpans:
    """`schema.trace.Spans` by OpenTelemetry; `keep` ships while it runs, `close` ships what is left."""

    def __init__(
        self, url: str, headers: Mapping[str, str], process: str, transport: httpx.AsyncBaseTransport
    ) -> None:
        """`url` is the collector's base, without `/v1/traces`; `process` tells ours apart."""
        self._url = f"{url.rstrip('/')}/v1/traces"
        self._client = httpx.AsyncClient(
            transport=transport,
            headers={"Content-Type": "application/x-protobuf", "User-Agent": "Countersign", **headers},
            timeout=None,  # noqa: S113 - the total deadline is asyncio's
            follow_redirects=False,
            trust_env=False,
        )
        self._ids, self._waiting = _Ids(), _Waiting()
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource({"service.name": "countersign", "service.instance.id": process}),
            shutdown_on_exit=False,
            id_generator=self._ids,
        )
        provider.add_span_processor(self._waiting)
        self._tracer = provider.get_tracer("countersign")

    @contextmanager
    def span(
        self, name: str, trace: Trace | None = None, *, since_ns: int | None = None, **facts: str | int
    ) -> Iterator[Marks]:
        """The block as a span; the name `mail` is the arrival, on which all others of its trace hang."""
        span = self._begin(name, trace, since_ns, facts)
        try:
            with _current(span):
                yield _Marks(span)
        except BaseException as error:
            # Only the class: the sentence may say what a person wrote.
            span.set_attribute("error", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            span.end()

    def _begin(
        self, name: str, trace: Trace | None, since_ns: int | None, facts: Mapping[str, str | int]
    ) -> Span:
        context = None
        if trace is not None:
            arrival = _arrival(trace)
            context = Context() if name == "mail" else set_span_in_context(NonRecordingSpan(arrival))
            self._ids.arrival = arrival if name == "mail" else None
        try:
            span = self._tracer.start_span(
                name, context=context, attributes=said(facts), start_time=since_ns, record_exception=False
            )
        finally:
            self._ids.arrival = None
        assert isinstance(span, Span)
        return span

    async def keep(self) -> None:
        """Ship what ended, again and again until cancelled."""
        while True:
            await asyncio.sleep(SHIP_EVERY_S)
            await self.ship()

    async def ship(self) -> None:
        """Send what waits; what the collector does not take waits for the next time, as far as there is room."""
        waiting = self._waiting.spans
        while waiting:
            batch = [waiting.popleft() for _ in range(min(AT_ONCE, len(waiting)))]
            try:
                await self._send(encode_spans(batch).SerializeToString())
            except LeakError as error:
                log.error("traces dropped", reason=error.sentence, spans=len(batch))
            except CountersignError as error:
                log.warning("traces not shipped", reason=error.sentence, spans=len(batch))
                waiting.extendleft(reversed(batch[: KEPT - len(waiting)]))
                return

    async def _send(self, body: bytes) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer = await self._client.post(self._url, content=body)
        except (TimeoutError, httpx.HTTPError) as error:
            raise TransientError(f"The collector does not answer ({type(error).__name__}).") from error
        if answer.status_code in (429, 502, 503, 504):
            raise TransientError(f"The collector answered {answer.status_code}.")
        if not answer.is_success:
            # Sent again it would be refused again (OTLP, "Failures").
            log.error("traces refused", status=answer.status_code)

    async def close(self) -> None:
        """Ship what is left and close the connections."""
        try:
            await self.ship()
        finally:
            await self._client.aclose()


def said(facts: Mapping[str, str | int]) -> dict[str, str | int]:
    """Facts as they may leave; ValueError for a name that is none of ours, which is a bug."""
    if unknown := set(facts) - FACTS:
        raise ValueError(f"bug: no fact of a span: {sorted(unknown)}")
    return {name: _word(value) for name, value in facts.items()}


def _word(value: str | int) -> str | int:
    if isinstance(value, int):
        return min(value, LARGEST_COUNT)
    text = str(value)
    return _REDACT.text(text) if WORD.fullmatch(text) else "[hidden]"


@contextmanager
def _current(span: Span) -> Iterator[None]:
    with use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
        yield


def _arrival(trace: Trace) -> SpanContext:
    return SpanContext(
        trace_id=int(trace, 16),
        span_id=int(trace[:16], 16) or 1,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
