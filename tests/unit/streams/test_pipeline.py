"""The way of a batch, with Kafka, Faust and the schema registry stood in for by what was asked of them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord
from faust.types import TP

from schemas.avro import load_schema
from schemas.codec import Decoder, Encoder
from schemas.records import SessionEvent
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import DEAD_LETTERS, EVENTS, MESSAGES, SESSIONS, TOOL_CALLS
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.telemetry.metrics import WorkerMetrics
from streams.batch import Output
from streams.blocks import Block
from streams.codec import Codec
from streams.pipeline import Pipeline
from streams.stages import EventStages, Interrupted, Stages
from streams.table import next_offset
from tests.unit.streams.events import SESSION, call, reply, user


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
LETTER_DECODER = Decoder(DEAD_LETTERS.schema, lambda _: load_schema(DEAD_LETTERS.schema))
SESSION_DECODER = Decoder(SESSIONS.schema, lambda _: load_schema(SESSIONS.schema))
PLACE = TP(EVENTS.name, 3)


def _record(offset: int, value: bytes) -> Any:
    return ConsumerRecord(EVENTS.name, 3, offset, 1_000, 0, b"k", value, None, 1, len(value), ())


class World:
    """What the pipeline did, in order."""

    def __init__(self, stages: Stages | None = None, is_stopping: Callable[[], bool] = lambda: False) -> None:
        self.done: list[str] = []
        self.sent: dict[str, list[Any]] = {}
        self.state: dict[bytes, bytes] = {}
        self.earliest = 0
        self.assigned = {PLACE}
        self.consumer = SimpleNamespace(
            unacked=SimpleNamespace(discard=lambda message: None),
            earliest_offsets=self._earliest_offsets,
            ack=self._ack,
            assignment=lambda: self.assigned,
            highwater=lambda place: 9,
            seek_wait=self._seek,
        )
        self.data = SimpleNamespace(_db_for_partition=lambda partition: self.state)
        self.changelog_topic_name = "changelog"
        self.metrics = WorkerMetrics("streams")
        world, stages = cast(Any, self), stages or EventStages(CODEC)
        self.pipeline = Pipeline(world, world, world, stages, "sessiontrack", self.metrics, is_stopping)

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

    def receive(self, *values: bytes, start: int = 0) -> Block:
        block = Block(PLACE, [_record(start + place, value) for place, value in enumerate(values)], generation_id=1)
        block.incref()
        return block

    def events(self, *events: SessionEvent, start: int = 0) -> Block:
        return self.receive(*map(EVENT_ENCODER.encode, events), start=start)

    def sample(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"sessiontrack_{name}", {"worker": "streams", **labels})

    def position(self) -> tuple[float | None, ...]:
        """Lag and oldest record of the partition, and the topic's watermark, as they are shown."""
        place = {"topic": PLACE.topic, "partition": str(PLACE.partition)}
        names = ("lag_records", "oldest_unprocessed_timestamp_seconds")
        shown = (self.sample(name, **place) for name in names)
        return *shown, self.sample("watermark_timestamp_seconds", topic=PLACE.topic)

    async def _seek(self, offsets: dict[TP, int]) -> None:
        self.done += [f"seek {offset}" for offset in offsets.values()]

    def _ack(self, block: Block) -> bool:
        self.done.append(f"ack {block.offset}")
        return True

    async def _earliest_offsets(self, place: TP) -> dict[TP, int]:
        return {place: self.earliest}


async def test_it_publishes_then_remembers_then_acknowledges() -> None:
    world = World()

    await world.pipeline.process([world.events(user("1"), reply("2"))])

    assert world.done == [
        "send sessiontrack.messages.v1",
        "send sessiontrack.sessions.v1",
        "send changelog",
        "write",
        "ack 1",
    ]
    assert next_offset(cast(Any, world.state)) == 2


async def test_what_the_state_holds_is_acknowledged_only() -> None:
    world = World()
    await world.pipeline.process([world.events(user("1"), user("2"))])
    world.done.clear()

    await world.pipeline.process([world.events(user("1"), user("2"))])

    assert world.done == ["ack 1"]


async def test_what_was_left_out_is_read_again() -> None:
    world = World()
    await world.pipeline.process([world.events(user("1"))])
    world.done.clear()

    await world.pipeline.process([world.events(user("6"), start=5)])
    assert world.done == ["seek 1"]

    await world.pipeline.process([world.events(*map(user, "23456"), start=1)])
    assert world.done[-1] == "ack 5"
    assert len(world.sent[MESSAGES.name]) == 6


async def test_what_comes_before_a_gap_is_processed() -> None:
    world = World()

    await world.pipeline.process([world.events(user("1")), world.events(user("6"), start=5)])

    assert world.done[-2:] == ["ack 0", "seek 1"]
    assert next_offset(cast(Any, world.state)) == 1


async def test_what_does_not_come_when_it_is_sought_ends_the_worker() -> None:
    world = World()
    await world.pipeline.process([world.events(user("1"))])

    async def go_on_and_on() -> None:
        for _ in range(1_000):
            await world.pipeline.process([world.events(user("6"), start=5)])

    with pytest.raises(TerminalError, match="goes on at offset 5, but the state ends before 1"):
        await go_on_and_on()
    assert "ack 5" not in world.done


