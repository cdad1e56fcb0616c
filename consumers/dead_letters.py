"""Sends what a sink can't process to the dead-letter topic, with its original bytes."""

from __future__ import annotations

import asyncio
import time

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumers.sink import Received
from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import DEAD_LETTERS
from sessiontrack.dead_letters import dead_letter, dead_letter_headers, dead_letter_key
from sessiontrack.errors import TransientError
from sessiontrack.settings import Settings

logger = structlog.get_logger(__name__)


class DeadLetterProducer:
    """An idempotent producer, connected with the first dead letter: most workers never send one.

    Args:
        settings: Addresses.
        group: Consumer group that refuses the records.
        registry: Where the dead letters' schema has its id.
    """

    def __init__(self, settings: Settings, group: str, registry: SchemaRegistry) -> None:
        self._settings = settings
        self._group = group
        self._registry = registry
        self._encoder: Encoder | None = None
        self._producer: AIOKafkaProducer | None = None

    async def send(self, received: Received, stage: str, error: Exception) -> None:
        """Sends one and waits for the acknowledgement.

        Args:
            received: The record.
            stage: `decode` or `write`.
            error: Why.

        Raises:
            TransientError: Kafka or the schema registry does not answer.
        """
        letter = dead_letter(
            group=self._group,
            stage=stage,
            error=error,
            failed_at=time.time_ns() // 1_000_000,
            topic=received.partition.topic,
            partition=received.partition.number,
            offset=received.offset,
            key=received.key,
            value=received.value,
            headers=received.headers,
        )
        try:
            encoder = await self._started_encoder()
            producer = await self._started_producer()
            await producer.send_and_wait(
                DEAD_LETTERS.name,
                key=dead_letter_key(letter),
                value=encoder.encode(letter),
                headers=dead_letter_headers(letter),
            )
        except (KafkaError, RegistryError) as away:
            raise TransientError(f"a dead letter can't be sent: {type(away).__name__}") from away
        logger.warning(
            "dead_letter", group=self._group, stage=stage, record=letter["record_id"], error=letter["error_class"]
        )

    async def close(self) -> None:
        """Disconnects."""
        if self._producer:
            await self._producer.stop()

    async def _started_encoder(self) -> Encoder:
        if self._encoder is None:
            schema = load_schema(DEAD_LETTERS.schema)
            schema_id = await asyncio.to_thread(self._registry.register, DEAD_LETTERS.subject, schema)
            self._encoder = Encoder(DEAD_LETTERS.schema, schema_id)
        return self._encoder

    async def _started_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._settings.kafka.bootstrap_servers,
                client_id=self._group,
                enable_idempotence=True,
                acks="all",
                compression_type="zstd",
                max_request_size=int(DEAD_LETTERS.config["max.message.bytes"]),
            )
            try:
                await producer.start()
            except KafkaError:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer
