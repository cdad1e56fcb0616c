"""Reads the fields of a JSON object as the types they should have.

A transcript may hold anything: what has the wrong type reads as None, and never raises.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

# 9999-12-31T23:59:59.999Z, the last moment that Python, PostgreSQL and OpenSearch all can hold.
LAST_MOMENT = 253_402_300_799_999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# In JSON what `storable` replaces can only come from escapes: raw it is no JSON, or no UTF-8.
UNSTORABLE_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def text(value: Any) -> str | None:
    """The text, or None."""
    return value if isinstance(value, str) else None


def mapping(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def flag(value: Any) -> bool | None:
    """The truth value, or None."""
    return value if isinstance(value, bool) else None


def integer(value: Any, *, bits: int = 64) -> int | None:
    """The number, rounded, if a signed integer of so many bits holds it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    number = round(value)
    return number if -(1 << (bits - 1)) <= number < 1 << (bits - 1) else None


def epoch_ms(value: Any) -> int | None:
    """A time in epoch milliseconds, no earlier than 1970 and no later than `LAST_MOMENT`.

    Args:
        value: ISO 8601 text (UTC where it names no zone), or a number of milliseconds.
    """
    moment = _iso_ms(value) if isinstance(value, str) else integer(value)
    return None if moment is None else min(max(moment, 0), LAST_MOMENT)


def json_text(value: Any) -> str | None:
    """Compact JSON of a value; None for null."""
    return None if value is None else _JSON.encode(value)


def storable(value: Any) -> Any:
    """The value with U+FFFD for what no store takes as text: NUL and lone surrogates.

    Raises:
        RecursionError: It is nested too deep.
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    return value


def _iso_ms(value: str) -> int | None:
    try:
        moment = datetime.fromisoformat(value)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None
