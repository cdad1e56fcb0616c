"""The spans of the records that a sink stores and that carry a sampled trace: from the reading to the commit."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from consumers.reader import Polled, Position
from consumers.sink import Partition, Received

if TYPE_CHECKING:
    from sessiontrack.traces.span import Span
    from sessiontrack.traces.traces import Traces


class Traced(NamedTuple):
    """A traced record that is read and not committed yet."""

    partition: Partition
    offset: int
    span: Span


class SinkTrace:
    """Keeps a span for each traced record until the record is committed: until it is durable in the store.

    Args:
        traces: Begins the spans.
        store: Name of the sink.
        group: Its consumer group.
    """

    def __init__(self, traces: Traces, store: str, group: str) -> None:
        self._traces = traces
        self._store = store
        self._group = group
        self._assignment = 0
        self._held: dict[Partition, deque[Traced]] = {}

    def take(self, polled: Polled, positions: Mapping[Partition, Position]) -> list[Traced]:
        """Begins the spans of what was read.

        Args:
            polled: What was read.
            positions: How far each partition is: what is committed, and read once more to go on from, is not traced.
        """
        if polled.assignment != self._assignment:
            # What was in hand is read again, here or elsewhere, and gets spans there.
            self._assignment = polled.assignment
            self._held.clear()
        begun = []
        for record in polled.records:
            span = self._traces.process(record, self._group)
            if span is None:
                continue
            traced = Traced(Partition(record.topic, record.partition), record.offset, span)
            if not _is_committed(traced, positions):
                begun.append(traced)
                self._held.setdefault(traced.partition, deque()).append(traced)
        return begun

    def wrote(self, written: Sequence[Traced], began_ns: int, records: int) -> None:
        """Notes that the sink took a batch.

        Args:
            written: What of it is traced.
            began_ns: When the write began, nanoseconds since 1970.
            records: All of its records.
        """
        for traced in written:
            self._traces.wrote(traced.span, self._store, began_ns, records)

    def refused(self, record: Received, error: Exception) -> None:
        """Notes that a record became a dead letter."""
        for traced in self._held.get(record.partition, ()):
            if traced.offset == record.offset:
                traced.span.note_error(error)

    def settle(self, positions: Mapping[Partition, Position]) -> None:
        """Ends the spans of what is committed."""
        for held in self._held.values():
            while held and _is_committed(held[0], positions):
                held.popleft().span.end()


def _is_committed(traced: Traced, positions: Mapping[Partition, Position]) -> bool:
    position = positions.get(traced.partition)
    return position is not None and traced.offset < position.committed
