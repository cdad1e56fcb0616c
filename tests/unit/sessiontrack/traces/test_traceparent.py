from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sessiontrack.traces.traceparent import SpanId, sampled_span, traceparent

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"
SPAN = SpanId(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7)


@pytest.mark.parametrize(
    ("value", "sampled"),
    [
        (f"{TRACE}01", True),
        (f"{TRACE}03", True),
        (f"{TRACE}00", False),
        (f"{TRACE}02", False),
        # A later version may say more behind the flags; this one may not, and ff is none.
        (f"cc{TRACE[2:]}01-what-is-to-come", True),
        (f"{TRACE}01-what-is-to-come", False),
        (f"ff{TRACE[2:]}01", False),
        (TRACE, False),
        ("01", False),
        ("", False),
        ("1" * 60, False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01", False),
    ],
)
def test_only_a_sampled_trace_is_followed(value: str, sampled: bool) -> None:
    headers = [("ce_id", b"01"), ("traceparent", value.encode()), ("content-type", b"application/avro")]
    assert sampled_span(headers) == (SPAN if sampled else None)


def test_a_record_without_one_has_no_trace() -> None:
    assert sampled_span([]) is None
    assert sampled_span([("ce_id", TRACE.encode() + b"01"), ("traceparent", None)]) is None


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1))
def test_a_header_names_the_span_that_opentelemetry_reads_in_it(trace: int, span: int) -> None:
    value = traceparent(SpanId(trace, span))
    read = TraceContextTextMapPropagator().extract({"traceparent": value.decode()})
    context = get_current_span(read).get_span_context()
    assert (context.trace_id, context.span_id) == sampled_span([("traceparent", value)]) == (trace, span)
    assert context.trace_flags.sampled


@given(st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f][13579bdf](-.{0,3})?", fullmatch=True))
def test_what_is_no_header_for_opentelemetry_is_none_here(value: str) -> None:
    context = get_current_span(TraceContextTextMapPropagator().extract({"traceparent": value})).get_span_context()
    expected = (context.trace_id, context.span_id) if context.is_valid else None
    assert sampled_span([("traceparent", value.encode())]) == expected
