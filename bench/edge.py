"""`python -m bench.edge`: a capture host that watches a thousand transcripts.

The capture runs as it does for a user, in a process of its own, on the servers of a running stack, with checkpoints of
its own. First nothing happens: its share of a core. Then lines are appended to files at random, at a fixed rate: the
time from each append to the broker's acknowledgement, and the share of a core again. What it publishes stays in the
stack's log.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import psutil

from bench.corpus import append_line, live_session
from bench.latency import RESULTS, summary
from bench.machine import describe
from producers.clawdbot import capture as capturing
from producers.emitter import SessionEmitter
from producers.receipt import Receipt
from schemas.records import SessionEvent
from sessiontrack.settings import Settings, get_settings

# What a file holds before: of a conversation that goes on.
LINES_BEFORE = 20
_FOLLOWING = "following"

# What was appended last is on its way; a line that takes longer counts as lost.
_LAST_S = 2.0

# Session and line number.
Place = tuple[str, int]
Times = dict[Place, float]


class StampedEmitter(SessionEmitter):
    """Notes when each line is acknowledged."""

    acknowledged: Times = {}  # noqa: RUF012  # the process has one emitter

    async def send(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        """Sends an event."""
        receipt = await super().send(event)
        place = event["session_id"], event["line_number"] or 0
        receipt.add_done_callback(lambda done: self.acknowledged.setdefault(place, time.perf_counter()))
        return receipt


class Host:
    """A folder of transcripts, and a process that captures it.

    Args:
        settings: Of the stack.
        folder: Where all of it is.
        files: How many transcripts.
    """

    def __init__(self, settings: Settings, folder: Path, files: int) -> None:
        self._settings = settings
        self._folder = folder
        self._root = folder / ".clawdbot"
        self._sessions = dict(_transcripts(self._root, files))

    def __enter__(self) -> Host:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.edge", "--capture", str(self._root), "--out", str(self._times)],
            env=os.environ | {"SESSIONTRACK_DATA_DIR": str(self._settings.data_dir)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        assert self._process.stdout.readline().strip() == _FOLLOWING
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()

    @property
    def _times(self) -> Path:
        return self._folder / "acknowledged.json"

    def idle(self, seconds: float) -> dict[str, float]:
        """The share of a core while nothing happens."""
        with _cpu(self._process.pid) as used:
            time.sleep(seconds)
        return used

    def append(self, rate: float, seconds: float) -> tuple[Times, dict[str, float]]:
        """When each line was appended, and the share of a core."""
        appended: Times = {}
        paths = list(self._sessions)
        numbers = dict.fromkeys(paths, LINES_BEFORE)
        chosen = random.Random(7)
        with _cpu(self._process.pid) as used:
            begun = time.perf_counter()
            for number in range(int(rate * seconds)):
                time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
                path = chosen.choice(paths)
                line = next(self._sessions[path])
                numbers[path] += 1
                appended[path.stem, numbers[path]] = time.perf_counter()
                append_line(path, line)
        time.sleep(_LAST_S)
        return appended, used

    def acknowledged(self) -> Times:
        """When each line was acknowledged; after the process has ended."""
        found = json.loads(self._times.read_text())
        return {(session_id, number): at for session_id, number, at in found}


class _cpu:  # noqa: N801  # used like a function
    """The share of a core that a process takes in a `with` block."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)

    def __enter__(self) -> dict[str, float]:
        self._used: dict[str, float] = {}
        self._before = self._seconds(), time.perf_counter()
        return self._used

    def __exit__(self, *_: object) -> None:
        cpu, wall = self._seconds() - self._before[0], time.perf_counter() - self._before[1]
        self._used |= {"seconds": round(wall, 1), "core_percent": round(100 * cpu / wall, 2)}

    def _seconds(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system


def measure(settings: Settings, files: int, rate: float, seconds: float, idle_seconds: float) -> dict[str, Any]:
    """Runs a capture host."""
    with tempfile.TemporaryDirectory() as name:
        with Host(settings, Path(name), files) as host:
            idle = host.idle(idle_seconds)
            appended, busy = host.append(rate, seconds)
        acknowledged = host.acknowledged()
    latencies = [(acknowledged[place] - at) * 1000 for place, at in appended.items() if place in acknowledged]
    return {
        "files": files,
        "rate": rate,
        "lines_lost": len(appended) - len(latencies),
        "acknowledged": summary(latencies),
        "idle": idle,
        "busy": busy,
    }


def _transcripts(root: Path, files: int) -> Iterator[tuple[Path, Iterator[bytes]]]:
    folder = root / "agents" / "main" / "sessions"
    folder.mkdir(parents=True)
    for number in range(files):
        path = folder / f"{uuid4()}.jsonl"
        lines = live_session(path, seed=number)
        path.write_bytes(b"".join(next(lines) for _ in range(LINES_BEFORE)))
        yield path, lines


async def _capture(root: Path) -> None:
    """The process that captures."""
    told: list[bool] = []

    def on_progress(progress: capturing.CaptureProgress) -> None:
        if progress.following and not told:
            told.append(True)
            print(_FOLLOWING, flush=True)

    settings = get_settings().model_copy(update={"data_dir": root.parent / "data"})
    with patch.object(capturing, "SessionEmitter", StampedEmitter):
        await capturing.capture(settings, [root], once=False, on_progress=on_progress)


def main() -> None:
    """Measures, and saves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000, help="transcripts that are watched")
    parser.add_argument("--rate", type=float, default=50.0, help="lines a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    parser.add_argument("--capture", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.capture:
        asyncio.run(_capture(arguments.capture))
        times = [[*place, at] for place, at in StampedEmitter.acknowledged.items()]
        arguments.out.write_text(json.dumps(times), encoding="utf-8")
        return
    machine = describe()
    measured = measure(get_settings(), arguments.files, arguments.rate, arguments.seconds, arguments.idle_seconds)
    result = {"machine": machine, **measured}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "edge.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
