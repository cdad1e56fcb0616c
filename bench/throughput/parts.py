"""The parts of the benchmark, each on its own, and what they have in common: clean stores, groups at the start."""

from __future__ import annotations

import asyncio
import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.throughput import programs, sizes, stores
from bench.throughput.bulk import measure_bulk
from bench.throughput.log import Log, delete_prefixed, empty_topics, rewind
from bench.throughput.measure import Run, measure
from bench.throughput.prepared import Prepared
from bench.throughput.processes import Program
from schemas.topics import DERIVED, EVENTS, MESSAGES, TOOL_CALLS
from sessiontrack.errors import SessionTrackError
from sessiontrack.settings import Settings

Result = dict[str, Any]
_ROUNDS = 2
_WORKERS = (1, 2, 4)
_EMPTY = {
    "archive": stores.empty_archive,
    "postgres": stores.empty_postgres,
    "opensearch": stores.empty_opensearch,
}


@dataclass(frozen=True)
class Bench:
    """What every part needs.

    Attributes:
        settings: Of the stack.
        prepared: The corpus, loaded.
        progress: Told of each step.
    """

    settings: Settings
    prepared: Prepared
    progress: Callable[[str], None]

    def run(self, label: str, measured: Sequence[Program]) -> Run:
        """Measures programs whose groups are put back to the start."""
        rewind(self.settings, {program.group: program.topics for program in measured})
        run = measure(self.settings, measured)
        self.progress(f"{label}: {run.records:,} records in {run.seconds:.1f} s, {run.records / run.seconds:,.0f}/s")
        return run

    def clean(self, *names: str) -> None:
        """Empties what workers fill: stores, and for `streams` the derived topics and the state."""
        for name in names:
            if name == "streams":
                empty_topics(self.settings, DERIVED)
                shutil.rmtree(self.settings.data_dir / "streams", ignore_errors=True)
            else:
                _EMPTY[name](self.settings)


def pipeline(bench: Bench) -> Result:
    """(a) and (e): all workers at once, from the topic into all stores."""
    bench.clean(*programs.WORKERS)
    run = bench.run("all stages on", [programs.worker(name) for name in programs.WORKERS])
    return {**_rate(run, bench.prepared.events), "held": _check(bench, *stores.counts(bench.settings))}


def bulk(bench: Bench) -> Result:
    """(b): the stores' own bulk paths, one after another."""
    _fill(bench)
    paths = measure_bulk(bench.settings)
    for name, path in paths.items():
        bench.progress(f"{name}: {path['records']:,} records in {path['seconds']:.1f} s")
    return {"paths": paths, "seconds": round(sum(path["seconds"] for path in paths.values()), 2)}


def archive_size(bench: Bench) -> Result:
    """(d): bytes in the archive."""
    _fill(bench)
    transcripts = sorted(bench.prepared.transcripts.iterdir())
    _, archived = stores.archived(bench.settings)
    return {
        "transcript_bytes": bench.prepared.transcript_bytes,
        "value_bytes": bench.prepared.value_bytes,
        "archive_bytes": archived,
        "gzip_each_bytes": sizes.gzipped_each(transcripts),
        "gzip_tar_bytes": sizes.gzipped_together(transcripts),
    }


def sinks(bench: Bench) -> Result:
    """(c): two sinks alone, beside Quix Streams on one topic."""
    programs.install_quix(bench.settings)
    _fill_derived(bench)
    # Its code is compiled as it runs: whoever came first would pay for all.
    bench.run("opensearch, to warm it up", [programs.one_topic("opensearch", TOOL_CALLS)])
    return {
        "postgres": _beside(bench, "postgres", programs.one_topic("postgres", EVENTS), "postgres events"),
        "opensearch": _beside(bench, "opensearch", programs.one_topic("opensearch", MESSAGES), "opensearch messages"),
    }


def streams(bench: Bench) -> Result:
    """(c): the streams worker with all outputs, and only the fold of it beside Quix Streams; what Faust costs."""
    programs.install_quix(bench.settings)
    parts = {}
    for part in ("faust", "decode"):
        bench.clean("streams")
        parts[part] = _rate(bench.run(f"streams, {part} only", [programs.streams_part(part)]), bench.prepared.events)
    beside = _beside(bench, "fold", programs.streams_part("fold"))
    return {"fold": beside, "parts": {**parts, "fold": beside["ours"], "all": _worker_rate(bench, "streams", 1)}}


