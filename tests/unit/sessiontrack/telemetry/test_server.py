"""What a worker serves over HTTP: its health, its metrics, and that of its process."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from sessiontrack.errors import UnavailableError
from sessiontrack.settings import TelemetrySettings
from sessiontrack.telemetry import health as health_module
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics
from sessiontrack.telemetry.probe import Probe, probe
from sessiontrack.telemetry.server import serve_telemetry

ANY_PORT = TelemetrySettings()


@pytest.fixture
def health(metrics: WorkerMetrics) -> Health:
    return Health(late_after_s=60, oldest_age_s=metrics.oldest_age_s)


@pytest.fixture
def metrics() -> WorkerMetrics:
    return WorkerMetrics("archive")


@pytest.fixture
def address(health: Health, metrics: WorkerMetrics) -> Iterator[str]:
    with serve_telemetry(ANY_PORT, metrics, health) as address:
        yield address


def get(address: str, path: str) -> httpx.Response:
    return httpx.get(f"http://{address}{path}", trust_env=False)


def labelled(address: str, name: str) -> dict[str, float]:
    """The values of a metric, by the label that tells its series apart."""
    families = text_string_to_metric_families(get(address, "/metrics").text)
    found = [sample for family in families for sample in family.samples if sample.name == name]
    assert {sample.labels.pop("worker") for sample in found} <= {"archive"}
    return {label: sample.value for sample in found for label in sample.labels.values()}


def samples(address: str) -> dict[str, float]:
    families = text_string_to_metric_families(get(address, "/metrics").text)
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_a_worker_that_waits_is_alive_but_not_ready(address: str, health: Health) -> None:
    health.waits("postgres")
    assert get(address, "/health/live").status_code == 200
    ready = get(address, "/health/ready")
    assert ready.status_code == 503
    assert ready.json() == {"worker": "archive", "status": "waiting", "waits_for": "postgres"}
    health.ready()
    ready = get(address, "/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {"worker": "archive", "status": "ready"}


def test_a_worker_whose_loop_stands_still_is_neither(
    address: str, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    health.ready()
    monkeypatch.setattr(health_module, "_LONGEST_SILENCE_S", -1.0)
    for path in ("/health/live", "/health/ready"):
        answer = get(address, path)
        assert answer.status_code == 503
        assert answer.json()["status"] == "stuck"


def test_a_worker_whose_oldest_record_waits_for_too_long_is_late_and_not_ready(
    address: str, health: Health, metrics: WorkerMetrics
) -> None:
    health.ready()
    now_ms = int(time.time() * 1000)
    metrics.position("events", 0, lag=5, oldest_ms=now_ms)
    metrics.position("events", 1, lag=9, oldest_ms=now_ms - 3_600_000)
    assert get(address, "/health/live").status_code == 200
    late = get(address, "/health/ready")
    assert late.status_code == 503
    assert late.json()["status"] == "late"
    found = probe(address)
    assert found
    assert 3600 <= found.oldest_unprocessed_s < 3660
    metrics.release("events", 1)
    assert get(address, "/health/ready").status_code == 200
    metrics.position("events", 0, lag=0, oldest_ms=None)
    assert "oldest_unprocessed_s" not in get(address, "/health/ready").json()


def test_metrics_tell_of_the_worker_and_of_its_process(address: str, metrics: WorkerMetrics) -> None:
    metrics.received(7)
    found = samples(address)
    assert found["sessiontrack_records_received_total"] == 7
    assert found["process_resident_memory_peak_bytes"] >= found["process_resident_memory_bytes"] > 10_000_000
    assert found["process_cpu_seconds_total"] > 0
    assert found["process_open_fds"] > 3
    assert found["process_start_time_seconds"] < time.time()
    assert found["sessiontrack_build_info"] == 1
    assert "python_gc_collections_total" in found


def test_metrics_tell_its_health_and_what_it_waits_for(address: str, health: Health) -> None:
    health.waits("postgres")
    statuses = {"ready": 0, "late": 0, "waiting": 1, "stuck": 0}
    assert labelled(address, "sessiontrack_health") == statuses
    assert labelled(address, "sessiontrack_waits_for") == {"postgres": 1}
    health.ready()
    assert labelled(address, "sessiontrack_health") == {**statuses, "ready": 1, "waiting": 0}
    assert labelled(address, "sessiontrack_waits_for") == {}


def test_dead_letters_are_counted_from_zero_so_that_the_first_is_an_increase(
    address: str, metrics: WorkerMetrics
) -> None:
    none = {"decode": 0.0, "project": 0.0, "write": 0.0}
    assert labelled(address, "sessiontrack_dead_letters_total") == none
    metrics.dead_lettered("write")
    assert labelled(address, "sessiontrack_dead_letters_total") == {**none, "write": 1}


def test_scrapers_get_the_format_that_they_ask_for(address: str) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = httpx.get(f"http://{address}/metrics", headers=accept, trust_env=False)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_other_paths_name_those_there_are(address: str) -> None:
    answer = get(address, "/")
    assert answer.status_code == 404
    assert "/health/ready" in answer.text


def test_a_port_that_is_taken_is_named(address: str) -> None:
    taken = TelemetrySettings(port=int(address.rpartition(":")[2]))
    with (
        pytest.raises(UnavailableError, match=f"can't be served at {address}"),
        serve_telemetry(taken, WorkerMetrics("archive"), Health()),
    ):
        pass


def test_only_this_machine_reads_it_unless_told_otherwise(address: str) -> None:
    assert address.startswith("127.0.0.1:")


def test_a_probe_tells_how_a_worker_is(address: str, health: Health) -> None:
    health.waits("kafka")
    found = probe(address)
    assert isinstance(found, Probe)
    assert (found.status, found.waits_for) == ("waiting", "kafka")
    assert found.peak_bytes >= found.resident_bytes > 0
    # Port 1 is never listened on.
    assert probe("127.0.0.1:1") is None
