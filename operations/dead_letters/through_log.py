"""The way back to the stages: the event is produced again, to its own partition.

The stages count a fact once, by its position in the log: what they left out at one position they take only at a later
one. To every other reader of the log it is a repeat, which changes nothing. What the stages would refuse anyway is not
produced: they are pure, and asked beforehand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from operations.dead_letters.attempt import Attempted, Refusal, Refused
from queries.dead_letters.topic import DeadLetterReader
from schemas.codec import CodecError
from schemas.records import DeadLetter
from schemas.topics import EVENTS
from sessiontrack.errors import TerminalError
from streams.batch import process_batch
from streams.codec import Codec

WORKER = "streams"
GROUP = f"sessiontrack.{WORKER}"


class ThroughLog:
    """Produces events again, and waits for what the streams say to them.

    Args:
        producer: An AIOKafkaProducer that has started.
        reader: Reads the letters that the streams send meanwhile.
        codec: Of the stages.
        passed: Waits until the streams have passed an offset of each partition.
    """

    def __init__(
        self,
        producer: Any,
        reader: DeadLetterReader,
        codec: Codec,
        passed: Callable[[Mapping[TopicPartition, int]], Awaitable[None]],
    ) -> None:
        self._producer = producer
        self._reader = reader
        self._codec = codec
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
        await self._passed(_ends(keys))
        ends = await self._reader.ends()
        refusals, letters = dict(foreseen), set()
        async for read in self._reader.between(begins, ends):
            letter = read.letter
            if letter and letter["group"] == GROUP and (key := keys.get((letter["partition"], letter["offset"]))):
                refusals[key] = Refusal(letter["stage"], letter["error_class"], letter["reason"])
                letters.add(read.key)
        return Attempted(refusals, frozenset(letters), ends)

    def _foreseen(self, batch: Sequence[Refused]) -> dict[str, Refusal]:
        found = {each.letter.key: refusal_of(self._codec, each.original) for each in batch}
        return {key: refused for key, refused in found.items() if refused}

    async def _produce(self, batch: Sequence[Refused]) -> dict[tuple[int, int], str]:
        """The keys of the letters, by partition and offset of the record that was produced."""
        in_order = sorted(batch, key=lambda each: (each.letter.partition, each.letter.offset))
        acknowledged = [
            await self._producer.send(
                EVENTS.name,
                partition=original["partition"],
                key=original["key"],
                value=original["value"],
                headers=[(header["name"], header["value"]) for header in original["headers"]],
            )
            for _, original in in_order
        ]
        places = [(sent.partition, sent.offset) for sent in await asyncio.gather(*acknowledged)]
        return {place: each.letter.key for place, each in zip(places, in_order, strict=True)}


def refusal_of(codec: Codec, original: DeadLetter) -> Refusal | None:
    """Why the stages refuse a record whatever their state is; None where nothing is known against it.

    Args:
        codec: Of the stages.
        original: What they refused before.

    Raises:
        TransientError: The schema registry does not answer.
    """
    if original["topic"] != EVENTS.name:
        return Refusal.of("read", TerminalError(f"{WORKER} does not read the topic {original['topic']}"))
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


def _ends(places: Iterable[tuple[int, int]]) -> dict[TopicPartition, int]:
    """The offsets after the last of what was produced to each partition."""
    ends: dict[TopicPartition, int] = {}
    for partition, offset in places:
        place = TopicPartition(EVENTS.name, partition)
        ends[place] = max(offset + 1, ends.get(place, 0))
    return ends
