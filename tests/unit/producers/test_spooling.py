from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterator
from itertools import islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from producers import emptying, spooling
from producers.publisher import encoded
from producers.receipt import Receipt
from producers.spooling import SpoolingPublisher
from producers.transcript import Transcript, TranscriptSource
from schemas.codec import Encoder
from schemas.records import SessionEvent
from sessiontrack.errors import SessionTrackError, TerminalError, TransientError, UnavailableError
from sessiontrack.settings import Settings
from tests.unit.producers.clawdbot.writing import message

SESSIONS = ("a", "b")
ENCODER = Encoder("session-event", 7)


class Broker:
    """Takes events, or stands still, or is gone."""

    def __init__(self) -> None:
        self.log: list[SessionEvent] = []
        self.answers = True
        self.delays: Iterator[float] = repeat(0.0)
        self.refuses: type[SessionTrackError] | None = None
        self.connections: list[BrokerConnection] = []

    async def connect(self) -> BrokerConnection:
        if not self.answers:
            raise UnavailableError("away")
        self.connections.append(BrokerConnection(self))
        return self.connections[-1]

    def resume(self, late: int) -> None:
        """Goes on; of what reached it while it stood still it takes the first events, and the connection is lost."""
        self.answers = True
        for connection in self.connections:
            if connection.unanswered:
                # Behind an event that it refused an idempotent producer's sequence has a hole: it takes none.
                if connection.failed is None:
                    self.log += connection.unanswered[:late]
                connection.unanswered.clear()
                connection.failed = TransientError


