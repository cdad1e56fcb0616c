"""Topics of a test's own, and what a consumer group has committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.records import SessionEvent
from schemas.registry import SchemaRegistry
from schemas.topics import EVENTS, Topic
from sessiontrack.settings import Settings
from tests.stack.waiting import until


@asynccontextmanager
async def administration(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def create(settings: Settings, topic: Topic) -> None:
    """Creates a topic; one of this name may be on its way out."""
    async with administration(settings) as admin:

        async def is_gone() -> bool:
            return topic.name not in await admin.list_topics()

        await until(is_gone, f"the end of an earlier topic {topic.name}")
        await admin.create_topics(
            [
                NewTopic(
                    name=topic.name,
                    num_partitions=topic.partitions,
                    replication_factor=1,
                    topic_configs=topic.config,
                )
            ]
        )


async def delete(settings: Settings, topic: Topic) -> None:
    """Deletes a topic."""
    async with administration(settings) as admin:
        await admin.delete_topics([topic.name])


@asynccontextmanager
async def own_topic(settings: Settings, like: Topic = EVENTS) -> AsyncIterator[Topic]:
    """A topic like another one, under a name of its own."""
    topic = replace(like, name=f"test-{uuid4().hex[:12]}.v1")
    await create(settings, topic)
    try:
        yield topic
    finally:
        await delete(settings, topic)


def encoder(settings: Settings) -> Encoder:
    """Encodes events, under the subject of the events topic."""
    registry = SchemaRegistry(settings.registry.url)
    try:
        return Encoder(EVENTS.schema, registry.register(EVENTS.subject, load_schema(EVENTS.schema)))
    finally:
        registry.close()


async def publish(settings: Settings, topic: Topic, events: Iterable[SessionEvent]) -> None:
    """Publishes events as the producers do."""
    encode = encoder(settings).encode
    await publish_values(settings, topic, [(event["session_id"], event["event_id"], encode(event)) for event in events])


async def publish_values(settings: Settings, topic: Topic, values: Iterable[tuple[str, str, bytes]]) -> None:
    """Publishes session id, event id and value."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap_servers, enable_idempotence=True, compression_type="zstd"
    )
    await producer.start()
    try:
        sent = [
            await producer.send(
                topic.name, key=session_id.encode(), value=value, headers=[("ce_id", event_id.encode())]
            )
            for session_id, event_id, value in values
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def ends(settings: Settings, topic: Topic) -> Mapping[int, int]:
    """The end offset of each partition that holds something."""
    from aiokafka import AIOKafkaConsumer, TopicPartition

    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        found = await consumer.end_offsets(partitions)
        return {partition.partition: offset for partition, offset in found.items() if offset}
    finally:
        await consumer.stop()


async def committed(settings: Settings, group: str, topic: Topic) -> Mapping[int, int]:
    """What a group has committed."""
    async with administration(settings) as admin:
        found = await admin.list_consumer_group_offsets(group)
    return {
        partition.partition: position.offset
        for partition, position in found.items()
        if partition.topic == topic.name and position.offset > 0
    }


async def caught_up(settings: Settings, group: str, topic: Topic) -> None:
    """Waits until a group has committed all that a topic holds now."""
    target = await ends(settings, topic)

    async def is_there() -> bool:
        reached = await committed(settings, group, topic)
        return all(reached.get(partition, 0) >= end for partition, end in target.items())

    await until(is_there, f"{group} at the end of {topic.name}")
