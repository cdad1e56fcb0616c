"""The engine on a real Kafka and a real schema registry, with a store in memory whose failures a test decides."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumers.batching import latest
from consumers.engine import Engine
from consumers.sink import Offsets, Partition, Received
from infra.topics import create_topics, register_schemas
from queries.archive import partition_of
from schemas.codec import Decoder
from schemas.records import DeadLetter
from schemas.registry import SchemaRegistry
from schemas.topics import DEAD_LETTERS, Topic
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.settings import Settings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics
from tests.records import event, payload
from tests.stack.logs import caught_up, committed, encoder, own_topic, publish_values
from tests.stack.waiting import until


class MemorySink:
    """A store: the events by id, and how often it was asked."""

    def __init__(self, topic: Topic, stored: dict[str, Any]) -> None:
        self.name = f"test-{uuid4().hex[:12]}"
        self.topics: Sequence[Topic] = (topic,)
        self.stored = stored
        self.refuses: set[str] = set()
        self.away = False
        self.broken = False
        self.attempts = 0
        self.assigned: set[int] = set()

    async def open(self) -> None:
        pass

    def start_offset(self, partition: Partition, committed: int) -> int:
        return committed

    def project(self, received: Received, decoder: Decoder) -> Any:
        return None if received.value is None else decoder.decode(received.value)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        self.attempts += 1
        if self.away:
            raise TransientError("away")
        if self.broken:
            raise RuntimeError("a bug")
        if any(received.projection["event_id"] in self.refuses for received in batch):
            raise TerminalError("it does not fit")
        self.assigned.update(received.partition.number for received in batch)
        self.stored.update({received.projection["event_id"]: received.projection for received in batch})
        return latest(*({received.partition: received.offset + 1} for received in batch))

    async def idle(self) -> Offsets:
        return {}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        pass

    async def close(self) -> None:
        pass

    @property
    def group(self) -> str:
        return f"sessiontrack.{self.name}"


@pytest.fixture
def settings(stack_settings: Settings) -> Settings:
    create_topics(stack_settings.kafka, (DEAD_LETTERS,))
    register_schemas(stack_settings)
    small = stack_settings.sink.model_copy(update={"batch_records": 50})
    return stack_settings.model_copy(update={"sink": small})


@pytest.fixture
async def topic(settings: Settings) -> AsyncIterator[Topic]:
    async with own_topic(settings) as own:
        yield own


@asynccontextmanager
async def running(
    sink: MemorySink, settings: Settings, metrics: WorkerMetrics | None = None, health: Health | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    task = asyncio.create_task(Engine(sink, settings, metrics=metrics, health=health).run(stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)


def values(settings: Settings, count: int) -> list[tuple[str, str, bytes]]:
    encode = encoder(settings).encode
    ids = [(str(uuid4()), str(uuid4())) for _ in range(count)]
    return [(session, name, encode(event(event_id=name, session_id=session))) for session, name in ids]


async def dead_letters(settings: Settings, group: str) -> list[DeadLetter]:
    registry = SchemaRegistry(settings.registry.url)
    decoder = Decoder(DEAD_LETTERS.schema, registry.schema)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    found: list[DeadLetter] = []
    try:
        partitions = [TopicPartition(DEAD_LETTERS.name, number) for number in range(DEAD_LETTERS.partitions)]
        consumer.assign(partitions)
        for partition, end in (await consumer.end_offsets(partitions)).items():
            while await consumer.position(partition) < end:
                for records in (await consumer.getmany(timeout_ms=1000)).values():
                    # A letter that was redriven or discarded leaves a tombstone.
                    found += [decoder.decode(record.value) for record in records if record.value is not None]
    finally:
        await consumer.stop()
        registry.close()
    return [letter for letter in found if letter["group"] == group]


def ids(published: Iterable[tuple[str, str, bytes]]) -> set[str]:
    return {name for _, name, _ in published}


async def test_what_does_not_decode_or_fit_becomes_a_dead_letter_and_the_rest_goes_on(
    settings: Settings, topic: Topic
) -> None:
    good, unfit = values(settings, 200), values(settings, 3)
    undecodable = [
        (str(uuid4()), str(uuid4()), value)
        for value in (b"", b"{}", b"\x00\x00\x00\x00\x01\xff\xff", b"\x00\x7f\xff\xff\xff123")
    ]
    await publish_values(settings, topic, [*good[:100], *undecodable[:2], *unfit, *good[100:], *undecodable[2:]])
    sink = MemorySink(topic, {})
    sink.refuses = ids(unfit)
    async with running(sink, settings):
        await caught_up(settings, sink.group, topic)
    assert set(sink.stored) == ids(good)
    letters = await dead_letters(settings, sink.group)
    assert {(letter["record_id"], letter["stage"]) for letter in letters} == {
        *((name, "decode") for _, name, _ in undecodable),
        *((name, "write") for _, name, _ in unfit),
    }
    assert {letter["record_id"]: letter["value"] for letter in letters} == {
        name: value for _, name, value in [*undecodable, *unfit]
    }


async def test_a_store_that_is_away_loses_nothing_and_makes_no_dead_letter(settings: Settings, topic: Topic) -> None:
    published = values(settings, 300)
    await publish_values(settings, topic, published)
    sink = MemorySink(topic, {})
    sink.away = True

    async def has_tried_again() -> bool:
        return sink.attempts >= 4

    async with running(sink, settings):
        await until(has_tried_again, "a fourth attempt")
        assert not await committed(settings, sink.group, topic)
        sink.away = False
        await caught_up(settings, sink.group, topic)
    assert set(sink.stored) == ids(published)
    assert await dead_letters(settings, sink.group) == []


async def test_metrics_and_health_say_what_a_worker_does_and_waits_for(settings: Settings, topic: Topic) -> None:
    good, unfit = values(settings, 120), values(settings, 1)
    await publish_values(settings, topic, [*good, *unfit, (str(uuid4()), str(uuid4()), b"undecodable")])
    metrics, health, sink = WorkerMetrics("test"), Health(), MemorySink(topic, {})
    sink.refuses, sink.away = ids(unfit), True

    def value(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(f"sessiontrack_{name}", {"worker": "test", **labels}) or 0

    def total(name: str) -> float:
        return sum(value(name, topic=topic.name, partition=str(each)) for each in range(topic.partitions))

    async def waits_for_the_store() -> bool:
        return health.waiting_for == sink.name

    async def all_is_written() -> bool:
        return value("records_written_total") == len(good)

    async with running(sink, settings, metrics, health):
        await until(waits_for_the_store, "a health that names the store")
        assert health.is_alive
        sink.away = False
        await until(all_is_written, "all records in the metrics")
        await caught_up(settings, sink.group, topic)
        assert health.is_ready
        assert value("records_received_total") == 122
        assert value("dead_letters_total", stage="write") == value("dead_letters_total", stage="decode") == 1
        assert total("lag_records") == total("oldest_unprocessed_timestamp_seconds") == 0
        assert value("batch_seconds_count") >= 3


async def test_stopping_while_the_store_is_away_commits_nothing(settings: Settings, topic: Topic) -> None:
    published = values(settings, 300)
    await publish_values(settings, topic, published)
    sink = MemorySink(topic, {})
    sink.away = True

    async def has_tried() -> bool:
        return sink.attempts >= 1

    async with running(sink, settings):
        await until(has_tried, "an attempt")
    assert not await committed(settings, sink.group, topic)
    sink.away = False
    async with running(sink, settings):
        await caught_up(settings, sink.group, topic)
    assert set(sink.stored) == ids(published)


async def test_what_the_engine_does_not_know_ends_it_before_the_commit(settings: Settings, topic: Topic) -> None:
    await publish_values(settings, topic, values(settings, 10))
    sink = MemorySink(topic, {})
    sink.broken = True
    async with running(sink, settings) as task:
        with pytest.raises(RuntimeError, match="a bug"):
            await task
    assert not await committed(settings, sink.group, topic)


async def test_small_sessions_get_on_beside_a_giant_one(settings: Settings, topic: Topic) -> None:
    """What is fetched of a partition at once is bounded, and partitions take turns."""
    encode, giant, raw = encoder(settings).encode, str(uuid4()), random.Random(1)
    large = [str(uuid4()) for _ in range(6_000)]
    body = [encode(event(event_id=name, session_id=giant, payload=payload(raw=raw.randbytes(1500)))) for name in large]
    small = [each for each in values(settings, 60) if partition_of(each[0]) != partition_of(giant)]
    await publish_values(settings, topic, [(giant, name, value) for name, value in zip(large, body, strict=True)])
    await publish_values(settings, topic, small)
    sink = MemorySink(topic, {})
    async with running(sink, settings):
        await caught_up(settings, sink.group, topic)
    stored = list(sink.stored)
    last = max(stored.index(name) for name in ids(small))
    assert len(stored) == len(large) + len(small)
    # Two fetches of the giant's partition at most, 1 MiB each.
    assert last < len(large) / 2


async def test_two_workers_share_the_work_and_one_that_leaves_hands_its_part_over(
    settings: Settings, topic: Topic
) -> None:
    stored: dict[str, Any] = {}
    first, second = MemorySink(topic, stored), MemorySink(topic, stored)
    second.name = first.name
    published: list[tuple[str, str, bytes]] = []

    async def publish_more() -> None:
        more = values(settings, 200)
        published.extend(more)
        await publish_values(settings, topic, more)
        await caught_up(settings, first.group, topic)

    async def both_have_work() -> bool:
        first.assigned.clear()
        second.assigned.clear()
        await publish_more()
        return bool(first.assigned) and bool(second.assigned)

    async with running(first, settings):
        await publish_more()
        async with running(second, settings):
            await until(both_have_work, "records at both workers")
            assert not first.assigned & second.assigned
        await publish_more()
    assert set(stored) == ids(published)


async def test_workers_that_join_and_leave_while_records_flow_lose_nothing(settings: Settings, topic: Topic) -> None:
    stored: dict[str, Any] = {}
    workers = [MemorySink(topic, stored) for _ in range(4)]
    for worker in workers:
        worker.name = workers[0].name
    published: list[tuple[str, str, bytes]] = []
    stop = asyncio.Event()

    async def publish() -> None:
        while not stop.is_set():
            more = values(settings, 100)
            published.extend(more)
            await publish_values(settings, topic, more)

    async def each_has_work() -> bool:
        return all(worker.assigned for worker in workers)

    flowing = asyncio.create_task(publish())
    async with running(workers[0], settings):
        try:
            async with running(workers[1], settings), running(workers[2], settings), running(workers[3], settings):
                await until(each_has_work, "records at each of four workers")
        finally:
            stop.set()
            await flowing
        await caught_up(settings, workers[0].group, topic)
    assert set(stored) == ids(published)
    assert await dead_letters(settings, workers[0].group) == []
