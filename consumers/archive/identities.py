"""Which session and event a record is of: from its key and headers, so that a sink need not decode it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from consumers.archive.segments import Identity
from consumers.sink import Received
from schemas.codec import CodecError, Decoder
from schemas.records import SessionEvent
from schemas.registry import RegistryError
from sessiontrack.errors import TransientError

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def identities(records: Sequence[Received], decoder: Decoder) -> list[Identity]:
    """The identity of each record.

    Args:
        records: Of the events topic.
        decoder: For the records of producers that set no headers; may ask the registry, so call this in a thread.

    Raises:
        TransientError: The registry does not answer.
    """
    return [_stated(record) or _decoded(record, decoder) for record in records]


def _stated(record: Received) -> Identity:
    event_id = next((value for name, value in record.headers if name == "ce_id" and value), b"")
    try:
        session_id, event = record.key.decode("utf-8"), event_id.decode("ascii")
    except UnicodeDecodeError:
        return None
    return (session_id, event) if session_id and _UUID.fullmatch(event) else None


def _decoded(record: Received, decoder: Decoder) -> Identity:
    if record.value is None:
        return None
    try:
        event: SessionEvent = decoder.decode(record.value)
    except CodecError:
        return None
    except RegistryError as error:
        if error.status == 404:
            return None
        raise TransientError(str(error)) from error
    return (event["session_id"], event["event_id"]) if _UUID.fullmatch(event["event_id"]) else None
