"""`python -m bench.soak`: load at full rate for half an hour or more; memory, file handles, disk and lag are plotted.

Transcripts are written as fast as the pipeline takes them, while a capture follows them and all workers run, on a stack
of its own in `.bench/soak`. At the end `verify` compares every store with the log.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.machine import describe
from bench.soak.plot import plot
from bench.soak.samples import Sample, disk_per_line, growth, look
from bench.soak.writer import Writer
from infra.workers import PIPELINE
from queries.lag import LogPositions
from sessiontrack.settings import Settings, get_settings

_BENCH = Path(__file__).parent.parent
RESULTS = _BENCH / "results"
SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
# Beyond this the writer waits: a backlog that only grows would measure the disk.
_MOST_LAG = 5_000
_LAG_EVERY_S = 1.0
_SAMPLE_EVERY_S = 10.0
# What was written last is on its way; a group that does not come to the end of it by then is stuck.
_DRAIN_S = 300.0


class Load:
    """The load, and what is seen of it.

    Args:
        settings: Of the stack.
        capture_pid: The process that captures.
        writer: Writes the transcripts.
    """

    def __init__(self, settings: Settings, capture_pid: int, writer: Writer) -> None:
        self._settings = settings
        self._capture_pid = capture_pid
        self._writer = writer
        self._lag: dict[str, int] = dict.fromkeys(PIPELINE, 0)
        self.samples: list[Sample] = []

    async def run(self, seconds: float) -> None:
        """Writes and looks for so long, then waits until all groups are at the end."""
        async with LogPositions(self._settings) as positions:
            asking = asyncio.create_task(self._ask(positions))
            writing = asyncio.create_task(self._writer.run(lambda: max(self._lag.values()) < _MOST_LAG))
            try:
                await self._look(seconds)
            finally:
                writing.cancel()
                asking.cancel()
                await asyncio.gather(writing, asking, return_exceptions=True)
            await self._drain(positions)

    async def _ask(self, positions: LogPositions) -> None:
        while True:
            for worker in PIPELINE:
                self._lag[worker] = (await positions.group(worker)).lag
            await asyncio.sleep(_LAG_EVERY_S)

    async def _look(self, seconds: float) -> None:
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            lines, lag = self._writer.lines, dict(self._lag)
            sample = await asyncio.to_thread(look, self._settings, self._capture_pid, now, lines, lag)
            self.samples.append(sample)
            _tell(sample)
            await asyncio.sleep(max(0.0, began + len(self.samples) * _SAMPLE_EVERY_S - time.monotonic()))

    async def _drain(self, positions: LogPositions) -> None:
        deadline = time.monotonic() + _DRAIN_S
        while any([(await positions.group(worker)).lag for worker in PIPELINE]):
            if time.monotonic() > deadline:
                raise TimeoutError("a group does not come to the end of the log")
            await asyncio.sleep(_LAG_EVERY_S)


def main() -> int:
    """Runs the load, saves and plots; returns the exit status: 5 where `verify` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=800.0, help="most lines a second (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS / "soak.json", help="where the result goes")
    arguments = parser.parse_args()
    os.environ.setdefault("SESSIONTRACK_DATA_DIR", str(_BENCH.parent / ".bench" / "soak"))
    machine = describe()
    with running() as (settings, capture_pid, root):
        writer = Writer(root, arguments.rate)
        load = Load(settings, capture_pid, writer)
        asyncio.run(load.run(arguments.minutes * 60))
        result = {"machine": machine, **summary(load.samples, writer)}
        # Before the comparison, which may take as long: what was measured is not lost with it.
        _save(arguments.out, result, load.samples)
        verified = subprocess.run([SESSIONTRACK, "verify"], check=False)
    result["verify"] = verified.returncode
    _save(arguments.out, result, load.samples)
    plot(load.samples, arguments.out.with_suffix(".png"))
    print(json.dumps(result, indent=2))
    return verified.returncode


def summary(samples: list[Sample], writer: Writer) -> dict[str, Any]:
    """What the samples come to."""
    return {
        "minutes": round(samples[-1].seconds / 60, 1),
        "lines": writer.lines,
        "sessions": writer.sessions,
        "lines_per_s": round(samples[-1].lines / samples[-1].seconds, 1),
        "memory_bytes": growth(samples, lambda sample: sample.memory),
        "handles": growth(samples, lambda sample: sample.handles),
        "lag": growth(samples, lambda sample: sample.lag),
        "disk_bytes_per_line": disk_per_line(samples),
    }


def _save(path: Path, result: dict[str, Any], samples: list[Sample]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {**result, "samples": [asdict(sample) for sample in samples]}
    path.write_text(json.dumps(whole) + "\n", encoding="utf-8")


@contextmanager
def running() -> Iterator[tuple[Settings, int, Path]]:
    """A stack with its workers, and a capture of an empty folder."""
    subprocess.run([SESSIONTRACK, "up"], check=True, stdout=subprocess.DEVNULL)
    get_settings.cache_clear()
    settings = get_settings()
    root = settings.data_dir / "soak"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    with (settings.data_dir / "logs" / "soak-capture.log").open("wb") as log:
        capture = subprocess.Popen([SESSIONTRACK, "capture", "--root", root], stdout=log, stderr=log)
    try:
        yield settings, capture.pid, root
    finally:
        capture.terminate()
        capture.wait()
        subprocess.run([SESSIONTRACK, "down"], check=True, stdout=subprocess.DEVNULL)


def _tell(sample: Sample) -> None:
    memory = sum(sample.memory.values()) / 2**20
    print(
        f"{sample.seconds:7.0f} s  {sample.lines:>9,} lines  lag {max(sample.lag.values()):>6,}  {memory:6,.0f} MiB",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
