"""What the archive keeps of a record: the record, folded, and which session and event it is of."""

from __future__ import annotations

import re
from typing import NamedTuple

from consumers.archive.blocks import FoldedRecord, fold_record
from consumers.archive.known import End, Occurrence, occurrence
from consumers.archive.manifest import value_digest
from consumers.sink import Received
from schemas.codec import CodecError, Decoder, schema_id_of
from schemas.records import SessionEvent

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
        digest: The first 16 bytes of the SHA-256 of its value (of nothing, for a tombstone), as a number.
        record: The record, folded.
    """

    offset: int
    value_bytes: int
    schema_id: int | None
    identity: Identity
    digest: int
    record: FoldedRecord


def entry(received: Received, decoder: Decoder) -> Entry:
    """The entry of a record.

    Args:
        received: Of the events topic.
        decoder: Of the events topic.

    Raises:
        RegistryError: The registry does not answer.
    """
    value = received.value
    event = _decoded(value, decoder)
    return Entry(
        offset=received.offset,
        value_bytes=len(value or b""),
        schema_id=_schema_id(value),
        identity=_identity(event) or _stated(received),
        digest=value_digest(value),
        record=fold_record(
            received.offset, received.timestamp, received.key, value, received.headers, _occurrence(event)
        ),
    )


def _schema_id(value: bytes | None) -> int | None:
    try:
        return None if value is None else schema_id_of(value)
    except CodecError:
        return None


def _decoded(value: bytes | None, decoder: Decoder) -> SessionEvent | None:
    """The event as far as its line; None where it does not decode."""
    if value is None:
        return None
    try:
        event: SessionEvent = decoder.decode_before(value, "payload.reference")
    except CodecError:
        return None
    return event


def _identity(event: SessionEvent | None) -> Identity:
    if event is None or not _UUID.fullmatch(event["event_id"]):
        return None
    return event["session_id"], event["event_id"]


def _stated(received: Received) -> Identity:
    event_id = next((value for name, value in received.headers if name == "ce_id" and value), b"")
    try:
        session_id, event = received.key.decode("utf-8"), event_id.decode("ascii")
    except UnicodeDecodeError:
        return None
    return (session_id, event) if session_id and _UUID.fullmatch(event) else None


def _occurrence(event: SessionEvent | None) -> Occurrence | None:
    if event is None or event["payload"] is None or not event["payload"]["raw"]:
        return None
    chain, number, begin = event["previous_chain"], event["line_number"] or 0, event["byte_offset"] or 0
    # Whatever a producer may state: places beyond what a long holds are those of no line.
    if chain is None or number < 1 or begin < 0:
        return None
    return occurrence(event["payload"]["raw"], End(chain, number - 1, begin), event["family"])
