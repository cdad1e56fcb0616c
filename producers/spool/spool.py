"""The spool: a queue of events on disk, bounded, that outlives its process.

An event that was appended is in the system's page cache: it survives the process, killed or not. `sync` brings it to
the disk itself; the emitter does so every second, so a power failure costs at most the last second of what was
accepted (the broker's own acknowledgement is no more than the page cache either).

Whole segments are removed once all of their events are acknowledged. After a crash the events of a segment that was
sent in part are sent again; their ids are the same, so readers drop the repeats.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import structlog

from producers.spool.folders import SpoolFolder, new_folder, orphans, set_aside_path, spool_size
from producers.spool.segments import SegmentWriter, framed, read_records, sync_to_disk
from sessiontrack.disk import disk_space
from sessiontrack.errors import TransientError
from sessiontrack.folders import private_folder

# Small enough that acknowledged events are soon off the disk, and that little is sent twice after a crash.
_SEGMENT_BYTES = 4 * 1024 * 1024
_FULL_HINT = (
    "Start the broker (`sessiontrack up`; `sessiontrack doctor` says what is wrong), and the spool empties by itself; "
    "or raise SESSIONTRACK_CAPTURE__SPOOL_BYTES."
)

log = structlog.get_logger(__name__)


class Spooled(NamedTuple):
    """An event in the spool.

    Attributes:
        schema: The schema that it was written with, as JSON.
        value: The event, framed.
    """

    schema: bytes
    value: bytes


@dataclass(slots=True)
class _Segment:
    folder: SpoolFolder
    path: Path
    acknowledged: int = 0
    read: int = 0
    schema: bytes = b""


class Spool:
    """Appends events, and reads them in the order in which they were appended.

    Args:
        root: Holds the folders of all emitters that share the bound.
        schema: The schema of the events that are appended, as JSON.
        limit_bytes: How much all folders in `root` may hold.
        reserve_bytes: What is to stay free on their disk.
    """

    def __init__(self, root: Path, schema: bytes, limit_bytes: int, reserve_bytes: int) -> None:
        self.root = root
        self._schema = schema
        self._limit = limit_bytes
        self._reserve = reserve_bytes
        self._own: SpoolFolder | None = None
        self._adopted: list[SpoolFolder] = []
        self._segments: deque[_Segment] = deque()
        self._writer: SegmentWriter | None = None
        self._number = 0
        self._unsynced: set[Path] = set()

    @property
    def is_empty(self) -> bool:
        """Whether all that was appended or adopted is acknowledged."""
        return not self._segments

    def adopt(self) -> None:
        """Takes over what processes left that are gone; it is read first."""
        folders = orphans(self.root)
        found = [_Segment(folder, path) for folder in folders for path in folder.segments()]
        self._segments.extendleft(reversed(found))
        self._adopted += folders
        self._release_empty()
        if found:
            log.info("events of an earlier process wait on disk; they are sent first", segments=len(found))

    def append(self, values: Sequence[bytes]) -> None:
        """Appends framed events, all or none of them.

        Raises:
            TransientError: The spool or the disk is full.
        """
        records = b"".join(map(framed, values))
        try:
            if self._writer is None or self._writer.size + len(records) > _SEGMENT_BYTES:
                self._next_segment(len(records))
            assert self._writer is not None
            self._writer.append(records)
        except OSError as error:
            # Whatever the disk made of the write: what is readable of this segment stays, and nothing comes behind it.
            self._close_writer()
            raise TransientError(f"the spool in {self.root} takes no events: {error}", hint=_FULL_HINT) from error
        self._unsynced.add(self._writer.path)

    def read(self, limit_bytes: int) -> list[Spooled]:
        """The next events that were not read yet, all of one segment; none where all were.

        Args:
            limit_bytes: How much of them; at least one, however large.
        """
        for segment in self._segments:
            if events := self._read(segment, limit_bytes):
                return events
        return []

    def acknowledge(self) -> None:
        """What was read is on the broker: removes the segments of which nothing is left."""
        for segment in list(self._segments):
            segment.acknowledged = segment.read
            if not self._is_read(segment):
                break
            if self._writer and self._writer.path == segment.path:
                self._close_writer()
            segment.path.unlink(missing_ok=True)
            self._segments.popleft()
        self._release_empty()

    def rewind(self) -> None:
        """Reads again from the first event that is not acknowledged."""
        for segment in self._segments:
            segment.read = segment.acknowledged

    def set_aside(self, event: Spooled) -> Path:
        """Keeps an event that can't be published out of the way of the others, in a segment of its own.

        Returns:
            The segment; nothing ever reads it but a person.

        Raises:
            OSError: The disk does not take it.
        """
        path = set_aside_path(self.root, sha256(event.value).hexdigest()[:16])
        path.unlink(missing_ok=True)
        writer = SegmentWriter(path, event.schema)
        try:
            writer.append(framed(event.value))
        finally:
            writer.close()
        return path

    def sync(self) -> None:
        """Brings what was appended to the disk itself; it blocks, and may run in another thread.

        Raises:
            OSError: The disk does not take it.
        """
        paths, self._unsynced = self._unsynced, set()
        for path in (*paths, *{path.parent for path in paths}):
            sync_to_disk(path)

    def close(self) -> None:
        """Lets go of the folders; what is not acknowledged stays for the next emitter."""
        self._close_writer()
        for folder in (*self._adopted, *([self._own] if self._own else [])):
            folder.release()
        self._own, self._adopted = None, []
        self._segments.clear()

    def _next_segment(self, wanted: int) -> None:
        size = max(wanted, _SEGMENT_BYTES)
        private_folder(self.root)
        if (held := spool_size(self.root).bytes) + size > self._limit:
            raise TransientError(f"the spool in {self.root} is full: {held:,} bytes wait there", hint=_FULL_HINT)
        disk = disk_space(self.root, self._reserve)
        if disk.free - size < disk.reserve:
            raise TransientError(
                f"the disk of {self.root} is nearly full: {disk.free:,} bytes are free, {disk.reserve:,} stay so",
                hint=_FULL_HINT,
            )
        if self._own is None:
            self._own = new_folder(self.root)
        self._number += 1
        writer = SegmentWriter(self._own.segment_path(self._number), self._schema)
        self._close_writer()
        self._writer = writer
        self._segments.append(_Segment(self._own, writer.path))

    def _read(self, segment: _Segment, limit_bytes: int) -> list[Spooled]:
        end = self._end(segment)
        if segment.read >= end:
            return []
        events: list[Spooled] = []
        taken = 0
        with segment.path.open("rb") as file:
            file.seek(segment.read)
            for position, body in read_records(file, end):
                if not segment.schema:
                    segment.schema = body
                    segment.acknowledged = segment.read = position
                    continue
                events.append(Spooled(segment.schema, body))
                segment.read = position
                taken += len(body)
                if taken >= limit_bytes:
                    return events
        if segment.read < end and not events:
            self._pass_over(segment, end)
        return events

    def _pass_over(self, segment: _Segment, end: int) -> None:
        log.warning("the end of a spooled segment was torn and is passed over", bytes=end - segment.read)
        segment.read = end

    def _is_read(self, segment: _Segment) -> bool:
        return segment.read >= self._end(segment)

    def _end(self, segment: _Segment) -> int:
        if self._writer and self._writer.path == segment.path:
            return self._writer.size
        try:
            return segment.path.stat().st_size
        except FileNotFoundError:
            return 0

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer:
            writer.close()

    def _release_empty(self) -> None:
        waiting = {segment.folder.path for segment in self._segments}
        for folder in self._adopted:
            if folder.path not in waiting:
                folder.release()
        self._adopted = [folder for folder in self._adopted if folder.path in waiting]
