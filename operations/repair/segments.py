"""Writes segments of the archive again, from the records that the log still keeps, with the sink's own code."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from aiokafka import TopicPartition

from consumers.archive.blocks import ArchiveRecord
from consumers.archive.container import CorruptSegmentError
from consumers.archive.entries import entry
from consumers.archive.layout import Log
from consumers.archive.objects import ObjectStore
from consumers.archive.placement import put_segment
from consumers.archive.segments import BLOCK_RECORDS, LONGEST_WAIT_S, PartitionSegments, block_start
from consumers.archive.sink import writer_schemas
from consumers.sink import Partition, Received
from queries.archive import Archive
from queries.verify.cut import Cut
from queries.verify.expected import Block
from queries.verify.source import LogSource
from schemas.codec import Decoder
from schemas.registry import SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.settings import Settings


class SegmentWriter:
    """Writes blocks of the archive again; use it in a `with` block.

    Args:
        settings: Where the object store and the schema registry are.
        archive: A connection.
        source: Reads the log.
        log: The log that Kafka has now.
        cut: What it keeps.
    """

    def __init__(self, settings: Settings, archive: Archive, source: LogSource, log: Log, cut: Cut) -> None:
        self._archive = archive
        self._source = source
        self._log = log
        self._cut = cut
        self._store = ObjectStore(settings.s3)
        self._registry = SchemaRegistry(settings.registry.url)
        self._decoder = Decoder(EVENTS.schema, self._registry.schema)

    def __enter__(self) -> SegmentWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self._store.close()
        self._registry.close()

    def write(self, blocks: Collection[Block]) -> int:
        """Puts the segments of some blocks again; returns how many.

        A block of an older log can't be made again: only the archive had it.

        Raises:
            TransientError: The object store or the registry does not answer.
        """
        starts = {
            (block.partition, block_start(offset))
            for block in blocks
            if block.log == self._log
            for offset in (block.first, block.end - 1)
        }
        return sum(self._write(partition, first) for partition, first in sorted(starts))

    def _write(self, partition: int, first: int) -> int:
        records = self._records(partition, first, first + BLOCK_RECORDS)
        if not records:
            return 0
        segments = PartitionSegments()
        segments.add([entry(records[offset], self._decoder) for offset in sorted(records)], now=0.0)
        due = segments.due(now=LONGEST_WAIT_S)
        for segment in due:
            key = segment.key(self._log, partition)
            put_segment(self._store, key, segment, writer_schemas(self._registry, segment.schema_ids), again=True)
        return len(due)

    def _records(self, partition: int, first: int, end: int) -> dict[int, Received]:
        """The records of a block by offset: what is readable in the archive, and what the log keeps."""
        place = TopicPartition(EVENTS.name, partition)
        kept, last = self._cut.begins[place], self._cut.ends[place]
        records = {}
        if first < kept:
            for archived in self._archived(partition, first, end):
                headers = [(header["name"], header["value"] or b"") for header in archived["headers"]]
                records[archived["offset"]] = _received(partition, archived["offset"], archived, headers)
        for batch in self._source.read(place, max(first, kept), min(end, last)):
            for each in batch:
                found = {"timestamp": each.timestamp, "key": each.key or b"", "value": each.value}
                records[each.offset] = _received(partition, each.offset, found, each.headers)
        return records

    def _archived(self, partition: int, first: int, end: int) -> Iterator[ArchiveRecord]:
        for segment in self._archive.segments(partition):
            if segment.key.log == self._log and first <= segment.key.first < end:
                try:
                    yield from self._archive.records(segment)
                except CorruptSegmentError:
                    continue


def _received(partition: int, offset: int, found: Any, headers: Any) -> Received:
    place = Partition(EVENTS.name, partition)
    return Received(place, offset, found["timestamp"], found["key"], found["value"], headers)
