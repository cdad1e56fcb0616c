"""What a process tells of itself whatever it does: memory, CPU, open files, garbage collection, build."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, Info, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sessiontrack import __version__

PEAK_MEMORY = "process_resident_memory_peak_bytes"
RESIDENT_MEMORY = "process_resident_memory_bytes"


def register_process_metrics(registry: CollectorRegistry, worker: str) -> None:
    """Adds this process's own metrics to a registry.

    Peak memory, garbage collection and build are told everywhere; current memory, CPU, open files and start time where
    the system has `/proc`.
    """
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_PeakMemory())
    Info("sessiontrack_build", "What runs.", registry=registry).info(
        {"version": __version__, "python": platform.python_version(), "worker": worker}
    )


def peak_memory_bytes() -> int:
    """The most memory that this process ever had resident."""
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        # Bytes on macOS. Elsewhere KiB, but there it also counts what the process was before its `exec`.
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else used * 1024
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024


class _PeakMemory(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The peak, as of now."""
        yield GaugeMetricFamily(PEAK_MEMORY, "The most memory that was ever resident.", value=peak_memory_bytes())
