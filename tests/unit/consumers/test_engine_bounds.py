"""What an engine holds while its store is away: two batches, for however long; and it goes on at full speed."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from consumers import retry
from consumers.engine import Engine
from consumers.reader import Polled, Position
from consumers.sink import Offsets, Partition, Received, ends
from schemas.codec import Decoder
from schemas.topics import EVENTS, Topic
from sessiontrack.errors import TransientError
from sessiontrack.settings import Settings
from sessiontrack.telemetry.health import Health

BATCH = 100
# One being written, one projected; what the reader has of the next one is bounded by its own settings.
MOST_BATCHES = 2


class EndlessLog:
    """In the place of `LogReader`: a log that always has another full batch."""

    def __init__(self) -> None:
        self.polls = 0
        self.committed = 0
        self.owns = True
        self.waits_for_group_s = 0.0

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def current(self, assignment: int) -> bool:
        return True

    async def poll(self, quiet_s: float) -> Polled:
        first = self.polls * BATCH
        self.polls += 1
        return Polled(1, [_record(offset) for offset in range(first, first + BATCH)])

    def positions(self) -> Mapping[Partition, Position]:
        return {Partition(EVENTS.name, 0): Position(self.committed, self.polls * BATCH)}

    async def commit(self, assignment: int, offsets: Offsets) -> None:
        self.committed = max([self.committed, *offsets.values()])


class Store:
    """A sink whose store is away until it is said to be back."""

    name = "test"
    topics: Sequence[Topic] = (EVENTS,)

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.attempts = 0
        self.back = asyncio.Event()
        self.sizes: list[int] = []

    async def open(self) -> None:
        pass

    def start_offset(self, partition: Partition, committed: int) -> int:
        return committed

    def project(self, received: Received, decoder: Decoder) -> Any:
        return bytes(received.value or b"")

    async def write(self, batch: Sequence[Received]) -> Offsets:
        self.attempts += 1
        if not self.answers:
            await self.back.wait()
        if not self.back.is_set():
            raise TransientError("away")
        self.sizes.append(len(batch))
        await asyncio.sleep(0)
        return ends(batch)

    async def idle(self) -> Offsets:
        return {}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        pass

    async def close(self) -> None:
        pass


class Waits:
    """How often was waited, and for how long."""

    number, seconds = 0, 0.0


def _record(offset: int) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord(EVENTS.name, 0, offset, 1, 0, b"s", b"x" * 1000, None, 1, 1000, ())


@asynccontextmanager
async def running(store: Store, log: EndlessLog, health: Health) -> AsyncIterator[None]:
    engine, stop = Engine(store, Settings(), health=health), asyncio.Event()
    engine._reader = log  # type: ignore[assignment]  # it has what the engine asks of one
    task = asyncio.create_task(engine.run(stop))
    try:
        yield
    finally:
        stop.set()
        store.back.set()
        await task


async def until(reached: Any) -> None:
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110  # nothing tells when it is
            await asyncio.sleep(0)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """The waits between attempts, which take no time here."""
    found = Waits()

    async def no_time(event: asyncio.Event, seconds: float) -> bool:
        found.number += 1
        found.seconds += seconds
        await asyncio.sleep(0)
        return event.is_set()

    monkeypatch.setattr(retry, "_is_set_within", no_time)
    # What a test prints is kept in memory as well.
    monkeypatch.setattr(retry, "logger", SimpleNamespace(warning=lambda *told, **fields: None))
    return found


@pytest.mark.usefixtures("waits")
async def test_a_store_that_never_answers_leaves_the_log_where_it_is() -> None:
    store, log = Store(answers=False), EndlessLog()
    async with running(store, log, Health()):
        await until(lambda: store.attempts == 1 and log.polls == MOST_BATCHES)
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert (store.attempts, log.polls, log.committed) == (1, MOST_BATCHES, 0)


async def test_a_store_that_refuses_for_hours_costs_no_memory(waits: Waits) -> None:
    store, log, health = Store(answers=True), EndlessLog(), Health()
    async with running(store, log, health):
        # By then some hours' worth: ten seconds from one attempt to the next.
        await until(lambda: store.attempts > 300)
        tracemalloc.start()
        before = tracemalloc.take_snapshot()
        await until(lambda: store.attempts > 2_000)
        grown = sum(each.size_diff for each in tracemalloc.take_snapshot().compare_to(before, "filename"))
        tracemalloc.stop()
        assert waits.seconds > 3 * 3600
        assert grown < BATCH * 1000, "it holds more than it did, by a batch"
        assert log.polls == MOST_BATCHES
        assert health.waiting_for == "test"


async def test_after_an_outage_it_catches_up_in_full_batches_without_a_pause(waits: Waits) -> None:
    store, log, health = Store(answers=True), EndlessLog(), Health()
    async with running(store, log, health):
        await until(lambda: store.attempts > 50)
        store.back.set()
        await until(lambda: len(store.sizes) == 1)
        waited = waits.number
        await until(lambda: len(store.sizes) > 50)
        assert waits.number == waited
        assert set(store.sizes) == {BATCH}
        assert health.is_ready
    assert log.committed >= 50 * BATCH
