"""What spans say of a record in Kafka, and of a store, by OpenTelemetry's conventions for messaging and databases.

Source: https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
"""

from __future__ import annotations

SYSTEM = "messaging.system"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
DESTINATION_NAME = "messaging.destination.name"
PARTITION_ID = "messaging.destination.partition.id"
CONSUMER_GROUP_NAME = "messaging.consumer.group.name"
MESSAGE_ID = "messaging.message.id"
OFFSET = "messaging.kafka.offset"
DB_SYSTEM_NAME = "db.system.name"
DB_OPERATION_NAME = "db.operation.name"
DB_OPERATION_BATCH_SIZE = "db.operation.batch.size"
ERROR_TYPE = "error.type"

_KAFKA = "kafka"
# `postgresql` and `opensearch` are well-known values of the conventions, which have none for the others.
DB_SYSTEMS = {
    "postgres": "postgresql",
    "postgres-vectors": "postgresql",
    "opensearch": "opensearch",
    "opensearch-vectors": "opensearch",
    "pinecone": "pinecone",
    "archive": "s3",
}


def sending(topic: str, partition: int, message_id: str) -> dict[str, str | int]:
    """The attributes of a span that sends a record."""
    return {
        SYSTEM: _KAFKA,
        OPERATION_NAME: "send",
        OPERATION_TYPE: "send",
        DESTINATION_NAME: topic,
        PARTITION_ID: str(partition),
        MESSAGE_ID: message_id,
    }


def processing(topic: str, partition: int, offset: int, group: str) -> dict[str, str | int]:
    """The attributes of a span that processes a record."""
    return {
        SYSTEM: _KAFKA,
        OPERATION_NAME: "process",
        OPERATION_TYPE: "process",
        DESTINATION_NAME: topic,
        PARTITION_ID: str(partition),
        OFFSET: offset,
        CONSUMER_GROUP_NAME: group,
    }


def writing(store: str, records: int) -> dict[str, str | int]:
    """The attributes of a span that writes records into a store; one alone is no batch to the conventions."""
    batch = {DB_OPERATION_BATCH_SIZE: records} if records > 1 else {}
    return {DB_SYSTEM_NAME: DB_SYSTEMS.get(store, store), DB_OPERATION_NAME: "write", **batch}
