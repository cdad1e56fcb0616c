"""Asks Kafka which cluster it is, and for the id that it minted with a topic.

Source: https://kafka.apache.org/protocol#The_Messages_Metadata (version 12); aiokafka itself speaks up to version 5,
which has no topic ids.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from io import BytesIO
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from consumers.archive.layout import Log
from sessiontrack.errors import TransientError
from sessiontrack.settings import KafkaSettings

_NO_ID = bytes(16)


class _Uuid:
    """16 bytes."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)

    @classmethod
    def repr(cls, value: bytes) -> str:
        return value.hex()


_NAME = CompactString("utf-8")


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(("id", Int32), ("host", _NAME), ("port", Int32), ("rack", _NAME), ("_", TaggedFields)),
        ),
        ("cluster_id", _NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _NAME),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("_", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("_", TaggedFields),
            ),
        ),
        ("_", TaggedFields),
    )


class _MetadataRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _NAME), ("_", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_authorized_operations", Boolean),
        ("_", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataRequestStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_MetadataRequestStruct]) -> Any:
        return request_struct_class([(_NO_ID, self._topic, {})], False, False, {})


async def identify_log(settings: KafkaSettings, topic: str) -> Log:
    """The log that a topic is now.

    Raises:
        TransientError: Kafka does not answer, or the topic is missing.
    """
    client = AIOKafkaClient(bootstrap_servers=settings.bootstrap_servers)
    try:
        await client.bootstrap()
        response = await client.send(client.get_random_node(), _MetadataRequest(topic))
        described = response.to_object()
        [found] = described["topics"]
        if found["error_code"]:
            raise for_code(found["error_code"])
    except KafkaError as error:
        raise TransientError(
            f"Kafka at {settings.bootstrap_servers} does not tell the id of {topic}: {type(error).__name__}",
            hint="`sessiontrack up` starts it and creates the topics.",
        ) from error
    finally:
        await client.close()
    log_id = urlsafe_b64encode(found["topic_id"]).rstrip(b"=").decode("ascii")
    return Log(described["cluster_id"], log_id, topic)
