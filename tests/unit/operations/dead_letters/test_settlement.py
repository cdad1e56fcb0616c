"""Letters are replaced, and none is buried that a worker sent meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, cast

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from operations.dead_letters.settlement import Settlement
from queries.dead_letters.letter import Letter, Place, Read, fold
from queries.dead_letters.topic import DeadLetterReader
from schemas.avro import load_schema
from schemas.codec import Decoder
from schemas.records import DeadLetter
from schemas.registry import SchemaRegistry
from schemas.topics import DEAD_LETTERS
from sessiontrack.dead_letters import replaces_until
from tests.unit.queries.dead_letters.letters import GROUP, dead_letter

KEYS = ("a", "b", "c")
PARTITIONS = 2
Headers = Sequence[tuple[str, bytes | None]]
DECODER = Decoder(DEAD_LETTERS.schema, lambda _: load_schema(DEAD_LETTERS.schema))


class EndedError(Exception):
    """The process is ended."""


class Acknowledged(NamedTuple):
    partition: int
    offset: int


class Topic:
    """The topic in memory. Before each record that is sent to it, a worker may send some of its own.

    Args:
        meanwhile: What workers send, one after the other.
        takes: So many records it takes of others, then their process is ended.
    """

    def __init__(self, meanwhile: Sequence[Sequence[str]], takes: int = 1_000) -> None:
        self.partitions: list[list[Read]] = [[] for _ in range(PARTITIONS)]
        self.sent_by_workers: dict[str, DeadLetter] = {}
        self._meanwhile = list(meanwhile)
        self._takes = takes
        self._clock = 0

    def append(self, key: str, letter: DeadLetter | None, headers: Headers = ()) -> Acknowledged:
        number = ord(key[-1]) % PARTITIONS
        place = Place(number, len(self.partitions[number]))
        self.partitions[number].append(Read(place, key, letter, replaces_until(headers, number)))
        return Acknowledged(*place)

    def refuse(self, record_id: str) -> None:
        self._clock += 1
        letter = dead_letter(record_id=record_id, failed_at=self._clock, first_failed_at=self._clock)
        self.append(f"{GROUP}/{record_id}", letter)
        self.sent_by_workers[f"{GROUP}/{record_id}"] = letter

    async def send(self, topic: str, *, key: bytes, value: bytes | None, headers: Headers) -> Any:
        assert topic == DEAD_LETTERS.name
        for record_id in self._meanwhile.pop(0) if self._meanwhile else ():
            self.refuse(record_id)
        if not self._takes:
            raise EndedError
        self._takes -= 1
        sent = self.append(key.decode(), None if value is None else DECODER.decode(value), headers)
        acknowledged: asyncio.Future[Acknowledged] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(sent)
        return acknowledged

    async def between(self, begins: Any, ends: Any) -> AsyncIterator[Read]:
        for partition, end in ends.items():
            for read in self.partitions[partition.partition][begins[partition] : end]:
                yield read

    def ends(self) -> dict[TopicPartition, int]:
        return {TopicPartition(DEAD_LETTERS.name, n): len(reads) for n, reads in enumerate(self.partitions)}

    def standing(self) -> dict[str, Letter]:
        letters: dict[str, Letter] = {}
        for reads in self.partitions:
            for read in reads:
                fold(letters, read)
        return letters

    def last(self, key: str) -> DeadLetter | None:
        return [read for reads in self.partitions for read in reads if read.key == key][-1].letter


class Registry:
    """One id for the one schema."""

    def register(self, subject: str, schema: Any) -> int:
        return 1


@given(
    st.dictionaries(st.sampled_from(KEYS), st.booleans(), min_size=1),
    st.lists(st.sampled_from(KEYS), max_size=3),
    st.lists(st.lists(st.sampled_from(KEYS), max_size=2), max_size=6),
)
async def test_what_workers_refuse_meanwhile_stands(
    processed: dict[str, bool], since: list[str], meanwhile: list[list[str]]
) -> None:
    topic = Topic(meanwhile)
    for record_id in KEYS:
        topic.refuse(record_id)
    ends = topic.ends()
    topic.sent_by_workers.clear()
    for record_id in since:
        topic.refuse(record_id)
    settlement = Settlement(topic, cast(DeadLetterReader, topic), cast(SchemaRegistry, Registry()), ends)
    ours = {
        f"{GROUP}/{record_id}": None if done else dead_letter(record_id=record_id, tries=7)
        for record_id, done in processed.items()
    }

    await settlement.replace(ours)

    for key, letter in ours.items():
        assert topic.last(key) == topic.sent_by_workers.get(key, letter)


@given(
    st.sets(st.sampled_from(KEYS), min_size=1),
    st.lists(st.lists(st.sampled_from(KEYS), max_size=2), max_size=6),
    st.integers(0, 6),
)
async def test_where_it_is_ended_what_workers_refused_stands_and_is_settled_the_next_time(
    processed: set[str], meanwhile: list[list[str]], takes: int
) -> None:
    topic = Topic(meanwhile, takes)
    for record_id in KEYS:
        topic.refuse(record_id)
    topic.sent_by_workers.clear()
    keys = {f"{GROUP}/{record_id}" for record_id in processed}
    with suppress(EndedError):
        await settlement_of(topic).replace(dict.fromkeys(keys))

    standing = topic.standing()
    for key, letter in topic.sent_by_workers.items():
        assert standing[key].failed_at == letter["failed_at"]
    again = Topic([])
    again.partitions = topic.partitions
    await settlement_of(again).replace(dict.fromkeys(keys))
    assert not keys & set(again.standing())


def settlement_of(topic: Topic) -> Settlement:
    return Settlement(topic, cast(DeadLetterReader, topic), cast(SchemaRegistry, Registry()), topic.ends())
