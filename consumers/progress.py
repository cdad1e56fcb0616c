"""What is taken from the log and not yet committed, as the metrics show it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import groupby
from typing import NamedTuple

from consumers.reader import Polled, Position, place_of
from consumers.sink import Partition
from sessiontrack.telemetry.metrics import WorkerMetrics


class _Run(NamedTuple):
    """Consecutive records of one partition in one batch."""

    last: int
    records: int
    oldest_ms: int


class Progress:
    """Counts in records that are read and records that are committed, and tells how far each partition is.

    Args:
        metrics: Where it is shown.
    """

    def __init__(self, metrics: WorkerMetrics) -> None:
        self._metrics = metrics
        self._assignment = 0
        self._held: dict[Partition, deque[_Run]] = {}
        self._shown: set[Partition] = set()

    def take(self, polled: Polled) -> None:
        """Notes what was read."""
        self._follow(polled.assignment)
        self._metrics.received(len(polled.records))
        for place, consecutive in groupby(polled.records, place_of):
            run = list(consecutive)
            held = self._held.setdefault(Partition(*place), deque())
            held.append(_Run(run[-1].offset, len(run), run[0].timestamp))

    def settle(self, assignment: int, positions: Mapping[Partition, Position], refused: int) -> None:
        """Notes what is committed.

        Args:
            assignment: Under which it was read; nothing is noted of one that is over.
            positions: Of every partition of the assignment.
            refused: How many of the records that were settled became dead letters.
        """
        if assignment < self._assignment:
            return
        self._follow(assignment)
        settled = sum(self._settled(partition, position.committed) for partition, position in positions.items())
        self._metrics.written(max(0, settled - refused))
        self.show(positions)

    def show(self, positions: Mapping[Partition, Position]) -> None:
        """Shows how far each partition is, also while nothing is settled because the store is away.

        Args:
            positions: Of every partition of the assignment.
        """
        for partition, position in positions.items():
            held = self._held.get(partition)
            oldest_ms = held[0].oldest_ms if held else None
            self._metrics.position(*partition, lag=position.lag, oldest_ms=oldest_ms, as_of_ms=position.as_of_ms)
        self._shown.update(positions)

    def _settled(self, partition: Partition, committed: int) -> int:
        held, count = self._held.get(partition), 0
        while held and held[0].last < committed:
            count += held.popleft().records
        return count

    def _follow(self, assignment: int) -> None:
        """A new assignment begins again at what is committed: what was in hand is nobody's, or another worker's."""
        if assignment == self._assignment:
            return
        self._assignment = assignment
        self._held.clear()
        for partition in self._shown:
            self._metrics.release(*partition)
        self._shown.clear()
