"""A worker alone, while its servers are away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.exits import Exit
from cli.run import Worker
from infra.stack.ports import is_free

ROOT = Path(__file__).parents[3]
Start = Callable[..., "RunningWorker"]


class RunningWorker:
    """A worker that was started; its log is read as it comes."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "run", *arguments],
            env=environment,
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )

    def await_event(self, event: str) -> dict[str, Any]:
        """The next log line that tells of an event."""
        assert self.process.stderr
        for line in self.process.stderr:
            told: dict[str, Any] = json.loads(line)
            if told["event"] == event:
                return told
        raise AssertionError(f"ended with {self.process.wait()}, without {event}")


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """An environment in which no server runs, and there is a folder to capture."""
    (tmp_path / "state" / "agents").mkdir(parents=True)
    # Port 1 is never listened on: nothing can answer by chance.
    return os.environ | {
        "SESSIONTRACK_DATA_DIR": str(tmp_path),
        "SESSIONTRACK_CAPTURE__ROOTS": json.dumps([str(tmp_path / "state")]),
        "SESSIONTRACK_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "SESSIONTRACK_POSTGRES__PORT": "1",
        "SESSIONTRACK_OPENSEARCH__URL": "http://127.0.0.1:1",
        "SESSIONTRACK_S3__ENDPOINT": "127.0.0.1:1",
        "SESSIONTRACK_S3__SECRET_KEY": "none",
        "SESSIONTRACK_REGISTRY__URL": "http://127.0.0.1:1",
    }


@pytest.fixture
def start(nowhere: dict[str, str]) -> Iterator[Start]:
    started: list[RunningWorker] = []

    def start(*arguments: str, **environment: str) -> RunningWorker:
        started.append(RunningWorker(nowhere | environment, *arguments))
        return started[-1]

    yield start
    for worker in started:
        worker.process.kill()
        worker.process.wait()
        assert worker.process.stderr
        worker.process.stderr.close()


@pytest.mark.parametrize("name", Worker)
def test_a_worker_waits_for_its_servers_and_says_so(name: Worker, start: Start) -> None:
    worker = start(name.value)
    address = worker.await_event("worker_started")["telemetry"]
    waiting = worker.await_event("waiting")
    assert waiting["worker"] == name.value
    assert waiting["reason"]
    assert httpx.get(f"{address}/health/live", trust_env=False).status_code == 200
    ready = httpx.get(f"{address}/health/ready", trust_env=False)
    assert ready.status_code == 503
    assert ready.json()["waits_for"] in ("kafka", "registry", name.value)
    worker.process.send_signal(signal.SIGTERM)
    worker.await_event("worker_stopped")
    assert worker.process.wait() == Exit.OK


def test_the_address_of_its_telemetry_is_an_option(start: Start) -> None:
    port = next(port for port in range(21_000, 30_000) if is_free(port))
    worker = start("archive", "--health-port", str(port), SESSIONTRACK_TELEMETRY__PORT="1")
    assert worker.await_event("worker_started")["telemetry"] == f"http://127.0.0.1:{port}"


def test_there_is_nothing_to_wait_for_where_the_usage_is_wrong(start: Start, tmp_path: Path) -> None:
    assert start("nobody").process.wait() == Exit.USAGE
    missing = start("capture", SESSIONTRACK_CAPTURE__ROOTS=json.dumps([str(tmp_path / "missing")]))
    assert "no such folder" in missing.await_event("worker_failed")["reason"]
    assert missing.process.wait() == Exit.USAGE
