"""How each worker is: how far, how fast, what it set aside, what it says of itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiokafka.errors import KafkaError

from infra.workers import WorkerStatus, load_records, worker_states
from queries.dead_letters.topic import count_standing
from queries.lag import GroupPosition, positions_and_watermarks
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

# Letters are few; who has many is not kept waiting until they are counted.
_COUNT_S = 1.5
# A rate over less says nothing, since workers commit in steps; over more it is no rate of now.
_SHORTEST_S, _LONGEST_S = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """How a worker is. What can't be known here is None: it runs on another machine, or does not answer.

    Attributes:
        worker: Its name.
        lag: Records that it is not done with.
        committed: Records that it is done with, since its topics began.
        records_per_second: How fast it is, since it was asked before; None the first time.
        complete_until: Every record up to this time is processed, epoch milliseconds.
        dead_letters: How many records it set aside, that stand.
        state: running, restarting, dead or stopped.
        health: What it says of itself, for people.
        oldest_unprocessed_s: For how long its oldest record waits, seconds.
        resident_bytes: Its memory now.
        peak_bytes: The most memory that it ever had.
    """

    worker: str
    lag: int
    committed: int
    records_per_second: float | None
    complete_until: int | None
    dead_letters: int | None
    state: str | None
    health: str | None
    oldest_unprocessed_s: float | None
    resident_bytes: int | None
    peak_bytes: int | None


class Rates:
    """How fast groups commit, from what they had committed when they were looked at before."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, int]] = {}
        self._rates: dict[str, float] = {}

    def rate(self, worker: str, committed: int, now: float) -> float | None:
        """Records per second; None where it was not looked at lately.

        Args:
            worker: Its name.
            committed: What it is done with.
            now: Seconds, monotonic.
        """
        at, before = self._before.get(worker, (now - 2 * _LONGEST_S, committed))
        seconds = now - at
        if seconds < _SHORTEST_S:
            return self._rates.get(worker)
        self._before[worker] = now, committed
        if seconds > _LONGEST_S:
            self._rates.pop(worker, None)
        else:
            self._rates[worker] = max(0, committed - before) / seconds
        return self._rates.get(worker)


async def workers_health(settings: Settings, rates: Rates) -> list[WorkerHealth]:
    """How each worker is.

    Args:
        settings: Where everything is.
        rates: What was committed when they were looked at before.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    try:
        positions, letters, states = await asyncio.gather(
            positions_and_watermarks(settings),
            count_standing(settings, _COUNT_S),
            asyncio.to_thread(_states, settings),
        )
    except KafkaError as error:
        raise UnavailableError(
            f"Kafka does not serve: {type(error).__name__}", hint="Start the stack with `sessiontrack up`."
        ) from error
    now = time.monotonic()
    return [
        _health(position, mark.earliest, rates.rate(position.worker, position.committed, now), letters, states)
        for position, mark in positions
    ]


def _states(settings: Settings) -> dict[str, WorkerStatus]:
    """How those are that were started from this data folder; none where others start them, such as Compose."""
    found: Iterable[WorkerStatus] = worker_states(settings) if load_records(settings.data_dir) else ()
    return {status.name: status for status in found}


def _health(
    position: GroupPosition,
    complete_until: int | None,
    rate: float | None,
    letters: Mapping[str, int] | None,
    states: Mapping[str, WorkerStatus],
) -> WorkerHealth:
    status = states.get(position.worker)
    probe = status.probe if status else None
    return WorkerHealth(
        worker=position.worker,
        lag=position.lag,
        committed=position.committed,
        records_per_second=None if rate is None else round(rate, 1),
        complete_until=complete_until,
        dead_letters=None if letters is None else letters.get(position.worker, 0),
        state=status.state if status else None,
        health=status.health if status else None,
        oldest_unprocessed_s=probe.oldest_unprocessed_s if probe else None,
        resident_bytes=status.resident_bytes if status else None,
        peak_bytes=probe.peak_bytes if probe else None,
    )
