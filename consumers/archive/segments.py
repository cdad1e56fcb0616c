"""How a partition is cut into segments, and when a segment is put. Pure: the clock is an argument.

A block is 4,096 aligned offsets. A segment is a block, or a part of one where the block passes 32 MiB. Which segments
come out depends on the records only, not on where a worker was killed: it begins again at its block's first offset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consumers.archive.container import ContainerBuilder
from consumers.archive.entries import Entry
from consumers.archive.layout import Log, SegmentKey
from consumers.archive.manifest import Manifest, ManifestBuilder
from sessiontrack.errors import SessionTrackError

BLOCK_RECORDS = 4096
SEGMENT_BYTES = 32 * 1024 * 1024
QUIET_S = 1.0
# A partition that is never quiet is still archived in time for whoever exports a session that goes on. A busy one fills
# a block in less, and compresses and puts each record once.
LONGEST_WAIT_S = 30.0


class Segment:
    """A segment that is being filled.

    Attributes:
        full: Nothing can be added any more.
        schema_ids: Schemas that wrote its values.
    """

    def __init__(self, first: int, now: float) -> None:
        self.full = False
        self.schema_ids: set[int] = set()
        self._first = first
        self._end = block_start(first) + BLOCK_RECORDS
        self._last = first
        self._count = 0
        self._bytes = 0
        self._put_count = 0
        self._changed_at = now
        self._waiting_since = now
        self._container = ContainerBuilder()
        self._manifest = ManifestBuilder()

    @property
    def next_offset(self) -> int:
        """The offset after its last record."""
        return self._last + 1

    @property
    def is_put(self) -> bool:
        """Whether all that it holds is durable."""
        return self._put_count == self._count

    def takes(self, entry: Entry) -> bool:
        """Whether a record belongs here."""
        if self.full or entry.offset >= self._end:
            return False
        return self._count == 0 or self._bytes + entry.value_bytes <= SEGMENT_BYTES

    def add(self, entry: Entry, now: float) -> None:
        """Adds a record that belongs here."""
        if self.is_put:
            self._waiting_since = now
        self._changed_at = now
        self._last = entry.offset
        self._count += 1
        self._bytes += entry.value_bytes
        self.full = self.next_offset == self._end
        if entry.schema_id is not None:
            self.schema_ids.add(entry.schema_id)
        self._container.append(entry.record)
        self._manifest.add(entry.offset, entry.identity, entry.digest)

    def is_due(self, now: float) -> bool:
        """Whether it is time to put it."""
        if self.is_put:
            return False
        return self.full or now - self._changed_at >= QUIET_S or now - self._waiting_since >= LONGEST_WAIT_S

    def key(self, log: Log, partition: int) -> SegmentKey:
        """Its key, as it is now."""
        return SegmentKey(log, partition, self._first, self._last)

    def contents(self, key: SegmentKey, schemas: Mapping[int, Any]) -> tuple[bytes, Manifest]:
        """The segment's file and its manifest, as they are now.

        Args:
            key: Its key.
            schemas: The schemas of `schema_ids`.
        """
        content = self._container.content(key.object, schemas)
        return content, self._manifest.manifest(key, content)

    def mark_put(self) -> None:
        """What it holds is durable."""
        self._put_count = self._count


class PartitionSegments:
    """The segments of one partition that are not durable yet, and the open one.

    Attributes:
        durable: The next offset after what is durable; None where nothing is, as far as is known.
    """

    def __init__(self) -> None:
        self.durable: int | None = None
        self._segments: list[Segment] = []
        self._next = -1
        self._batch_start = -1

    def __len__(self) -> int:
        return len(self._segments)

    def add(self, entries: Sequence[Entry], now: float) -> None:
        """Adds records in the order of the log; those that are held already change nothing.

        Args:
            entries: Of one batch.
            now: Seconds, of a monotonic clock.

        Raises:
            SessionTrackError: The offsets went back.
        """
        first = entries[0].offset
        if first < self._batch_start:
            # Only a topic that was made anew under our feet does so: what it holds belongs to another log id.
            raise SessionTrackError(
                f"offsets went back from {self._batch_start} to {first}", hint="Start the worker again."
            )
        self._batch_start = first
        for entry in entries:
            if entry.offset >= self._next:
                self._add(entry, now)

    def due(self, now: float) -> list[Segment]:
        """What is to be put now, in order."""
        return [segment for segment in self._segments if segment.is_due(now)]

    def mark_put(self, segment: Segment) -> None:
        """A segment that was due is durable, and so is all before it."""
        segment.mark_put()
        self.durable = segment.next_offset
        if segment.full:
            self._segments.remove(segment)

    def _close(self) -> None:
        """The open segment gets no more; it is held until it is durable."""
        if self._segments:
            self._segments[-1].full = True
            if self._segments[-1].is_put:
                self._segments.pop()

    def _add(self, entry: Entry, now: float) -> None:
        if not self._segments or not self._segments[-1].takes(entry):
            self._close()
            self._segments.append(Segment(entry.offset, now))
        self._segments[-1].add(entry, now)
        self._next = entry.offset + 1


def block_start(offset: int) -> int:
    """First offset of the block that an offset belongs to."""
    return offset - offset % BLOCK_RECORDS
