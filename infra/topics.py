"""Creates the topics and registers their schemas."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from infra.registry import COMPATIBILITY
from schemas.avro import load_schema
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import TOPICS, Topic
from sessiontrack.errors import SessionTrackError, UnavailableError
from sessiontrack.settings import KafkaSettings, Settings


def create_topics(settings: KafkaSettings, topics: tuple[Topic, ...] = TOPICS) -> None:
    """Creates the topics that are missing, and brings the configuration of the others up to date.

    Raises:
        UnavailableError: Kafka does not answer.
        SessionTrackError: A topic exists with another number of partitions, which can never be changed.
    """
    try:
        asyncio.run(_create_topics(settings, topics))
    except (KafkaError, OSError) as error:
        raise UnavailableError(
            f"Kafka at {settings.bootstrap_servers} does not answer: {type(error).__name__}",
            hint="Start the stack with `sessiontrack up`.",
        ) from error


def register_schemas(settings: Settings, topics: tuple[Topic, ...] = TOPICS) -> dict[str, int]:
    """Registers the schema of each topic's value.

    Returns:
        Schema id by subject.

    Raises:
        SessionTrackError: The registry holds an earlier version that the schema breaks.
        UnavailableError: The registry does not answer.
    """
    registry = SchemaRegistry(settings.registry.url)
    try:
        ids = {}
        for topic in topics:
            registry.set_compatibility(topic.subject, COMPATIBILITY)
            ids[topic.subject] = registry.register(topic.subject, load_schema(topic.schema))
        return ids
    except RegistryError as error:
        if error.status == 409:
            raise SessionTrackError(
                f"the schema of {topic.name} breaks an earlier version that is registered",
                hint="Add fields with defaults only; a change that breaks needs a new topic version.",
            ) from error
        raise UnavailableError(str(error), hint="Start the stack with `sessiontrack up`.") from error
    finally:
        registry.close()


async def _create_topics(settings: KafkaSettings, topics: tuple[Topic, ...]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in existing]
        await _create_missing(admin, missing, settings.replication_factor)
        present = [topic for topic in topics if topic.name in existing]
        if present:
            await _check_partitions(admin, present)
            await admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=topic.config) for topic in present]
            )
    finally:
        await admin.close()


async def _create_missing(admin: AIOKafkaAdminClient, topics: list[Topic], replication_factor: int) -> None:
    if not topics:
        return
    response = await admin.create_topics(
        [
            NewTopic(
                name=topic.name,
                num_partitions=topic.partitions,
                replication_factor=replication_factor,
                topic_configs=topic.config,
            )
            for topic in topics
        ]
    )
    for _, code, *_ in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error


async def _check_partitions(admin: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    expected = {topic.name: topic.partitions for topic in topics}
    for described in await admin.describe_topics(list(expected)):
        name, partitions = described["topic"], len(described["partitions"])
        if partitions != expected[name]:
            raise SessionTrackError(
                f"topic {name} has {partitions} partitions, not {expected[name]}: sessions would change partition",
                hint="Point SessionTrack at a Kafka where it made its topics itself.",
            )
