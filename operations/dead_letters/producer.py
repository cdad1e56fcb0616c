"""A connection that writes to the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.topics import DEAD_LETTERS
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import KafkaSettings

_CLIENT_ID = "sessiontrack-operations"


@asynccontextmanager
async def producing(settings: KafkaSettings) -> AsyncIterator[Any]:
    """An idempotent AIOKafkaProducer, whose every send is acknowledged by all replicas.

    Raises:
        UnavailableError: Kafka does not answer, or ceases to.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=_CLIENT_ID,
        enable_idempotence=True,
        acks="all",
        compression_type="zstd",
        max_request_size=int(DEAD_LETTERS.config["max.message.bytes"]),
    )
    try:
        await producer.start()
        yield producer
    except (KafkaError, OSError) as error:
        raise UnavailableError(
            f"Kafka at {settings.bootstrap_servers} does not answer: {type(error).__name__}",
            hint="Start the stack with `sessiontrack up`; what was not done stands as it did.",
        ) from error
    finally:
        await producer.stop()
