"""What the archive keeps of a record: its bytes as they stand in a segment, and which session and event it is of."""

from __future__ import annotations

import re
from typing import NamedTuple

from consumers.archive.container import encode_record
from consumers.sink import Received
from schemas.codec import CodecError, Decoder, schema_id_of
from schemas.records import SessionEvent
from schemas.registry import RegistryError

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Session id and event id; None where a record has none.
Identity = tuple[str, str] | None


class Entry(NamedTuple):
    """A record of the log, ready for its segment.

    Attributes:
        offset: Its offset.
        value_bytes: Length of its value.
        schema_id: The schema that wrote its value; None where none did.
        identity: Its session and event.
        encoded: The record in the segment's format.
    """

    offset: int
    value_bytes: int
    schema_id: int | None
    identity: Identity
    encoded: bytes


def entry(received: Received, decoder: Decoder) -> Entry:
    """The entry of a record.

    Args:
        received: Of the events topic.
        decoder: For the records of producers that set no headers.

    Raises:
        RegistryError: The registry does not answer.
    """
    value = received.value
    return Entry(
        offset=received.offset,
        value_bytes=len(value or b""),
        schema_id=_schema_id(value),
        identity=_stated(received) or _decoded(value, decoder),
        encoded=encode_record(received.offset, received.timestamp, received.key, value, received.headers),
    )


def _schema_id(value: bytes | None) -> int | None:
    try:
        return None if value is None else schema_id_of(value)
    except CodecError:
        return None


def _stated(received: Received) -> Identity:
    event_id = next((value for name, value in received.headers if name == "ce_id" and value), b"")
    try:
        session_id, event = received.key.decode("utf-8"), event_id.decode("ascii")
    except UnicodeDecodeError:
        return None
    return (session_id, event) if session_id and _UUID.fullmatch(event) else None


def _decoded(value: bytes | None, decoder: Decoder) -> Identity:
    if value is None:
        return None
    try:
        event: SessionEvent = decoder.decode(value)
    except CodecError:
        return None
    except RegistryError as error:
        if error.status == 404:
            return None
        raise
    return (event["session_id"], event["event_id"]) if _UUID.fullmatch(event["event_id"]) else None
