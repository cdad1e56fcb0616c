"""What is looked at while the load lasts: memory, file handles and disk of each process, lag of each group."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.stack.layout import Layout
from infra.stack.process import resident_bytes
from infra.stack.state import load_state
from infra.workers import worker_states
from sessiontrack.settings import Settings


@dataclass(frozen=True)
class Sample:
    """A look at everything.

    Attributes:
        seconds: Since the load began.
        lines: Written by then.
        lag: Records that each group is behind, by worker.
        memory: Resident bytes, by process.
        handles: Open files and sockets, by process.
        disk: Bytes on disk, by owner.
    """

    seconds: float
    lines: int
    lag: Mapping[str, int]
    memory: Mapping[str, int]
    handles: Mapping[str, int]
    disk: Mapping[str, int]


def look(settings: Settings, capture_pid: int, seconds: float, lines: int, lag: Mapping[str, int]) -> Sample:
    """A sample of now.

    Args:
        settings: Of the stack.
        capture_pid: The process that captures.
        seconds: Since the load began.
        lines: Written so far.
        lag: As last asked.
    """
    pids = _pids(settings) | {"capture": capture_pid}
    return Sample(
        seconds=round(seconds, 1),
        lines=lines,
        lag=dict(lag),
        memory={name: resident_bytes(pid) for name, pid in pids.items()},
        handles={name: _handles(pid) for name, pid in pids.items()},
        disk={name: _bytes_below(folder) for name, folder in _folders(settings)},
    )


def growth(samples: Sequence[Sample], of: Callable[[Sample], Mapping[str, int]]) -> dict[str, dict[str, float]]:
    """The medians of the second and of the last quarter of the time, and the last by the second.

    The first quarter is left out: caches fill and code is compiled then.
    """
    quarter = max(1, len(samples) // 4)
    second, last = samples[quarter : 2 * quarter], samples[-quarter:]
    found = {}
    for name in of(samples[-1]):
        before, after = (statistics.median(of(each).get(name, 0) for each in part) for part in (second, last))
        found[name] = {"before": before, "after": after, "ratio": round(after / before, 3) if before else 1.0}
    return found


def disk_per_line(samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Bytes on disk that a line added, in the first and in the second half of the time."""
    first, middle, last = samples[0], samples[len(samples) // 2], samples[-1]
    return {
        owner: {
            half: round((end.disk[owner] - begin.disk[owner]) / max(1, end.lines - begin.lines), 1)
            for half, begin, end in (("first_half", first, middle), ("second_half", middle, last))
        }
        for owner in last.disk
    }


def _pids(settings: Settings) -> dict[str, int]:
    state = load_state(Layout.of(settings).state_file)
    servers = {name: record.pid for name, record in (state.processes if state else {}).items()}
    workers = {f"{worker.name} worker": worker.pid for worker in worker_states(settings) if worker.pid}
    return servers | workers


def _folders(settings: Settings) -> Iterable[tuple[str, Path]]:
    layout = Layout.of(settings)
    state = load_state(layout.state_file)
    for name in state.processes if state else ():
        yield name, layout.servers_dir.resolve() / name
    yield "streams worker", settings.data_dir / "streams"
    yield "capture", settings.data_dir / "capture"
    yield "logs", settings.data_dir / "logs"


def _handles(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return int(sum(each.num_fds() for each in [process, *process.children(recursive=True)]))
    except psutil.Error:
        return 0


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except OSError:
                continue
    return total
