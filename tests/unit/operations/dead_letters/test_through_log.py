"""Events go back to the stages by the log, unless it is known beforehand that they are refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from operations.dead_letters.attempt import Refusal, Refused
from operations.dead_letters.redrive import changes_of
from operations.dead_letters.through_log import ThroughLog, embed_group, streams_group
from queries.dead_letters.letter import Read
from queries.dead_letters.topic import DeadLetterReader
from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.records import DeadLetter
from schemas.registry import SchemaRegistry
from schemas.topics import EVENTS, MESSAGES, Topic
from streams.codec import Codec
from tests.records import message
from tests.unit.queries.dead_letters.letters import dead_letter, read, summary
from tests.unit.streams.events import user

GROUP = "sessiontrack.streams"
PARTITION = 3


class Registry:
    """One id for every schema; knows one of them."""

    def __init__(self, schema: str = EVENTS.schema) -> None:
        self._schema = schema

    def register(self, subject: str, schema: Any) -> int:
        return 1

    def schema(self, schema_id: int) -> Any:
        return load_schema(self._schema)


CODEC = Codec(cast(SchemaRegistry, Registry()))
STREAMS = streams_group(GROUP, CODEC)
ENCODE = Encoder(EVENTS.schema, 1).encode


def original(value: bytes, **fields: Any) -> DeadLetter:
    stands = {"topic": EVENTS.name, "partition": PARTITION, "offset": 7, "failed_at": 5, "first_failed_at": 5}
    return dead_letter(**(stands | {"group": GROUP, "key": b"k", "value": value} | fields))


def refused(letter: DeadLetter) -> Refused:
    return Refused(summary(**letter), letter)


def test_what_the_stages_refuse_whatever_their_state_is_foreseen(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = original(ENCODE(user("1", value="x" * 4_096)))
    assert STREAMS.refusal_of(fit) is None
    monkeypatch.setitem(MESSAGES.config, "max.message.bytes", "2048")
    assert [
        each and each[:2]
        for each in (
            STREAMS.refusal_of(fit),
            STREAMS.refusal_of(original(b"no Avro")),
        )
    ] == [("messages", "TerminalError"), ("decode", "CodecError")]


class Streams:
    """The log, and stages that refuse some offsets, under a key of the record's new place."""

    def __init__(self, refuses: set[int], topic: Topic = EVENTS) -> None:
        self._topic = topic
        self.produced: list[dict[str, Any]] = []
        self.letters: list[Read] = []
        self._refuses = refuses

    async def send(self, topic: str, **record: Any) -> Any:
        assert topic == self._topic.name
        offset = 100 + len(self.produced)
        self.produced.append(record)
        if offset in self._refuses:
            letter = original(
                record["value"],
                record_id=f"{topic}/{PARTITION}/{offset}",
                offset=offset,
                stage="tool-calls",
                reason="odd",
            )
            self.letters.append(read(letter, len(self.letters)))
        acknowledged: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(SimpleNamespace(partition=record["partition"], offset=offset))
        return acknowledged

    async def ends(self) -> dict[TopicPartition, int]:
        return {TopicPartition("letters", 0): len(self.letters)}

    async def between(self, begins: Any, ends: Any) -> AsyncIterator[Read]:
        ((place, end),) = ends.items()
        for letter in self.letters[begins[place] : end]:
            yield letter


async def test_what_the_streams_refuse_again_stands_under_its_own_name() -> None:
    streams = Streams(refuses={101})
    awaited: list[dict[TopicPartition, int]] = []

    async def passed(ends: Mapping[TopicPartition, int]) -> None:
        awaited.append(dict(ends))

    way = ThroughLog(streams, cast(DeadLetterReader, streams), STREAMS, passed)
    batch = [
        refused(original(ENCODE(user(str(offset))), record_id=str(offset), offset=offset)) for offset in (9, 8)
    ] + [
        refused(original(b"no Avro", record_id="bad")),
        refused(original(ENCODE(user("1")), record_id="foreign", topic=MESSAGES.name)),
    ]

    attempted = await way.attempt(batch)

    # In the order of the log.
    assert [record["value"] for record in streams.produced] == [batch[1].original["value"], batch[0].original["value"]]
    assert all((record["key"], record["partition"]) == (b"k", PARTITION) for record in streams.produced)
    assert awaited == [{TopicPartition(EVENTS.name, PARTITION): 102}]
    assert attempted.refusals[f"{GROUP}/9"] == Refusal("tool-calls", "", "odd")
    changes = changes_of(batch, attempted, now=50)
    assert changes[f"{GROUP}/8"] is None
    assert changes[f"{GROUP}/{EVENTS.name}/{PARTITION}/101"] is None
    for name in ("9", "bad", "foreign"):
        letter = changes[f"{GROUP}/{name}"]
        assert letter
        assert (letter["tries"], letter["first_failed_at"], letter["failed_at"]) == (2, 5, 50)
        assert letter["value"] is not None
    assert attempted.read_until == await streams.ends()


async def test_a_message_goes_back_to_those_who_embed() -> None:
    log = Streams(refuses=set(), topic=MESSAGES)

    async def passed(ends: Mapping[TopicPartition, int]) -> None:
        assert ends == {TopicPartition(MESSAGES.name, PARTITION): 101}

    codec = Codec(cast(SchemaRegistry, Registry(MESSAGES.schema)), MESSAGES, targets=(), without=())
    way = ThroughLog(log, cast(DeadLetterReader, log), embed_group("sessiontrack.embed.space", codec), passed)
    value = Encoder(MESSAGES.schema, 1).encode(message(message_id="m", text="what was refused"))
    letters = [
        original(each, topic=MESSAGES.name, group="sessiontrack.embed.space", record_id=name)
        for name, each in (("m", value), ("bad", b"no Avro"))
    ]
    attempted = await way.attempt([refused(letter) for letter in letters])
    assert [record["value"] for record in log.produced] == [value]
    assert {key: refusal.stage for key, refusal in attempted.refusals.items()} == {
        "sessiontrack.embed.space/bad": "decode"
    }
