from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from consumers import retry
from consumers.batching import write_or_bisect
from consumers.retry import Retry, Revoked, Stopped
from consumers.sink import Offsets, Partition, Received, ends
from sessiontrack import backoff
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.telemetry.health import Health

# Of the simulated clock: with the delays at their longest, thousands of attempts.
DAY_S = 24 * 3600.0


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "_FIRST_DELAY_S", 0.001)


class Store:
    """Away for a number of attempts."""

    def __init__(self, away_for: int) -> None:
        self.away_for = away_for
        self.attempts = 0

    async def write(self) -> str:
        self.attempts += 1
        if self.attempts <= self.away_for:
            raise TransientError("away")
        return "written"


async def test_a_store_that_comes_back_gets_what_it_missed() -> None:
    store = Store(away_for=5)
    assert await Retry("test", asyncio.Event(), Health())("store", store.write) == "written"
    assert store.attempts == 6


async def test_stopping_ends_the_wait() -> None:
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Stopped):
        await Retry("test", stop, Health())("store", Store(away_for=10**9).write)


async def test_what_was_taken_away_is_not_tried() -> None:
    store = Store(away_for=10**9)
    with pytest.raises(Revoked):
        await Retry("test", asyncio.Event(), Health())("store", store.write, wanted=lambda: store.attempts < 3)
    assert store.attempts == 3


async def test_other_errors_are_not_retried() -> None:
    attempts = 0

    async def refuse() -> None:
        nonlocal attempts
        attempts += 1
        raise TerminalError("refused")

    with pytest.raises(TerminalError):
        await Retry("test", asyncio.Event(), Health())("store", refuse)
    assert attempts == 1


async def test_whoever_asks_is_told_what_is_waited_for() -> None:
    health = Health()
    health.ready()
    store = Store(away_for=2)

    async def write() -> str:
        assert health.waiting_for == ("store" if store.attempts else "")
        return await store.write()

    assert await Retry("test", asyncio.Event(), health)("store", write) == "written"
    assert health.is_alive
    assert not health.is_ready  # the engine says so, once it has what else it needs


async def test_a_store_that_is_away_for_a_day_makes_no_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = 0.0

    async def wait(event: asyncio.Event, seconds: float) -> bool:
        nonlocal waited
        waited += seconds
        return event.is_set()

    async def write(records: Sequence[Received]) -> Offsets:
        if waited < DAY_S:
            raise TransientError("away")
        if any(record.offset == 1 for record in records):
            raise TerminalError("it does not fit")
        return ends(records)

    async def refuse(record: Received, error: TerminalError) -> Offsets:
        refused.append(record.offset)
        return ends([record])

    monkeypatch.setattr(backoff, "_FIRST_DELAY_S", backoff._LONGEST_DELAY_S)
    monkeypatch.setattr(retry, "_is_set_within", wait)
    patiently, refused = Retry("test", asyncio.Event(), Health()), list[int]()
    partition = Partition("events", 0)
    records = [Received(partition, offset, 0, b"", b"", ()) for offset in range(4)]

    offsets = await write_or_bisect(records, lambda batch: patiently("store", lambda: write(batch)), refuse)

    # The one at fault alone, once the store can tell; and the partition goes on behind it.
    assert refused == [1]
    assert offsets == {partition: 4}
    assert waited >= DAY_S
