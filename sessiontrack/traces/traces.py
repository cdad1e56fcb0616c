"""The spans of a process, by OpenTelemetry; imported only where traces are on."""

from __future__ import annotations

import asyncio
import random
from types import MappingProxyType
from typing import Any, Protocol

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, get_current_span

from schemas.records import SessionEvent
from sessiontrack.settings import TracesSettings
from sessiontrack.traces import gen_ai, messaging
from sessiontrack.traces.export import SpanExport
from sessiontrack.traces.span import Span
from sessiontrack.traces.traceparent import SpanId, sampled_span

_NS_IN_MS = 1_000_000

_NONE: gen_ai.Attributes = MappingProxyType({})

_ids = RandomIdGenerator()


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
        return self._send.header

    def settle(self, done: asyncio.Future[Any]) -> None:
        """Ends the spans with what the broker said."""
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        if error is None:
            self._send.add(messaging.OFFSET, done.result().offset)
            self.end()
        else:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Ends the spans of an event that the broker does not have."""
        for span in (self._send, self._capture):
            span.note_error(error)
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
        self._export = SpanExport(settings.endpoint, service)

    def publish(self, event: SessionEvent, topic: str, partition: int) -> Publishing | None:
        """Begins the spans of an event that is published; None where its trace is not sampled.

        A program that publishes within a span of its own decides, and its trace goes on.
        """
        current = get_current_span().get_span_context()
        if not (current.trace_flags.sampled if current.is_valid else random.random() < self._ratio):  # noqa: S311
            return None
        parent = SpanId(current.trace_id, current.span_id) if current.is_valid else None
        attributes, captured_ns = gen_ai.attributes_of(event), event["captured_at"] * _NS_IN_MS
        capture = self._begin("capture", SpanKind.INTERNAL, parent, attributes, captured_ns)
        sending = messaging.sending(topic, partition, event["event_id"])
        return Publishing(capture, self._begin(f"send {topic}", SpanKind.PRODUCER, capture.span_id, sending))

    def process(self, record: ReceivedRecord, group: str, attributes: gen_ai.Attributes = _NONE) -> Span | None:
        """Begins the span of a record that is processed; None where it carries no sampled trace.

        Args:
            record: As it was read.
            group: The consumer group.
            attributes: What else the span says.
        """
        parent = sampled_span(record.headers)
        if parent is None:
            return None
        processing = messaging.processing(record.topic, record.partition, record.offset, group)
        return self._begin(f"process {record.topic}", SpanKind.CONSUMER, parent, {**attributes, **processing})

    def wrote(self, within: Span, store: str, began_ns: int, records: int) -> None:
        """Adds to the span of a record that of the write that stored it, which ends now.

        Args:
            within: Of the record.
            store: Name of the sink.
            began_ns: When the write began, nanoseconds since 1970.
            records: How many were written together.
        """
        writing = messaging.writing(store, records)
        self._begin(f"write {store}", SpanKind.CLIENT, within.span_id, writing, began_ns).end()

    def close(self) -> None:
        """Sends what has ended, as far as the collector takes it soon."""
        self._export.close()

    def _begin(
        self, name: str, kind: SpanKind, parent: SpanId | None, attributes: gen_ai.Attributes, start_ns: int = 0
    ) -> Span:
        trace = parent.trace if parent else _ids.generate_trace_id()
        span_id = SpanId(trace, _ids.generate_span_id())
        return Span(name, kind, span_id, parent, attributes, start_ns, self._export.take)
