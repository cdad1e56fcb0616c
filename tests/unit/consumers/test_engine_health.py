"""What an engine says of itself while its group has nothing for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from consumers import engine
from consumers.engine import Engine
from consumers.reader import LogReader
from sessiontrack.settings import Settings
from sessiontrack.telemetry.health import Health
from tests.unit.consumers.test_engine_bounds import Store, until


@pytest.fixture
def health() -> Health:
    health = Health()
    health.ready()
    return health


@pytest.fixture
async def reader(health: Health, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LogReader]:
    """The reader of an engine whose heart beats, and which has patience for no time at all."""
    monkeypatch.setattr(engine, "_BEAT_S", 0.0)
    monkeypatch.setattr(engine, "_LONGEST_REBALANCE_S", 0.0)
    running = Engine(Store(answers=True), Settings(), health=health)
    beating = asyncio.create_task(running._beat())
    yield running._reader
    beating.cancel()


async def test_an_engine_that_the_group_leaves_without_an_assignment_waits_for_kafka(
    health: Health, reader: LogReader
) -> None:
    await reader.on_partitions_assigned(set())
    await reader.on_partitions_revoked(set())
    await until(lambda: health.waiting_for == "kafka")


async def test_an_engine_that_no_partition_is_left_for_is_well(health: Health, reader: LogReader) -> None:
    await reader.on_partitions_revoked(set())
    await reader.on_partitions_assigned(set())
    for _ in range(100):
        await asyncio.sleep(0)
    assert health.is_ready
