"""A broker that is away for long: what waits is the batch in hand, and no connection is left behind."""

from __future__ import annotations

import asyncio
from itertools import repeat
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError

from sessiontrack.settings import KafkaSettings
from streams import publisher as module
from streams.publisher import Publisher, Record

PLACE = TopicPartition("sessiontrack.messages.v1", 3)
RECORDS = [Record(b"key", b"value", [])] * 5


class Broker:
    """Makes producers, and says what becomes of them."""

    def __init__(self) -> None:
        self.started = 0
        self.stopped = 0
        self.is_reached = False
        self.acknowledges = False

    def producer(self, **options: Any) -> Any:
        return SimpleNamespace(start=self._start, stop=self._stop, create_batch=_Batch, send_batch=self._send)

    async def _start(self) -> None:
        self.started += 1
        if not self.is_reached:
            raise KafkaConnectionError("away")

    async def _stop(self) -> None:
        self.stopped += 1

    async def _send(self, batch: Any, topic: str, partition: int) -> Any:
        if not self.acknowledges:
            raise KafkaTimeoutError
        sent: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        sent.set_result(SimpleNamespace(offset=7))
        return sent


class _Batch:
    def __init__(self) -> None:
        self.count = 0

    def append(self, **record: Any) -> int:
        self.count += 1
        return self.count

    def record_count(self) -> int:
        return self.count


def _waits(publisher: Publisher) -> bool:
    return publisher.is_waiting


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(module, "AIOKafkaProducer", broker.producer)
    monkeypatch.setattr(module, "backoff_delays", lambda: repeat(0.0))
    return broker


async def until(reached: Any) -> None:
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110  # nothing tells when it is
            await asyncio.sleep(0)


@pytest.mark.parametrize("is_reached", [False, True], ids=["no connection", "no acknowledgement"])
async def test_a_broker_that_is_away_for_long_leaves_nothing_behind(broker: Broker, is_reached: bool) -> None:
    broker.is_reached = is_reached
    publisher = Publisher(KafkaSettings(), "test", "streams")
    sending = asyncio.create_task(publisher.send({PLACE: RECORDS}))
    await until(lambda: broker.started > 1_000)
    assert _waits(publisher)
    assert broker.started - broker.stopped <= 1
    broker.is_reached = broker.acknowledges = True
    assert await sending == {PLACE: [7, 8, 9, 10, 11]}
    assert not _waits(publisher)
    await publisher.close()
    assert broker.started == broker.stopped
