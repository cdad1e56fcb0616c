"""Decodes what was polled: each value once, whatever version wrote it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import ConsumerRecord

from consumers.reader import Polled
from consumers.sink import Partition, Received
from schemas.codec import CodecError, Decoder
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import Topic
from sessiontrack.errors import TransientError


@dataclass(frozen=True, slots=True)
class Batch:
    """Decoded records of one assignment.

    Attributes:
        assignment: Under which they were read.
        records: What the sink gets.
        undecodable: What it does not get, and why.
        begun: When its decoding began, seconds of the monotonic clock.
    """

    assignment: int
    records: Sequence[Received]
    undecodable: Sequence[tuple[Received, CodecError]]
    begun: float


class BatchDecoder:
    """Decodes batches.

    Args:
        topics: The topics to decode; empty for a sink that takes the bytes as they are.
        registry: Where the writers' schemas are.
    """

    def __init__(self, topics: Sequence[Topic], registry: SchemaRegistry) -> None:
        self._decoders = {topic.name: Decoder(topic.schema, registry.schema) for topic in topics}

    def decode(self, polled: Polled) -> Batch:
        """Decodes a batch; may ask the registry, so call it in a thread.

        Raises:
            TransientError: The registry does not answer.
        """
        begun = time.monotonic()
        records: list[Received] = []
        undecodable: list[tuple[Received, CodecError]] = []
        for record in polled.records:
            try:
                records.append(_received(record, self._record_of(record)))
            except CodecError as error:
                undecodable.append((_received(record, None), error))
        return Batch(polled.assignment, records, undecodable, begun)

    def _record_of(self, record: ConsumerRecord) -> Any:
        decoder = self._decoders.get(record.topic)
        if record.value is None or decoder is None:
            return None
        try:
            return decoder.decode(record.value)
        except RegistryError as error:
            if error.status == 404:
                raise CodecError("the schema that the value states is not in the registry") from error
            raise TransientError(str(error)) from error


def _received(record: ConsumerRecord, decoded: Any) -> Received:
    return Received(
        partition=Partition(record.topic, record.partition),
        offset=record.offset,
        timestamp=record.timestamp,
        key=record.key or b"",
        value=record.value,
        headers=record.headers,
        record=decoded,
    )
