"""Reads what the ledger does not hold yet: from the archive what the log keeps no longer, then the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from aiokafka import ConsumerRecord, TopicPartition

from consumers.archive.layout import Log
from queries.archive import Archive, Segment
from queries.log import read_partition
from queries.verify.cut import Cut
from queries.verify.expected import LogRecord
from schemas.codec import CodecError, Decoder
from schemas.registry import SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.settings import Settings

ItemT = TypeVar("ItemT")
# A batch, which is in memory as decoded events: enough for a session's state to be read and written once for many.
_BATCH_RECORDS = 1_000
_BATCH_BYTES = 16 * 1024 * 1024


class _Raw(NamedTuple):
    """A record that is not decoded yet."""

    offset: int
    key: bytes
    value: bytes | None


class LogSource:
    """Reads the events of all lives of the topic; use it in a `with` block.

    Args:
        settings: Where Kafka and the schema registry are.
        archive: A connection.
        runner: Runs what is asynchronous.
        log: The log that Kafka has now.
        keys: Only records with these keys; None for all.
    """

    def __init__(
        self,
        settings: Settings,
        archive: Archive,
        runner: asyncio.Runner,
        log: Log,
        keys: Container[bytes] | None = None,
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._runner = runner
        self._log = log
        self._keys = keys
        self._registry = SchemaRegistry(settings.registry.url)
        self._decoder = Decoder(EVENTS.schema, self._registry.schema)

    def __enter__(self) -> LogSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self._registry.close()

    def batches(self, begins: Callable[[Log, int], int], cut: Cut) -> Iterator[Sequence[LogRecord]]:
        """The records up to a cut: the older logs first, each batch of one partition.

        Args:
            begins: The first offset to read of a partition of a log.
            cut: Where to end; of no other partition is anything read.

        Raises:
            CorruptSegmentError: What only the archive has is missing or damaged there. To go on without it would make
                surplus of what the stores still have of it.
        """
        for log, partition, segments in self._older(cut):
            begin = begins(log, partition)
            yield from self._decoded(log, partition, _archived(self._archive, segments, begin))
        for partition in sorted(cut.ends):
            begin = begins(self._log, partition.partition)
            yield from self._decoded(self._log, partition.partition, self._records(partition, cut, begin))

    def left(self, begins: Callable[[Log, int], int], cut: Cut) -> int:
        """How many records `batches` will give, as far as offsets tell."""
        now = sum(max(0, end - begins(self._log, partition.partition)) for partition, end in cut.ends.items())
        older = sum(
            max(0, segment.key.last + 1 - max(segment.key.first, begins(log, partition)))
            for log, partition, segments in self._older(cut)
            for segment in segments
        )
        return now + older

    def _older(self, cut: Cut) -> Iterator[tuple[Log, int, list[Segment]]]:
        """The partitions of the logs before this one, the log that began first of all first."""
        numbers = {partition.partition for partition in cut.ends}
        held: dict[Log, dict[int, list[Segment]]] = {}
        for segment in self._archive.segments():
            if segment.key.log != self._log and segment.key.partition in numbers:
                held.setdefault(segment.key.log, {}).setdefault(segment.key.partition, []).append(segment)
        for log in sorted(held, key=lambda log: self._began(held[log])) if len(held) > 1 else held:
            for partition, segments in sorted(held[log].items()):
                yield log, partition, segments

    def _began(self, partitions: dict[int, list[Segment]]) -> int:
        """When a log began, epoch milliseconds: of a session whose records are in two logs the first come first."""
        return min(next(self._archive.records(segments[0]))["timestamp"] for segments in partitions.values())

    def _records(self, partition: TopicPartition, cut: Cut, begin: int) -> Iterator[_Raw]:
        kept, end = cut.begins[partition], cut.ends[partition]
        segments = []
        if begin < kept:
            segments = [each for each in self._archive.segments(partition.partition) if each.key.log == self._log]
        read = self.read(partition, max(begin, kept), end)
        return chain(
            (record for record in _archived(self._archive, segments, begin) if record.offset < kept),
            (_Raw(record.offset, record.key or b"", record.value) for batch in read for record in batch),
        )

    def read(self, partition: TopicPartition, begin: int, end: int) -> Iterator[Sequence[Any]]:
        """The records of a partition that Kafka keeps, in batches."""
        return iterate(self._runner, read_partition(self._settings.kafka, partition, begin, end))

    def _decoded(self, log: Log, partition: int, records: Iterable[_Raw]) -> Iterator[Sequence[LogRecord]]:
        batch: list[LogRecord] = []
        size = 0
        for record in records:
            if self._keys is not None and record.key not in self._keys:
                continue
            batch.append(LogRecord(log, partition, *record, event=self._event(record.value)))
            size += len(record.value or b"")
            if len(batch) >= _BATCH_RECORDS or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _event(self, value: bytes | None) -> Any:
        try:
            return None if value is None else self._decoder.decode(value)
        except CodecError:
            return None


def _archived(archive: Archive, segments: Iterable[Segment], begin: int) -> Iterator[_Raw]:
    """The archived records from an offset on."""
    for segment in segments:
        if segment.key.last >= begin:
            for record in archive.records(segment):
                if record["offset"] >= begin:
                    yield _Raw(record["offset"], record["key"], record["value"])


def iterate(
    runner: asyncio.Runner, batches: AsyncIterator[Sequence[ConsumerRecord]]
) -> Iterator[Sequence[ConsumerRecord]]:
    """An asynchronous iterator from code that is not."""
    while (batch := runner.run(_next(batches))) is not None:
        yield batch


async def _next(items: AsyncIterator[ItemT]) -> ItemT | None:
    return await anext(items, None)
