"""Which records carry a sampled trace, and what of it a header tells.

It is looked for in the headers of every record while traces are on: so by hand, and the header is read only of those
that do. Source: https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from schemas.headers import TRACEPARENT

# The second of the two hexadecimal digits of the flags, of which the lowest bit says that the trace is sampled.
_FLAG = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0")
_SAMPLED = frozenset(b"13579bdf")

# Zeros are no ids, ff is no version, and only a later version than 00 may say more behind the flags.
_HEADER = re.compile(
    rb"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?", re.DOTALL
)


class SpanId(NamedTuple):
    """A span among all.

    Attributes:
        trace: Its trace, of 128 bits.
        span: The span in it, of 64 bits.
    """

    trace: int
    span: int


def sampled_span(headers: Iterable[tuple[str, bytes | None]]) -> SpanId | None:
    """The span in which a record was made; None where it names none, or one whose trace is not sampled."""
    for name, value in headers:
        if name == TRACEPARENT:
            if not value or len(value) <= _FLAG or value[_FLAG] not in _SAMPLED:
                return None
            found = _HEADER.fullmatch(value)
            return SpanId(int(found[1], 16), int(found[2], 16)) if found else None
    return None


def traceparent(span: SpanId) -> bytes:
    """The value of the header of what is made in a span of a sampled trace."""
    return b"00-%032x-%016x-01" % span
