"""The metrics of the API, in Prometheus' terms."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from sessiontrack.telemetry.metrics import WorkerMetrics

# From an answer that is there already to a search of everything, or an export.
_REQUEST_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class ApiMetrics(WorkerMetrics):
    """What the API counts beyond what every worker does: events that programs send are its records.

    Args:
        registry: Where the metrics are registered.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__("api", registry)
        self._requests = Counter(
            "sessiontrack_api_requests",
            "Requests, by what was asked for and how it was answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "sessiontrack_api_request_seconds",
            "Time from a request to the end of its answer; live streams are left out.",
            ["route"],
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        self._streams = Gauge(
            "sessiontrack_api_streams", "Live streams and WebSockets that are open.", registry=self.registry
        )
        self._dropped = Counter(
            "sessiontrack_api_streams_dropped", "Live streams whose reader was too slow.", registry=self.registry
        )

        self._reads = Counter(
            "sessiontrack_api_reads",
            "Reads of sessions, by where the answer came from: memory, if it was read within a second, or the store.",
            ["source"],
            registry=self.registry,
        )

    def request(self, method: str, route: str, status: int) -> None:
        """Counts a request that was answered."""
        self._requests.labels(method, route, str(status)).inc()

    def answered(self, route: str, seconds: float) -> None:
        """Notes how long an answer took."""
        self._seconds.labels(route).observe(seconds)

    def read(self, source: Literal["memory", "store"]) -> None:
        """Counts a read by where the answer came from."""
        self._reads.labels(source).inc()

    def streams(self, number: int) -> None:
        """Notes how many live streams and WebSockets are open."""
        self._streams.set(number)

    def dropped(self) -> None:
        """Counts a live stream whose reader was too slow."""
        self._dropped.inc()
