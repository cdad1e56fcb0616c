"""Topics of a test's own, for the workers that read and write topics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4
from zlib import crc32

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from infra.topics import create_topics, register_schemas
from producers.cloudevents import headers_of
from schemas.codec import Decoder, Encoder
from schemas.records import SearchableMessage, SessionEvent
from schemas.registry import SchemaRegistry
from schemas.topics import EVENTS, MESSAGES, PARTITIONS, TOPICS, Topic
from sessiontrack.settings import Settings
from tests.stack.waiting import PATIENCE_S, until


class Log:
    """Topics of a test's own, and what is in them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.namespace = f"test-{uuid4().hex[:8]}"
        create_topics(settings.kafka, tuple(replace(topic, name=self.name(topic)) for topic in TOPICS))
        self._ids = register_schemas(settings)
        self._registry = SchemaRegistry(settings.registry.url)

    async def close(self) -> None:
        self._registry.close()
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka.bootstrap_servers)
        await admin.start()
        try:
            await admin.delete_topics([name for name in await admin.list_topics() if name.startswith(self.namespace)])
        finally:
            await admin.close()

    def name(self, topic: Topic) -> str:
        return topic.name.replace("sessiontrack", self.namespace, 1)

    async def append(self, events: Sequence[SessionEvent]) -> None:
        """Appends events, as a capture does."""
        encoder = Encoder(EVENTS.schema, self._ids[EVENTS.subject])
        async with self._producer() as producer:
            sent = [
                await producer.send(
                    self.name(EVENTS),
                    key=event["session_id"].encode(),
                    value=encoder.encode(event),
                    headers=headers_of(event),
                )
                for event in events
            ]
            await asyncio.gather(*sent)

    async def append_messages(self, messages: Sequence[SearchableMessage]) -> None:
        """Appends messages, each to the partition of its session, as the streams do."""
        encoder = Encoder(MESSAGES.schema, self._ids[MESSAGES.subject])
        async with self._producer() as producer:
            sent = [
                await producer.send(
                    self.name(MESSAGES),
                    key=message["message_id"].encode(),
                    value=encoder.encode(message),
                    partition=crc32(message["session_id"].encode()) % PARTITIONS,
                )
                for message in messages
            ]
            await asyncio.gather(*sent)

    async def append_bytes(self, value: bytes) -> None:
        async with self._producer() as producer:
            await producer.send_and_wait(self.name(EVENTS), key=b"a", value=value, partition=0)

    async def read(self, topic: Topic) -> list[Any]:
        """The records, in the order of each partition."""
        decoder = Decoder(topic.schema, self._registry.schema)
        return [decoder.decode(record.value) async for record in self._records(topic)]

    async def last(self, topic: Topic) -> dict[str, Any]:
        """The last record of each key."""
        decoder = Decoder(topic.schema, self._registry.schema)
        return {record.key.decode(): decoder.decode(record.value) async for record in self._records(topic)}

    async def length(self, topic: Topic) -> int:
        async with self._consumer() as consumer:
            return sum((await consumer.end_offsets(self._partitions(topic))).values())

    async def committed(self, topic: Topic = EVENTS, group: str = "streams") -> int:
        """How much of a topic a group is done with."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka.bootstrap_servers)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(f"{self.namespace}.{group}")
        finally:
            await admin.close()
        return sum(at.offset for place, at in offsets.items() if place.topic == self.name(topic))

    async def processed(self, topic: Topic = EVENTS, group: str = "streams") -> None:
        """Waits until a group is done with all of a topic."""
        length = await self.length(topic)

        async def is_committed() -> bool:
            return await self.committed(topic, group) >= length

        await until(is_committed, f"{self.namespace}.{group} at the end of {length} records")

    def _partitions(self, topic: Topic) -> list[TopicPartition]:
        return [TopicPartition(self.name(topic), partition) for partition in range(PARTITIONS)]

    async def _records(self, topic: Topic) -> AsyncIterator[Any]:
        async with self._consumer() as consumer:
            places = self._partitions(topic)
            ends = await consumer.end_offsets(places)
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            async with asyncio.timeout(PATIENCE_S):
                while [place for place in places if await consumer.position(place) < ends[place]]:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        for record in records:
                            yield record

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka.bootstrap_servers, enable_auto_commit=False, group_id=None
        )
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()

    @asynccontextmanager
    async def _producer(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka.bootstrap_servers, linger_ms=5)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()
