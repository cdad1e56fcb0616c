"""The stages' state as a Faust table: RocksDB on disk, with a changelog in Kafka that outlives the disk.

The changelog is written first, through our own producer, and then applied to the disk by the very code that Faust
recovers with. So each batch reaches the disk at once or not at all, the disk never holds what the changelog lacks, and
every write is awaited; `table[key] = value` would send later, one message and one task at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from faust import App
from faust.types import TP, TableT

from schemas.topics import STREAMS_STATE
from streams.batch import State
from streams.publisher import Publisher, Record

_NAME = "state"
# No session's key: those have a slash.
_NEXT = b"next"
_OFFSET = Struct(">Q")
# For each of 12 partitions: RocksDB's own defaults would let memory grow to GiB.
_ROCKSDB = {
    "driver": "rocksdict",
    "write_buffer_size": 4 * 1024 * 1024,
    "max_write_buffer_number": 2,
    "block_cache_size": 4 * 1024 * 1024,
    "max_open_files": 64,
}


class _Applied(NamedTuple):
    """A changelog record as the table applies it."""

    tp: TP
    partition: int
    offset: int
    key: bytes
    value: bytes | None


class _Change(NamedTuple):
    message: _Applied


def state_table(app: App) -> TableT[bytes, bytes]:
    """Declares the table."""
    return app.Table(
        _NAME,
        key_type=bytes,
        value_type=bytes,
        partitions=STREAMS_STATE.partitions,
        options=dict(_ROCKSDB),
        extra_topic_configs=STREAMS_STATE.config,
    )


def hold_flow_until_sought(app: App, table: TableT[bytes, bytes]) -> None:
    """Keeps events back while the consumer seeks to the committed offsets.

    After the recovery of its tables Faust first opens the partitions, then seeks, and then empties the queues: events
    that came in between would be neither processed nor read again.
    """

    @table.on_recover
    async def hold() -> None:
        app.consumer.stop_flow()


def read_partition(table: Any, partition: int) -> State:
    """The stages' state of one partition, read where RocksDB keeps it.

    `table.get` finds the partition by the event that a stream is at, and looks each key up twice.
    """
    database: State = table.data._db_for_partition(partition)
    return database


def next_offset(state: State) -> int:
    """The first offset of a partition that is not in its state."""
    stored = state.get(_NEXT)
    return int(_OFFSET.unpack(stored)[0]) if stored else 0


def next_offset_write(offset: int) -> dict[bytes, bytes]:
    """The write, the last one of a batch, that says where the next batch begins."""
    return {_NEXT: _OFFSET.pack(offset)}


async def write_table(table: Any, publisher: Publisher, writes: Mapping[int, Mapping[bytes, bytes | None]]) -> None:
    """Writes to partitions of the table.

    Args:
        table: The table.
        publisher: Sends the changelog.
        writes: Values by key, by partition, in the order in which they are to be written; None deletes.
    """
    topic = table.changelog_topic_name
    places = {TopicPartition(topic, partition): changes for partition, changes in writes.items() if changes}
    if not places:
        return
    sent = await publisher.send(
        {place: [Record(key, value, []) for key, value in changes.items()] for place, changes in places.items()}
    )
    table.apply_changelog_batch(
        [
            _Change(_Applied(TP(*place), place.partition, offset, key, value))
            for place, changes in places.items()
            for offset, (key, value) in zip(sent[place], changes.items(), strict=True)
        ]
    )
