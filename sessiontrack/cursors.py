"""Opaque cursors: a place, as a text that its holder gives back and nobody else has to understand. Pure."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

from sessiontrack.errors import UsageError

# A place is a few numbers and ids, however long the session's.
_MOST_CHARACTERS = 4_096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The times that a calendar has, epoch milliseconds: what is beyond no store takes. Counts are far below.
EARLIEST_MS = (datetime.min.replace(tzinfo=UTC) - _EPOCH).days * 86_400_000
LATEST_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH).days * 86_400_000 + 86_399_999


def encode_cursor(kind: str, *place: int | str | bool | None) -> str:
    """The cursor of a place.

    Args:
        kind: What is paged; a cursor of one kind is none of another.
        place: What tells the place.
    """
    text = json.dumps([kind, *place], separators=(",", ":"))
    return urlsafe_b64encode(text.encode("ascii")).decode("ascii").rstrip("=")


def decode_cursor(kind: str, cursor: str, *types: type | tuple[type, ...]) -> tuple[Any, ...]:
    """The place that a cursor tells, each value of its type and in bounds.

    Raises:
        UsageError: It is no cursor of this kind.
    """
    try:
        if len(cursor) > _MOST_CHARACTERS:
            raise ValueError("too long")
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found, *place = json.loads(b64decode(padded, altchars=b"-_", validate=True))
        if found == kind and len(place) == len(types) and all(map(_is_sound, place, types)):
            return tuple(place)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        pass
    raise UsageError(f"this is no cursor of {kind}", hint="Give back what came with the page before, as it was.")


def _is_sound(value: Any, types: type | tuple[type, ...]) -> bool:
    wanted = types if isinstance(types, tuple) else (types,)
    # `True` is an int to Python.
    if type(value) not in wanted:
        return False
    if isinstance(value, str):
        # What no store takes as text.
        return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or EARLIEST_MS <= value <= LATEST_MS
