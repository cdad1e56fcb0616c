"""How the process of a worker begins and ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

PROGRAM = """
import asyncio, sys
from pathlib import Path
from sessiontrack import worker
from sessiontrack.settings import Settings
from sessiontrack.telemetry.metrics import WorkerMetrics

async def work(stop, *, metrics, health):
    print("up", flush=True)
    {body}

worker.LONGEST_STOP_S = {longest_stop_s}
worker.run_worker(work, WorkerMetrics("test"), Settings(data_dir=Path({data_dir!r})))
print("ended", flush=True)
"""
OBEYS = "await stop.wait(); print('finished', flush=True)"
DOES_NOT = "await stop.wait(); print('stopping', flush=True); await asyncio.sleep(600)"
THREAD = "import time; asyncio.get_running_loop().run_in_executor(None, time.sleep, 600); " + OBEYS
STUCK = "import time; await stop.wait(); print('stopping', flush=True); time.sleep(600)"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a worker whose work is given, once it works; ends it at last."""
    started: list[subprocess.Popen[str]] = []

    def start(body: str, longest_stop_s: float = 600) -> subprocess.Popen[str]:
        program = PROGRAM.format(body=body, longest_stop_s=longest_stop_s, data_dir=str(tmp_path))
        started.append(subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True))
        await_line(started[-1], "up")
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def await_line(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout
    assert any(read.strip() == line for read in process.stdout), f"ended without {line!r}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_it_finish(start: Start, number: signal.Signals) -> None:
    worker = start(OBEYS)
    worker.send_signal(number)
    await_line(worker, "finished")
    await_line(worker, "ended")
    assert worker.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(start: Start, number: signal.Signals) -> None:
    worker = start(DOES_NOT)
    worker.send_signal(number)
    await_line(worker, "stopping")
    worker.send_signal(number)
    assert worker.wait() == 128 + number


@pytest.mark.parametrize("body", [DOES_NOT, STUCK, THREAD], ids=["waits", "holds the loop", "holds a thread"])
def test_what_takes_too_long_is_ended(start: Start, body: str) -> None:
    worker = start(body, longest_stop_s=0.2)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 1


def test_an_error_of_the_work_is_raised(start: Start) -> None:
    worker = start("raise SystemExit(7)")
    assert worker.wait() == 7


def targets(data_dir: Path) -> list[Path]:
    return list((data_dir / "telemetry").glob("*.json"))


def test_prometheus_finds_it_where_it_serves_its_metrics_until_it_ends_in_order(start: Start, tmp_path: Path) -> None:
    worker = start(OBEYS)
    [target] = targets(tmp_path)
    [group] = json.loads(target.read_text("utf-8"))
    assert group["labels"] == {"worker": "test"}
    metrics = httpx.get(f"http://{group['targets'][0]}/metrics", trust_env=False).text
    samples = {each.name: each.value for family in text_string_to_metric_families(metrics) for each in family.samples}
    assert samples["sessiontrack_disk_free_bytes"] > 0
    assert samples["sessiontrack_disk_reserve_bytes"] > 0
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert targets(tmp_path) == []


@pytest.mark.parametrize("body", [OBEYS, "raise SystemExit(7)"], ids=["killed", "failed"])
def test_one_that_is_killed_or_fails_stays_to_be_found_down_until_the_next_is_there(
    start: Start, tmp_path: Path, body: str
) -> None:
    dead = start(body)
    dead.kill()
    dead.wait()
    [of_the_dead] = targets(tmp_path)
    start(OBEYS)
    [of_the_living] = targets(tmp_path)
    assert of_the_living != of_the_dead
    start(OBEYS)
    assert len(targets(tmp_path)) == 2


def test_one_that_prometheus_can_not_be_told_of_works_all_the_same(start: Start, tmp_path: Path) -> None:
    (tmp_path / "telemetry").write_text("no folder", "utf-8")
    worker = start(OBEYS)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0
