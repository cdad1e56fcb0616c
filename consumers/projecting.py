"""Makes of what was polled what the sink will write: each value is decoded once, whatever version wrote it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import groupby

from consumers.reader import Polled, place_of
from consumers.sink import Partition, Received, Sink
from schemas.codec import CodecError, Decoder
from schemas.registry import RegistryError, SchemaRegistry
from sessiontrack.errors import TerminalError, TransientError


@dataclass(slots=True)
class Refusal:
    """A record that can't be processed.

    Attributes:
        received: The record.
        stage: `decode` or `project`.
        error: Why.
    """

    received: Received
    stage: str
    error: Exception


@dataclass(slots=True)
class Batch:
    """Projected records of one assignment.

    Attributes:
        assignment: Under which they were read.
        begun: When work on them began, seconds of the monotonic clock.
        records: What the sink gets.
        refusals: What it does not get.
    """

    assignment: int
    begun: float
    records: list[Received] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


class Projector:
    """Projects batches.

    Args:
        sink: Whose projection it is.
        registry: Where the writers' schemas are.
    """

    def __init__(self, sink: Sink, registry: SchemaRegistry) -> None:
        self._sink = sink
        self._decoders = {topic.name: Decoder(topic.schema, registry.schema) for topic in sink.topics}

    def project(self, polled: Polled) -> Batch:
        """Projects a batch; may ask the registry, so call it in a thread.

        Raises:
            TransientError: The registry does not answer.
        """
        batch = Batch(polled.assignment, time.monotonic())
        for (topic, number), records in groupby(polled.records, place_of):
            partition, decoder = Partition(topic, number), self._decoders[topic]
            for record in records:
                received = Received(
                    partition, record.offset, record.timestamp, record.key or b"", record.value, record.headers
                )
                refusal = self._project(received, decoder)
                if refusal:
                    batch.refusals.append(refusal)
                else:
                    batch.records.append(received)
        return batch

    def project_record(self, received: Received) -> Refusal | None:
        """Projects one record of the sink's topics; tells where it can't be; asks the registry as `project` does.

        Raises:
            TransientError: The registry does not answer.
        """
        return self._project(received, self._decoders[received.partition.topic])

    def _project(self, received: Received, decoder: Decoder) -> Refusal | None:
        try:
            received.projection = self._sink.project(received, decoder)
        except CodecError as error:
            return Refusal(received, "decode", error)
        except TerminalError as error:
            return Refusal(received, "project", error)
        except RegistryError as error:
            raise TransientError(str(error)) from error
        return None
