from __future__ import annotations

import pytest

from sessiontrack.traces.traceparent import sampled_traceparent

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"


@pytest.mark.parametrize(
    ("value", "sampled"),
    [
        (f"{TRACE}01", True),
        (f"{TRACE}03", True),
        (f"{TRACE}00", False),
        (f"{TRACE}02", False),
        # A later version may say more behind the flags.
        (f"cc{TRACE[2:]}01-what-is-to-come", True),
        (TRACE, False),
        ("01", False),
        ("", False),
    ],
)
def test_only_a_sampled_trace_is_followed(value: str, sampled: bool) -> None:
    headers = [("ce_id", b"01"), ("traceparent", value.encode()), ("content-type", b"application/avro")]
    assert sampled_traceparent(headers) == (value.encode() if sampled else None)


def test_a_record_without_one_has_no_trace() -> None:
    assert sampled_traceparent([]) is None
    assert sampled_traceparent([("ce_id", TRACE.encode() + b"01"), ("traceparent", None)]) is None
