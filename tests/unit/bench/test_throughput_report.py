from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from bench.throughput import figures
from bench.throughput.bulk import _framed
from bench.throughput.plot import plot
from bench.throughput.report import section, table, write_section
from bench.throughput.sizes import gzipped_each, gzipped_together

MACHINE = {"cores": 2, "processor": "Test", "memory_gib": 8, "load_before": 0.4}


def run(rate: float, cpu: float = 50.0, name: str = "worker") -> dict[str, Any]:
    return {
        "records": 1_000,
        "seconds": 1_000 / rate,
        "records_per_s": rate,
        "cpu_us_per_record": cpu,
        "server_cpu_us_per_record": 10.0,
        "peak_bytes": {name: 100 * 2**20},
    }


@pytest.fixture
def results() -> dict[str, Any]:
    pipeline = {
        **run(100.0, name="streams"),
        "cpu": {"streams": 9.0, "postgres": 3.0},
        "server_cpu": {"postgres": 6.0, "kafka": 1.0},
        "busy_cores": 1.9,
    }
    beside = {"ours": run(300.0, 95.0), "theirs": run(200.0), "ratio": 1.5}
    parts = {"faust": run(9_000, 20.0), "decode": run(8_000, 45.0), "fold": run(7_000, 95.0), "all": run(6_000, 120.0)}
    path = {"records": 10, "seconds": 2.0, "client_cpu_s": 0.5, "server_cpu_s": 1.5}
    measured: dict[str, dict[str, Any]] = {
        "pipeline": pipeline,
        "bulk": {"paths": {"COPY": path, "_bulk": path, "put": path}, "seconds": 6.0},
        "size": {
            "transcript_bytes": 8 * 2**20,
            "value_bytes": 16 * 2**20,
            "archive_bytes": 2 * 2**20,
            "gzip_each_bytes": 4 * 2**20,
            "gzip_tar_bytes": 3 * 2**20,
        },
        "sinks": {"postgres": beside, "opensearch": beside},
        "streams": {"fold": beside, "parts": parts},
        "scaling": {"streams": {"1": run(6_000, name="streams"), "2": run(9_000, name="streams 1")}},
    }
    return {"events": 1_000, "measured_on": dict.fromkeys(measured, MACHINE), "parts": measured}


def test_ratios_are_of_the_right_things(results: dict[str, Any]) -> None:
    parts = results["parts"]
    assert figures.bulk_ratio(parts) == 0.6
    assert figures.archive_ratios(parts) == {"transcript": 0.25, "gzip_each": 0.5, "gzip_tar": 0.67, "value": 0.12}
    assert figures.peak_mib(parts) == {"streams": 100}


def test_a_step_of_the_streams_costs_what_it_adds(results: dict[str, Any]) -> None:
    steps = figures.streams_steps(results["parts"])
    assert list(steps.values()) == [20.0, 25.0, 50.0, 25.0]


def test_workers_and_servers_of_one_name_are_told_apart(results: dict[str, Any]) -> None:
    shares = figures.cpu_shares(results["parts"])
    assert shares == {"worker streams": 0.9, "server postgres": 0.6, "worker postgres": 0.3, "server kafka": 0.1}


def test_the_section_says_what_was_measured(results: dict[str, Any]) -> None:
    text = section(results)
    assert "100 events/s" in text
    assert "take **0.60** of the pipeline's time" in text
    assert "| events into PostgreSQL | 300 | 200 | **1.50** | 95 | 50 |" in text
    assert "| encode, send | 25 | 21% |" in text


@pytest.mark.parametrize(
    ("busy", "verdict"),
    [(1.95, "the cores bind"), (1.4, "the chain from worker"), (2.5, "the machine is not ours alone")],
)
def test_what_binds_follows_from_the_cores_in_use(results: dict[str, Any], busy: float, verdict: str) -> None:
    results["parts"]["pipeline"]["busy_cores"] = busy
    assert verdict in section(results)


def test_a_part_that_was_not_measured_is_left_out(results: dict[str, Any]) -> None:
    for name in list(results["parts"]):
        assert section({**results, "parts": {name: results["parts"][name]}})
    assert section({"events": 1_000, "measured_on": {}, "parts": {}}) == "## Throughput"


def test_the_section_replaces_the_one_before(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Benchmarks\n\ntext\n", encoding="utf-8")
    write_section(readme, "first")
    once = readme.read_text("utf-8")
    write_section(readme, "second")
    assert readme.read_text("utf-8") == once.replace("first", "second")
    assert once.startswith("# Benchmarks\n\ntext\n\n<!--")


def test_the_picture_is_drawn_of_what_is_there(results: dict[str, Any], tmp_path: Path) -> None:
    plot(results, tmp_path / "all.png")
    del results["parts"]["bulk"], results["parts"]["sinks"]
    plot(results, tmp_path / "some.png")
    assert {path.name for path in tmp_path.iterdir()} == {"all.png", "some.png"}


def test_a_table_aligns_numbers() -> None:
    assert table(("a", "b"), [("x", 1)]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_sizes_are_those_of_gzip(tmp_path: Path) -> None:
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path in paths:
        path.write_bytes(b'{"type":"message"}\n' * 5_000)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w|") as archive:
        for path in paths:
            archive.add(path, arcname=path.name)
    together = gzipped_together(paths)
    assert gzipped_each(paths) == sum(len(gzip.compress(path.read_bytes(), 9, mtime=0)) for path in paths)
    assert together == pytest.approx(len(gzip.compress(tar.getvalue(), 9)), abs=64)


@pytest.mark.parametrize("rows", [0, 1, 4, 5])
def test_copied_rows_are_framed_in_batches(rows: int) -> None:
    header, trailer = b"H" * 19, b"\xff\xff"
    content = [b"row%d" % number for number in range(rows)]
    messages = [header + content[0], *content[1:], trailer] if rows else [header + trailer]
    batches = list(_framed(messages, 2))
    assert all(batch.startswith(header) and batch.endswith(trailer) for batch in batches)
    assert b"".join(batch[19:-2] for batch in batches) == b"".join(content)
    assert len(batches) == -(-rows // 2)
