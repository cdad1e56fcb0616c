"""The streams worker on a real broker: what it publishes last equals what the stages derive from the log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.records import SessionEvent
from schemas.topics import DEAD_LETTERS, EVENTS, MESSAGES, SESSIONS, TOOL_CALLS
from sessiontrack.settings import Settings
from streams.derive import derive
from tests.stack.streaming import Log
from tests.stack.waiting import ended, until
from tests.unit.streams.events import call, context, lifecycle, model_change, reply, result, user

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def log(stack_settings: Settings) -> Iterator[Log]:
    log = Log(stack_settings)
    yield log
    asyncio.run(log.close())


@pytest.fixture
def start_worker(log: Log, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts workers that keep their state in one folder; whatever still runs is stopped at the end."""
    program = (
        "import sys; from functools import partial; from pathlib import Path;"
        "from sessiontrack.settings import Settings; from sessiontrack.logs import configure_logging;"
        "from sessiontrack.telemetry.metrics import WorkerMetrics;"
        "from sessiontrack.worker import run_worker; from streams.worker import run_streams;"
        "settings = Settings(data_dir=Path(sys.argv[1])); configure_logging(settings.log);"
        "settings = settings.model_copy(update={'data_dir': Path(sys.argv[2])});"
        "work = partial(run_streams, settings, namespace=sys.argv[3]);"
        "run_worker(work, WorkerMetrics('streams'), settings)"
    )
    started: list[subprocess.Popen[bytes]] = []
    output = (tmp_path / "worker.log").open("ab")

    def start() -> subprocess.Popen[bytes]:
        arguments = [str(log.settings.data_dir), str(tmp_path), log.namespace]
        started.append(
            subprocess.Popen([sys.executable, "-c", program, *arguments], stderr=output, cwd=Path(__file__).parents[2])
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
    output.close()


def conversations(sessions: int, turns: int) -> list[SessionEvent]:
    """Sessions that go on at the same time, with tools, several generations and repeats."""
    found = []
    for turn in range(turns):
        for number in range(sessions):
            made = _turn(turn, 10_000 * turn)
            for event in made:
                event["session_id"] = str(UUID(int=number))
            found += made
    return found


def _turn(turn: int, at: int) -> list[SessionEvent]:
    events = [
        context(f"f{turn % 3}", channel=("webchat", "telegram", "signal")[turn % 3]),
        user(f"u{turn}", at, sender={"id": str(turn % 5), "name": None, "channel": None, "provenance": "PARSED"}),
        model_change(f"m{turn}", at + 1, f"sim-{turn // 4 % 2}"),
        reply(f"a{turn}", at + 2, call(f"c{turn}", "exec", '{"command":"ls"}'), call("again", "read")),
        result(f"r{turn}", at + 50, f"c{turn}", is_error=turn % 7 == 0),
        result(f"s{turn}", at + 60, "again", "read"),
        user(f"u{turn // 2}", at // 2, generation="rewritten"),
    ]
    return [*events, lifecycle("reset", at + 99)] if turn % 10 == 9 else events


def told_by_workers(folder: Path, path: str) -> list[str]:
    """What each worker with this data folder answers, one that is not well, or does not answer, nothing."""

    def told(target: Path) -> str:
        try:
            [group] = json.loads(target.read_text("utf-8"))
            return httpx.get(f"http://{group['targets'][0]}{path}", trust_env=False).raise_for_status().text
        except (OSError, httpx.HTTPError):
            return ""

    return [told(target) for target in folder.glob("telemetry/*.json")]


def shown_partitions(metrics: str) -> set[str]:
    lags = [each for each in text_string_to_metric_families(metrics) if each.name == "sessiontrack_lag_records"]
    return {sample.labels["partition"] for each in lags for sample in each.samples}


async def compare(log: Log) -> None:
    derived = derive(await log.read(EVENTS))

    assert await log.last(SESSIONS) == derived.sessions
    assert await log.last(MESSAGES) == derived.messages
    assert await log.last(TOOL_CALLS) == derived.tool_calls
    assert derived.refused == set()


async def test_what_is_published_is_what_the_log_implies(
    log: Log, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    worker = start_worker()
    await log.append(conversations(sessions=20, turns=20))
    await log.processed()
    await compare(log)
    assert await log.length(DEAD_LETTERS) == 0

    worker.send_signal(signal.SIGTERM)
    assert await ended(worker) == 0


async def test_a_worker_that_is_killed_again_and_again_loses_and_doubles_nothing(
    log: Log, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    events = conversations(sessions=30, turns=60)
    part = len(events) // 4
    for number in range(3):
        # Each has something to publish that none before it had, however fast those were.
        await log.append(events[number * part : (number + 1) * part])
        seen = await log.length(MESSAGES)

        async def has_published(seen: int = seen) -> bool:
            return await log.length(MESSAGES) > seen

        worker = start_worker()
        await until(has_published, "messages of a worker that is then killed")
        worker.kill()
        await ended(worker)

    await log.append(events[3 * part :])
    start_worker()
    await log.processed()
    await compare(log)


async def test_a_worker_without_its_disk_takes_its_state_from_the_changelog(
    log: Log, start_worker: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    worker = start_worker()
    events = conversations(sessions=5, turns=20)
    await log.append(events[:400])
    await log.processed()
    worker.send_signal(signal.SIGTERM)
    await ended(worker)
    await asyncio.to_thread(os.rename, tmp_path / "streams", tmp_path / "lost")

    start_worker()
    await log.append(events[400:])
    await log.processed()
    await compare(log)


async def test_workers_that_come_and_go_while_events_flow_lose_and_double_nothing(
    log: Log, start_worker: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    events = conversations(sessions=30, turns=60)

    async def flow() -> None:
        for first in range(0, len(events), 200):
            await log.append(events[first : first + 200])

    def has_state(folder: str) -> bool:
        return any(tmp_path.glob(f"streams/*/{folder}/**/*.db"))

    async def both_own_partitions() -> bool:
        return has_state("0") and has_state("1")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(flow())
        first, second = start_worker(), start_worker()
        await until(both_own_partitions, "state of both workers")
        first.kill()
        await ended(first)
        start_worker()
    await log.processed()
    await compare(log)

    async def both_work() -> bool:
        told = await asyncio.to_thread(told_by_workers, tmp_path, "/health/ready")
        return len(told) == 2 and all(told)

    async def each_partition_is_shown_once() -> bool:
        told = await asyncio.to_thread(told_by_workers, tmp_path, "/metrics")
        one, other = map(shown_partitions, told)
        return bool(one and other) and not one & other

    await until(both_work, "the second and the third worker, ready")
    await log.append(events[: 30 * 7])
    await until(each_partition_is_shown_once, "two workers of which each shows the partitions that it has now")
    await log.processed()

    second.send_signal(signal.SIGTERM)
    assert await ended(second) == 0
    await log.append(conversations(sessions=31, turns=1)[-7:])
    await log.processed()
    await compare(log)


async def test_a_value_that_is_no_event_is_set_aside_as_it_was(
    log: Log, start_worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    await log.append_bytes(b"no Avro")
    await log.append(conversations(sessions=3, turns=1))
    start_worker()
    await log.processed()

    [letter] = await log.read(DEAD_LETTERS)
    assert (letter["value"], letter["stage"], letter["error_class"]) == (b"no Avro", "decode", "CodecError")
    assert letter["group"] == f"{log.namespace}.streams"
    assert len(await log.last(SESSIONS)) == 3
