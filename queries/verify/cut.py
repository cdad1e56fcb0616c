"""A cut through the log, and waiting until every hop of the pipeline has passed it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from queries.lag import READS, LogPositions
from schemas.topics import DERIVED, EVENTS
from sessiontrack.errors import UnavailableError

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Cut:
    """Offsets that bound what is compared.

    Attributes:
        begins: First offset that the log still keeps, for each partition of the events.
        ends: End offset of each partition of the events.
    """

    begins: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]

    @property
    def records(self) -> int:
        """Records before the cut that the log still keeps."""
        return sum(end - self.begins[partition] for partition, end in self.ends.items())

    def of_partitions(self, numbers: Iterable[int]) -> Cut:
        """The cut through some partitions only."""
        partitions = [TopicPartition(EVENTS.name, number) for number in sorted(set(numbers))]
        return Cut({each: self.begins[each] for each in partitions}, {each: self.ends[each] for each in partitions})


async def make_cut(positions: LogPositions) -> Cut:
    """A cut at the present end of the events."""
    return Cut(await positions.begins([EVENTS]), await positions.ends([EVENTS]))


async def wait_for_pipeline(
    positions: LogPositions, cut: Cut, *, stall_s: float, progress: Callable[[str, int], None]
) -> None:
    """Waits until the streams have passed the cut, then until each sink has passed what they made of it.

    Args:
        positions: A connection to the log.
        cut: What is to be passed.
        stall_s: Seconds without any progress after which a worker counts as stuck.
        progress: Told of the worker that is waited for, and its lag.

    Raises:
        UnavailableError: A worker makes no progress.
    """
    await wait_for_worker("streams", positions, cut.ends, stall_s, progress)
    derived = await positions.ends(DERIVED)
    targets = {**cut.ends, **derived}
    for worker in ("archive", "postgres", "opensearch"):
        names = {topic.name for topic in READS[worker]}
        reached = {partition: end for partition, end in targets.items() if partition.topic in names}
        await wait_for_worker(worker, positions, reached, stall_s, progress)


async def wait_for_worker(
    worker: str,
    positions: LogPositions,
    targets: Mapping[TopicPartition, int],
    stall_s: float,
    progress: Callable[[str, int], None],
) -> None:
    """Waits until a worker's group has committed what comes before some offsets.

    Args:
        worker: Name of the worker.
        positions: A connection to the log.
        targets: The offset of each partition of its topics that is to be reached.
        stall_s: Seconds without any progress after which it counts as stuck.
        progress: Told of the worker, and its lag.

    Raises:
        UnavailableError: It makes no progress.
    """
    begins = await positions.begins(READS[worker])
    moved, previous = time.monotonic(), -1
    while lag := behind(await positions.committed(worker), targets, begins):
        progress(worker, lag)
        if lag != previous:
            moved, previous = time.monotonic(), lag
        if time.monotonic() - moved > stall_s:
            raise UnavailableError(
                f"worker {worker} is {lag} records behind and made no progress for {stall_s:.0f} s",
                hint="Look at `sessiontrack status`; `sessiontrack up` starts what does not run.",
            )
        await asyncio.sleep(POLL_SECONDS)


def behind(
    committed: Mapping[TopicPartition, int], targets: Mapping[TopicPartition, int], begins: Mapping[TopicPartition, int]
) -> int:
    """How many records are left before the targets; a partition that was never committed begins at its first record."""
    return sum(
        max(0, target - max(committed.get(partition, 0), begins[partition])) for partition, target in targets.items()
    )
