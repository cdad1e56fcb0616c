"""Measures programs that read a topic: from the moment their group has its partitions until nothing is left."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.throughput.log import Log
from bench.throughput.processes import Program, RunningProgram, Usage, busy_seconds, difference, server_cpu
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

_POLL_S = 0.1
# Without any progress for so long it is stuck, however busy the machine is.
_STALL_S = 120.0


@dataclass(frozen=True)
class Run:
    """What was measured.

    Attributes:
        records: Records that were read, by all groups together.
        seconds: Wall time from the first assignment of partitions to no lag.
        start_seconds: Wall time from the start of the processes to that assignment.
        cpu: CPU seconds within `seconds`, by program.
        server_cpu: The same of each server.
        busy_cores: Cores that were not idle meanwhile, whoever used them.
        peak_bytes: Most memory resident, by program.
    """

    records: int
    seconds: float
    start_seconds: float
    cpu: dict[str, float]
    server_cpu: dict[str, float]
    busy_cores: float
    peak_bytes: dict[str, int]


def measure(settings: Settings, programs: Sequence[Program]) -> Run:
    """Runs programs until their groups have read everything; stops them.

    Args:
        settings: Of the stack.
        programs: What is run; one that comes several times is run as several workers of its group.

    Raises:
        SessionTrackError: A program failed or is stuck.
    """
    return asyncio.run(_measure(settings, programs))


async def _measure(settings: Settings, programs: Sequence[Program]) -> Run:
    groups = {program.group: program.topics for program in programs}
    copies = Counter(program.name for program in programs)
    running: list[RunningProgram] = []
    async with Log(settings) as log:
        begun = time.perf_counter()
        try:
            for number, program in enumerate(programs, 1):
                running.append(RunningProgram(program, number if copies[program.name] > 1 else 0, settings))
            await _until_stable(log, groups, running)
            stable, busy_before = time.perf_counter(), busy_seconds()
            before, servers_before = _usages(running), server_cpu(settings)
            await _until_read(log, groups, running)
            done, busy_after = time.perf_counter(), busy_seconds()
            after, servers_after = _usages(running), server_cpu(settings)
        finally:
            await asyncio.to_thread(_stop, running)
        records = sum([sum((await log.ends(topics)).values()) for topics in groups.values()])
    return Run(
        records=records,
        seconds=round(done - stable, 2),
        start_seconds=round(stable - begun, 2),
        cpu=_cpu(after, before),
        server_cpu=difference(servers_after, servers_before),
        busy_cores=round((busy_after - busy_before) / (done - stable), 2),
        peak_bytes={name: usage.peak_bytes for name, usage in after.items()},
    )


async def _until_stable(log: Log, groups: dict[str, tuple[str, ...]], running: Sequence[RunningProgram]) -> None:
    """Waits until the first of the groups has its partitions."""
    until = time.monotonic() + _STALL_S
    while not any([await log.is_stable(group) for group in groups]):
        _check(running)
        if time.monotonic() > until:
            raise UnavailableError(f"no group of {', '.join(groups)} gets partitions")
        await asyncio.sleep(_POLL_S)


async def _until_read(log: Log, groups: dict[str, tuple[str, ...]], running: Sequence[RunningProgram]) -> None:
    """Waits until no group has anything left."""
    moved, previous = time.monotonic(), -1
    while lag := await log.lag(groups):
        _check(running)
        if lag != previous:
            moved, previous = time.monotonic(), lag
        if time.monotonic() - moved > _STALL_S:
            raise UnavailableError(f"{', '.join(groups)}: {lag} records are left, and nothing moves")
        # So that what a program used is known also when it ends by itself.
        _usages(running)
        await asyncio.sleep(_POLL_S)


def _check(running: Sequence[RunningProgram]) -> None:
    for program in running:
        program.check()


def _usages(running: Sequence[RunningProgram]) -> dict[str, Usage]:
    return {program.name: program.usage() for program in running}


def _cpu(after: dict[str, Usage], before: dict[str, Usage]) -> dict[str, float]:
    return difference(
        {name: usage.cpu_s for name, usage in after.items()}, {name: usage.cpu_s for name, usage in before.items()}
    )


def _stop(running: Sequence[RunningProgram]) -> None:
    for program in running:
        program.stop()
