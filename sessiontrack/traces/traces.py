"""The spans of a process, by OpenTelemetry; imported only where traces are on."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from types import MappingProxyType
from typing import Any, Protocol

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Span, SpanKind, StatusCode, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from schemas.headers import TRACEPARENT
from schemas.records import SessionEvent
from sessiontrack import __version__
from sessiontrack.settings import TracesSettings
from sessiontrack.traces import gen_ai, messaging
from sessiontrack.traces.traceparent import sampled_traceparent

_PATH = "/v1/traces"
# A collector that is well takes spans in milliseconds; one that is not costs spans, never an end that is late.
_EXPORT_TIMEOUT_S = 5.0
_LONGEST_CLOSE_S = 2.0
_NS_IN_MS = 1_000_000

_NONE: gen_ai.Attributes = MappingProxyType({})

# A collector that is away is told of by each batch and each try.
_TOLD_AGAIN_AFTER_S = 300.0

_propagator = TraceContextTextMapPropagator()


class SeldomFilter(logging.Filter):
    """Lets one message pass in five minutes."""

    def __init__(self) -> None:
        super().__init__()
        self._told_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the message is logged."""
        if record.created - self._told_at < _TOLD_AGAIN_AFTER_S:
            return False
        self._told_at = record.created
        return True


_seldom = SeldomFilter()


class ReceivedRecord(Protocol):
    """A record that was read from a topic."""

    topic: str
    partition: int
    offset: int
    headers: Any


class Publishing:
    """The spans of an event on its way to the log: `capture`, from the reading of the line, and in it `send`."""

    def __init__(self, capture: Span, send: Span) -> None:
        self._capture = capture
        self._send = send

    @property
    def header(self) -> tuple[str, bytes]:
        """The header that the record carries."""
        return Traces.header(self._send)

    def settle(self, done: asyncio.Future[Any]) -> None:
        """Ends the spans with what the broker said."""
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        if error is None:
            self._send.set_attribute(messaging.OFFSET, done.result().offset)
            self.end()
        else:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Ends the spans of an event that the broker does not have."""
        for span in (self._send, self._capture):
            Traces.note_error(span, error)
        self.end()

    def end(self) -> None:
        """Ends the spans."""
        self._send.end()
        self._capture.end()


class Traces:
    """Begins spans, and sends those that have ended to a collector, in a thread of its own.

    A trace is begun by a producer, for a share of the events; whoever goes on with one follows what its `traceparent`
    says. While the collector is away spans are dropped, and nothing waits.

    Args:
        settings: Where spans go, and of how many events.
        service: Name of the process.
    """

    def __init__(self, settings: TracesSettings, service: str) -> None:
        self._ratio = settings.ratio
        resource = Resource.create(
            {
                "service.namespace": "sessiontrack",
                "service.name": f"sessiontrack-{service}",
                "service.version": __version__,
            }
        )
        # The ratio is drawn before: to ask OpenTelemetry costs as much as a tenth of all that is done for an event.
        self._provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), resource=resource, shutdown_on_exit=False)
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(_seldom)
        exporter = OTLPSpanExporter(f"{settings.endpoint.rstrip('/')}{_PATH}", timeout=_EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("sessiontrack", __version__)
        self._closed = False

    def publish(self, event: SessionEvent, topic: str, partition: int) -> Publishing | None:
        """Begins the spans of an event that is published; None where its trace is not sampled.

        A program that publishes within a span of its own decides, and its trace goes on.
        """
        parent = get_current_span().get_span_context()
        if not (parent.trace_flags.sampled if parent.is_valid else random.random() < self._ratio):  # noqa: S311
            return None
        capture = self._tracer.start_span(
            "capture", attributes=gen_ai.attributes_of(event), start_time=event["captured_at"] * _NS_IN_MS
        )
        send = self._tracer.start_span(
            f"send {topic}",
            context=set_span_in_context(capture),
            kind=SpanKind.PRODUCER,
            attributes=messaging.sending(topic, partition, event["event_id"]),
        )
        return Publishing(capture, send)

    def process(self, record: ReceivedRecord, group: str, attributes: gen_ai.Attributes = _NONE) -> Span | None:
        """Begins the span of a record that is processed; None where it carries no sampled trace.

        Args:
            record: As it was read.
            group: The consumer group.
            attributes: What else the span says.
        """
        value = sampled_traceparent(record.headers)
        if value is None:
            return None
        parent = _propagator.extract({TRACEPARENT: value.decode("ascii", "replace")})
        if not get_current_span(parent).get_span_context().is_valid:
            return None
        return self._tracer.start_span(
            f"process {record.topic}",
            context=parent,
            kind=SpanKind.CONSUMER,
            attributes={
                **attributes,
                **messaging.processing(record.topic, record.partition, record.offset, group),
            },
        )

    def wrote(self, within: Span, store: str, began_ns: int, records: int) -> None:
        """Adds to the span of a record that of the write that stored it, which ends now.

        Args:
            within: Of the record.
            store: Name of the sink.
            began_ns: When the write began, nanoseconds since 1970.
            records: How many were written together.
        """
        self._tracer.start_span(
            f"write {store}",
            context=set_span_in_context(within),
            kind=SpanKind.CLIENT,
            attributes=messaging.writing(store, records),
            start_time=began_ns,
        ).end()

    @staticmethod
    def header(span: Span) -> tuple[str, bytes]:
        """The header of a record that was made within a span."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier, set_span_in_context(span))
        return TRACEPARENT, carrier[TRACEPARENT].encode()

    @staticmethod
    def note_error(span: Span, error: BaseException) -> None:
        """Notes what failed by its type alone: what an error says may quote a record."""
        span.set_status(StatusCode.ERROR)
        span.set_attribute(messaging.ERROR_TYPE, type(error).__name__)

    def close(self) -> None:
        """Sends what has ended, as far as the collector takes it soon."""
        if self._closed:
            return
        self._closed = True
        # The processor's own end waits for as long as the collector takes; a thread can be left behind.
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(_LONGEST_CLOSE_S)
