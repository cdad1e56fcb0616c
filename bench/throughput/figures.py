"""What is said of the results: ratios and differences of what was measured. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Parts = Mapping[str, Any]
# Of the streams worker, as far as each measured part goes: what is added is the cost of its last step.
STEPS = {
    "faust": "Faust, Kafka",
    "decode": "decode",
    "fold": "stages, state, changelog",
    "all": "encode, send",
}


def bulk_ratio(parts: Parts) -> float:
    """(b): time of the stores' own bulk paths, one after another, by that of the whole pipeline."""
    return round(float(parts["bulk"]["seconds"] / parts["pipeline"]["seconds"]), 2)


def archive_ratios(parts: Parts) -> dict[str, float]:
    """(d): bytes in the archive by the bytes of something else."""
    size = parts["size"]
    names = ("transcript_bytes", "gzip_each_bytes", "gzip_tar_bytes", "value_bytes")
    return {name.removesuffix("_bytes"): round(size["archive_bytes"] / size[name], 2) for name in names}


def streams_steps(parts: Parts) -> dict[str, float]:
    """CPU microseconds of the streams worker for each event, by step."""
    totals = [float(parts["streams"]["parts"][part]["cpu_us_per_record"]) for part in STEPS]
    return {
        step: round(total - before, 1)
        for step, total, before in zip(STEPS.values(), totals, [0.0, *totals[:-1]], strict=True)
    }


def cpu_shares(parts: Parts) -> dict[str, float]:
    """Cores that each process kept busy while the whole pipeline ran, the busiest first."""
    run = parts["pipeline"]
    used = {
        **{f"worker {name}": cpu for name, cpu in run["cpu"].items()},
        **{f"server {name}": cpu for name, cpu in run["server_cpu"].items()},
    }
    shares = {name: round(cpu / run["seconds"], 2) for name, cpu in used.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def comparisons(parts: Parts) -> dict[str, dict[str, Any]]:
    """(c): ours and theirs, by what both do."""
    found = {}
    if "sinks" in parts:
        found["events into PostgreSQL"] = parts["sinks"]["postgres"]
        found["messages into OpenSearch"] = parts["sinks"]["opensearch"]
    if "streams" in parts:
        found["fold with a changelog"] = parts["streams"]["fold"]
    return found


def scaling(parts: Parts) -> dict[str, dict[int, float]]:
    """(f): records a second by kind and number of workers."""
    return {
        kind: {int(count): run["records_per_s"] for count, run in runs.items()}
        for kind, runs in parts["scaling"].items()
    }


def peak_mib(parts: Parts) -> dict[str, int]:
    """(e): the most memory that each worker had resident in any run, MiB."""
    runs = [parts["pipeline"]] if "pipeline" in parts else []
    for of_kind in parts.get("scaling", {}).values():
        runs += of_kind.values()
    peaks: dict[str, int] = {}
    for run in runs:
        for name, peak in run["peak_bytes"].items():
            kind = name.split()[0]
            peaks[kind] = max(peaks.get(kind, 0), round(peak / 2**20))
    return peaks
