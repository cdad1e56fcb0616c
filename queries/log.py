"""Reads a topic up to a cut, outside of any consumer group."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from sessiontrack.settings import KafkaSettings

# A verify reads whole topics: large fetches, at most this much in memory.
_FETCH_BYTES = 16 * 1024 * 1024
_POLL_RECORDS = 5_000


async def read_partition(
    settings: KafkaSettings, partition: TopicPartition, begin: int, end: int
) -> AsyncIterator[Sequence[ConsumerRecord]]:
    """The records of a partition with `begin` <= offset < `end`, in batches.

    Args:
        settings: Where Kafka is.
        partition: What to read.
        begin: First offset; what is no longer kept is passed over.
        end: An end offset that the partition has reached.

    Raises:
        KafkaError: Kafka does not answer.
    """
    if begin >= end:
        return
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_bytes=_FETCH_BYTES,
        max_poll_records=_POLL_RECORDS,
    )
    try:
        await consumer.start()
        consumer.assign([partition])
        consumer.seek(partition, begin)
        # The position passes `end` also where the last records before it were compacted away.
        while await consumer.position(partition) < end:
            polled = await consumer.getmany(partition, timeout_ms=500)
            batch = [record for record in polled.get(partition, ()) if record.offset < end]
            if batch:
                yield batch
    finally:
        await consumer.stop()
