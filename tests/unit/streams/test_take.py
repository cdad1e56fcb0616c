from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.blocks import Block
from streams.stages import EventStages
from streams.take import take
from tests.unit.streams.test_blocks import EVENTS, record


class Stream:
    """The stream of a worker that is in generation 7 of its group."""

    def __init__(self) -> None:
        self.tracked: list[Block] = []
        self.channel = SimpleNamespace(queue=asyncio.Queue())
        self.app = SimpleNamespace(
            consumer_generation_id=7,
            flow_control=SimpleNamespace(is_active=lambda: True),
            consumer=SimpleNamespace(track_message=self.tracked.append),
        )

    def put(self, *, records: int = 1, generation: int = 7, tp: TP = EVENTS, value: bytes = b"value") -> Block:
        block = Block(tp, [record(tp, offset, value) for offset in range(records)], generation)
        self.channel.queue.put_nowait(SimpleNamespace(message=block))
        return block


@pytest.fixture
async def stream() -> Stream:
    return Stream()


@pytest.fixture
async def batches(stream: Stream) -> AsyncIterator[Any]:
    taken: Any = take(stream, EventStages.bounds)
    yield taken
    await taken.aclose()


async def test_what_waits_is_one_batch(stream: Stream, batches: Any) -> None:
    blocks = [stream.put(), stream.put(tp=TP("events", 2))]

    assert await anext(batches) == blocks
    assert stream.tracked == blocks


@pytest.mark.parametrize("large", [{"records": 8_000}, {"value": b"x" * 16 * 1024 * 1024}], ids=["records", "bytes"])
async def test_a_batch_is_bounded(stream: Stream, batches: Any, large: dict[str, Any]) -> None:
    first, second = stream.put(**large), stream.put()

    assert await anext(batches) == [first]
    assert await anext(batches) == [second]


async def test_blocks_of_an_assignment_that_is_over_are_left_to_their_owner(stream: Stream, batches: Any) -> None:
    stream.put(generation=6)
    mine = stream.put()

    assert await anext(batches) == [mine]
    assert stream.tracked == [mine]


async def test_while_a_batch_is_in_work_the_rest_waits_where_it_is_bounded(stream: Stream, batches: Any) -> None:
    taken = stream.put(records=8_000)
    waiting = [stream.put() for _ in range(5)]
    assert await anext(batches) == [taken]
    for _ in range(100):
        await asyncio.sleep(0)
    # Faust bounds this queue (`stream_buffer_maxsize`), and pauses its partitions where it is full.
    assert stream.channel.queue.qsize() == len(waiting)
