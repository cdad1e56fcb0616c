"""What every vector store makes of the embedded topics before it thinks of its own form. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consumers.sink import Received
from schemas.codec import Decoder
from schemas.topics import CHUNKS, SESSION_VECTORS
from schemas.vectors import space_dimensions, vector_bytes
from sessiontrack.errors import TerminalError

_IDS = {CHUNKS.name: "chunk_id", SESSION_VECTORS.name: "session_id"}


class Embedded(NamedTuple):
    """A record of an embedded topic.

    Attributes:
        topic: Name of its topic.
        id: Of the passage, or of the session.
        space: Its space; None for the tombstone of a passage, which does not tell it.
        record: The record; None for a tombstone.
    """

    topic: str
    id: str
    space: str | None
    record: dict[str, Any] | None


def embedded(received: Received, decoder: Decoder) -> Embedded:
    """Decodes a record.

    Raises:
        CodecError: The value does not decode.
        TerminalError: Its vector is not one of its space, or the key of a tombstone names nothing.
    """
    topic = received.partition.topic
    if received.value is None:
        return _tombstone(topic, received.key)
    record = decoder.decode(received.value)
    _check(record)
    return Embedded(topic, record[_IDS[topic]], record["space"], record)


def _check(record: Mapping[str, Any]) -> None:
    try:
        dimensions = space_dimensions(record["space"])
    except ValueError as error:
        raise TerminalError(str(error)) from error
    if len(record["vector"]) != vector_bytes(dimensions):
        raise TerminalError(f"a vector of {len(record['vector'])} bytes is none of the space {record['space']}")


def _tombstone(topic: str, key: bytes) -> Embedded:
    try:
        removed = key.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TerminalError("the key of a tombstone is not UTF-8") from error
    if topic == CHUNKS.name:
        return Embedded(topic, removed, None, None)
    space, slash, session_id = removed.partition("/")
    if not slash:
        raise TerminalError("the key of a session vector's tombstone is not space/session_id")
    return Embedded(topic, session_id, space, None)
