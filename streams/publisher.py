"""Sends records to Kafka, waits for each acknowledgement, and outlives outages of the broker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from sessiontrack.backoff import backoff_delays
from sessiontrack.settings import KafkaSettings

logger = structlog.get_logger(__name__)

# One request to one partition. Batches that are built here cost a third of what sending record by record does, and of
# this size a quarter of what the default of 16 KiB does; larger ones bring no more.
_BATCH_BYTES = 256 * 1024

_Result = TypeVar("_Result")


class Record(NamedTuple):
    """A record to send; without a value it is a tombstone."""

    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Publisher:
    """An idempotent producer. What is sent may arrive more than once, in order within each partition.

    Args:
        settings: Addresses.
        client_id: Name at the broker.
        worker: Whose it is.

    Attributes:
        is_waiting: Whether the broker is away.
    """

    def __init__(self, settings: KafkaSettings, client_id: str, worker: str) -> None:
        self._settings = settings
        self._worker = worker
        self._client_id = client_id
        self.is_waiting = False
        self._producer: AIOKafkaProducer | None = None
        # Partitions send side by side: one of them starts the producer.
        self._starting = asyncio.Lock()

    async def send(self, records: Mapping[TopicPartition, Sequence[Record]]) -> dict[TopicPartition, list[int]]:
        """Sends records to given partitions.

        Returns:
            The offsets, in the order of the records.
        """
        return await self._patiently(lambda producer: _send(producer, records))

    async def send_by_key(self, topic: str, record: Record) -> None:
        """Sends a record to the partition of its key."""
        await self._patiently(
            lambda producer: producer.send_and_wait(topic, key=record.key, value=record.value, headers=record.headers)
        )

    async def is_heard(self) -> bool:
        """Whether a broker answers."""
        try:
            producer = await self._started()
            await producer.client.fetch_all_metadata()
        except (KafkaError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Disconnects."""
        if self._producer is not None:
            await self._drop(self._producer)

    async def _drop(self, producer: AIOKafkaProducer) -> None:
        """Stops a producer, unless another sender has."""
        if producer != self._producer:
            return
        self._producer = None
        with suppress(KafkaError, OSError):
            await producer.stop()

    async def _patiently(self, attempt: Callable[[AIOKafkaProducer], Awaitable[_Result]]) -> _Result:
        for delay in backoff_delays():
            producer: AIOKafkaProducer | None = None
            try:
                producer = await self._started()
                result = await attempt(producer)
            except MessageSizeTooLargeError:
                # Sizes are checked before: the topic was made by somebody else, and waiting does not help.
                raise
            except (KafkaError, OSError) as error:
                logger.warning("waiting", worker=self._worker, reason=type(error).__name__, retry_in_s=round(delay, 1))
            else:
                self.is_waiting = False
                return result
            self.is_waiting = True
            if producer is not None:
                # A producer that has lost a batch does not know which number comes next.
                await self._drop(producer)
            await asyncio.sleep(delay)
        raise AssertionError("backoff has no end")

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._settings.bootstrap_servers,
                    client_id=self._client_id,
                    enable_idempotence=True,
                    acks="all",
                    compression_type="zstd",
                    max_batch_size=_BATCH_BYTES,
                    max_request_size=16 * 1024 * 1024,
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


async def _send(
    producer: AIOKafkaProducer, records: Mapping[TopicPartition, Sequence[Record]]
) -> dict[TopicPartition, list[int]]:
    found = await asyncio.gather(*(_send_to(producer, place, sent) for place, sent in records.items()))
    return dict(zip(records, found, strict=True))


async def _send_to(producer: AIOKafkaProducer, place: TopicPartition, records: Sequence[Record]) -> list[int]:
    offsets: list[int] = []
    for batch in _batches(producer, records):
        sent = await producer.send_batch(batch, place.topic, partition=place.partition)
        first = (await sent).offset
        offsets += range(first, first + batch.record_count())
    return offsets


def _batches(producer: AIOKafkaProducer, records: Sequence[Record]) -> Iterator[Any]:
    batch = producer.create_batch()
    for key, value, headers in records:
        if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
            yield batch
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None, headers=headers)
    if batch.record_count():
        yield batch
