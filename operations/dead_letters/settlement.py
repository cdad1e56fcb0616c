"""Replaces letters by what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition

from queries.dead_letters.letter import Place
from queries.dead_letters.topic import DeadLetterReader, Offsets
from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.records import DeadLetter
from schemas.registry import SchemaRegistry
from schemas.topics import DEAD_LETTERS
from sessiontrack.dead_letters import dead_letter_headers, settlement_headers

# What becomes of letters by key; None: its record is processed.
Changes = Mapping[str, DeadLetter | None]


class Settlement:
    """Writes to the dead letters, and buries none that its group sent meanwhile.

    Kafka writes whatever it is given, and of one key the last record counts: a worker that refuses a newer version of
    the record while the older one is redriven would have its letter wiped out. So what came in between is looked for
    afterwards, and put behind. Where this process is ended before that, readers see what came in between all the same,
    for every record says up to which offset it replaces.

    Args:
        producer: An AIOKafkaProducer that has started.
        reader: Reads what came in between.
        registry: Where the letters' schema has its id.
        since: End offsets of the topic when the letters were read that are to be replaced.
    """

    def __init__(self, producer: Any, reader: DeadLetterReader, registry: SchemaRegistry, since: Offsets) -> None:
        self._producer = producer
        self._reader = reader
        self._since = since
        schema_id = registry.register(DEAD_LETTERS.subject, load_schema(DEAD_LETTERS.schema))
        self._encoder = Encoder(DEAD_LETTERS.schema, schema_id)

    async def replace(self, changes: Changes, since: Offsets | None = None) -> None:
        """Replaces letters; returns when that is durable.

        Args:
            changes: What becomes of them.
            since: What was read until here is what is to be replaced; where the letters were read if None.

        Raises:
            KafkaError: Kafka does not answer.
        """
        looked_until = since or self._since
        while changes:
            sent = await self._send(changes, looked_until)
            ends = _ends(sent)
            changes = await self._buried(sent, looked_until, ends)
            looked_until = ends

    async def _send(self, changes: Changes, until: Offsets) -> dict[str, Place]:
        replaced = settlement_headers({place.partition: end for place, end in until.items()})
        acknowledged = [
            await self._producer.send(
                DEAD_LETTERS.name,
                key=key.encode(),
                value=None if letter is None else self._encoder.encode(letter),
                headers=[*([] if letter is None else dead_letter_headers(letter)), *replaced],
            )
            for key, letter in changes.items()
        ]
        places = [Place(sent.partition, sent.offset) for sent in await asyncio.gather(*acknowledged)]
        return dict(zip(changes, places, strict=True))

    async def _buried(self, sent: Mapping[str, Place], begins: Offsets, ends: Offsets) -> Changes:
        """The last letters that others sent under these keys, where ours came after them."""
        ours = set(sent.values())
        last = {
            read.key: read
            async for read in self._reader.between(begins, ends)
            if read.key in sent and read.place not in ours
        }
        return {
            key: read.letter
            for key, read in last.items()
            if read.letter is not None and read.place.offset < sent[key].offset
        }


def _ends(sent: Mapping[str, Place]) -> dict[TopicPartition, int]:
    """The offsets after the last of what was sent to each partition."""
    ends: dict[TopicPartition, int] = {}
    for partition, offset in sent.values():
        place = TopicPartition(DEAD_LETTERS.name, partition)
        ends[place] = max(offset + 1, ends.get(place, 0))
    return ends
