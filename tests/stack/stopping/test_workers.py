"""Workers alone, as containers run them: what they tell of themselves, and how they end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bench.corpus import generate
from cli.run import Worker
from infra.stack import process
from infra.stack.ports import choose
from infra.stack.stack import NativeStack
from infra.stack.state import load_state
from queries.lag import group_positions
from sessiontrack.settings import Settings
from tests.stack.gate import Gate
from tests.stack.pipeline import SESSIONTRACK, Pipeline, differences, is_initialised
from tests.stack.waiting import PATIENCE_S, reaped, wait_until

SESSIONS = 20
SINKS = ("archive", "postgres", "opensearch")
# Pinecone is nowhere near.
WORKERS = tuple(worker for worker in Worker if worker is not Worker.PINECONE)


class RunningWorker:
    """A worker that was started by `sessiontrack run`."""

    def __init__(self, name: str, port: int, environment: dict[str, str]) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        command = [str(SESSIONTRACK), "run", name, "--health-port", str(port)]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    def ask(self, path: str) -> httpx.Response:
        # Long: on a busy machine it may not get the processor for a while.
        return httpx.get(self.url + path, trust_env=False, timeout=PATIENCE_S)

    def status_of(self, path: str) -> int:
        try:
            return self.ask(path).status_code
        except httpx.ConnectError:  # it has just begun
            return 0

    def waits_for(self) -> str:
        return str(self.ask("/health/ready").json().get("waits_for", ""))

    @property
    def is_alive(self) -> bool:
        return self.status_of("/health/live") == 200

    @property
    def is_ready(self) -> bool:
        assert self.process.poll() is None, f"{self.name} ended with status {self.process.returncode}"
        return self.status_of("/health/ready") == 200

    def wait_until_ready(self, ready: bool = True) -> None:
        wait_until(lambda: self.is_ready == ready, f"{self.name} {'' if ready else 'not '}ready")

    def has_written(self) -> bool:
        return self.metric("sessiontrack_records_written_total") > 0

    def has_no_lag(self) -> bool:
        return self.metric("sessiontrack_lag_records") == 0

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        families = text_string_to_metric_families(self.ask("/metrics").text)
        values = [sample.value for family in families for sample in family.samples if sample.name == name]
        assert values, f"{self.name} has no {name}"
        return sum(values)


@pytest.fixture(scope="module")
def stack(own_stack: tuple[NativeStack, Settings]) -> tuple[NativeStack, Settings]:
    wait_until(lambda: is_initialised(own_stack[1]), "topics, schemas, tables, indexes and the bucket")
    return own_stack


@pytest.fixture(scope="module")
def transcripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is watched, with state folders in it."""
    folder = tmp_path_factory.mktemp("watched")
    generate(folder / "first", SESSIONS, seed=11)
    return folder


@pytest.fixture(scope="module")
def gates(stack: tuple[NativeStack, Settings]) -> Iterator[dict[str, Gate]]:
    """The way of each sink to its store."""
    settings = stack[1]
    addresses = {
        "archive": settings.s3.endpoint,
        "postgres": f"{settings.postgres.host}:{settings.postgres.port}",
        "opensearch": urlsplit(settings.opensearch.url).netloc,
    }
    with ExitStack() as opened:
        gates = {}
        for name, address in addresses.items():
            host, _, port = address.partition(":")
            gates[name] = opened.enter_context(Gate(host, int(port)))
        yield gates


@pytest.fixture(scope="module")
def workers(
    stack: tuple[NativeStack, Settings], gates: dict[str, Gate], transcripts: Path
) -> Iterator[dict[str, RunningWorker]]:
    environment = os.environ | {
        "SESSIONTRACK_DATA_DIR": str(stack[1].data_dir),
        "SESSIONTRACK_CAPTURE__ROOTS": json.dumps([str(transcripts)]),
        "SESSIONTRACK_S3__ENDPOINT": f"127.0.0.1:{gates['archive'].port}",
        "SESSIONTRACK_POSTGRES__PORT": str(gates["postgres"].port),
        "SESSIONTRACK_OPENSEARCH__URL": f"http://127.0.0.1:{gates['opensearch'].port}",
    }
    with ExitStack() as processes:
        started = {}
        for name, port in zip(WORKERS, choose(len(WORKERS)), strict=True):
            started[name.value] = RunningWorker(name, port, environment)
            processes.enter_context(reaped(started[name.value].process))
        for worker in started.values():
            worker.wait_until_ready()
        yield started


def lags(settings: Settings) -> dict[str, int]:
    return {position.worker: position.lag for position in asyncio.run(group_positions(settings))}


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
        wait_until(worker.has_written, f"what {worker.name} writes first")
        assert worker.metric("sessiontrack_records_received_total") > 0
        assert worker.metric("process_resident_memory_peak_bytes") > 10_000_000
    for name in ("streams", *SINKS):
        worker = workers[name]
        assert worker.metric("sessiontrack_batch_seconds_count") > 0
        assert worker.metric("sessiontrack_batch_seconds_sum") > 0
        wait_until(worker.has_no_lag, f"no lag of {name}")
        assert worker.metric("sessiontrack_oldest_unprocessed_timestamp_seconds") == 0


@pytest.mark.parametrize("name", SINKS)
def test_a_worker_whose_store_is_away_is_alive_but_not_ready_and_holds_up_no_other(
    name: str,
    stack: tuple[NativeStack, Settings],
    gates: dict[str, Gate],
    workers: dict[str, RunningWorker],
    transcripts: Path,
) -> None:
    worker, settings = workers[name], stack[1]
    gates[name].shut()
    generate(transcripts / name, 3, seed=len(name))
    worker.wait_until_ready(False)
    assert worker.is_alive
    assert worker.waits_for() == name
    wait_until(
        lambda: worker.metric("sessiontrack_oldest_unprocessed_timestamp_seconds") > 0, f"the lag's age of {name}"
    )
    assert worker.metric("sessiontrack_lag_records") > 0

    # All else has what it can't write yet.
    others = [other for other in ("streams", *SINKS) if other != name]
    wait_until(lambda: not any(lags(settings)[other] for other in others), f"nothing left for {', '.join(others)}")
    assert lags(settings)[name] > 0
    assert all(workers[other].is_ready for other in others)

    gates[name].open()
    # The sinks of vectors wait for the same stores.
    for each in workers.values():
        each.wait_until_ready()
    assert not differences(Pipeline(settings).verify())


def test_workers_whose_broker_is_away_are_alive_but_not_ready(
    stack: tuple[NativeStack, Settings], workers: dict[str, RunningWorker], transcripts: Path
) -> None:
    stop_server(stack[1], "kafka")
    # Something to send, which the capture would not miss the broker for otherwise.
    generate(transcripts / "meanwhile", 3, seed=3)
    for worker in workers.values():
        worker.wait_until_ready(False)
        assert worker.is_alive
        assert worker.waits_for() == "kafka"
    stack[0].up()
    for worker in workers.values():
        worker.wait_until_ready()
    assert not differences(Pipeline(stack[1]).verify())


def test_a_signal_ends_each_with_everything_committed(
    stack: tuple[NativeStack, Settings], workers: dict[str, RunningWorker]
) -> None:
    for worker in workers.values():
        worker.process.send_signal(signal.SIGTERM)
    for worker in workers.values():
        assert worker.process.wait(timeout=PATIENCE_S) == 0, worker.name
    # Embedding takes its time: what was in hand is taken again.
    left = lags(stack[1])
    assert {name: left[name] for name in ("streams", *SINKS)} == dict.fromkeys(("streams", *SINKS), 0)
