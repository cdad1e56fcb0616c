"""One line of a transcript, exactly as it stood, from the archive alone."""

from __future__ import annotations

from queries.archive import Archive
from queries.export import ExportError
from schemas.records import SessionEvent
from sessiontrack.errors import NotFoundError
from sessiontrack.identity import event_id as event_id_of
from sessiontrack.identity import next_chain
from sessiontrack.settings import Settings


def verbatim_line(settings: Settings, session_id: str, event_id: str) -> bytes:
    """The bytes of a line, terminator included, proven by its chain: the id of its event is made of that.

    Args:
        settings: Where the archive is.
        session_id: The full id of the session.
        event_id: The id of the line's event.

    Raises:
        NotFoundError: The archive has no such line; it is seconds behind the log.
        ExportError: The line is not what it was.
        CorruptSegmentError: A segment is missing or corrupt.
        UnavailableError: The object store does not answer.
    """
    with Archive(settings) as archive:
        for segment in archive.session_segments(session_id):
            for _, event in archive.events(segment, session_id):
                if event["event_id"] == event_id and (line := _line(archive, event)) is not None:
                    return _proven(event, line)
    raise NotFoundError(
        f"the archive has no line {event_id} of session {session_id!r}",
        hint="It is seconds behind the log: ask again with `wait`.",
    )


def _line(archive: Archive, event: SessionEvent) -> bytes | None:
    payload = event["payload"]
    if payload is None or payload["raw"] is not None:
        return payload and payload["raw"]
    return archive.claim(payload["reference"]["key"]) if payload["reference"] else None


def _proven(event: SessionEvent, line: bytes) -> bytes:
    chain = next_chain(event["previous_chain"] or b"", line)
    if event_id_of(event["family"], event["session_id"], chain) != event["event_id"]:
        raise ExportError(f"line {event['line_number']} of session {event['session_id']} is not what was captured")
    return line
