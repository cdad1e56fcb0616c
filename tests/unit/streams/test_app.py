"""The way of a batch, with Kafka, Faust and the schema registry stood in for by what was asked of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from schemas.avro import load_schema
from schemas.codec import Decoder, Encoder
from schemas.records import SessionEvent
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import DEAD_LETTERS, EVENTS, MESSAGES
from sessiontrack.errors import TerminalError, TransientError
from streams.app import Pipeline
from streams.batch import Output
from streams.codec import Codec
from streams.table import next_offset
from tests.unit.streams.events import SESSION, reply, user


class Registry:
    """One id for every schema; knows the events' only."""

    def register(self, subject: str, schema: Any) -> int:
        return 1

    def schema(self, schema_id: int) -> Any:
        if schema_id != 1:
            raise RegistryError("unknown", 404 if schema_id == 2 else 0)
        return load_schema(EVENTS.schema)


CODEC = Codec(cast(SchemaRegistry, Registry()))
EVENT_ENCODER = Encoder(EVENTS.schema, 1)


class World:
    """What the pipeline did, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.sent: dict[str, list[Any]] = {}
        self.state: dict[bytes, bytes] = {}
        self.earliest = 0
        self.consumer = SimpleNamespace(
            unacked=SimpleNamespace(discard=lambda message: None), earliest_offsets=self._earliest_offsets
        )
        self.data = SimpleNamespace(_db_for_partition=lambda partition: self.state)
        self.changelog_topic_name = "changelog"
        self.pipeline = Pipeline(cast(Any, self), cast(Any, self), cast(Any, self), CODEC, "sessiontrack")

    async def send(self, records: Any) -> Any:
        self.done += [f"send {place.topic}" for place in records]
        for place, sent in records.items():
            self.sent.setdefault(place.topic, []).extend(sent)
        return {place: list(range(len(sent))) for place, sent in records.items()}

    async def send_by_key(self, topic: str, record: Any) -> None:
        self.done.append(f"send {topic}")
        self.sent.setdefault(topic, []).append(record)

    def apply_changelog_batch(self, changes: Any) -> None:
        self.done.append("write")
        self.state.update({change.message.key: change.message.value for change in changes})

    def receive(self, offset: int, value: bytes) -> Any:
        message = SimpleNamespace(
            topic=EVENTS.name, partition=3, tp=TP(EVENTS.name, 3), offset=offset, key=b"k", value=value, headers=[]
        )
        return SimpleNamespace(message=message, ack=lambda: self.done.append(f"ack {offset}"))

    def events(self, *events: SessionEvent, start: int = 0) -> list[Any]:
        return [self.receive(start + place, EVENT_ENCODER.encode(event)) for place, event in enumerate(events)]

    async def _earliest_offsets(self, place: TP) -> dict[TP, int]:
        return {place: self.earliest}


async def test_it_publishes_then_remembers_then_acknowledges() -> None:
    world = World()

    await world.pipeline.process(world.events(user("1"), reply("2")))

    assert world.done == [
        "send sessiontrack.messages.v1",
        "send sessiontrack.sessions.v1",
        "send changelog",
        "write",
        "ack 0",
        "ack 1",
    ]
    assert next_offset(cast(Any, world.state)) == 2


async def test_what_the_state_holds_is_acknowledged_only() -> None:
    world = World()
    await world.pipeline.process(world.events(user("1"), user("2")))
    world.done.clear()

    await world.pipeline.process(world.events(user("1"), user("2")))

    assert world.done == ["ack 0", "ack 1"]


async def test_it_goes_on_only_where_the_state_ends() -> None:
    world = World()
    await world.pipeline.process(world.events(user("1")))
    world.done.clear()

    with pytest.raises(TerminalError, match="goes on at offset 5, but the state ends before 1"):
        await world.pipeline.process(world.events(user("6"), start=5))
    assert world.done == []


async def test_what_retention_took_is_no_gap() -> None:
    world = World()
    world.earliest = 5

    await world.pipeline.process(world.events(user("6"), start=5))

    assert next_offset(cast(Any, world.state)) == 6


async def test_a_bad_value_is_set_aside_and_the_rest_goes_on() -> None:
    world = World()
    good = world.events(user("1"), start=1)

    await world.pipeline.process([world.receive(0, b"bad"), *good])

    [record] = world.sent[DEAD_LETTERS.name]
    letter = Decoder(DEAD_LETTERS.schema, lambda _: load_schema(DEAD_LETTERS.schema)).decode(record.value)
    assert (letter["stage"], letter["value"], letter["offset"]) == ("decode", b"bad", 0)
    assert len(world.sent[MESSAGES.name]) == 1
    assert world.done[-2:] == ["ack 0", "ack 1"]


async def test_a_record_that_its_topic_does_not_take_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setitem(MESSAGES.config, "max.message.bytes", "2048")

    await world.pipeline.process(world.events(user("1", value="x" * 4_096), user("2")))

    [record] = world.sent[DEAD_LETTERS.name]
    letter = Decoder(DEAD_LETTERS.schema, lambda _: load_schema(DEAD_LETTERS.schema)).decode(record.value)
    assert (letter["stage"], letter["offset"]) == ("messages", 0)
    assert len(world.sent[MESSAGES.name]) == 1


@pytest.mark.parametrize(("schema_id", "error"), [(2, "CodecError"), (3, "TransientError")])
def test_an_unknown_schema_is_the_values_fault_and_silence_is_not(schema_id: int, error: str) -> None:
    with pytest.raises(Exception, match=r".") as raised:
        CODEC.decode(b"\0" + schema_id.to_bytes(4, "big") + b"x")
    assert type(raised.value).__name__ == error
    assert isinstance(raised.value, TransientError) == (error == "TransientError")


def test_a_record_that_does_not_fit_its_schema_is_a_terminal_error() -> None:
    with pytest.raises(TerminalError, match="does not fit its schema"):
        CODEC.encode(Output(MESSAGES, "k", SESSION, {"message_id": 5}, "messages", 0))
