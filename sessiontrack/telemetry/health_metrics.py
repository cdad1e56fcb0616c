"""A worker's health as metrics: what `/health/ready` says, for graphs and alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sessiontrack.telemetry.health import Health, Status


class HealthMetrics(Collector):
    """Tells how a worker is at the moment when somebody looks.

    Args:
        worker: Its name.
        health: What it says of itself.
    """

    def __init__(self, worker: str, health: Health) -> None:
        self._worker = worker
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Its status, and what it waits for."""
        status = GaugeMetricFamily(
            "sessiontrack_health",
            "1 for the status that the worker has, 0 for the others.",
            labels=["worker", "status"],
        )
        now = self._health.status
        for each in get_args(Status):
            status.add_metric([self._worker, each], float(each == now))
        yield status
        waits = GaugeMetricFamily(
            "sessiontrack_waits_for",
            "1 while the worker waits for that: a server, a provider, room on the disk.",
            labels=["worker", "dependency"],
        )
        if waiting_for := self._health.waiting_for:
            waits.add_metric([self._worker, waiting_for], 1)
        yield waits
