"""What follows from a record's line and key, and so need not be kept: its identities, its place, and what it says.

The rules are part of the archive's format (docs/archive.md): they depend on JSON and on `sessiontrack.identity` only,
never on how this version of ours derives typed bodies from lines. A rule that changed would break what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from consumers.archive.encoding import SOME, encode_bytes, encode_long
from sessiontrack.identity import entry_key, next_chain, parse_json, uuid_of

# Lines that are nested deeper say nothing: how deep Python can go depends on who calls.
_DEEPEST = 64
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{3}Z")
# What is shorter, and numbers, zstandard makes nearly as small: to look for them takes time by the piece.
_SHORTEST_LEAF = 8
_TIME_LENGTH = len("1970-01-01T00:00:00.000Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ABSENT = b""


class End(NamedTuple):
    """Where a line of a transcript ended.

    Attributes:
        chain: Chain of the line; see `sessiontrack.identity`.
        lines: Lines up to there.
        bytes: Bytes up to there.
    """

    chain: bytes
    lines: int
    bytes: int


class Occurrence(NamedTuple):
    """The line that an event is of, and its place.

    Attributes:
        line: The line, terminator included: at least one byte.
        before: Where the line before ended.
        end: Where it ends.
        family: The event's family.
    """

    line: bytes
    before: End
    end: End
    family: str


def occurrence(line: bytes, before: End, family: str) -> Occurrence:
    """The line that stands behind another one.

    Args:
        line: The line, terminator included.
        before: Where the line before ended.
        family: The event's family.
    """
    end = End(next_chain(before.chain, line), before.lines + 1, before.bytes + len(line))
    return Occurrence(line, before, end, family)


class _TooDeepError(Exception):
    """A line is nested deeper than `_DEEPEST`."""


def known(key: bytes, occurrence: Occurrence | None) -> list[bytes]:
    """Byte strings that a record's content is likely to hold, each known by its number, its place in this list.

    0 the line, 1 the key, 2 the key without its length, 3 the chain before, 4 the chain, 5 the event id, 6 line number
    and byte offset, 7 the entry key; from 8 on what the line says. Encoded as Avro does; empty where it does not apply.

    Args:
        key: The record's key.
        occurrence: What line it is of; None where it is of none.
    """
    if occurrence is None:
        return [_ABSENT, encode_bytes(key), key]
    line, before, end, family = occurrence
    return [
        encode_bytes(line),
        encode_bytes(key),
        key,
        encode_bytes(before.chain),
        encode_bytes(end.chain),
        encode_bytes(uuid_of(family, key, end.chain).encode()),
        encode_long(end.lines) + SOME + encode_long(before.bytes),
        *_said(line),
    ]


def _said(line: bytes) -> list[bytes]:
    """The entry key and the leaves of a line; the key alone, absent, of what is no JSON object."""
    try:
        parsed = parse_json(line)
        if not isinstance(parsed, dict):
            return [_ABSENT]
        leaves: dict[str, None] = {}
        _collect(parsed, leaves, 1)
    except (ValueError, RecursionError, _TooDeepError):
        return [_ABSENT]
    return [encode_bytes(entry_key(parsed)), *_encoded(leaves)]


def _collect(value: Any, leaves: dict[str, None], depth: int) -> None:
    """Strings that are not short, each once, in the order in which they stand."""
    if depth > _DEEPEST:
        raise _TooDeepError
    for each in value.values() if type(value) is dict else value:
        kind = type(each)
        if kind is str:
            if len(each) >= _SHORTEST_LEAF:
                leaves[each] = None
        elif kind is dict or kind is list:
            _collect(each, leaves, depth + 1)


def _encoded(leaves: Iterable[str]) -> list[bytes]:
    encoded = []
    for leaf in leaves:
        encoded.append(encode_bytes(leaf.encode("utf-8", "surrogatepass")))
        if len(leaf) == _TIME_LENGTH and _TIME.fullmatch(leaf):
            encoded += _moment(leaf)
    return encoded


def _moment(text: str) -> tuple[bytes, ...]:
    """A time as epoch milliseconds, and with its zone written in digits; nothing where there is no such day."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ()
    return encode_long((moment - _EPOCH) // _MILLISECOND), encode_bytes(f"{text[:-1]}+00:00".encode())
