"""Programs that are measured: started, watched, stopped; and the CPU time of the servers beside them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra.stack.layout import Layout
from infra.stack.state import load_state
from sessiontrack.errors import SessionTrackError
from sessiontrack.settings import Settings

_GRACE_S = 30.0


@dataclass(frozen=True)
class Program:
    """A program to measure.

    Attributes:
        name: What it is called in results.
        argv: Its command.
        group: Its consumer group.
        topics: What it reads.
        environment: What is set beside this process's own environment.
    """

    name: str
    argv: Sequence[str]
    group: str
    topics: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """What a process used so far.

    Attributes:
        cpu_s: CPU time of it and its children, seconds.
        peak_bytes: The most memory it ever had resident.
    """

    cpu_s: float
    peak_bytes: int


class RunningProgram:
    """A program that was started; its output is in a log."""

    def __init__(self, program: Program, number: int, settings: Settings) -> None:
        self.program = program
        self.name = f"{program.name} {number}" if number else program.name
        logs = settings.data_dir / "throughput" / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self._log = logs / f"{self.name.replace(' ', '-')}.log"
        environment = {**os.environ, "SESSIONTRACK_DATA_DIR": str(settings.data_dir), **program.environment}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                program.argv, env=environment, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        self._usage = Usage(0.0, 0)

    def check(self) -> None:
        """Sees that it still runs, or that it ended well.

        Raises:
            SessionTrackError: It failed.
        """
        if self._process.poll():
            tail = self._log.read_text("utf-8", "replace")[-800:]
            raise SessionTrackError(f"{self.name} ended with status {self._process.returncode}: {tail}")

    def usage(self) -> Usage:
        """What it used so far; once it has ended, what it had used when it was last asked."""
        try:
            process = psutil.Process(self._process.pid)
            self._usage = Usage(cpu_seconds(process), max(_peak_bytes(process), self._usage.peak_bytes))
        except psutil.Error:
            pass
        return self._usage

    def stop(self) -> None:
        """Ends it in order; kills it where that takes too long."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def server_cpu(settings: Settings) -> dict[str, float]:
    """CPU time of each server so far, seconds."""
    state = load_state(Layout.of(settings).state_file)
    used = {}
    for name, record in (state.processes if state else {}).items():
        try:
            used[name] = cpu_seconds(psutil.Process(record.pid))
        except psutil.Error:
            continue
    return used


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a process and its children, those that ended included."""
    while True:
        children = process.children(recursive=True)
        own = process.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        total += sum(_times_of(child) for child in children)
        # The time of a child that ends meanwhile would be in neither.
        if process.children(recursive=True) == children:
            return float(total)


def busy_seconds() -> float:
    """CPU time of the whole machine so far, that of strangers included, seconds."""
    times = psutil.cpu_times()
    waiting: float = getattr(times, "iowait", 0.0)
    # On Linux the time of guests is in that of users already.
    guests: float = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - times.idle - waiting - guests)


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """What was used in between, by name."""
    return {name: round(used - before.get(name, 0.0), 3) for name, used in after.items()}


def _times_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _peak_bytes(process: psutil.Process) -> int:
    """VmHWM, where the system has it; else what is resident now."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text("ascii", "replace")
    except OSError:
        return int(process.memory_info().rss)
    kib = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
    return int(kib) * 1024