def scaling(bench: Bench) -> Result:
    """(c) and (f): 1, 2 and 4 workers of each kind, alone."""
    _fill_derived(bench)
    # The streams last: they fill anew what the others read.
    kinds = sorted(programs.WORKERS, key=lambda name: name == "streams")
    return {name: {str(count): _worker_rate(bench, name, count) for count in _WORKERS} for name in kinds}


# The streams fill what the sinks read; all servers are warm before the whole is measured.
PARTS: dict[str, Callable[[Bench], Result]] = {
    "streams": streams,
    "sinks": sinks,
    "pipeline": pipeline,
    "size": archive_size,
    "bulk": bulk,
    "scaling": scaling,
}


def _worker_rate(bench: Bench, name: str, count: int) -> Result:
    bench.clean(name)
    label = f"{name} alone" if count == 1 else f"{count} workers of {name}"
    return _rate(bench.run(label, [programs.worker(name)] * count))


def _beside(bench: Bench, name: str, ours: Program, *stored: str) -> Result:
    """Ours and theirs in turn, the medians of both.

    Args:
        bench: What every part needs.
        name: Of the program of Quix Streams.
        ours: Our program.
        stored: What both fill, as `stores.counts` names it.
    """
    records = asyncio.run(_records(bench.settings, ours.topics))
    theirs = programs.quix(bench.settings, name, records)
    runs: dict[str, list[Run]] = {"ours": [], "theirs": []}
    for turn in range(_ROUNDS):
        # In turn, and each first once: what else the machine does falls on both.
        for side, program in [("ours", ours), ("theirs", theirs)][:: 1 - 2 * (turn % 2)]:
            bench.clean("streams" if name == "fold" else name)
            delete_prefixed(bench.settings, f"changelog__{programs.QUIX_GROUP}")
            shutil.rmtree(programs.quix_state(bench.settings), ignore_errors=True)
            runs[side].append(bench.run(program.name, [program]))
            _check(bench, *stored)
    rates: Result = {side: _median(of_side) for side, of_side in runs.items()}
    return {**rates, "ratio": round(rates["ours"]["records_per_s"] / rates["theirs"]["records_per_s"], 2)}


def _check(bench: Bench, *datasets: str) -> dict[str, int]:
    """Counts what the stores hold; returns that.

    Raises:
        SessionTrackError: It is not what they should hold.
    """
    held, expected = stores.counts(bench.settings), stores.expected_counts(bench.prepared.expected)
    wrong = {name: (held[name], expected[name]) for name in datasets if held[name] != expected[name]}
    if wrong:
        raise SessionTrackError(f"stores hold something else than they should (held, expected): {wrong}")
    return {name: held[name] for name in datasets}


def _fill(bench: Bench) -> None:
    """Lets the pipeline run where the stores are not full."""
    if stores.counts(bench.settings) != stores.expected_counts(bench.prepared.expected):
        pipeline(bench)


def _fill_derived(bench: Bench) -> None:
    """Lets the streams run where the derived topics are empty."""
    for topic in DERIVED:
        if not asyncio.run(_records(bench.settings, (topic.name,))):
            bench.clean("streams")
            bench.run("streams, to fill the derived topics", [programs.worker("streams")])
            return


async def _records(settings: Settings, topics: tuple[str, ...]) -> int:
    async with Log(settings) as log:
        return sum((await log.ends(topics)).values())


def _median(runs: Sequence[Run]) -> Result:
    """The run in the middle of an odd number; of an even one the figures are the means of the two in the middle."""
    rates = [_rate(run) for run in runs]
    names = ("records_per_s", "seconds", "cpu_us_per_record", "server_cpu_us_per_record")
    medians = {name: round(statistics.median(rate[name] for rate in rates), 2) for name in names}
    return {**rates[-1], **medians, "runs": [rate["records_per_s"] for rate in rates]}


def _rate(run: Run, records: int | None = None) -> Result:
    """The figures of a run.

    Args:
        run: The run.
        records: What is counted; by default the records that were read.
    """
    counted = run.records if records is None else records
    return {
        **asdict(run),
        "records": counted,
        "records_per_s": round(counted / run.seconds, 1),
        "cpu_us_per_record": round(sum(run.cpu.values()) / counted * 1e6, 1),
        "server_cpu_us_per_record": round(sum(run.server_cpu.values()) / counted * 1e6, 1),
    }
