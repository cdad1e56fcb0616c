"""Decoded records of a topic, as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from schemas.codec import CodecError, Decoder
from schemas.registry import SchemaRegistry
from schemas.topics import TOPICS, Topic
from sessiontrack.errors import NotFoundError, UnavailableError
from sessiontrack.settings import Settings


@dataclass(frozen=True)
class TailedRecord:
    """A record of a topic.

    Attributes:
        topic: Its topic.
        partition: Its partition.
        offset: Its offset.
        timestamp: Epoch milliseconds.
        key: Its key as text.
        record: Its decoded value; None for a tombstone.
        error: Why the value could not be decoded, else None.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str
    record: dict[str, Any] | None
    error: str | None = None


def topic_named(name: str) -> Topic:
    """A topic by its name, or by its dataset: `messages` is `sessiontrack.messages.v1`.

    Raises:
        NotFoundError: There is no such topic.
    """
    for topic in TOPICS:
        if name in (topic.name, topic.name.split(".")[1]):
            return topic
    known = ", ".join(topic.name.split(".")[1] for topic in TOPICS)
    raise NotFoundError(f"there is no topic {name!r}", hint=f"Topics: {known}.")


async def tail(settings: Settings, topics: list[Topic], *, from_start: bool = False) -> AsyncIterator[TailedRecord]:
    """The records of topics from now on, without end.

    Args:
        settings: Where Kafka and the registry are.
        topics: What to read.
        from_start: Begin with the oldest records that are kept.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    consumer = AIOKafkaConsumer(
        *(topic.name for topic in topics),
        bootstrap_servers=settings.kafka.bootstrap_servers,
        auto_offset_reset="earliest" if from_start else "latest",
        enable_auto_commit=False,
    )
    registry = SchemaRegistry(settings.registry.url)
    decoders = {topic.name: Decoder(topic.schema, registry.schema) for topic in topics}
    try:
        await consumer.start()
        async for message in consumer:
            yield _decoded(message, decoders[message.topic])
    except (KafkaError, OSError) as error:
        raise UnavailableError(
            f"Kafka at {settings.kafka.bootstrap_servers} does not answer",
            hint="Start the stack with `sessiontrack up`.",
        ) from error
    finally:
        await consumer.stop()
        registry.close()


def _decoded(message: Any, decoder: Decoder) -> TailedRecord:
    record, error = None, None
    try:
        record = None if message.value is None else decoder.decode(message.value)
    except CodecError as refused:
        error = str(refused)
    key = (message.key or b"").decode("utf-8", "replace")
    return TailedRecord(message.topic, message.partition, message.offset, message.timestamp, key, record, error)
