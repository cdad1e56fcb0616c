"""The events that a store is made of: what the archive holds of every log, then what the present log has beyond it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from aiokafka import ConsumerRecord, TopicPartition

from consumers.archive.layout import Log
from consumers.archive.log import identify_log
from consumers.batching import batch_length
from operations.rebuild.cursor import Cursor, Gap, gaps, in_order, left_to_read, name_of
from operations.rebuild.source import Chunk, Origin
from queries.archive import Archive, Segment
from queries.lag import LogPositions
from queries.log import read_partition
from schemas.codec import CodecError, Decoder
from schemas.records import SessionEvent
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.errors import UnavailableError, UsageError
from sessiontrack.settings import Settings
from streams.batch import Placed

# Of one chunk. Enough for a session to be written once for many of its events; in memory are some chunks, decoded.
_CHUNK_EVENTS = 2_000
_CHUNK_BYTES = 8 * 1024 * 1024


class EventSource:
    """Reads events, partition by partition.

    Args:
        settings: Where everything is.
        archive: A connection; not used where only the log is read.
        current: The present log.
        logs: The logs to read, the oldest first; the present one is the last.
        segments: The archived segments to read, by partition, in order.
        begins: First offset that the present log keeps, by partition.
    """

    def __init__(
        self,
        settings: Settings,
        archive: Archive,
        current: Log,
        logs: Sequence[Log],
        segments: dict[int, list[Segment]],
        begins: Mapping[int, int],
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._current = current
        self._logs = logs
        self._segments = segments
        self._begins = begins
        self._registry = SchemaRegistry(settings.registry.url)
        self._decoder = Decoder(EVENTS.schema, self._registry.schema)

    async def ends(self) -> dict[int, int]:
        """The end offset of each partition of the present log, as of now."""
        async with LogPositions(self._settings) as positions:
            return {place.partition: end for place, end in (await positions.ends([EVENTS])).items()}

    def left(self, partition: int, cursor: Cursor, end: int) -> int:
        """How many records are left to read of a partition before an end of the present log."""
        left = left_to_read(self._segments.get(partition, ()), self._logs, cursor)
        archived, read_to = 0, cursor.offset if self._is_current(cursor) else 0
        for segment in left:
            at = cursor.offset if name_of(segment.key.log) == cursor.log else 0
            archived += segment.key.last + 1 - max(segment.key.first, at)
            if segment.key.log == self._current:
                read_to = segment.key.last + 1
        return archived + max(0, end - read_to)

    async def read(self, partition: int, cursor: Cursor, end: int) -> AsyncIterator[Chunk]:
        """The events behind a cursor, in order: the archived ones, then those of the log before its end."""
        segments = left_to_read(self._segments.get(partition, ()), self._logs, cursor)
        async for chunk in self._read_archived(segments, cursor):
            cursor = chunk.cursor
            yield chunk
        begin = cursor.offset if self._is_current(cursor) else 0
        place = TopicPartition(EVENTS.name, partition)
        async for batch in read_partition(self._settings.kafka, place, begin, end):
            for records in _bounded(batch):
                chunk = await asyncio.to_thread(self._logged, records, cursor)
                cursor = chunk.cursor
                yield chunk

    def left_before_log(self) -> int:
        """How many archived records the present log does not keep, and those that share a segment with them."""
        segments = [segment for partition in self._segments for segment in self._before_log(partition)]
        return sum(segment.key.last + 1 - segment.key.first for segment in segments)

    async def read_before_log(self, partition: int) -> AsyncIterator[Chunk]:
        """The events of those records, in order."""
        async for chunk in self._read_archived(self._before_log(partition), Cursor()):
            yield chunk

    def close(self) -> None:
        """Disconnects."""
        self._registry.close()

    def _is_current(self, cursor: Cursor) -> bool:
        return cursor.log == name_of(self._current)

    def _before_log(self, partition: int) -> list[Segment]:
        begin = self._begins[partition]
        return [
            segment
            for segment in self._segments.get(partition, ())
            if segment.key.log != self._current or segment.key.first < begin
        ]

    async def _read_archived(self, segments: Iterable[Segment], cursor: Cursor) -> AsyncIterator[Chunk]:
        for segment in segments:
            chunks = self._archived(segment, cursor)
            # In a thread: a segment is fetched, decompressed and decoded.
            while chunk := await asyncio.to_thread(next, chunks, None):
                cursor = chunk.cursor
                yield chunk

    def _archived(self, segment: Segment, cursor: Cursor) -> Iterator[Chunk]:
        log = name_of(segment.key.log)
        begin = cursor.offset if cursor.log == log else 0
        position, read_to = cursor.position, max(begin, segment.key.first)
        events: list[Placed] = []
        size = 0
        for record, event in self._archive.events(segment):
            if record["offset"] < begin:
                continue
            events.append((position, event))
            position += 1
            size += len(record["value"] or b"")
            if len(events) == _CHUNK_EVENTS or size >= _CHUNK_BYTES:
                after = record["offset"] + 1
                yield Chunk(events, Cursor(log, after, position), after - read_to)
                events, size, read_to = [], 0, after
        end = max(segment.key.last + 1, read_to)
        yield Chunk(events, Cursor(log, end, position), end - read_to)

    def _logged(self, records: Sequence[ConsumerRecord], cursor: Cursor) -> Chunk:
        events: list[Placed] = []
        for record in records:
            event = self._decoded(record.value)
            if event is not None:
                events.append((cursor.position + len(events), event))
        begin = cursor.offset if self._is_current(cursor) else 0
        after = Cursor(name_of(self._current), records[-1].offset + 1, cursor.position + len(events))
        return Chunk(events, after, after.offset - begin)

    def _decoded(self, value: bytes | None) -> SessionEvent | None:
        """The event in a value; None for what the stages set aside because it does not decode."""
        try:
            event: SessionEvent | None = None if value is None else self._decoder.decode(value)
        except CodecError:
            return None
        except RegistryError as error:
            raise UnavailableError(str(error), hint="Start the stack with `sessiontrack up`.") from error
        return event


async def open_source(
    settings: Settings, archive: Archive, origin: Origin | None, *, accept_gaps: bool = False
) -> tuple[EventSource, Origin]:
    """The source of all events.

    Args:
        settings: Where everything is.
        archive: A connection; not used where the log is named as origin.
        origin: Where to begin; None for the log where it has everything, else the archive.
        accept_gaps: Go on also where events are missing.

    Raises:
        UsageError: The log does not have everything, or events are missing from both.
        UnavailableError, TransientError: A server does not answer.
    """
    current = await identify_log(settings.kafka, EVENTS.name)
    async with LogPositions(settings) as positions:
        begins = {place.partition: begin for place, begin in (await positions.begins([EVENTS])).items()}
    is_whole = not any(begins.values())
    if origin == "log":
        if not is_whole and not accept_gaps:
            raise UsageError(
                f"the log keeps events from offset {max(begins.values()):,} on only",
                hint="Take the earlier ones from the archive: --from archive.",
            )
        if not accept_gaps and await asyncio.to_thread(archive.logs) - {current}:
            raise UsageError(
                "the log has begun anew, and does not have the events of the one before it",
                hint="Take those from the archive: --from archive.",
            )
        return EventSource(settings, archive, current, [current], {}, begins), "log"
    segments = await asyncio.to_thread(archive.segments)
    others = {segment.key.log for segment in segments} - {current}
    if origin is None and is_whole and not others:
        return EventSource(settings, archive, current, [current], {}, begins), "log"
    logs = [*await asyncio.to_thread(oldest_first, archive, segments, others), current]
    ordered = in_order(segments, logs)
    if not accept_gaps:
        _refuse(gaps(ordered, current, begins))
    by_partition: dict[int, list[Segment]] = {}
    for segment in ordered:
        by_partition.setdefault(segment.key.partition, []).append(segment)
    return EventSource(settings, archive, current, logs, by_partition, begins), "archive"


def oldest_first(archive: Archive, segments: Iterable[Segment], logs: set[Log]) -> list[Log]:
    """Logs by the time of their first record.

    Args:
        archive: A connection.
        segments: Of all logs.
        logs: Those that are asked for.
    """
    if len(logs) < 2:
        return list(logs)
    begun: dict[Log, int] = {}
    for (log, _), found in groupby(sorted(segments, key=lambda each: each.key), lambda each: each.key[:2]):
        if log in logs:
            first = next(iter(archive.records(next(found))))["timestamp"]
            begun[log] = min(first, begun.get(log, first))
    return sorted(logs, key=lambda log: (begun[log], log))


def _refuse(missing: Sequence[Gap]) -> None:
    if missing:
        named = "; ".join(f"partition {each.partition}: {each.first:,} to {each.last:,}" for each in missing[:5])
        raise UsageError(
            f"events are missing from the archive, and the log does not have them: {named}"
            + (f" and {len(missing) - 5} more gaps" if len(missing) > 5 else ""),
            hint="What is rebuilt would lack them. Mend the archive from a copy of its bucket, or add --accept-gaps.",
        )


def _bounded(batch: Sequence[ConsumerRecord]) -> Iterator[Sequence[ConsumerRecord]]:
    while batch:
        length = batch_length(batch, _CHUNK_EVENTS, _CHUNK_BYTES)
        yield batch[:length]
        batch = batch[length:]
