"""Workers alone, as containers run them: what they tell of themselves, and how they end.

On a stack of its own, because its servers are stopped while they run.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bench.corpus import generate
from cli.run import Worker
from infra.init import initialise
from infra.stack import process
from infra.stack.ports import choose
from infra.stack.stack import NativeStack
from infra.stack.state import load_state
from queries.lag import group_positions
from sessiontrack.settings import Settings
from tests.stack.conftest import running_stack
from tests.stack.pipeline import SESSIONTRACK, Pipeline, differences

SESSIONS = 20
# A loaded machine may stand still for a while; what is stuck stays so.
PATIENCE_S = 120.0
# The server that each worker can't do without, beside Kafka.
STORES = {"archive": "minio", "postgres": "postgres", "opensearch": "opensearch"}


class RunningWorker:
    """A worker that was started by `sessiontrack run`."""

    def __init__(self, name: str, port: int, environment: dict[str, str]) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        command = [str(SESSIONTRACK), "run", name, "--health-port", str(port)]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def status_of(self, path: str) -> int:
        try:
            return httpx.get(self.url + path, trust_env=False).status_code
        except httpx.ConnectError:  # it has just begun
            return 0

    def waits_for(self) -> str:
        return str(httpx.get(f"{self.url}/health/ready", trust_env=False).json().get("waits_for", ""))

    @property
    def is_alive(self) -> bool:
        return self.status_of("/health/live") == 200

    @property
    def is_ready(self) -> bool:
        return self.status_of("/health/ready") == 200

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        families = text_string_to_metric_families(httpx.get(f"{self.url}/metrics", trust_env=False).text)
        values = [sample.value for family in families for sample in family.samples if sample.name == name]
        assert values, f"{self.name} has no {name}"
        return sum(values)


@pytest.fixture(scope="module")
def stack() -> Iterator[tuple[NativeStack, Settings]]:
    with running_stack() as (stack, settings):
        initialise(settings)
        yield stack, settings


@pytest.fixture(scope="module")
def transcripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is watched, with state folders in it."""
    folder = tmp_path_factory.mktemp("watched")
    generate(folder / "first", SESSIONS, seed=11)
    return folder


@pytest.fixture(scope="module")
def workers(stack: tuple[NativeStack, Settings], transcripts: Path) -> Iterator[dict[str, RunningWorker]]:
    environment = os.environ | {
        "SESSIONTRACK_DATA_DIR": str(stack[1].data_dir),
        "SESSIONTRACK_CAPTURE__ROOTS": json.dumps([str(transcripts)]),
    }
    started = {name.value: RunningWorker(name, port, environment) for name, port in zip(Worker, choose(5), strict=True)}
    try:
        for worker in started.values():
            until(lambda worker=worker: worker.is_ready)  # type: ignore[misc]  # mypy can't infer such a default
        yield started
    finally:
        for worker in started.values():
            worker.process.kill()
            worker.process.wait()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stop_server(settings: Settings, name: str) -> None:
    state = load_state(settings.data_dir / "servers" / "state.json")
    assert state
    process.stop(state.processes[name], first=signal.SIGKILL)


def test_metrics_tell_what_a_worker_has_done(
    stack: tuple[NativeStack, Settings], workers: dict[str, RunningWorker]
) -> None:
    report = Pipeline(stack[1]).verify()
    assert report.records > 0
    assert not differences(report)
    for worker in workers.values():
        assert worker.metric("sessiontrack_records_received_total") > 0
        assert worker.metric("sessiontrack_records_written_total") > 0
        assert worker.metric("process_resident_memory_peak_bytes") > 10_000_000
    for name in ("streams", *STORES):
        worker = workers[name]
        assert worker.metric("sessiontrack_batch_seconds_count") > 0
        assert worker.metric("sessiontrack_batch_seconds_sum") > 0
        until(lambda worker=worker: worker.metric("sessiontrack_lag_records") == 0)  # type: ignore[misc]
        assert worker.metric("sessiontrack_oldest_unprocessed_timestamp_seconds") == 0


@pytest.mark.parametrize(("name", "server"), STORES.items())
def test_a_worker_whose_store_is_away_is_alive_but_not_ready(
    name: str,
    server: str,
    stack: tuple[NativeStack, Settings],
    workers: dict[str, RunningWorker],
    transcripts: Path,
) -> None:
    worker, pipeline = workers[name], Pipeline(stack[1])
    stop_server(stack[1], server)
    # The others go on; what it can't write yet is its lag, and ages.
    generate(transcripts / name, 3, seed=len(name))
    until(lambda: not worker.is_ready)
    assert worker.is_alive
    assert worker.waits_for() == name
    until(lambda: worker.metric("sessiontrack_oldest_unprocessed_timestamp_seconds") > 0)
    assert worker.metric("sessiontrack_lag_records") > 0

    stack[0].up()
    until(lambda: worker.is_ready)
    assert not differences(pipeline.verify())


def test_workers_whose_broker_is_away_are_alive_but_not_ready(
    stack: tuple[NativeStack, Settings], workers: dict[str, RunningWorker], transcripts: Path
) -> None:
    stop_server(stack[1], "kafka")
    # Something to send, which the capture would not miss the broker for otherwise.
    generate(transcripts / "meanwhile", 3, seed=3)
    for worker in workers.values():
        until(lambda worker=worker: not worker.is_ready)  # type: ignore[misc]
        assert worker.is_alive
        assert worker.waits_for() == "kafka"
    stack[0].up()
    for worker in workers.values():
        until(lambda worker=worker: worker.is_ready)  # type: ignore[misc]
    assert not differences(Pipeline(stack[1]).verify())


def test_a_signal_ends_each_with_everything_committed(
    stack: tuple[NativeStack, Settings], workers: dict[str, RunningWorker]
) -> None:
    for worker in workers.values():
        worker.process.send_signal(signal.SIGTERM)
    for worker in workers.values():
        assert worker.process.wait(timeout=PATIENCE_S) == 0, worker.name
    assert {position.worker: position.lag for position in asyncio.run(group_positions(stack[1]))} == dict.fromkeys(
        ("streams", *STORES), 0
    )
