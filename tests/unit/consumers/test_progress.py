"""What the metrics say of a sink's progress."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from consumers.progress import Progress
from consumers.reader import Polled, Position
from consumers.sink import Partition
from sessiontrack.telemetry.metrics import WorkerMetrics

EVENTS = Partition("events", 3)


@pytest.fixture
def metrics() -> WorkerMetrics:
    return WorkerMetrics("archive")


@pytest.fixture
def progress(metrics: WorkerMetrics) -> Progress:
    return Progress(metrics)


def polled(*offsets: int, assignment: int = 1) -> Polled:
    records: list[Any] = [
        SimpleNamespace(topic="events", partition=3, offset=offset, timestamp=offset * 1000) for offset in offsets
    ]
    return Polled(assignment, records)


def count(metrics: WorkerMetrics, name: str) -> float | None:
    return metrics.registry.get_sample_value(f"sessiontrack_{name}_total", {"worker": "archive"})


def gauge(metrics: WorkerMetrics, name: str) -> float | None:
    place = {"worker": "archive", "topic": "events", "partition": "3"}
    return metrics.registry.get_sample_value(f"sessiontrack_{name}", place)


def test_a_record_counts_as_written_once_it_is_committed(metrics: WorkerMetrics, progress: Progress) -> None:
    progress.take(polled(0, 1, 2))
    progress.take(polled(3, 4))
    assert (count(metrics, "records_received"), count(metrics, "records_written")) == (5, 0)
    progress.settle(1, {EVENTS: Position(committed=3, end=10)}, refused=0)
    assert count(metrics, "records_written") == 3
    assert gauge(metrics, "lag_records") == 7
    assert gauge(metrics, "oldest_unprocessed_timestamp_seconds") == 3
    progress.settle(1, {EVENTS: Position(committed=5, end=5)}, refused=0)
    assert count(metrics, "records_written") == 5
    assert gauge(metrics, "lag_records") == gauge(metrics, "oldest_unprocessed_timestamp_seconds") == 0


def test_a_dead_letter_is_no_written_record(metrics: WorkerMetrics, progress: Progress) -> None:
    progress.take(polled(0, 1, 2))
    progress.settle(1, {EVENTS: Position(committed=3, end=3)}, refused=2)
    assert count(metrics, "records_written") == 1


def test_what_another_worker_owns_now_is_not_shown_here(metrics: WorkerMetrics, progress: Progress) -> None:
    progress.take(polled(0, 1, 2))
    progress.settle(1, {EVENTS: Position(committed=0, end=3)}, refused=0)
    assert gauge(metrics, "lag_records") == 3
    progress.settle(2, {}, refused=0)
    assert gauge(metrics, "lag_records") is None
    progress.settle(1, {EVENTS: Position(committed=3, end=3)}, refused=0)
    assert count(metrics, "records_written") == 0


OTHER = Partition("events", 4)


def watermark(metrics: WorkerMetrics) -> float | None:
    labels = {"worker": "archive", "topic": "events"}
    return metrics.registry.get_sample_value("sessiontrack_watermark_timestamp_seconds", labels)


def test_the_watermark_is_that_of_the_partition_furthest_behind(metrics: WorkerMetrics, progress: Progress) -> None:
    progress.take(polled(5, 6))
    quiet = {OTHER: Position(committed=9, end=9, as_of_ms=100_000)}
    progress.settle(1, {EVENTS: Position(committed=5, end=7, as_of_ms=100_000), **quiet}, refused=0)
    assert watermark(metrics) == 5
    progress.settle(1, {EVENTS: Position(committed=7, end=7, as_of_ms=99_000), **quiet}, refused=0)
    assert watermark(metrics) == 99


def test_the_watermark_stays_while_nobody_knows_how_old_the_next_record_is(
    metrics: WorkerMetrics, progress: Progress
) -> None:
    progress.settle(1, {EVENTS: Position(committed=0, end=3, as_of_ms=50_000)}, refused=0)
    assert watermark(metrics) is None
    progress.settle(1, {EVENTS: Position(committed=3, end=3, as_of_ms=60_000)}, refused=0)
    progress.settle(1, {EVENTS: Position(committed=3, end=4, as_of_ms=70_000)}, refused=0)
    assert watermark(metrics) == 60
    progress.settle(2, {}, refused=0)
    assert watermark(metrics) is None
