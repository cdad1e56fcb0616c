"""What is told of workers whose processes are gone, and what is remembered of them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra import workers
from infra.stack import ports, process
from infra.workers import WORKERS, WorkerRecord, WorkerStatus, start_workers, stop_workers, worker_states
from sessiontrack.errors import UsageError
from sessiontrack.settings import EmbeddingSettings, Settings
from sessiontrack.telemetry.probe import Probe
from sessiontrack.telemetry.targets import TARGETS_FOLDER

RUNS = [sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"]
ENDS = [sys.executable, "-I", "-S", "-c", "raise SystemExit(1)"]
USAGE = [sys.executable, "-I", "-S", "-c", "raise SystemExit(2)"]
Stand = Callable[[list[str]], Settings]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """Starts the workers, with another program in place of each."""
    settings = Settings(data_dir=tmp_path, embedding=EmbeddingSettings(enabled=True))

    def stand_in(program: list[str]) -> Settings:
        def spawn(name: str, argv: list[str], *arguments: object, **options: object) -> process.ProcessRecord:
            return process.spawn(
                name, program, {"PATH": os.defpath}, tmp_path, tmp_path / f"{name}.log", restarted=True
            )

        monkeypatch.setattr(workers, "spawn", spawn)
        assert start_workers(settings) == list(WORKERS)
        return settings

    yield stand_in
    stop_workers(settings)


def states(settings: Settings) -> set[str]:
    return {worker.state for worker in worker_states(settings)}


def until(settings: Settings, state: str) -> None:
    deadline = time.monotonic() + 60
    while states(settings) != {state}:
        assert time.monotonic() < deadline, states(settings)
        time.sleep(0.02)


def test_workers_that_run_are_left_alone(stand_in: Stand) -> None:
    settings = stand_in(RUNS)
    until(settings, "running")
    before = worker_states(settings)
    assert start_workers(settings) == []
    assert [worker.pid for worker in worker_states(settings)] == [worker.pid for worker in before]
    # Nothing listens: a worker that says nothing of itself is told from one that is well.
    assert {worker.health for worker in before} == {"no answer"}
    assert all(worker.resident_bytes > 0 for worker in before)


def test_a_worker_that_ended_by_itself_is_about_to_be_started_again(stand_in: Stand) -> None:
    until(stand_in(ENDS), "restarting")


def test_a_worker_whose_usage_is_wrong_is_dead_until_it_is_started_by_hand(stand_in: Stand) -> None:
    settings = stand_in(USAGE)
    until(settings, "dead")
    assert start_workers(settings) == list(WORKERS)


def test_who_scrapes_a_worker_finds_it_where_it_was(stand_in: Stand) -> None:
    settings = stand_in(RUNS)
    until(settings, "running")
    before = {worker.name: worker.telemetry for worker in worker_states(settings)}
    assert len(set(before.values())) == len(WORKERS)
    assert stop_workers(settings) == list(WORKERS)
    assert states(settings) == {"stopped"}
    start_workers(settings)
    assert {worker.name: worker.telemetry for worker in worker_states(settings)} == before


def test_prometheus_looks_for_none_that_was_killed_once_it_is_stopped_on_purpose(stand_in: Stand) -> None:
    settings = stand_in(RUNS)
    folder = settings.data_dir / TARGETS_FOLDER
    folder.mkdir()
    for name, port in zip(WORKERS, ports.choose(len(WORKERS)), strict=True):
        (folder / f"{name}.{port}.json").write_text(json.dumps([{"targets": [f"127.0.0.1:{port}"]}]), "utf-8")
    stop_workers(settings, ["opensearch"])
    assert {path.name.partition(".")[0] for path in folder.iterdir()} == {*WORKERS} - {"opensearch"}
    stop_workers(settings)
    assert list(folder.iterdir()) == []


def test_records_that_can_not_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "workers.json").write_text("[]")
    with pytest.raises(UsageError, match=r"workers\.json can't be read"):
        worker_states(Settings(data_dir=tmp_path))


def test_records_are_for_their_owner_only(stand_in: Stand) -> None:
    settings = stand_in(RUNS)
    assert (settings.data_dir / "workers.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("probe", "health"),
    [
        (Probe("ready", "", 0, 1, 1), "ready"),
        (Probe("waiting", "kafka", 9, 1, 1), "waits for kafka"),
        (Probe("stuck", "", 0, 1, 1), "stuck"),
        (Probe("late", "", 1234, 1, 1), "late: its oldest record waits for 1,234 s"),
    ],
)
def test_health_is_told_in_words(probe: Probe, health: str) -> None:
    assert WorkerStatus("archive", "running", 1, probe=probe).health == health


def test_a_record_says_where_the_worker_serves() -> None:
    record = WorkerRecord(name="archive", pid=1, started=0.0, log=Path("log"), telemetry_port=9464)
    assert record.telemetry == "127.0.0.1:9464"
