"""How records are batched, how a refused batch is searched for the records at fault, how far to commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from consumers.sink import Offsets, Partition, Received
from sessiontrack.errors import TerminalError


class Sized(Protocol):
    """What has a value."""

    @property
    def value(self) -> bytes | None:
        """The framed value; None is a tombstone."""


def batch_length(records: Sequence[Sized], most_records: int, most_bytes: int) -> int:
    """How many of `records` make the next batch: as many as the bounds allow, at least one where there is one.

    Args:
        records: In the order of the log.
        most_records: Bound on records.
        most_bytes: Bound on the sum of their values, bytes; one value beyond it is a batch of its own.
    """
    total = 0
    for count, record in enumerate(records[:most_records]):
        total += len(record.value or b"")
        if total > most_bytes:
            return max(count, 1)
    return min(len(records), most_records)


async def write_or_bisect(
    records: Sequence[Received],
    write: Callable[[Sequence[Received]], Awaitable[Offsets]],
    refuse: Callable[[Received, TerminalError], Awaitable[Offsets]],
) -> Offsets:
    """Writes a batch; halves it where it is refused, until the records at fault stand alone.

    Args:
        records: The batch.
        write: Writes; raises TerminalError for a batch with a record that can't be stored.
        refuse: Takes a record that can't be stored.
    """
    try:
        return await write(records)
    except TerminalError as error:
        if len(records) == 1:
            return await refuse(records[0], error)
    middle = len(records) // 2
    first = await write_or_bisect(records[:middle], write, refuse)
    return latest(first, await write_or_bisect(records[middle:], write, refuse))


def latest(*offsets: Offsets) -> dict[Partition, int]:
    """The furthest offset of each partition."""
    merged: dict[Partition, int] = {}
    for each in offsets:
        for partition, offset in each.items():
            merged[partition] = max(offset, merged.get(partition, 0))
    return merged


def advanced(offsets: Offsets, committed: Mapping[Partition, int]) -> dict[Partition, int]:
    """Those offsets that are further than what is committed."""
    return {partition: offset for partition, offset in offsets.items() if offset > committed.get(partition, -1)}
