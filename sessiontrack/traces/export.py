"""Sends spans that have ended to a collector, by OpenTelemetry's queue and exporter, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import cast

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode

from sessiontrack import __version__
from sessiontrack.traces.span import SAMPLED, Span
from sessiontrack.traces.traceparent import SpanId

_PATH = "/v1/traces"
# A collector that is well takes spans in milliseconds; one that is not costs spans, never an end that is late.
_EXPORT_TIMEOUT_S = 5.0
_LONGEST_CLOSE_S = 2.0

# A collector that is away is told of by each batch and each try.
_TOLD_AGAIN_AFTER_S = 300.0

_SCOPE = InstrumentationScope("sessiontrack", __version__)
_STATUS = {False: Status(StatusCode.UNSET), True: Status(StatusCode.ERROR)}


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


class SpanExport:
    """Takes spans that have ended.

    Args:
        endpoint: Address of the collector.
        service: Name of the process.
    """

    def __init__(self, endpoint: str, service: str) -> None:
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(_seldom)
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}{_PATH}", timeout=_EXPORT_TIMEOUT_S)
        self._processor = BatchSpanProcessor(_Exporter(exporter, _resource(service)))
        self._closed = False

    def take(self, span: Span) -> None:
        """Takes a span; while the collector is away the oldest are dropped, and nothing waits."""
        # The queue looks at no more of it than whether it is sampled.
        self._processor.on_end(cast("ReadableSpan", span))

    def close(self) -> None:
        """Sends what it has, as far as the collector takes it soon."""
        if self._closed:
            return
        self._closed = True
        # The processor's own end waits for as long as the collector takes; a thread can be left behind.
        ending = threading.Thread(target=self._processor.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(_LONGEST_CLOSE_S)


class _Exporter(SpanExporter):
    """Makes of spans what OpenTelemetry's exporter takes."""

    def __init__(self, exporter: SpanExporter, resource: Resource) -> None:
        self._exporter = exporter
        self._resource = resource

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([self._readable(span) for span in cast("Sequence[Span]", spans)])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def _readable(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context=_context(span.span_id, is_remote=False),
            parent=span.parent and _context(span.parent, is_remote=span.kind is SpanKind.CONSUMER),
            resource=self._resource,
            attributes=span.attributes,
            kind=span.kind,
            status=_STATUS[span.failed],
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=_SCOPE,
        )


class _Resource(Resource):
    """A resource whose hash is known: the exporter asks for it with every span, and it is made of all attributes."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(resource.attributes, resource.schema_url)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        return self._hash


def _resource(service: str) -> Resource:
    names = {"namespace": "sessiontrack", "name": f"sessiontrack-{service}", "version": __version__}
    return _Resource(Resource.create({f"service.{name}": value for name, value in names.items()}))


def _context(span_id: SpanId, *, is_remote: bool) -> SpanContext:
    return SpanContext(*span_id, is_remote=is_remote, trace_flags=SAMPLED)