async def test_what_retention_took_is_no_gap() -> None:
    world = World()
    world.earliest = 5

    await world.pipeline.process([world.events(user("6"), start=5)])

    assert next_offset(cast(Any, world.state)) == 6


async def test_a_bad_value_is_set_aside_and_the_rest_goes_on() -> None:
    world = World()

    await world.pipeline.process([world.receive(b"bad", EVENT_ENCODER.encode(user("1")))])

    [record] = world.sent[DEAD_LETTERS.name]
    letter = LETTER_DECODER.decode(record.value)
    assert (letter["stage"], letter["value"], letter["offset"]) == ("decode", b"bad", 0)
    assert len(world.sent[MESSAGES.name]) == 1
    assert world.done[-1] == "ack 1"


async def test_a_record_that_its_topic_does_not_take_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setitem(MESSAGES.config, "max.message.bytes", "2048")

    await world.pipeline.process([world.events(user("1", value="x" * 4_096), user("2"))])

    [record] = world.sent[DEAD_LETTERS.name]
    letter = LETTER_DECODER.decode(record.value)
    assert (letter["stage"], letter["offset"]) == ("messages", 0)
    assert len(world.sent[MESSAGES.name]) == 1


async def test_what_was_set_aside_is_processed_when_it_comes_again_after_the_cause_is_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, refused = World(), user("1", value="x" * 4_096)
    with monkeypatch.context() as limited:
        limited.setitem(MESSAGES.config, "max.message.bytes", "2048")
        await world.pipeline.process([world.events(refused, user("2"))])
    assert len(world.sent[MESSAGES.name]) == 1

    await world.pipeline.process([world.events(refused, start=2)])

    assert len(world.sent[MESSAGES.name]) == 2
    session = SESSION_DECODER.decode(world.sent[SESSIONS.name][-1].value)
    assert session["message_count"] == 2


async def test_a_tool_call_that_its_topic_does_not_take_sets_the_event_aside_that_brought_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    monkeypatch.setitem(TOOL_CALLS.config, "max.message.bytes", "2048")

    await world.pipeline.process([world.events(reply("1", 5, call("c", "exec", "x" * 4_096)), user("2"), user("3"))])

    letters = [LETTER_DECODER.decode(record.value) for record in world.sent[DEAD_LETTERS.name]]
    assert [(letter["stage"], letter["offset"]) for letter in letters] == [("tool-calls", 0)]
    assert len(world.sent[MESSAGES.name]) == 2


async def test_a_session_that_its_topic_does_not_take_is_set_aside_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setitem(SESSIONS.config, "max.message.bytes", "1")

    await world.pipeline.process([world.events(user("1"), user("2"))])

    assert len(world.sent[DEAD_LETTERS.name]) == 2
    assert MESSAGES.name not in world.sent
    assert world.done[-1] == "ack 1"


class LeftStages(EventStages):
    """Stages that are interrupted."""

    async def process(self, *_: Any) -> Any:
        raise Interrupted


async def test_a_batch_that_is_interrupted_is_left_as_it_was() -> None:
    world = World(LeftStages(CODEC))

    await world.pipeline.process([world.events(user("1"))])

    assert (world.done, world.state) == ([], {})


async def test_a_worker_that_stops_begins_no_batch() -> None:
    world = World(is_stopping=lambda: True)

    await world.pipeline.process([world.events(user("1"))])

    assert (world.done, world.state) == ([], {})


@pytest.mark.parametrize(("schema_id", "error"), [(2, "CodecError"), (3, "TransientError")])
def test_an_unknown_schema_is_the_values_fault_and_silence_is_not(schema_id: int, error: str) -> None:
    with pytest.raises(Exception, match=r".") as raised:
        CODEC.decode(b"\0" + schema_id.to_bytes(4, "big") + b"x")
    assert type(raised.value).__name__ == error
    assert isinstance(raised.value, TransientError) == (error == "TransientError")


def test_a_record_that_does_not_fit_its_schema_is_a_terminal_error() -> None:
    with pytest.raises(TerminalError, match="does not fit its schema"):
        CODEC.encode(Output(MESSAGES, "k", SESSION, {"message_id": 5}, "messages", 0))


async def test_it_counts_what_it_does() -> None:
    world = World()
    await world.pipeline.process([world.receive(b"bad", EVENT_ENCODER.encode(user("1")))])

    assert world.sample("records_received_total") == 2
    assert world.sample("records_written_total") == 2
    assert world.sample("dead_letters_total", stage="decode") == 1
    assert world.sample("batch_seconds_count") == 1
    assert world.position()[:2] == (7, 0)


NOTHING = (None, None, None)


async def test_the_position_of_a_partition_that_another_worker_has_now_is_not_shown() -> None:
    world = World()
    await world.pipeline.process([world.events(user("1"))])
    assert world.position() != NOTHING

    world.assigned = set()
    world.pipeline.release_lost()
    assert world.position() == NOTHING

    # What was on its way by then ends without a word of it.
    await world.pipeline.process([world.events(user("2"), start=1)])
    assert world.position() == NOTHING


async def test_nothing_is_in_hand_of_a_batch_that_was_left() -> None:
    world = World(LeftStages(CODEC))

    await world.pipeline.process([world.events(user("1"))])

    assert world.position() == NOTHING
    assert world.metrics.oldest_age_s() == 0
