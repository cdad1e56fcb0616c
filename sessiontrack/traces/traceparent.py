"""Which records carry a sampled trace.

It is looked for in the headers of every record while traces are on: so by hand, and OpenTelemetry sees only those that
do. Source: https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas.headers import TRACEPARENT

# The second of the two hexadecimal digits of the flags, of which the lowest bit says that the trace is sampled.
_FLAG = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0")
_SAMPLED = frozenset(b"13579bdf")


def sampled_traceparent(headers: Iterable[tuple[str, bytes | None]]) -> bytes | None:
    """The `traceparent` of a record whose trace is sampled; None where it has none, or its trace is not."""
    for name, value in headers:
        if name == TRACEPARENT:
            return value if value and len(value) > _FLAG and value[_FLAG] in _SAMPLED else None
    return None
