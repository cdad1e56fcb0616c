"""The way back to stages: the record is produced again, to its own partition.

Stages count a fact once, by its position in the log: what they left out at one position they take only at a later
one. To every other reader of the log it is a repeat, which changes nothing. What the stages would refuse anyway is not
produced, as far as it can be known without their state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from operations.dead_letters.attempt import Attempted, Refusal, Refused
from queries.dead_letters.topic import DeadLetterReader
from schemas.codec import CodecError
from schemas.records import DeadLetter
from schemas.topics import EVENTS, MESSAGES, Topic
from sessiontrack.errors import TerminalError
from streams.batch import process_batch
from streams.codec import Codec


class StageGroup(NamedTuple):
    """The consumer group of stages.

    Attributes:
        name: Its name.
        source: The topic that it reads.
        refusal_of: Why its stages refuse a record whatever their state is; None where nothing is known against it.
    """

    name: str
    source: Topic
    refusal_of: Callable[[DeadLetter], Refusal | None]


class ThroughLog:
    """Produces records again, and waits for what the stages say to them.

    Args:
        producer: An AIOKafkaProducer that has started.
        reader: Reads the letters that the stages send meanwhile.
        group: Of the stages.
        passed: Waits until they have passed an offset of each partition.
    """

    def __init__(
        self,
        producer: Any,
        reader: DeadLetterReader,
        group: StageGroup,
        passed: Callable[[Mapping[TopicPartition, int]], Awaitable[None]],
    ) -> None:
        self._producer = producer
        self._reader = reader
        self._group = group
        self._passed = passed

    async def attempt(self, batch: Sequence[Refused]) -> Attempted:
        """See `Way.attempt`."""
        # In a thread: a schema that is new is fetched from the registry.
        foreseen = await asyncio.to_thread(self._foreseen, batch)
        accepted = [each for each in batch if each.letter.key not in foreseen]
        if not accepted:
            return Attempted(foreseen)
        begins = await self._reader.ends()
        keys = await self._produce(accepted)
        await self._passed(self._ends(keys))
        ends = await self._reader.ends()
        refusals, letters = dict(foreseen), set()
        async for read in self._reader.between(begins, ends):
            letter = read.letter
            if letter is None or letter["group"] != self._group.name:
                continue
            if key := keys.get((letter["partition"], letter["offset"])):
                refusals[key] = Refusal(letter["stage"], letter["error_class"], letter["reason"])
                letters.add(read.key)
        return Attempted(refusals, frozenset(letters), ends)

    def _foreseen(self, batch: Sequence[Refused]) -> dict[str, Refusal]:
        found = {each.letter.key: self._refusal_of(each.original) for each in batch}
        return {key: refused for key, refused in found.items() if refused}

    def _refusal_of(self, original: DeadLetter) -> Refusal | None:
        if original["topic"] != self._group.source.name:
            return Refusal.of("read", TerminalError(f"{self._group.name} does not read the topic {original['topic']}"))
        return self._group.refusal_of(original)

    async def _produce(self, batch: Sequence[Refused]) -> dict[tuple[int, int], str]:
        """The keys of the letters, by partition and offset of the record that was produced."""
        in_order = sorted(batch, key=lambda each: (each.letter.partition, each.letter.offset))
        acknowledged = [
            await self._producer.send(
                self._group.source.name,
                partition=original["partition"],
                key=original["key"],
                value=original["value"],
                headers=[(header["name"], header["value"]) for header in original["headers"]],
            )
            for _, original in in_order
        ]
        places = [(sent.partition, sent.offset) for sent in await asyncio.gather(*acknowledged)]
        return {place: each.letter.key for place, each in zip(places, in_order, strict=True)}

    def _ends(self, places: Iterable[tuple[int, int]]) -> dict[TopicPartition, int]:
        """The offsets after the last of what was produced to each partition."""
        ends: dict[TopicPartition, int] = {}
        for partition, offset in places:
            place = TopicPartition(self._group.source.name, partition)
            ends[place] = max(offset + 1, ends.get(place, 0))
        return ends


def streams_group(name: str, codec: Codec) -> StageGroup:
    """The group of the stages that make sessions, messages and tool calls; they are pure, and asked beforehand.

    Args:
        name: Its name.
        codec: Of the stages.
    """
    return StageGroup(name, EVENTS, lambda original: _refused_by_streams(codec, original))


def embed_group(name: str, codec: Codec) -> StageGroup:
    """The group of the stages that embed; what the provider will say to a text is not known beforehand.

    Args:
        name: Its name.
        codec: Of the stages.
    """

    def refusal_of(original: DeadLetter) -> Refusal | None:
        try:
            codec.decode(original["value"])
        except CodecError as error:
            return Refusal.of("decode", error)
        return None

    return StageGroup(name, MESSAGES, refusal_of)


def _refused_by_streams(codec: Codec, original: DeadLetter) -> Refusal | None:
    try:
        event = codec.decode(original["value"])
    except CodecError as error:
        return Refusal.of("decode", error)
    changes = process_batch({}, [(original["offset"], event)])
    for refused in changes.refusals:
        return Refusal.of(refused.stage, refused.error)
    for output in changes.outputs:
        try:
            codec.encode(output)
        except TerminalError as error:
            return Refusal.of(output.stage, error)
    return None
