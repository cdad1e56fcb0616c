"""Lets stages begin again: their group at the first record, and nothing remembered."""

from __future__ import annotations

import asyncio
import shutil
from itertools import islice
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from aiokafka.structs import OffsetAndMetadata

from queries.lag import LogPositions
from schemas.topics import Topic, state_topic
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings

# Half a minute: a worker that was killed is missed after ten seconds.
_MOST_TRIES = 10


async def set_back(settings: Settings, group: str, source: Topic) -> None:
    """Commits the first offsets, which Kafka takes from nobody outside while the group has members.

    Args:
        settings: Where Kafka is.
        group: The consumer group.
        source: What it reads.

    Raises:
        UsageError: A worker of the group is running.
        KafkaError: Kafka does not answer.
    """
    async with LogPositions(settings) as positions:
        begins = await positions.begins([source])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap_servers, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(list(begins))
        first = {place: OffsetAndMetadata(begin, "") for place, begin in begins.items()}
        for delay in islice(backoff_delays(), _MOST_TRIES):
            try:
                await consumer.commit(first)
                return
            except (CommitFailedError, UnknownMemberIdError, IllegalGenerationError, RebalanceInProgressError):
                await asyncio.sleep(delay)
    finally:
        await consumer.stop()
    raise UsageError(
        f"a worker of the group {group} is running that this command can't stop",
        hint="Stop it where it was started, then start the rebuild again.",
    )


async def forget(settings: Settings, group: str, folder: Path) -> None:
    """Deletes what the stages of a group remember; deleting it again changes nothing.

    Args:
        settings: Where Kafka is.
        group: The consumer group.
        folder: Where its workers keep it on disk.

    Raises:
        KafkaError: Kafka does not answer.
    """
    topic = state_topic(group)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        if topic in await admin.list_topics():
            await admin.delete_topics([topic])
        while topic in await admin.list_topics():  # noqa: ASYNC110  # nothing tells when it is gone
            await asyncio.sleep(0.1)
    finally:
        await admin.close()
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
