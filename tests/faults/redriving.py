"""The way of dead letters back to the groups that refused them, by the code that the command runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from aiokafka import TopicPartition

from consumers.sink import Offsets, Partition, Received, Sink, ends
from operations.dead_letters.attempt import Refused, Way
from operations.dead_letters.discard import discarded
from operations.dead_letters.redrive import changes_of
from operations.dead_letters.settlement import Settlement
from operations.dead_letters.through_log import ThroughLog, streams_group
from operations.dead_letters.through_sink import ThroughSink
from queries.dead_letters.letter import Letter, Place
from queries.dead_letters.topic import DeadLetterReader, Standing
from schemas.avro import load_schema
from schemas.codec import Decoder
from schemas.topics import DEAD_LETTERS
from tests.faults.memory import MemoryOpenSearch, MemoryPostgres
from tests.faults.pure import Pipeline

_DECODER = Decoder(DEAD_LETTERS.schema, lambda _: load_schema(DEAD_LETTERS.schema))

# Where a command ends that is killed: its group has the records, or not, and the letters stand as they did.
Kill = Literal["before", "after"]


class _Producer:
    """Sends to the log and to the dead letters."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def send(
        self, topic: str, *, key: bytes, value: bytes | None, headers: Any, partition: int = 0
    ) -> asyncio.Future[Place]:
        acknowledged: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        if topic == DEAD_LETTERS.name:
            letter = None if value is None else _DECODER.decode(value)
            acknowledged.set_result(self._pipeline.letters.append(key.decode(), letter))
        else:
            assert value is not None
            place = Partition(topic, partition)
            acknowledged.set_result(Place(partition, self._pipeline.log.append(place, key, value, headers)))
        return acknowledged


class _StoreSink:
    """The sink of a store, beside the worker that runs it."""

    def __init__(self, store: MemoryPostgres | MemoryOpenSearch) -> None:
        self.name = store.name
        self.topics = store.topics
        self.project = store.project
        self._store = store

    async def write(self, batch: Sequence[Received]) -> Offsets:
        self._store.write(batch, None)
        return ends(batch)


def redrive(pipeline: Pipeline, standing: Standing, letters: Sequence[Letter], killed: Kill | None = None) -> None:
    """Gives records of one group to it again, as the command does.

    Args:
        pipeline: The workers.
        standing: The letters as they were read, perhaps long ago.
        letters: Of these, those to redrive.
        killed: Where the command ends; None is at its end.
    """
    batch = pipeline.letters.refused(letters)
    if batch and killed != "before":
        asyncio.run(_redrive(pipeline, standing, batch, killed))


def discard(pipeline: Pipeline, standing: Standing, letters: Sequence[Letter]) -> None:
    """Gives letters up, as the command does."""

    async def replace() -> None:
        await _settlement(pipeline, standing).replace({each.key: discarded(each, 0) for each in letters})

    asyncio.run(replace())


async def _redrive(pipeline: Pipeline, standing: Standing, batch: Sequence[Refused], killed: Kill | None) -> None:
    attempted = await _way(pipeline, batch[0].letter).attempt(batch)
    if killed is None:
        changes = changes_of(batch, attempted, 0)
        await _settlement(pipeline, standing).replace(changes, attempted.read_until)


def _settlement(pipeline: Pipeline, standing: Standing) -> Settlement:
    reader = cast(DeadLetterReader, pipeline.letters)
    return Settlement(_Producer(pipeline), reader, pipeline.registry, standing.ends)


def _way(pipeline: Pipeline, letter: Letter) -> Way:
    if letter.worker != "streams":
        return ThroughSink(cast(Sink, _StoreSink(pipeline.sinks[letter.worker].store)), pipeline.registry)

    async def passed(ends: Mapping[TopicPartition, int]) -> None:
        for place in ends:
            pipeline.streams.drain(place.partition)

    stages = streams_group(letter.group, pipeline.codec)
    return ThroughLog(_Producer(pipeline), cast(DeadLetterReader, pipeline.letters), stages, passed)
