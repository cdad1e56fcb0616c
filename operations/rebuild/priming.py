"""Runs the stages over the events that only the archive has, and leaves their state to the worker of the streams.

The worker goes on with the log as if it had read those events before it: what a session was called and where it took
place is known for what comes next, and an event that the log has once more is a repeat. Into the log nothing is put.
"""

from __future__ import annotations

import asyncio

from aiokafka import TopicPartition

from infra.topics import create_topics
from operations.rebuild.event_source import EventSource
from operations.rebuild.filling import partitions
from operations.rebuild.progress import Meter
from operations.rebuild.source import Chunk
from operations.rebuild.state import RebuildState
from schemas.registry import SchemaRegistry
from schemas.topics import STREAMS_STATE
from sessiontrack.errors import TransientError, UnavailableError
from sessiontrack.settings import Settings
from streams.codec import Codec
from streams.encoding import encode_batch
from streams.publisher import Publisher, Record
from streams.stages import EventStages

# Positions in the log begin at 0: what comes before it stands below, however much that is.
_BEFORE_LOG = -(2**62)


class Priming:
    """Takes the stages to where the log begins.

    Args:
        settings: Where everything is.
        source: Says what the archive holds.
        state: What the stages remember meanwhile; empty.
        meter: Told of each chunk.
    """

    def __init__(self, settings: Settings, source: EventSource, state: RebuildState, meter: Meter) -> None:
        self._settings = settings
        self._source = source
        self._state = state
        self._meter = meter
        self._registry = SchemaRegistry(settings.registry.url)
        self._publisher = Publisher(settings.kafka, "sessiontrack.rebuild", "rebuild")

    async def run(self) -> int:
        """Publishes what the events come to, and writes the changelog that the worker begins with.

        Returns:
            How many events the stages refuse: they stay in the archive.

        Raises:
            CorruptSegmentError: A part of the archive is not what was put there.
            UnavailableError: A server does not answer.
        """
        codec = await asyncio.to_thread(self._codec)
        await asyncio.to_thread(create_topics, self._settings.kafka, (STREAMS_STATE,))
        refused = 0
        for partition in partitions():
            async for chunk in self._source.read_before_log(partition):
                refused += await self._take(codec, partition, chunk)
        return refused

    async def close(self) -> None:
        """Disconnects."""
        await self._publisher.close()
        self._registry.close()

    async def _take(self, codec: Codec, partition: int, chunk: Chunk) -> int:
        """The way of a chunk, in the order of the worker's; returns how many of its events are refused."""
        events = [(_BEFORE_LOG + position, event) for position, event in chunk.events]
        encoded = await encode_batch(self._state, events, EventStages(codec))
        await self._publisher.send(
            {TopicPartition(name, partition): records for name, records in encoded.records.items()}
        )
        changes = [Record(key, value, []) for key, value in encoded.writes.items()]
        await self._publisher.send({TopicPartition(STREAMS_STATE.name, partition): changes})
        await asyncio.to_thread(self._state.commit, partition, chunk.cursor, encoded.writes, {})
        self._meter.count(chunk.records, sum(map(len, encoded.records.values())))
        return len(encoded.refusals)

    def _codec(self) -> Codec:
        try:
            return Codec(self._registry)
        except TransientError as error:
            raise UnavailableError(str(error), hint="Start the stack with `sessiontrack up`.") from error
