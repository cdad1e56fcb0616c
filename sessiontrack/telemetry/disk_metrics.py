"""The room on the disk of the data folder, as metrics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sessiontrack.disk import disk_space


class DiskMetrics(Collector):
    """Tells how much room there is when somebody looks.

    Args:
        folder: The data folder.
        reserve_bytes: What is to stay free on its disk.
    """

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What is free, and what is to stay so."""
        space = disk_space(self._folder, self._reserve_bytes)
        yield GaugeMetricFamily("sessiontrack_disk_free_bytes", "Room on the disk of the data folder.", space.free)
        yield GaugeMetricFamily(
            "sessiontrack_disk_reserve_bytes", "What is to stay free of it: with less, capture waits.", space.reserve
        )