class BrokerConnection:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._receipts: list[asyncio.Future[Receipt]] = []
        self.failed: type[SessionTrackError] | None = None
        self.unanswered: list[SessionEvent] = []

    def encode(self, event: SessionEvent) -> bytes:
        return encoded(ENCODER, event)

    async def publish(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        return await self.produce(event, self.encode(event))

    async def produce(self, event: SessionEvent, value: bytes) -> asyncio.Future[Receipt]:
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._receipts.append(receipt)
        if not self._broker.answers or self.unanswered:
            self.unanswered.append(event)
        elif refusal := self.failed or self._broker.refuses:
            self._broker.refuses = None
            # The producer is idempotent: behind an event that is missing in its sequence the broker takes none.
            self.failed = refusal if refusal is TransientError else None
            receipt.set_exception(refusal("refused"))
            receipt.exception()
        else:
            self._broker.log.append(event)
            acknowledgement = Receipt(event["event_id"], "events", 0, len(self._broker.log))
            if delay := next(self._broker.delays):
                asyncio.get_running_loop().call_later(delay, receipt.set_result, acknowledgement)
            else:
                receipt.set_result(acknowledgement)
        return receipt

    async def close(self) -> None:
        pass

    async def abandon(self) -> None:
        for receipt in self._receipts:
            if not receipt.done():
                receipt.set_exception(TransientError("abandoned"))
                receipt.exception()


def settings_for(folder: Path, **capture: int) -> Settings:
    return Settings.model_validate({"data_dir": folder, "capture": {"ack_ms": 5, **capture}})


async def until_direct(publisher: SpoolingPublisher) -> None:
    async with asyncio.timeout(10):
        await publisher.emptied()


class SpoolingMachine(RuleBasedStateMachine):
    """A publisher over a broker that comes and goes, in a process that is killed now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._settings = settings_for(Path(self._folder.name))
        self._loop = asyncio.new_event_loop()
        self._patches: list[Any] = [
            patch.object(spooling, "backoff_delays", lambda: repeat(0.001)),
            patch.object(emptying, "_ACK_PATIENCE_S", 0.005),
            patch.object(spooling, "_CLOSE_PATIENCE_S", 0.05),
        ]
        for each in self._patches:
            each.start()
        self._broker = Broker()
        self._transcripts = {name: Transcript(TranscriptSource(session_id=name)) for name in SESSIONS}
        self._emitted: dict[str, list[SessionEvent]] = defaultdict(list)
        self._receipts: list[tuple[SessionEvent, asyncio.Future[Receipt]]] = []
        self._accepted: list[SessionEvent] = []

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    @initialize()
    def start(self) -> None:
        self._publisher = self._run(SpoolingPublisher.open(self._settings, self._broker.connect))

    @rule(session=st.sampled_from(SESSIONS), count=st.integers(1, 5))
    def send(self, session: str, count: int) -> None:
        for _ in range(count):
            number = len(self._emitted[session])
            event = self._transcripts[session].append(message(number), captured_at=0)
            self._emitted[session].append(event)
            self._receipts.append((event, self._run(self._publisher.publish(event))))

    @rule(milliseconds=st.sampled_from([0, 2, 10]))
    def wait(self, milliseconds: int) -> None:
        self._run(asyncio.sleep(milliseconds / 1000))

    @precondition(lambda self: self._broker.answers)
    @rule()
    def stop_broker(self) -> None:
        self._broker.answers = False

    @precondition(lambda self: not self._broker.answers)
    @rule(late=st.integers(0, 3))
    def resume_broker(self, late: int) -> None:
        self._broker.resume(late)

    @rule()
    def refuse(self) -> None:
        self._broker.refuses = TransientError

    @rule()
    def close_and_open(self) -> None:
        self._run(self._publisher.close())
        self._note_accepted()
        assert not self._receipts
        self.start()

    @rule(garbage=st.sampled_from([b"", b"\x00\x00\x01", bytes(40), b"\x00\x00\x00\x05\x00\x00\x00\x00half"]))
    def kill_and_start(self, garbage: bytes) -> None:
        self._note_accepted()
        self._receipts.clear()
        self._run(self._killed())
        for path in sorted(Path(self._folder.name).glob("spool/*/*.segment"))[-1:]:
            with path.open("ab") as file:
                file.write(garbage)
        self.start()

    async def _killed(self) -> None:
        """What is left of a process: its files. The locks go with its handles."""
        mine = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)
        self._publisher._unacknowledged.clear()
        self._publisher._watchdog.stop()
        self._publisher._spool.close()

    @invariant()
    def receipts_are_kept(self) -> None:
        self._note_accepted()

    def _note_accepted(self) -> None:
        waiting = []
        for event, receipt in self._receipts:
            if receipt.done():
                receipt.result()
                self._accepted.append(event)
            else:
                waiting.append((event, receipt))
        self._receipts = waiting

    def teardown(self) -> None:
        try:
            self._broker.resume(late=0)
            self._run(until_direct(self._publisher))
            self._run(self._publisher.close())
            self._note_accepted()
            assert not self._receipts
            for session in SESSIONS:
                log = [event for event in self._broker.log if event["session_id"] == session]
                first_times = list({event["event_id"]: event for event in log}.values())
                assert first_times == [event for event in self._emitted[session] if event in first_times]
            ids = {event["event_id"] for event in self._broker.log}
            assert [event for event in self._accepted if event["event_id"] not in ids] == []
            assert list(Path(self._folder.name).glob("spool/*")) == []
        finally:
            for each in self._patches:
                each.stop()
            self._loop.close()
            self._folder.cleanup()


TestSpooling = SpoolingMachine.TestCase
TestSpooling.settings = hypothesis_settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "backoff_delays", lambda: repeat(0.001))


def events(count: int, text: str = "") -> Iterator[SessionEvent]:
    transcript = Transcript(TranscriptSource(session_id="s"))
    for number in range(count):
        yield transcript.append(message(number, text), captured_at=0)


async def test_a_broker_that_is_slow_with_much_in_flight_is_not_away(tmp_path: Path) -> None:
    broker = Broker()
    publisher = await SpoolingPublisher.open(settings_for(tmp_path, ack_ms=1000), broker.connect)
    broker.delays = iter([0.05 * number for number in range(40)])
    receipts = [await publisher.publish(event) for event in events(40)]
    assert not any([(await receipt).spooled for receipt in receipts])
    await publisher.close()


@pytest.mark.usefixtures("quick")
async def test_a_start_without_servers_spools(tmp_path: Path) -> None:
    broker = Broker()
    broker.answers = False
    publisher = await SpoolingPublisher.open(settings_for(tmp_path), broker.connect)
    sent = list(events(3))
    receipts = [await (await publisher.publish(event)) for event in sent]
    assert [receipt.spooled for receipt in receipts] == [True] * 3
    assert {receipt.topic for receipt in receipts} == {"sessiontrack.events.v1"}
    broker.resume(0)
    await until_direct(publisher)
    (last,) = events(1)
    assert not (await (await publisher.publish(last))).spooled
    await publisher.close()
    assert broker.log == [*sent, last]


async def test_a_schema_that_is_refused_is_told_at_the_start(tmp_path: Path) -> None:
    async def refused() -> BrokerConnection:
        raise SessionTrackError("not compatible")

    with pytest.raises(SessionTrackError, match="not compatible"):
        await SpoolingPublisher.open(settings_for(tmp_path), refused)


@pytest.mark.usefixtures("quick")
async def test_a_large_event_takes_the_way_through_the_spool(tmp_path: Path) -> None:
    broker = Broker()
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "capture": {"claim_bytes": 1024}, "s3": {"secret_key": "s"}}
    )
    publisher = await SpoolingPublisher.open(settings, broker.connect)
    (large,) = events(1, "x" * 2000)
    (small,) = events(1)
    receipts = [await (await publisher.publish(event)) for event in (large, small)]
    assert [receipt.spooled for receipt in receipts] == [True, True]
    await until_direct(publisher)
    assert broker.log == [large, small]
    await publisher.close()


@pytest.mark.usefixtures("quick")
async def test_a_full_spool_refuses_and_loses_nothing_that_it_accepted(tmp_path: Path) -> None:
    broker = Broker()
    broker.answers = False
    limits = {"spool_bytes": 8 * 1024**2, "claim_bytes": 4 * 1024**2}
    publisher = await SpoolingPublisher.open(settings_for(tmp_path, **limits), broker.connect)
    # Each holds its text twice, in its line and in its body: four fit into a segment, two segments into the spool.
    stream = events(10, "x" * 450 * 1024)
    accepted = list(islice(stream, 8))
    for event in accepted:
        await publisher.publish(event)
    with pytest.raises(TransientError, match="full") as refusal:
        await publisher.publish(next(stream))
    assert refusal.value.hint
    broker.resume(0)
    await until_direct(publisher)
    assert broker.log == accepted
    assert not (await (await publisher.publish(next(stream)))).spooled
    await publisher.close()


async def test_a_large_event_without_an_object_store_is_refused_at_once(tmp_path: Path) -> None:
    publisher = await SpoolingPublisher.open(settings_for(tmp_path, claim_bytes=1024), Broker().connect)
    (large,) = events(1, "x" * 2000)
    with pytest.raises(UnavailableError, match="secret key"):
        await publisher.publish(large)
    assert publisher.is_direct
    await publisher.close()


@pytest.mark.usefixtures("quick")
async def test_a_spooled_event_that_the_broker_never_takes_holds_nothing_up(tmp_path: Path) -> None:
    broker = Broker()
    broker.answers = False
    publisher = await SpoolingPublisher.open(settings_for(tmp_path), broker.connect)
    bad, good = events(2)
    await publisher.publish(bad)
    await publisher.publish(good)
    broker.refuses = TerminalError
    broker.resume(0)
    await until_direct(publisher)
    await publisher.close()
    assert broker.log == [good]
    assert [path.name.startswith("refused-") for path in (tmp_path / "spool").iterdir()] == [True]
