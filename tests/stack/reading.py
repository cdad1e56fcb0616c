"""Reads back what was published."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.codec import Decoder
from schemas.records import SessionEvent
from schemas.registry import SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.identity import GENESIS
from sessiontrack.settings import Settings
from tests.stack.waiting import until


class EventLog:
    """The events that were published since it was opened."""

    def __init__(self, consumer: Any, decoder: Decoder) -> None:
        self._consumer = consumer
        self._decoder = decoder
        self._read: list[tuple[int, int, SessionEvent]] = []

    async def events(self, session_ids: Collection[str]) -> list[SessionEvent]:
        """All events of some sessions until now, in the order of the log."""
        return [event for _, _, event in await self.records(session_ids)]

    async def records(self, session_ids: Collection[str]) -> list[tuple[int, int, SessionEvent]]:
        """Partition, offset and event of all events of some sessions until now."""
        ends = await self._consumer.end_offsets(self._consumer.assignment())

        async def are_read() -> bool:
            for batch in (await self._consumer.getmany(timeout_ms=10)).values():
                self._read += [
                    (record.partition, record.offset, self._decoder.decode(record.value)) for record in batch
                ]
            return all([await self._consumer.position(partition) >= end for partition, end in ends.items()])

        await until(are_read, f"the log up to {sum(ends.values())} events")
        return [read for read in self._read if read[2]["session_id"] in session_ids]


@asynccontextmanager
async def event_log(settings: Settings) -> AsyncIterator[EventLog]:
    """The log from now on."""
    registry = SchemaRegistry(settings.registry.url)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(EVENTS.name, number) for number in range(EVENTS.partitions)])
        await consumer.seek_to_end()
        yield EventLog(consumer, Decoder(EVENTS.schema, registry.schema))
    finally:
        await consumer.stop()
        registry.close()


def last_generation(events: list[SessionEvent]) -> bytes:
    """The bytes of the transcript that the last head proves."""
    by_chain = {event["chain"]: event for event in events if event["line_number"] is not None}
    chain = [event["chain"] for event in events if event["kind"] == "TRANSCRIPT_HEAD"][-1]
    parts = []
    while chain != GENESIS:
        event = by_chain[chain]
        assert event["payload"]
        parts.append(event["payload"]["raw"] or b"")
        chain = event["previous_chain"]
    return b"".join(reversed(parts))


def environment(settings: Settings) -> dict[str, str]:
    """Environment variables by which another process finds the same servers."""
    return {
        "SESSIONTRACK_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "SESSIONTRACK_REGISTRY__URL": settings.registry.url,
        "SESSIONTRACK_S3__ENDPOINT": settings.s3.endpoint,
        "SESSIONTRACK_S3__ACCESS_KEY": settings.s3.access_key,
        "SESSIONTRACK_S3__SECRET_KEY": settings.s3.secret_key.get_secret_value(),
    }
