"""Transcripts that were put away whole and never change: compressed files, and archives in a database.

Two forms: the lines of the transcript, and, in cold storage, an envelope of JSON lines of which those of the kind
`event` hold a row each.

Source: src/config/sessions/session-cold-storage-codec.ts of OpenClaw.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from producers.clawdbot.batches import Batch, Gathering
from producers.clawdbot.checkpoints import Stamp
from producers.clawdbot.compressed import decompressed, lines_of
from producers.clawdbot.discover import recognise
from producers.clawdbot.fields import mapping, storable, text
from producers.clawdbot.file_names import archive_name_facts
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey, GenerationStamp
from producers.transcript import (
    RewrittenError,
    Transcript,
    TranscriptPosition,
    TranscriptSource,
    head_event,
    lifecycle_event,
)
from schemas.records import SessionEvent, TranscriptState
from sessiontrack.identity import parse_json

_BLOCK_BYTES = 64 * 1024
# A header is among the first lines, or there is none.
_FIRST_LINES = 64
_ACTIONS = {"RESET": "reset", "DELETED": "deleted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A transcript that was put away.

    Attributes:
        key: Which one it is.
        source: Whose it is.
        state: What it is by now: RESET, DELETED, or LIVE where it was only moved to cold storage.
        archived_at: When it was put away, epoch milliseconds.
        stamp: What it looks like.
        content: Its content, decompressed, in pieces; read anew at each call.
        events: What else is to be sent with it.
    """

    key: GenerationKey
    source: TranscriptSource
    state: TranscriptState
    archived_at: int | None
    stamp: GenerationStamp
    content: Callable[[], Iterator[bytes]]
    events: tuple[SessionEvent, ...] = ()


def archive_batches(
    archive: Archive, known: TranscriptPosition | None, clock: Callable[[], int], *, known_ended: bool = False
) -> Iterator[Batch]:
    """Reads an archive.

    Args:
        archive: The archive.
        known: What was sent of the session while it was live: where the archive begins with just that, it is not sent
            again.
        clock: Gives the time, epoch milliseconds.
        known_ended: The archive stands for what was live: where it does not begin with that, the head of that is sent.

    Yields:
        Batches: what is not known of the lines, then the head, and what it says of the session's life.

    Raises:
        TerminalError: It is damaged; what comes before is sent.
        OSError: It can't be read.
    """
    transcript, lines = _continued(archive, known)
    gathered = Gathering(list(archive.events))
    if known_ended and known is not None and known["lines"] and not transcript.position["lines"]:
        gathered.events.append(
            head_event(archive.source, known, reason="REWRITTEN", state="REPLACED", captured_at=clock())
        )
    now = clock()
    for line in lines:
        gathered.add(transcript.append(line, captured_at=now), len(line), transcript.fault)
        if gathered.full:
            yield _batch(archive, transcript, gathered)
            gathered, now = Gathering(), clock()
    gathered.events += _closing(archive, transcript.position, now)
    yield _batch(archive, transcript, gathered, whole=True)


def transcript_lines(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The transcript's lines: the lines themselves, or the rows in an envelope."""
    first = next(lines, None)
    if first is None:
        return
    if cold_session_id(first) is None:
        yield from chain([first], lines)
        return
    for line in lines:
        record = _object(line)
        row = text(mapping(record.get("row")).get("event_json"))
        if record.get("kind") == "event" and row is not None:
            yield row.encode("utf-8", "surrogatepass") + b"\n"


def cold_session_id(line: bytes) -> str | None:
    """The session that the first line of an envelope names; None where it is none."""
    header = _object(line)
    return text(header.get("sessionId")) if header.get("kind") == "header" else None


def file_content(path: Path) -> Iterator[bytes]:
    """The content of a compressed file, in pieces.

    Raises:
        TerminalError: It is damaged.
        OSError: It can't be read.
    """
    with path.open("rb") as file:
        yield from decompressed(iter(lambda: file.read(_BLOCK_BYTES), b""))


def file_stamp(path: Path) -> GenerationStamp:
    """What tells that a file is another one.

    Raises:
        OSError: It can't be read.
    """
    stamp = Stamp.of(path.stat())
    # As a text: an inode may be beyond the integers of JSON readers.
    return str(stamp.inode), stamp.size, stamp.modified_ns


def session_of_file(path: Path) -> str | None:
    """The session of a compressed file, by its content; None where it is no transcript.

    Raises:
        TerminalError: It is damaged.
        OSError: It can't be read.
    """
    lines = lines_of(file_content(path))
    first = next(lines, None)
    facts = archive_name_facts(path.name)
    if first is None or facts is None:
        return None
    cold = cold_session_id(first)
    if cold is not None:
        return str(storable(cold))
    return recognise(path.with_name(os.path.basename(facts.live_name)), islice(chain([first], lines), _FIRST_LINES))


def _continued(archive: Archive, known: TranscriptPosition | None) -> tuple[Transcript, Iterator[bytes]]:
    """The reducer, and the lines that it has not seen."""
    if known is not None and known["lines"]:
        lines = transcript_lines(lines_of(archive.content()))
        try:
            return Transcript.resume(archive.source, known, islice(lines, known["lines"])), lines
        except RewrittenError:
            pass
    return Transcript(archive.source), transcript_lines(lines_of(archive.content()))


def _closing(archive: Archive, position: TranscriptPosition, now: int) -> Iterable[SessionEvent]:
    if not position["lines"]:
        return
    yield head_event(
        archive.source,
        position,
        reason="ARCHIVED",
        state=archive.state,
        captured_at=now,
        archived_at=archive.archived_at,
    )
    if archive.state in _ACTIONS and archive.archived_at is not None:
        yield lifecycle_event(
            archive.source, _ACTIONS[archive.state], archive.archived_at, provenance="INFERRED", captured_at=now
        )


def _batch(archive: Archive, transcript: Transcript, gathered: Gathering, *, whole: bool = False) -> Batch:
    checkpoint = GenerationCheckpoint(
        key=archive.key,
        position=transcript.position,
        stamp=archive.stamp if whole else (),
        headed=whole,
        ended=whole,
    )
    return Batch(
        gathered.events,
        checkpoint,
        lines=gathered.lines,
        bytes=gathered.bytes,
        unparsed=gathered.unparsed,
        faults=gathered.faults,
    )


def _object(line: bytes) -> dict[str, Any]:
    try:
        return mapping(parse_json(line))
    except (ValueError, RecursionError):
        return {}
