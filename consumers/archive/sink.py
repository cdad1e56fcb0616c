"""The archive sink: puts every record of the log into the object store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consumers.archive.entries import Entry, entry
from consumers.archive.layout import Log
from consumers.archive.log import identify_log
from consumers.archive.objects import ObjectStore
from consumers.archive.placement import put_segment
from consumers.archive.segments import PartitionSegments, block_start
from consumers.sink import Offsets, Partition, Received
from schemas.codec import Decoder
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import EVENTS, Topic
from sessiontrack.errors import TransientError
from sessiontrack.settings import Settings

# At a time: while one waits for the disk another one is made. Each has its file, some megabytes, in memory thrice.
_PUTS = 2


@dataclass
class _Assignment:
    """What is held back while the group's assignment of partitions lasts.

    Attributes:
        log: What is read; not known yet at first.
        partitions: What is held of each.
    """

    log: Log | None = None
    partitions: dict[Partition, PartitionSegments] = field(default_factory=dict)

    def add(self, batch: Sequence[Received], now: float) -> None:
        """Takes a batch."""
        by_partition: dict[Partition, list[Entry]] = {}
        for received in batch:
            by_partition.setdefault(received.partition, []).append(received.projection)
        for partition, entries in by_partition.items():
            self.partitions.setdefault(partition, PartitionSegments()).add(entries, now)


class ArchiveSink:
    """Takes every record as it is; holds back what is not worth an object yet, and lets only the durable be committed.

    In memory are the compressed records of one open segment for each partition.
    """

    name = "archive"
    topics: Sequence[Topic] = (EVENTS,)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = ObjectStore(settings.s3)
        self._registry = SchemaRegistry(settings.registry.url)
        self._assignment = _Assignment()
        self._puts = asyncio.Semaphore(_PUTS)

    async def open(self) -> None:
        """Checks that the bucket and the topic are there."""
        await asyncio.to_thread(self._store.check)
        await self._identified()

    def start_offset(self, partition: Partition, committed: int) -> int:
        """The first offset of the block that is open."""
        return block_start(committed)

    def project(self, received: Received, decoder: Decoder) -> Entry:
        """The record as a segment holds it; nothing is refused."""
        return entry(received, decoder)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Adds a batch, and puts the segments that are due."""
        # A rebalance in the midst of this leaves it with what it began with, which nobody looks at afterwards.
        assignment = self._assignment
        if assignment.log is None:
            assignment.log = await self._identified()
        now = time.monotonic()
        # In a thread: a block that is full is compressed.
        await asyncio.to_thread(assignment.add, batch, now)
        return await self._put_due(assignment.log, assignment.partitions, now)

    async def idle(self) -> Offsets:
        """Puts the segments that are due."""
        assignment = self._assignment
        return await self._put_due(assignment.log, assignment.partitions, time.monotonic()) if assignment.log else {}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Forgets what is held back, and the log's id: a topic that is made anew comes as a rebalance.

        aiokafka's rebalances take all partitions away before they give some back.
        """
        self._assignment = _Assignment()

    async def close(self) -> None:
        """Disconnects."""
        self._store.close()
        self._registry.close()

    async def _identified(self) -> Log:
        return await identify_log(self._settings.kafka, self.topics[0].name)

    async def _put_due(self, log: Log, held: Mapping[Partition, PartitionSegments], now: float) -> Offsets:
        # All end before the first error is raised: none may go on behind the back of the next attempt.
        puts = await asyncio.gather(
            *(
                self._put_in_turn(log, partition, segments, now)
                for partition, segments in held.items()
                if segments.due(now)
            ),
            return_exceptions=True,
        )
        for error in filter(None, puts):
            raise error
        return {partition: segments.durable for partition, segments in held.items() if segments.durable is not None}

    async def _put_in_turn(self, log: Log, partition: Partition, segments: PartitionSegments, now: float) -> None:
        async with self._puts:
            await asyncio.to_thread(self._put_partition, log, partition, segments, now)

    def _put_partition(self, log: Log, partition: Partition, segments: PartitionSegments, now: float) -> None:
        for segment in segments.due(now):
            schemas = writer_schemas(self._registry, segment.schema_ids)
            put_segment(self._store, segment.key(log, partition.number), segment, schemas)
            segments.mark_put(segment)


def writer_schemas(registry: SchemaRegistry, schema_ids: Iterable[int]) -> Mapping[int, Any]:
    """The schemas with these ids; what no schema wrote is kept as it is.

    Raises:
        TransientError: The registry does not answer.
    """
    schemas = {}
    for schema_id in schema_ids:
        try:
            schemas[schema_id] = registry.schema(schema_id)
        except RegistryError as error:
            if error.status != 404:
                raise TransientError(str(error)) from error
    return schemas
