"""Faust's consumer with blocks in place of messages."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP

from streams.blocks import Block, BlockConsumer

EVENTS, CHANGELOG = TP("events", 1), TP("changelog", 1)


def record(tp: TP, offset: int, value: bytes | None = b"value") -> Any:
    return ConsumerRecord(tp.topic, tp.partition, offset, 1_000 + offset, 0, b"key", value, None, 3, 5, ())


@pytest.fixture
def consumer() -> BlockConsumer:
    """One that is connected to nothing, in generation 7 of its group."""
    made: Any = object.__new__(BlockConsumer)
    made.app = SimpleNamespace(
        consumer_generation_id=7,
        tables=SimpleNamespace(changelog_topics={CHANGELOG.topic}),
        topics=SimpleNamespace(acks_enabled_for=lambda topic: True),
    )
    made._acked, made._acked_index = defaultdict(list), defaultdict(set)
    made._committed_offset = defaultdict(lambda: None)
    made._unacked_messages = set()
    connected_to_nothing: BlockConsumer = made
    return connected_to_nothing


async def test_records_of_a_partition_are_one_message_and_those_of_a_changelog_are_not(
    consumer: BlockConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetched(self: Any, active: Any, timeout: float) -> Any:  # noqa: ASYNC109  # Faust's
        return {
            EVENTS: [record(EVENTS, 3), record(EVENTS, 4)],
            CHANGELOG: [record(CHANGELOG, 8), record(CHANGELOG, 9)],
            TP("events", 2): [],
        }

    monkeypatch.setattr(Consumer, "_getmany", fetched)
    messages = [
        consumer._to_message(tp, each)
        for tp, records in (await consumer._getmany(None, 1.0)).items()
        for each in records
    ]

    assert [(message.topic, message.offset, isinstance(message, Block)) for message in messages] == [
        ("events", 4, True),
        ("changelog", 8, False),
        ("changelog", 9, False),
    ]
    [block] = [message for message in messages if isinstance(message, Block)]
    assert [each.offset for each in block.records] == [3, 4]
    assert (block.size, block.generation_id, block.timestamp) == (10, 7, 1.004)


def test_the_size_of_a_block_counts_tombstones_as_nothing() -> None:
    assert Block(EVENTS, [record(EVENTS, 0, None), record(EVENTS, 1)], 1).size == 5


@pytest.mark.parametrize("first", [0, 5])
def test_what_is_acknowledged_is_committed_up_to_its_last_record(consumer: BlockConsumer, first: int) -> None:
    consumer._committed_offset[EVENTS] = first or None
    for last in (first + 3, first + 90):
        block = Block(EVENTS, [record(EVENTS, last - 1), record(EVENTS, last)], 7)
        block.incref()
        block.ack(consumer)

    assert consumer._new_offset(EVENTS) == first + 91
    assert consumer._new_offset(EVENTS) is None
    assert not consumer._acked_index[EVENTS]


def test_what_is_not_acknowledged_is_not_committed(consumer: BlockConsumer) -> None:
    assert consumer._new_offset(EVENTS) is None


async def test_partitions_of_which_nothing_is_committed_are_sought_to_their_start(
    consumer: BlockConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def committed(self: Any) -> Any:
        return {EVENTS: None, TP("events", 2): 5, CHANGELOG: None}

    async def earliest(*places: TP) -> Any:
        return dict.fromkeys(places, 3)

    async def seek(offsets: dict[TP, int]) -> None:
        sought.update(offsets)

    sought: dict[TP, int] = {}
    monkeypatch.setattr(Consumer, "seek_to_committed", committed)
    monkeypatch.setattr(consumer, "earliest_offsets", earliest)
    monkeypatch.setattr(consumer, "seek_wait", seek)

    await consumer.seek_to_committed()

    assert sought == {EVENTS: 3}
