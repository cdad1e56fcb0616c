"""A span while it lasts.

OpenTelemetry's own, with its limits, locks and samplers, takes four times as long to make, and most of what traces cost
was that: so this one holds what a span says, and becomes one of OpenTelemetry's in the thread that exports it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from schemas.headers import TRACEPARENT
from sessiontrack.traces import messaging
from sessiontrack.traces.traceparent import SpanId, traceparent

# All there are belong to sampled traces: of others no span is made.
SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class Span:
    """What a part of the work on a record was, and when.

    Args:
        name: What was done.
        kind: As OpenTelemetry tells them.
        span_id: The span.
        parent: The span within which it is; None for the first one of a trace.
        attributes: What it says; not changed.
        start_ns: When it began, nanoseconds since 1970; 0 for now.
        ended: Takes it when it ends.
    """

    __slots__ = ("attributes", "end_ns", "ended", "failed", "kind", "name", "parent", "span_id", "start_ns")

    # What OpenTelemetry's queue looks at, to refuse what is not sampled.
    context = SpanContext(1, 1, is_remote=False, trace_flags=SAMPLED)

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        span_id: SpanId,
        parent: SpanId | None,
        attributes: Mapping[str, Any],
        start_ns: int,
        ended: Callable[[Span], None],
    ) -> None:
        self.name = name
        self.kind = kind
        self.span_id = span_id
        self.parent = parent
        self.attributes = attributes
        self.start_ns = start_ns or time.time_ns()
        self.end_ns = 0
        self.failed = False
        self.ended = ended

    @property
    def header(self) -> tuple[str, bytes]:
        """The header of a record that is made within it."""
        return TRACEPARENT, traceparent(self.span_id)

    def add(self, name: str, value: str | int) -> None:
        """Says one thing more."""
        self.attributes = {**self.attributes, name: value}

    def note_error(self, error: BaseException) -> None:
        """Notes what failed by its type alone: what an error says may quote a record."""
        self.failed = True
        self.add(messaging.ERROR_TYPE, type(error).__name__)

    def end(self) -> None:
        """Ends it now."""
        self.end_ns = time.time_ns()
        self.ended(self)
