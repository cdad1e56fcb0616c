"""Checkpoints move when the broker has what they cover, in order, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from structlog.testing import capture_logs

from producers.claims import LineRefusedError
from producers.clawdbot import delivery
from producers.clawdbot.batches import Batch
from producers.clawdbot.checkpoints import Checkpoint, CheckpointStore, Stamp
from producers.clawdbot.delivery import Delivery
from producers.receipt import Receipt
from producers.transcript import Transcript, TranscriptSource
from schemas.records import SessionEvent
from sessiontrack.errors import TerminalError, TransientError, UnavailableError, UsageError
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import CaptureMetrics
from tests.unit.producers.clawdbot.writing import message

_TRANSCRIPT = Transcript(TranscriptSource(session_id="s"))
_EVENT = _TRANSCRIPT.append(message(1), captured_at=1)


class Broker:
    """Acknowledges when it is told to; refuses events of the session `refused`.

    Attributes:
        object_store: What is wrong with the object store, where the lines of the kind UNPARSED go.
    """

    def __init__(self) -> None:
        self.receipts: list[asyncio.Future[Receipt]] = []
        self.sent: list[SessionEvent] = []
        self.object_store: Exception | None = None

    async def send(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        if event["session_id"] == "refused":
            raise TerminalError("larger than the broker takes")
        if self.object_store and event["kind"] == "UNPARSED":
            raise self.object_store
        self.sent.append(event)
        self.receipts.append(asyncio.get_running_loop().create_future())
        return self.receipts[-1]

    def acknowledge(self) -> None:
        for offset, receipt in enumerate(self.receipts):
            if not receipt.done():
                receipt.set_result(Receipt("", "", 0, offset))


class Running:
    """A delivery that runs, and all it talks to."""

    def __init__(self, folder: Path) -> None:
        self.broker, self.store = Broker(), CheckpointStore(folder)
        self.metrics, self.health = CaptureMetrics(), Health()
        self.health.ready()
        self.delivery = Delivery(self.broker, self.store, metrics=self.metrics, health=self.health)

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"sessiontrack_{name}", labels)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    running = Running(tmp_path)
    async with _task(running.delivery):
        yield running
    running.store.close()


@asynccontextmanager
async def _task(running: Delivery) -> AsyncIterator[None]:
    task = asyncio.create_task(running.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def batch(name: str, *events: SessionEvent) -> Batch:
    checkpoint = Checkpoint(
        path=Path(name), session_id="s" * 1000, agent_id=None, stamp=Stamp(1, 2, 3, 4), position=_TRANSCRIPT.position
    )
    return Batch(list(events or (_EVENT,)), checkpoint)


async def until(running: Running, waiting_for: str) -> None:
    async with asyncio.timeout(60):
        while running.health.waiting_for != waiting_for:  # noqa: ASYNC110  # health is asked, it does not tell
            await asyncio.sleep(0.001)


async def test_a_checkpoint_moves_only_after_the_acknowledgement(running: Running) -> None:
    await running.delivery.send(batch("/a"))
    assert running.metric("capture_events_pending") == 1
    assert not running.store.load()
    running.broker.acknowledge()
    await running.delivery.drain()
    assert set(running.store.load()) == {Path("/a")}
    assert running.metric("capture_events_pending") == 0
    assert running.metric("records_written_total", worker="capture") == 1
    assert running.metric("capture_last_acknowledgement_timestamp_seconds")


async def test_an_event_that_can_not_be_published_holds_nothing_up(running: Running) -> None:
    with capture_logs() as logs:
        await running.delivery.send(batch("/a", {**_EVENT, "session_id": "refused"}, _EVENT))
    running.broker.acknowledge()
    await running.delivery.drain()
    assert [each["reason"] for each in logs] == ["larger than the broker takes"]
    assert set(running.store.load()) == {Path("/a")}
    assert running.metric("dead_letters_total", worker="capture", stage="publish") == 1
    assert running.metric("records_written_total", worker="capture") == 1
    assert running.metric("capture_events_pending") == 0


def of(session_id: str, number: int, kind: Literal["MESSAGE", "UNPARSED"] = "MESSAGE") -> SessionEvent:
    return {**_EVENT, "session_id": session_id, "line_number": number, "kind": kind}


@pytest.mark.parametrize("error", [LineRefusedError("away"), UnavailableError("no keys")], ids=["away", "no keys"])
async def test_a_line_that_waits_for_the_object_store_holds_up_its_session_alone(
    running: Running, error: Exception
) -> None:
    running.broker.object_store = error
    with capture_logs() as logs:
        await running.delivery.send(batch("/a", of("a", 1), of("a", 2, "UNPARSED"), of("a", 3)))
        await running.delivery.send(batch("/b", of("b", 1)))
        await running.delivery.send(batch("/a", of("a", 4)))
        await running.delivery.send(batch("/a.bak", of("a", 5)))
        await running.delivery.send(replace(batch("/a.moved"), events=[], renamed_from=Path("/a")))
        await running.delivery.send(batch("/b", of("b", 2)))
    running.broker.acknowledge()
    await running.delivery.drain()
    sent = [(event["session_id"], event["line_number"]) for event in running.broker.sent]
    assert sent == [("a", 1), ("b", 1), ("b", 2)]
    assert set(running.store.load()) == {Path("/b")}
    assert running.metric("capture_sessions_held") == 1
    assert running.metric("capture_events_pending") == 0
    assert [(each["log_level"], each["session_id"], each["line_number"]) for each in logs] == [("error", "a", 2)]


async def test_what_is_held_is_read_again_once_the_object_store_is_back(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_RETRY_S", 0.001)
    running.broker.object_store = LineRefusedError("away")
    await running.delivery.send(batch("/a", of("a", 1, "UNPARSED")))
    resuming = asyncio.create_task(running.delivery.resume())
    requiring = asyncio.create_task(running.delivery.require_all())
    await asyncio.wait([resuming, requiring], timeout=0.05)
    assert not resuming.done()
    assert not requiring.done()
    running.broker.object_store = None
    with pytest.raises(TransientError, match="1 sessions"):
        await resuming
    requiring.cancel()


async def test_what_no_object_store_can_ever_take_is_told_at_the_end(running: Running) -> None:
    await running.delivery.require_all()
    running.broker.object_store = UnavailableError("no secret key", hint="set it")
    await running.delivery.send(batch("/a", of("a", 1, "UNPARSED")))
    with pytest.raises(UsageError, match=r"1 sessions .* no secret key") as refusal:
        await running.delivery.require_all()
    assert refusal.value.hint == "set it"


async def test_a_broker_that_does_not_answer_is_told_of_and_waited_for(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_STALL_S", 0.01)
    with capture_logs() as logs:
        await running.delivery.send(batch("/a"))
        await until(running, "kafka")
        assert not running.store.load()
        running.broker.acknowledge()
        await running.delivery.drain()
    assert running.health.is_ready
    assert [each["log_level"] for each in logs] == ["warning", "info"]


async def test_a_full_disk_is_told_of_and_waited_for(running: Running) -> None:
    _allow_pages(running.store, 8)
    with capture_logs() as logs:
        for number in range(100):
            await running.delivery.send(batch(f"/{number}"))
        running.broker.acknowledge()
        await until(running, "checkpoints")
        assert len(running.store.load()) < 100
        _allow_pages(running.store, 10_000)
        await running.delivery.drain()
    assert len(running.store.load()) == 100
    assert running.health.is_ready
    assert [each["log_level"] for each in logs] == ["error", "info"]
    assert "full" in logs[0]["reason"]


def _allow_pages(store: CheckpointStore, number: int) -> None:
    """As a disk with so much room: SQLite itself says that it is full."""
    store._connection.execute(f"PRAGMA max_page_count = {number}")
