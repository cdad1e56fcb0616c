"""What every vector store makes of the embedded topics before it thinks of its own form. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from consumers.sink import Received
from schemas.codec import Decoder
from schemas.topics import CHUNKS, SESSION_VECTORS
from schemas.vectors import decode_vector, space_dimensions
from sessiontrack.errors import TerminalError

_IDS = {CHUNKS.name: "chunk_id", SESSION_VECTORS.name: "session_id"}


class Embedded(NamedTuple):
    """A record of an embedded topic.

    Attributes:
        topic: Name of its topic.
        id: Of the passage, or of the session.
        space: Its space; None for the tombstone of a passage, which does not tell it.
        record: The record without its vector; None for a tombstone.
        vector: Its vector; empty for a tombstone.
    """

    topic: str
    id: str
    space: str | None
    record: dict[str, Any] | None
    vector: Sequence[float]


def embedded(received: Received, decoder: Decoder) -> Embedded:
    """Decodes a record.

    Raises:
        CodecError: The value does not decode.
        TerminalError: Its vector is not one of its space, or the key of a tombstone names nothing.
    """
    topic = received.partition.topic
    if received.value is None:
        return _tombstone(topic, received.key)
    return of_record(topic, decoder.decode(received.value))


def of_record(topic: str, record: dict[str, Any]) -> Embedded:
    """What a record comes to.

    Raises:
        TerminalError: Its vector is not one of its space.
    """
    facts = {name: value for name, value in record.items() if name != "vector"}
    try:
        vector = decode_vector(record["vector"])
        if len(vector) != space_dimensions(record["space"]):
            raise ValueError(f"{len(vector)} numbers")
    except ValueError as error:
        raise TerminalError(f"a vector that is none of its space: {error}") from error
    return Embedded(topic, record[_IDS[topic]], record["space"], facts, vector)


def _tombstone(topic: str, key: bytes) -> Embedded:
    try:
        removed = key.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TerminalError("the key of a tombstone is not UTF-8") from error
    if topic == CHUNKS.name:
        return Embedded(topic, removed, None, None, ())
    space, slash, session_id = removed.partition("/")
    if not slash:
        raise TerminalError("the key of a session vector's tombstone is not space/session_id")
    return Embedded(topic, session_id, space, None, ())
