"""A collector of traces on loopback: it takes OTLP over HTTP, as protobuf, and keeps the spans."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from threading import enumerate as threads
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import Status

# The names of the threads of `SpanExport`: OpenTelemetry's and the one that ends it.
_EXPORTING = ("OtelBatchSpanRecordProcessor", "traces")


@dataclass(frozen=True)
class ReceivedSpan:
    """A span as a collector sees it.

    Attributes:
        service: Name of the process.
        name: Its name.
        kind: INTERNAL, PRODUCER, CONSUMER or CLIENT.
        trace_id: Hexadecimal.
        span_id: Hexadecimal.
        parent_id: Hexadecimal; empty at the root.
        attributes: Its own.
        failed: Whether its status is an error.
        seconds: How long it took.
    """

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    failed: bool
    seconds: float


@dataclass
class OtlpReceiver:
    """What came.

    Attributes:
        url: Where it listens.
        spans: All spans so far.
        hangs: Whether calls wait for their answer until the test ends.
    """

    url: str = ""
    spans: list[ReceivedSpan] = field(default_factory=list)
    hangs: bool = False
    ended: Event = field(default_factory=Event)

    def trace(self, trace_id: str) -> list[ReceivedSpan]:
        """The spans of a trace."""
        return [span for span in list(self.spans) if span.trace_id == trace_id]


class _Handler(BaseHTTPRequestHandler):
    receiver: OtlpReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.receiver.hangs:
            self.receiver.ended.wait(60)
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        known = self.path == "/v1/traces" and self.headers["content-type"] == "application/x-protobuf"
        if known:
            self.receiver.spans += _spans(ExportTraceServiceRequest.FromString(body))
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200 if known else 404)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
        """Says nothing."""


@contextmanager
def receiving_traces() -> Iterator[OtlpReceiver]:
    """Runs the collector."""
    receiver = OtlpReceiver()
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.ended.set()
            # One that exports, left behind, would draw its pauses from `random` while another test's examples are made,
            # which Hypothesis takes for an error of theirs.
            for exporting in threads():
                if exporting.name in _EXPORTING:
                    exporting.join(60)
                    assert not exporting.is_alive(), "traces were not closed"
            server.shutdown()
            thread.join()


def _spans(request: ExportTraceServiceRequest) -> list[ReceivedSpan]:
    return [
        _span(str(_attributes(of_process.resource.attributes)["service.name"]), span)
        for of_process in request.resource_spans
        for of_scope in of_process.scope_spans
        for span in of_scope.spans
    ]


def _span(service: str, span: SpanMessage) -> ReceivedSpan:
    return ReceivedSpan(
        service=service,
        name=span.name,
        kind=SpanMessage.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        attributes=_attributes(span.attributes),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    found: list[KeyValue] = list(pairs)
    return {pair.key: _value(pair.value) for pair in found}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None
