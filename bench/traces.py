"""`python -m bench.traces`: what traces of one event in a hundred cost, against none.

A run captures the same transcripts into an empty log while all workers run, and ends when every store has everything.
Runs come in pairs, one with traces and one without, in turn first: what else the machine does falls on both. On a stack
of its own in `.bench`, or in `SESSIONTRACK_DATA_DIR`, whose topics and stores it empties.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import shutil
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.machine import describe
from bench.throughput import programs
from bench.throughput.load import loaded, running_stack, sessions_of, use_own_stack
from bench.throughput.log import Log, empty_topics, rewind
from bench.throughput.parts import Bench
from bench.throughput.processes import Program, RunningProgram
from schemas.topics import EVENTS
from sessiontrack.errors import SessionTrackError, UnavailableError

RESULT = Path(__file__).parent / "results" / "traces.json"
# A run of this many takes ten seconds or so, a pair with what is cleaned in between less than half a minute.
_EVENTS, _PAIRS, _RATIO = 20_000, 10, 0.01
_POLL_S = 0.05
_PATIENCE_S = 300.0
# What an interval of the median is to be right with, at least.
_CONFIDENCE = 0.95


class Run(NamedTuple):
    """What a run came to.

    Attributes:
        events_per_s: Events, from the first one in the log until all stores have all.
        cpu_us_per_event: CPU time of the capture and of all workers meanwhile, for each.
        spans: How many came to the collector.
    """

    events_per_s: float
    cpu_us_per_event: float
    spans: int


class Interval(NamedTuple):
    """A median, and what it lies between.

    Attributes:
        median: Of the sample.
        low: Lower bound of the population's median.
        high: Upper bound.
        confidence: With which it lies between them.
    """

    median: float
    low: float
    high: float
    confidence: float


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    arguments = _arguments()
    use_own_stack()
    begun = time.monotonic()

    def progress(step: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {step}", file=sys.stderr, flush=True)

    try:
        with running_stack(progress) as settings, _collector() as collector:
            bench = Bench(
                settings, loaded(settings, arguments.events, sessions_of(arguments.events), progress), progress
            )
            result = measure(bench, collector, arguments.pairs, arguments.ratio)
    except SessionTrackError as error:
        print(f"{error}\n{error.hint or ''}", file=sys.stderr)
        return 1
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({name: result[name] for name in ("throughput_cost", "cpu_cost")}, indent=2))
    return 0


def measure(bench: Bench, collector: Collector, pairs: int, ratio: float) -> dict[str, Any]:
    """Measures pairs of runs.

    Args:
        bench: The stack, and the corpus.
        collector: Takes the spans.
        pairs: How many; one more comes before them, which warms the servers up and is not counted.
        ratio: Of the events that are traced.
    """
    machine = describe()
    traced = {"SESSIONTRACK_TRACES__ENDPOINT": collector.url, "SESSIONTRACK_TRACES__RATIO": str(ratio)}
    sides: list[tuple[str, Mapping[str, str]]] = [("off", {"SESSIONTRACK_TRACES__ENDPOINT": ""}), ("on", traced)]
    runs: dict[str, list[Run]] = {"off": [], "on": []}
    for pair in range(pairs + 1):
        for side, environment in sides[:: 1 - 2 * (pair % 2)]:
            run = _run(bench, collector, environment)
            bench.progress(f"pair {pair}, {side}: {run.events_per_s:,.0f} events/s, {run.spans} spans")
            if pair:
                runs[side].append(run)
    both = list(zip(runs["off"], runs["on"], strict=True))
    return {
        "machine": machine,
        "events": bench.prepared.events,
        "ratio": ratio,
        "throughput_cost": interval([1 - on.events_per_s / off.events_per_s for off, on in both])._asdict(),
        "cpu_cost": interval([on.cpu_us_per_event / off.cpu_us_per_event - 1 for off, on in both])._asdict(),
        "runs": {side: [run._asdict() for run in of_side] for side, of_side in runs.items()},
    }


def interval(sample: Sequence[float], confidence: float = _CONFIDENCE) -> Interval:
    """The median with the narrowest interval of order statistics that is right at least so often; else the widest.

    The median of whatever the sample is drawn from lies between its k-th smallest and its k-th largest with the chance
    that of n fair coins at least k show heads and at least k tails: nothing is assumed of the distribution.
    """
    values, count = sorted(sample), len(sample)
    chances = [1 - 2 * sum(math.comb(count, below) for below in range(k)) / 2**count for k in range(1, count // 2 + 1)]
    k = max((k for k, chance in enumerate(chances, 1) if chance >= confidence), default=1)
    found = chances[k - 1] if chances else 0.0
    return Interval(*(round(each, 4) for each in (statistics.median(values), values[k - 1], values[-k], found)))


def _run(bench: Bench, collector: Collector, environment: Mapping[str, str]) -> Run:
    """One run: empties everything, starts the workers, captures, waits, stops them."""
    settings = bench.settings
    bench.clean(*programs.WORKERS)
    empty_topics(settings, [EVENTS])
    shutil.rmtree(settings.data_dir / "capture", ignore_errors=True)
    workers = [replace(programs.worker(name), environment=environment) for name in programs.WORKERS]
    rewind(settings, {program.group: program.topics for program in workers})
    collector.bodies.clear()
    events = bench.prepared.events + bench.prepared.expected.sessions
    seconds, cpu_s = asyncio.run(_captured(bench, workers, _capture(bench, environment), events))
    return Run(round(events / seconds, 1), round(cpu_s / events * 1e6, 1), collector.spans())


def _capture(bench: Bench, environment: Mapping[str, str]) -> Program:
    argv = (str(programs.SESSIONTRACK), "capture", "--root", str(bench.prepared.transcripts), "--once")
    return Program("capture", argv, "", (), environment)


async def _captured(bench: Bench, workers: Sequence[Program], capture: Program, events: int) -> tuple[float, float]:
    """Captures; returns seconds from the first event in the log to the last one in the stores, and CPU seconds.

    Args:
        bench: The stack, and the corpus.
        workers: What runs meanwhile.
        capture: What fills the log.
        events: How many there will be: of lines, and of the head of each transcript.
    """
    groups = {program.group: program.topics for program in workers}
    running: list[RunningProgram] = []
    async with Log(bench.settings) as log:

        async def are_ready() -> bool:
            return all([await log.is_stable(group) for group in groups])

        async def in_log() -> int:
            return sum((await log.ends([EVENTS.name])).values())

        async def has_begun() -> bool:
            return await in_log() > 0

        async def is_stored() -> bool:
            return await in_log() >= events and not await log.lag(groups)

        try:
            running += [RunningProgram(program, 0, bench.settings) for program in workers]
            await _until(are_ready, running)
            running.append(RunningProgram(capture, 0, bench.settings))
            await _until(has_begun, running)
            # From here on: what a process takes to start is no part of its rate.
            begun, before = time.perf_counter(), _cpu_seconds(running)
            await _until(is_stored, running)
            return time.perf_counter() - begun, _cpu_seconds(running) - before
        finally:
            for program in running:
                await asyncio.to_thread(program.stop)


async def _until(condition: Callable[[], Awaitable[bool]], running: Sequence[RunningProgram]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not await condition():
        for program in running:
            program.check()
        # What the capture used is known also after it has ended.
        _cpu_seconds(running)
        if time.monotonic() > deadline:
            raise UnavailableError("the run does not end")
        await asyncio.sleep(_POLL_S)


def _cpu_seconds(running: Sequence[RunningProgram]) -> float:
    return sum(program.usage().cpu_s for program in running)


class Collector:
    """Takes spans, and looks at them only when it is asked: what a collector costs is not what is measured.

    Args:
        url: Where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: list[bytes] = []

    def spans(self) -> int:
        """How many came."""
        requests = map(ExportTraceServiceRequest.FromString, self.bodies)
        return sum(
            len(scope.spans) for request in requests for each in request.resource_spans for scope in each.scope_spans
        )


class _Handler(BaseHTTPRequestHandler):
    collector: Collector

    def do_POST(self) -> None:
        self.collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the base class's name
        """Says nothing."""


@contextmanager
def _collector() -> Iterator[Collector]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        collector = _Handler.collector = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.traces", description=__doc__)
    parser.add_argument("--events", type=int, default=_EVENTS, help="size of the corpus (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=_PAIRS, help="how many are counted (default: %(default)s)")
    parser.add_argument("--ratio", type=float, default=_RATIO, help="of the events (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the result goes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
