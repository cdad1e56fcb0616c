"""How far the events of a partition are read, over all the logs that the archive holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from consumers.archive.layout import Log
from queries.archive import Segment
from sessiontrack.errors import SessionTrackError


class Cursor(NamedTuple):
    """Where to read on.

    Attributes:
        log: The log that was read last, as `name_of` names it; empty before the first event.
        offset: Its next offset.
        position: Events read so far, over all logs: what the stages take for the position in the log, since offsets
            begin at 0 again with each log.
    """

    log: str = ""
    offset: int = 0
    position: int = 0


class Gap(NamedTuple):
    """Offsets that neither the archive nor the log has.

    Attributes:
        log: Of this log.
        partition: Of this partition.
        first: First of them.
        last: Last of them.
    """

    log: str
    partition: int
    first: int
    last: int


def name_of(log: Log) -> str:
    """The name of a log."""
    return f"{log.cluster_id}/{log.log_id}"


def in_order(segments: Iterable[Segment], logs: Sequence[Log]) -> list[Segment]:
    """A partition's segments, the oldest log first.

    Args:
        segments: Of one partition.
        logs: All logs, in their order.
    """
    return sorted(segments, key=lambda segment: (logs.index(segment.key.log), segment.key.first))


def left_to_read(segments: Iterable[Segment], logs: Sequence[Log], cursor: Cursor) -> list[Segment]:
    """The segments that hold events behind a cursor.

    Args:
        segments: Of one partition, in order.
        logs: All logs, in their order.
        cursor: How far the partition is read.

    Raises:
        SessionTrackError: The archive does not know the log that the cursor is in.
    """
    if not cursor.log:
        return list(segments)
    names = [name_of(log) for log in logs]
    if cursor.log not in names:
        raise SessionTrackError(
            f"the log {cursor.log}, of which a part was read, is in the archive no more",
            hint="Give the rebuild up with --abandon, and begin it again.",
        )
    place = names.index(cursor.log)
    return [
        segment
        for segment in segments
        if (names.index(name_of(segment.key.log)), segment.key.last) >= (place, cursor.offset)
    ]


def gaps(segments: Sequence[Segment], current: Log, begins: Mapping[int, int]) -> list[Gap]:
    """The offsets that are missing between segments, and between the last one and what the log keeps.

    Args:
        segments: Of all partitions; those of each in order.
        current: The present log.
        begins: First offset that the present log keeps, by partition.
    """
    ends: dict[tuple[Log, int], int] = {}
    found = []
    for segment in segments:
        log, partition, first, last = segment.key
        expected = ends.get((log, partition), 0)
        if first > expected:
            found.append(Gap(name_of(log), partition, expected, first - 1))
        ends[log, partition] = max(last + 1, expected)
    for partition, begin in begins.items():
        end = ends.get((current, partition), 0)
        if begin > end:
            found.append(Gap(name_of(current), partition, end, begin - 1))
    return found
